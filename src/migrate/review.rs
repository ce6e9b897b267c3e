//! What pending migrations do, found out before any of them runs.

use std::hash::{Hash, Hasher};

use siphasher::sip::SipHasher13;

use super::migration::{Migration, Mode};
use crate::catalog::Catalog;
use crate::catalog::replay::{
    Kind, Located, Options, Session, Source, Statement, Step, replay_watched, token, tokens,
};
use crate::ident::{Ident, QualifiedName};
use crate::policy::manifest::Manifest;
use crate::rule::{Place, Rows, Touched};

/// Why a migration is not run, and where in its file that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Where it stands.
    pub place: Place,
    /// Why, and what to do, in one line.
    pub what: String,
}

/// A migration with its statements.
#[derive(Clone, Debug)]
pub(super) struct Reviewed<'m> {
    pub(super) migration: &'m Migration,
    pub(super) statements: Vec<Planned>,
}

impl Reviewed<'_> {
    /// What the first statements come down to, to see whether they are still the same.
    pub(super) fn checksum(&self, statements: usize) -> String {
        let mut hasher = SipHasher13::new();
        for planned in self.statements.iter().take(statements) {
            planned.located.text().hash(&mut hasher);
        }
        hasher.finish().to_string()
    }
}

/// A statement that is to be run.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub(super) located: Located,
    /// Whether it reads or changes rows, rather than the schema.
    pub(super) is_of_data: bool,
    /// The tables of which one has to be empty if it changes no row.
    pub(super) expects: Vec<QualifiedName>,
    /// The index that it builds outside of a transaction.
    pub(super) index: Option<QualifiedName>,
    /// Whether it waits for the transactions of others without making anybody wait behind it: `CONCURRENTLY`.
    pub(super) is_concurrent: bool,
}

/// What is to be run, and what it leaves.
#[derive(Clone, Debug)]
pub(super) struct Review<'m> {
    pub(super) migrations: Vec<Reviewed<'m>>,
    pub(super) catalog: Catalog,
}

/// Follows the files on the database that is there, as the role that will run them.
///
/// # Errors
///
/// Everything that speaks against running them.
pub(super) fn review<'m>(
    manifest: &Manifest,
    base: &Catalog,
    pending: &[&'m Migration],
    role: &Ident,
) -> Result<Review<'m>, Vec<Refusal>> {
    let mut options = Options::default();
    options.role = role.clone();
    options.server_version = base.server_version.unwrap_or(options.server_version);
    let sources: Vec<Source> = pending.iter().map(|migration| migration.source().clone()).collect();
    let mut refusals: Vec<Refusal> = pending.iter().filter_map(|migration| of_psql(migration)).collect();
    let mut reviewed: Vec<Reviewed<'m>> =
        pending.iter().map(|migration| Reviewed { migration, statements: Vec::new() }).collect();
    let (mut rows, mut file) = (Rows::default(), String::new());
    let replayed = replay_watched(Some(base), &sources, &options, &mut |step| {
        let name = step.located.file();
        if file != name {
            name.clone_into(&mut file);
            rows = Rows::default();
        }
        let Some(of) = reviewed.iter_mut().find(|of| of.migration.source().name() == name) else { return };
        // What runs within another statement is sent with that one, and looked at there.
        if step.located.runs_within().is_some() {
            if *of.migration.mode() == Mode::EachTenant && is_of_schema(step) {
                refusals.push(Refusal { place: place(step), what: ONCE.to_owned() });
            }
            return;
        }
        let touched = rows.see(step, manifest);
        if let Err(what) = check(of.migration, step, &touched, manifest) {
            refusals.push(Refusal { place: place(step), what });
        }
        of.statements.push(planned(of.migration, step, touched));
    });
    if refusals.is_empty() {
        return Ok(Review { migrations: reviewed, catalog: replayed.catalog });
    }
    refusals.sort_by(|one, other| one.place.cmp(&other.place));
    Err(refusals)
}

/// What is said to psql, which does not run the file.
fn of_psql(migration: &Migration) -> Option<Refusal> {
    let text = migration.source().text();
    let token = tokens(text).into_iter().find(|token| token.kind == Kind::Backslash)?;
    let before = text.get(..token.start).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let rest = text.get(token.start..).unwrap_or_default();
    let place = Place {
        file: migration.source().name().to_owned(),
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..).map_or(0, |text| text.chars().count()) + 1,
        length: rest.lines().next().map_or(1, |line| line.trim_end().chars().count()),
    };
    Some(Refusal {
        place,
        what: "this is a command to psql, which does not run the file; take it out".to_owned(),
    })
}

fn planned(migration: &Migration, step: &Step<'_>, touched: Touched) -> Planned {
    let is_of_data =
        matches!(step.statement, Some(Statement::Change { .. } | Statement::Select(_) | Statement::Do(_)));
    let is_checked = matches!(migration.mode(), Mode::System { .. } | Mode::EachTenant)
        && !migration.may_change_nothing
        && matches!(step.statement, Some(Statement::Change { .. }));
    let expects = if !is_checked {
        Vec::new()
    } else if touched.changes.is_empty() {
        touched.reads
    } else {
        touched.changes
    };
    let index = match step.statement {
        Some(Statement::CreateIndex(made)) if made.concurrently => {
            let table = step.resolve(&made.table);
            table.zip(made.name.clone()).map(|(table, name)| QualifiedName::new(table.schema().clone(), name))
        }
        _ => None,
    };
    let is_concurrent = concurrently(&words(step.located.text()));
    Planned { located: step.located.clone(), is_of_data, expects, index, is_concurrent }
}

