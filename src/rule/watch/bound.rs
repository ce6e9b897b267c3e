//! Whether policies decide which rows a statement of a migration reaches.

use std::collections::BTreeSet;

use crate::catalog::Relation;
use crate::catalog::replay::Step;
use crate::ident::QualifiedName;
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
        None => role.as_str() == "postgres" || ground.manifest.roles.system_role() == Some(role),
    }
}

/// Whether the statement fails, rather than passing over rows that policies hide.
pub(in crate::rule) fn fails_loudly(step: &Step<'_>) -> bool {
    let off = |value: &str| matches!(value.to_ascii_lowercase().as_str(), "off" | "false" | "no" | "0");
    step.setting("row_security").is_some_and(off)
}

/// Whether the file is run once for each tenant, with the tenant bound.
pub(in crate::rule) fn runs_for_each_tenant(step: &Step<'_>) -> bool {
    let is = |line: &str| {
        line.trim().strip_prefix("--").is_some_and(|comment| comment.trim() == "tenantry: each-tenant")
    };
    step.located.source().text().lines().any(is)
}

/// The tables that a file has made, and those of them that already hold rows.
#[derive(Debug, Default)]
pub(in crate::rule) struct Made {
    file: String,
    made: BTreeSet<QualifiedName>,
}

impl Made {
    /// Goes on to a statement.
    pub(in crate::rule) fn go_on(&mut self, step: &Step<'_>) {
        if self.file != step.located.file() {
            step.located.file().clone_into(&mut self.file);
            self.made.clear();
        }
        if let Some((from, to)) = step.renamed() {
            if self.made.remove(from) {
                self.made.insert(to.clone());
            }
            return;
        }
        for (name, before, now) in step.relations() {
            if before.is_none() && now.is_some() {
                self.made.insert(name.clone());
            }
        }
    }

    /// Whether the file that the statement stands in has made the table.
    pub(in crate::rule) fn has(&self, name: &QualifiedName) -> bool {
        self.made.contains(name)
    }

    /// Takes a table for one that was there before.
    pub(in crate::rule) fn forget(&mut self, name: &QualifiedName) {
        self.made.remove(name);
    }
}
