//! An adoption as files, for review and for the next environment.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{Command, Ended, show};
use crate::cli::args::Global;
use crate::cli::failure::{Exit, Failure};
use crate::cli::files;
use crate::cli::output::layout::Width;
use crate::cli::output::style::{DIM, GOOD, count, paint, plain};
use crate::cli::plan::{Runner, write};
use crate::cli::source::Live;
use crate::ident::QualifiedName;
use crate::migrate::adopt::{Record, at_once, last, last_of};
use crate::plan::Plan;
use crate::plan::adopt::{adopt, named};

/// What files are made of, and whether this database has it already.
struct Found {
    plan: Plan,
    tables: Vec<String>,
    stage: Stage,
}

/// How far the adoption is in this database.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    NotBegun,
    Begun,
    Done,
}

impl Command<'_> {
    /// Writes the files, or prints the script. Nothing is run.
    pub(super) async fn files(&self, folder: &Path, global: &Global) -> Ended {
        let Live { mut session, catalog } = Live::open(global, self.terminal).await?;
        let (request, support) = (self.arguments.request(), self.manifest.tenancy.support());
        let found = async {
            if request.tables.is_empty() {
                let record = last(&session.client, support).await?;
                let record = record.filter(|record| !record.aborting).ok_or_else(super::nothing_begun)?;
                return Ok(Ok(self.recorded(&session.client, &record).await?));
            }
            let names = match named(self.manifest, &catalog, &request) {
                Ok(names) => names,
                Err(problems) => return self.problems(&problems).map(Err),
            };
            let names: Vec<String> = names.iter().map(QualifiedName::plain).collect();
            let record = last_of(&session.client, support, &names).await?;
            if let Some(record) = record.as_ref().filter(|record| !record.ended) {
                return Ok(Ok(self.recorded(&session.client, record).await?));
            }
            let adoption = match adopt(self.manifest, &catalog, &request) {
                Ok(adoption) => adoption,
                Err(problems) => return self.problems(&problems).map(Err),
            };
            if adoption.is_empty() {
                let Some(record) = record else {
                    self.said(|width| show::nothing(&adoption, width), || show::adoption_fields(&adoption))?;
                    return Ok(Err(Exit::Clean));
                };
                return Ok(Ok(self.recorded(&session.client, &record).await?));
            }
            if let Some(problem) = self.tenant(&mut session.client, &catalog, &request).await? {
                return self.problems(&[problem]).map(Err);
            }
            for remark in &adoption.remarks {
                self.terminal.warn(&format!("{}: {}", remark.object, remark.what));
            }
            let tables = adoption.tables.iter().map(QualifiedName::plain).collect();
            Ok(Ok(Found { plan: adoption.at_once, tables, stage: Stage::NotBegun }))
        };
        let found: Result<Result<Found, Exit>, Failure> = found.await;
        session.close().await;
        match found? {
            Ok(found) => self.written(&found, folder),
            Err(exit) => Ok(exit),
        }
    }

    async fn recorded(&self, client: &tokio_postgres::Client, record: &Record) -> Result<Found, Failure> {
        let plan = at_once(client, self.manifest.tenancy.support(), record).await?;
        let stage = if record.ended { Stage::Done } else { Stage::Begun };
        Ok(Found { plan, tables: record.tables.clone(), stage })
    }

    fn written(&self, found: &Found, folder: &Path) -> Ended {
        if files::is_standard_output(folder) {
            let script = found.plan.up()?.to_string();
            self.terminal.result(|_| script.clone(), || json!({ "script": script }))?;
            return Ok(Exit::Clean);
        }
        let first = self.arguments.tables.first().or(found.tables.first());
        let name = self.arguments.name.clone().unwrap_or_else(|| name_of(first.map_or("", String::as_str)));
        let written = write::files(&found.plan, self.arguments.style.into(), &name, folder)?;
        let json = || {
            let files: Vec<Value> = written.iter().map(|path| path.display().to_string().into()).collect();
            json!({ "tables": found.tables, "files": files, "applied": found.stage == Stage::Done })
        };
        self.terminal.result(|width| told(found, &written, self.arguments.style, width), json)?;
        Ok(Exit::Clean)
    }
}

/// Which files were written, and what to do with them.
fn told(found: &Found, files: &[PathBuf], style: Runner, width: Width) -> String {
    let mut text = String::new();
    for file in files {
        let _ = writeln!(text, "{} {}", paint(GOOD, "wrote"), plain(file.display()));
    }
    let steps = count(found.plan.steps.len(), "step");
    let first = files.first().and_then(|file| file.file_stem()).map(|name| name.to_string_lossy());
    let applied = match style {
        Runner::Refinery => format!(
            "tenantry migrate --applied {} adds it to the ledger without running it",
            first.unwrap_or_default()
        ),
        _ => "have your runner take it for applied here".to_owned(),
    };
    let next = match found.stage {
        Stage::NotBegun => format!(
            "{steps} in one transaction, for a database on which nobody is at work. Nothing was run; tenantry adopt leads to the \
             same schema while services go on working. Where it has, {applied}."
        ),
        Stage::Begun => {
            format!("{steps} in one transaction. Once tenantry adopt is done with this database, {applied}.")
        }
        Stage::Done => format!("{steps} in one transaction. This database has them already; {applied}."),
    };
    text + "\n" + &width.wrap_in(0, DIM, next)
}

/// A name for a migration that says what it is.
fn name_of(table: &str) -> String {
    let bare = table.rsplit('.').next().unwrap_or(table);
    let safe: String = bare.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    format!("adopt_{}", safe.trim_matches('_'))
}