/// What a transaction block cannot hold, by how it begins.
const ALONE: [&str; 8] = [
    "vacuum",
    "create database",
    "drop database",
    "create tablespace",
    "drop tablespace",
    "alter system",
    "reindex database",
    "reindex system",
];

/// Why each tenant cannot have something of its own.
const ONCE: &str =
    "this is to be done once, and each-tenant runs it for every tenant; put it into a file of its own";

/// The first line of a statement.
fn place(step: &Step<'_>) -> Place {
    let located = step.located;
    let length = located.written().lines().next().map_or(1, |line| line.chars().count()).max(1);
    Place { file: located.file().to_owned(), line: located.line(), column: located.column(), length }
}

fn check(
    migration: &Migration,
    step: &Step<'_>,
    touched: &Touched,
    manifest: &Manifest,
) -> Result<(), String> {
    let words = words(step.located.text());
    if let Some(Statement::Session(session)) = step.statement {
        of_session(session, migration.mode(), manifest)?;
    }
    if words.starts_with("copy ") && words.contains(" from stdin ") {
        return Err(
            "its rows would come from psql, which does not run the file; write them as INSERT".to_owned()
        );
    }
    match migration.mode() {
        Mode::NoTransaction => {
            if let Some(Statement::CreateIndex(made)) = step.statement
                && made.concurrently
                && made.name.is_none()
            {
                return Err("an index that is built CONCURRENTLY needs a name here, so that what is left of a build that \
                            failed can be found and dropped"
                    .to_owned());
            }
        }
        Mode::Transaction | Mode::System { .. } | Mode::EachTenant => {
            let alone = ALONE.iter().find(|phrase| words.starts_with(**phrase)).copied();
            let alone = alone.or_else(|| concurrently(&words).then_some("concurrently"));
            if let Some(alone) = alone {
                return Err(format!(
                    "{} cannot run in a transaction; put it into a file that says -- tenantry: no-transaction",
                    alone.to_uppercase()
                ));
            }
        }
    }
    if *migration.mode() == Mode::EachTenant && is_of_schema(step) {
        return Err(ONCE.to_owned());
    }
    match (&touched.hidden, migration.mode()) {
        (Some(table), Mode::Transaction | Mode::NoTransaction) => Err(format!(
            "it reaches no row of {}, whose policies bind the owner too (FORCE); say -- tenantry: each-tenant, or -- tenantry: \
             system \"reason\"",
            table.plain()
        )),
        (Some(table), Mode::System { .. }) if matches!(step.statement, Some(Statement::CreateTableAs(_))) => {
            Err(format!(
                "a table that is made so has no policies, and would be made without the rows of {}; make it first, and fill it with \
             INSERT",
                table.plain()
            ))
        }
        _ => Ok(()),
    }
}

fn of_session(session: &Session, mode: &Mode, manifest: &Manifest) -> Result<(), String> {
    let is_ours = matches!(mode, Mode::System { .. } | Mode::EachTenant);
    match session {
        Session::Begin | Session::Commit { .. } | Session::Rollback { .. } | Session::Prepared => {
            Err("the runner begins and ends the transactions itself; take this out".to_owned())
        }
        Session::Discard => Err("this would take the runner's own lock away; take it out".to_owned()),
        Session::Role { .. } | Session::Authorization { .. } if is_ours => {
            Err(format!("{} settles as which role each statement runs; take this out", mode.name()))
        }
        Session::Set { name, .. } if is_ours && *name == manifest.tenancy.setting_name().as_str() => {
            Err(format!("{} settles which tenant is bound; take this out", mode.name()))
        }
        _ => Ok(()),
    }
}

/// Whether it changes anything but rows.
fn is_of_schema(step: &Step<'_>) -> bool {
    !matches!(
        step.statement,
        None | Some(
            Statement::Change { .. }
                | Statement::Select(_)
                | Statement::Do(_)
                | Statement::Session(_)
                | Statement::Nothing
        )
    ) || step.relations().next().is_some()
        || step.functions().next().is_some()
}

/// The words that a statement begins with in lower case, with a space between them.
fn words(text: &str) -> String {
    let (mut joined, mut at) = (String::new(), 0);
    // What matters here stands at the head.
    while let Some(token) = token(text, at).filter(|_| joined.len() < 1_000) {
        at = token.end;
        if matches!(token.kind, Kind::Word | Kind::Symbol) {
            joined.push_str(&token.of(text).to_ascii_lowercase());
            joined.push(' ');
        }
    }
    joined
}

fn concurrently(words: &str) -> bool {
    ["create index", "create unique index", "drop index", "reindex", "alter table"]
        .iter()
        .any(|head| words.starts_with(head))
        && words.contains(" concurrently ")
}

#[cfg(test)]
#[path = "review_tests.rs"]
mod tests;
