//! Whether policies decide which rows a statement of a migration reaches.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use crate::catalog::Relation;
use crate::catalog::replay::{Statement, Step, directives};
use crate::ident::QualifiedName;
use crate::policy::manifest::{Class, Manifest};
use crate::rule::code::sentence::{Scope, Sentence};
use crate::rule::subject::Ground;

/// Whether the role that runs the statement is bound by the policies of this table, its own included.
pub(in crate::rule) fn binds(step: &Step<'_>, ground: &Ground<'_>, relation: &Relation) -> bool {
    relation.row_security && relation.force_row_security && !bypasses(step, ground)
}

/// Whether policies bind the role that runs the statement to nothing.
fn bypasses(step: &Step<'_>, ground: &Ground<'_>) -> bool {
    let role = step.current_user();
    match step.role(role) {
        Some(role) => role.superuser || role.bypass_rls,
        None => ground.manifest.bypasses(role).is_some(),
    }
}

/// Whether the statement fails, rather than passing over rows that policies hide.
pub(in crate::rule) fn fails_loudly(step: &Step<'_>) -> bool {
    let off = |value: &str| matches!(value.to_ascii_lowercase().as_str(), "off" | "false" | "no" | "0");
    step.setting("row_security").is_some_and(off)
}

/// Whether a statement can read or change rows. What it runs is looked at by itself.
pub(in crate::rule) fn touches_rows(statement: &Statement) -> bool {
    matches!(
        statement,
        Statement::Change { .. }
            | Statement::Select(_)
            | Statement::CreateTableAs(_)
            | Statement::Do(_)
            | Statement::Opaque(_)
    )
}

/// Whether policies hide rows of the table from its owner, unless a tenant is bound.
pub(in crate::rule) fn hides(manifest: &Manifest, name: &QualifiedName, relation: &Relation) -> bool {
    let is_shared = manifest.entry(name).is_some_and(|entry| entry.class == Class::Shared)
        && relation.column(manifest.column(name)).is_none();
    relation.row_security && relation.force_row_security && !is_shared
}

/// Whether a tenant is bound, by what the statements so far have set.
#[derive(Debug, Default)]
pub(crate) struct Bound {
    /// The transaction until which one is that only the server knows.
    until: Option<usize>,
}

impl Bound {
    /// Keeps in mind that a tenant is bound where the value is not written in the file.
    pub(in crate::rule) fn see(&mut self, step: &Step<'_>, manifest: &Manifest, sentence: &Sentence) {
        let setting = manifest.tenancy.setting_name().as_str();
        // What code sets is known to the session itself, whatever its text says.
        if step.located.runs_within().is_some() {
            if sentence.sets().iter().any(|set| set.name == setting) {
                self.until = None;
            }
            return;
        }
        for set in sentence.sets().iter().filter(|set| set.name == setting) {
            let until = if set.scope == Scope::Session { usize::MAX } else { step.transaction.number };
            self.until = set.value.as_deref().is_none_or(|value| !value.is_empty()).then_some(until);
        }
    }

    pub(in crate::rule) fn holds(&self, step: &Step<'_>, manifest: &Manifest) -> bool {
        let setting = manifest.tenancy.setting_name().as_str();
        step.setting(setting).is_some_and(|tenant| !tenant.is_empty())
            || self.until.is_some_and(|until| until == usize::MAX || until == step.transaction.number)
    }
}

/// The tables that a file has made, and those of them that already hold rows.
#[derive(Debug, Default)]
pub(in crate::rule) struct Made {
    file: String,
    tables: BTreeSet<QualifiedName>,
    /// Whether the file says that it is run once for each tenant, or across all of them, once somebody has asked.
    says_whose_rows: OnceCell<bool>,
}

impl Made {
    /// Goes on to a statement.
    pub(in crate::rule) fn go_on(&mut self, step: &Step<'_>) {
        if self.file != step.located.file() {
            step.located.file().clone_into(&mut self.file);
            self.tables.clear();
            self.says_whose_rows = OnceCell::new();
        }
        for (from, to) in step.renamed() {
            if self.tables.remove(from) {
                self.tables.insert(to.clone());
            }
        }
        for (name, before, now) in step.relations() {
            if before.is_none() && now.is_some() && !step.is_new_name(name) {
                self.tables.insert(name.clone());
            }
        }
    }

    /// Whether the file that the statement stands in says that it is run once for each tenant, or across all of them.
    pub(in crate::rule) fn says_whose_rows(&self, step: &Step<'_>) -> bool {
        *self.says_whose_rows.get_or_init(|| {
            let said = directives(step.located.source().text());
            said.each_tenant || said.system.is_some()
        })
    }

    /// Whether the file that the statement stands in has made the table.
    pub(in crate::rule) fn has(&self, name: &QualifiedName) -> bool {
        self.tables.contains(name)
    }

    /// Takes a table for one that was there before.
    pub(in crate::rule) fn forget(&mut self, name: &QualifiedName) {
        self.tables.remove(name);
    }
}
