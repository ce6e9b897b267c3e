//! The SQL of a migration as it is sent, or shown.

use std::fmt::{self, Write as _};
use std::time::Duration;

use super::ledger::Ledger;
use super::login::Login;
use super::migration::Mode;
use super::path::UsualPath;
use super::patience::{Patience, milliseconds};
use super::review::Reviewed;
use crate::error::{Error, Result};
use crate::ident::Ident;
use crate::policy::Roles;
use crate::policy::manifest::Manifest;
use crate::policy::render::{Vars, render};

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../sql/migrate/", $name, ".sql"))
    };
}

/// What is sent, in order.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) parts: Vec<Part>,
}

/// One thing that is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The runner's own statements, and what they do in words.
    Own(&'static str, String),
    /// The tenant is bound.
    Bind,
    /// The statement of the file at this place.
    Statement(usize),
    /// It is said for which tenant it was done.
    Tenant,
}

/// What programs are made from.
#[derive(Clone, Copy)]
pub(super) struct Maker<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) login: &'a Login,
    pub(super) ledger: &'a Ledger,
    pub(super) usual: &'a UsualPath,
    pub(super) patience: Patience,
    pub(super) statement_timeout: Option<Duration>,
}

impl Maker<'_> {
    /// The program that does a whole migration, or the part of it that is one tenant's.
    pub(super) fn program(self, of: &Reviewed<'_>) -> Result<Program> {
        let mut parts = Vec::new();
        match of.migration.mode() {
            Mode::Transaction => {
                self.begin(&mut parts)?;
                let role = self.login.for_schema(self.roles());
                become_role(&mut parts, "LOCAL", role)?;
                let [usual, own] = self.paths("LOCAL")?;
                parts.push(usual);
                parts.extend((0..of.statements.len()).map(Part::Statement));
                parts.push(own);
                self.end(&mut parts, of)?;
            }
            Mode::System { .. } => {
                self.begin(&mut parts)?;
                parts.push(Part::Own(
                    "refusing to pass over rows",
                    render(file!("all_rows"), &Vars::default())?,
                ));
                let (schema, system) =
                    (self.login.for_schema(self.roles()), self.login.for_system(self.roles())?);
                let [usual, own] = self.paths("LOCAL")?;
                parts.push(usual);
                let mut now: Option<&Ident> = None;
                for (place, statement) in of.statements.iter().enumerate() {
                    let role = if statement.is_of_data { system } else { schema };
                    if role != now {
                        become_role(&mut parts, "LOCAL", role)?;
                        now = role;
                    }
                    parts.push(Part::Statement(place));
                }
                parts.push(own);
                self.end(&mut parts, of)?;
            }
            Mode::EachTenant => {
                self.begin(&mut parts)?;
                become_role(&mut parts, "LOCAL", self.login.for_tenant(self.roles())?)?;
                parts.push(Part::Bind);
                let [usual, own] = self.paths("LOCAL")?;
                parts.push(usual);
                parts.extend((0..of.statements.len()).map(Part::Statement));
                parts.push(own);
                become_role(&mut parts, "LOCAL", None)?;
                parts.push(Part::Tenant);
                parts.push(commit());
            }
            Mode::NoTransaction => {
                let patient = |lock_timeout: String| {
                    let vars = Vars::default().text("lock_timeout", lock_timeout);
                    Ok::<_, Error>(Part::Own(
                        "setting the lock timeout",
                        render(file!("lock_timeout"), &vars)?,
                    ))
                };
                parts.push(patient(self.patience.setting())?);
                self.timeout(&mut parts, "SESSION")?;
                become_role(&mut parts, "SESSION", self.login.for_schema(self.roles()))?;
                // What the runner notes between them names all that it uses.
                let [usual, own] = self.paths("SESSION")?;
                parts.push(usual);
                for (place, statement) in of.statements.iter().enumerate() {
                    if !statement.is_concurrent {
                        parts.push(Part::Statement(place));
                        continue;
                    }
                    // It has to outlast every transaction that is open, and nobody waits behind it meanwhile.
                    parts.push(patient("0".to_owned())?);
                    parts.push(Part::Statement(place));
                    parts.push(patient(self.patience.setting())?);
                }
                parts.push(own);
                become_role(&mut parts, "SESSION", None)?;
                parts.extend(self.finish(of)?.parts);
            }
        }
        Ok(Program { parts })
    }

    /// The program that says that a migration is done whose work has been committed already.
    pub(super) fn finish(self, of: &Reviewed<'_>) -> Result<Program> {
        let mut parts = Vec::new();
        self.begin(&mut parts)?;
        parts.push(Part::Own("forgetting the progress", self.forget(of)?));
        parts.push(Part::Own("writing to the ledger", self.ledger.note(of.migration)?));
        parts.push(commit());
        Ok(Program { parts })
    }

    /// Says how many statements of a migration without a transaction are done.
    pub(super) fn done(self, of: &Reviewed<'_>, count: usize) -> Result<String> {
        let vars = self.progress_vars(of).text("checksum", of.checksum(count)).sql("done", count.to_string());
        render(file!("statement_add"), &vars)
    }

    /// Forgets how far a migration has come.
    pub(super) fn forget(self, of: &Reviewed<'_>) -> Result<String> {
        render(file!("progress_end"), &self.progress_vars(of))
    }

    fn progress_vars(&self, of: &Reviewed<'_>) -> Vars<'_> {
        Vars::default()
            .name("schema", self.ledger.table().schema())
            .text("ledger", self.ledger.table().name().as_str())
            .sql("version", of.migration.progress_version().to_string())
    }

    /// What goes ahead of a file's statements, and what behind them.
    fn paths(self, local: &str) -> Result<[Part; 2]> {
        Ok(self.usual.around(local)?.map(|sql| Part::Own("setting the search_path", sql)))
    }

    fn roles(&self) -> &Roles {
        &self.manifest.roles
    }

    fn begin(self, parts: &mut Vec<Part>) -> Result<()> {
        let vars = Vars::default().text("lock_timeout", self.patience.setting());
        parts.push(Part::Own("the begin of the transaction", render(file!("begin"), &vars)?));
        self.timeout(parts, "LOCAL")
    }

    fn timeout(self, parts: &mut Vec<Part>, local: &str) -> Result<()> {
        if let Some(limit) = self.statement_timeout {
            let vars = Vars::default().sql("local", local).text("statement_timeout", milliseconds(limit));
            parts.push(Part::Own("setting the timeout", render(file!("statement_timeout"), &vars)?));
        }
        Ok(())
    }

    /// Ends a transaction that is the whole of a migration.
    fn end(self, parts: &mut Vec<Part>, of: &Reviewed<'_>) -> Result<()> {
        become_role(parts, "LOCAL", None)?;
        parts.push(Part::Own("writing to the ledger", self.ledger.note(of.migration)?));
        parts.push(commit());
        Ok(())
    }
}

fn commit() -> Part {
    Part::Own("the commit", "COMMIT;".to_owned())
}

fn become_role(parts: &mut Vec<Part>, local: &str, role: Option<&Ident>) -> Result<()> {
    let vars = Vars::default().sql("local", local);
    let sql = match role {
        Some(role) => render(file!("become"), &vars.name("role", role))?,
        None => render(file!("become_oneself"), &vars)?,
    };
    parts.push(Part::Own("becoming the role of the statements", sql));
    Ok(())
}

/// A program as a script for people to read.
pub(super) struct Shown<'a> {
    pub(super) program: &'a Program,
    pub(super) of: &'a Reviewed<'a>,
    pub(super) setting: &'a str,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.program.parts {
            match part {
                Part::Own(_, sql) => writeln!(f, "{sql}")?,
                Part::Bind => writeln!(f, "-- The tenant is bound to {}, as a parameter.", self.setting)?,
                Part::Statement(place) => {
                    let text = self.of.statements.get(*place).map_or("", |of| of.located.text());
                    writeln!(f, "\n{text};\n")?;
                }
                Part::Tenant => {
                    writeln!(
                        f,
                        "-- The tenant is noted as done, with the number of rows of each statement."
                    )?;
                }
            }
        }
        f.write_char('\n')
    }
}
