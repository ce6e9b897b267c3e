//! `tenantry adopt`: tenants for live tables.

mod args;
mod files;
mod show;
mod watch;

use std::path::Path;

use super::args::Global;
use super::connect::{self, Session};
use super::failure::{Exit, Failure};
use super::files::is_standard_output;
use super::output::layout::Width;
use super::output::{self, Terminal};
use super::source::{Live, manifest};
use crate::catalog::Catalog;
use crate::error::Error;
use crate::ident::QualifiedName;
use crate::migrate::adopt::{
    Adopter, LeftOut, Outcome, Record, Settings, TenantCheck, last, login, usual_path,
};
use crate::plan::adopt::{Adoption, Psql, Request, adopt, named, rights};
use crate::policy::manifest::{Manifest, Problem};
use crate::seal::SealKey;
pub(super) use args::Arguments;
use watch::{Watch, Way};

/// How a command ended, and with which server.
type Ended = Result<Exit, Failure>;

pub(super) fn run(arguments: &Arguments, global: &Global, terminal: Terminal) -> Ended {
    let manifest = manifest(&global.config)?;
    let key = arguments.seal.key()?;
    let command = Command { arguments, manifest: &manifest, key, config: &global.config, terminal };
    connect::wait(async {
        if let Some(folder) = &arguments.out {
            return command.files(folder, global).await;
        }
        if arguments.dry_run && !arguments.request().tables.is_empty() {
            let Live { mut session, catalog } = Live::open(global, terminal).await?;
            let request = arguments.request();
            let adopted = adopt(&manifest, &catalog, &request);
            let tenant = command.tenant(&mut session.client, &catalog, &request).await?;
            let path = usual_path(&session.client, &manifest).await?;
            let login = login(&session.client).await;
            let name = session.close().await;
            let adopted = adopted.map(|adoption| {
                let mut lacks =
                    login.as_ref().map(|login| rights(&adoption, &catalog, login)).unwrap_or_default();
                lacks.extend(tenant);
                (adoption, lacks)
            });
            return command.shown(adopted, &arguments.psql(path), &name);
        }
        let mut session = Session::open(&global.server, terminal).await?;
        let done = command.run(&mut session).await;
        session.close().await;
        done
    })
}

struct Command<'c> {
    arguments: &'c Arguments,
    manifest: &'c Manifest,
    /// What tenants are sealed with, where the database takes no others.
    key: Option<SealKey>,
    config: &'c Path,
    terminal: Terminal,
}

impl Command<'_> {
    async fn run(&self, session: &mut Session) -> Ended {
        let support = self.manifest.tenancy.support();
        if self.arguments.status || self.arguments.dry_run {
            let record = last(&session.client, support).await?;
            return self.status(record.as_ref());
        }
        let mut watch = Watch::new(self.terminal);
        let opened =
            Adopter::open(&mut session.client, self.manifest, self.arguments.settings(), &mut |event| {
                watch.event(&event);
            })
            .await;
        let mut adopter = opened?;
        let ended = self.adopt(&mut adopter, &mut watch).await;
        // Whatever happened, the session ends with the tool, and the lock with the session.
        adopter.close().await;
        ended
    }

    async fn adopt(&self, adopter: &mut Adopter<'_>, watch: &mut Watch) -> Ended {
        let request = self.arguments.request();
        if self.arguments.abort {
            return self.back(adopter, &request, watch).await;
        }
        let found = adopter.last().await?;
        let names_tables = !request.tables.is_empty();
        let record = match found {
            Some(record) if !record.ended && names_tables => return Err(in_the_way(&record)),
            Some(record) if !record.ended => record,
            // It has come to its end already: the run that brought it there was cut off behind it, perhaps.
            Some(record) if !names_tables && !record.aborting => return self.status(Some(&record)),
            _ if !names_tables => return Err(nothing_begun()),
            _ => match self.begin(adopter, &request).await? {
                Ok(record) => record,
                Err(exit) => return Ok(exit),
            },
        };
        watch.begun(&record, Way::Forth)?;
        let ended = adopter.run(self.arguments.until, &mut |event| watch.event(&event)).await;
        watch.clear();
        self.ended(&record, &ended.map_err(failed)?)
    }

    /// Takes an adoption back: the last one, or the last one of the tables that are named.
    async fn back(&self, adopter: &mut Adopter<'_>, request: &Request, watch: &mut Watch) -> Ended {
        let found = if request.tables.is_empty() {
            adopter.last().await?
        } else {
            match named(self.manifest, &adopter.catalog().await?, request) {
                Ok(names) => {
                    let names: Vec<String> = names.iter().map(QualifiedName::plain).collect();
                    adopter.last_of(&names).await?
                }
                Err(problems) => return self.problems(&problems),
            }
        };
        let record = found.ok_or_else(nothing_begun)?;
        // One that is taken back already is not a reason to take back the one before it.
        if record.ended && record.aborting {
            return self.status(Some(&record));
        }
        if record.ended {
            let tables = record.tables.join(", ");
            self.terminal.warn(&format!(
                "the adoption of {tables} is done: without its policies services see the rows of all tenants, and the columns that \
                 it added go with what was written into them"
            ));
        }
        watch.begun(&record, Way::Back)?;
        let ended = adopter.take_back(&record, &mut |event| watch.event(&event)).await;
        watch.clear();
        self.ended(&record, &ended.map_err(failed)?)
    }

    /// Begins an adoption, unless something has to be settled or there is nothing to do.
    async fn begin(
        &self,
        adopter: &mut Adopter<'_>,
        request: &Request,
    ) -> Result<Result<Record, Exit>, Failure> {
        let catalog = adopter.catalog().await?;
        let adoption = match adopt(self.manifest, &catalog, request) {
            Ok(adoption) => adoption,
            Err(problems) => return self.problems(&problems).map(Err),
        };
        let mut lacks = rights(&adoption, &catalog, &adopter.login().await?);
        if let Some(tenant) = request.tenant_setting(self.manifest).filter(|_| !adoption.is_empty()) {
            let found = adopter.tenant(self.manifest, &catalog, &tenant, self.key.as_ref()).await?;
            lacks.extend(self.unknown(&found, &tenant));
        }
        if !lacks.is_empty() {
            return self.problems(&lacks).map(Err);
        }
        if adoption.is_empty() {
            self.terminal
                .result(|width| show::nothing(&adoption, width), || show::adoption_fields(&adoption))?;
            return Ok(Err(Exit::Clean));
        }
        for remark in &adoption.remarks {
            self.terminal.warn(&format!("{}: {}", remark.object, remark.what));
        }
        if let Some(told) = &adoption.told {
            let left_out = LeftOut::find(adopter.client(), self.manifest, &catalog, told).await?;
            if let Some(left_out) = left_out {
                let human = |width| show::left_out(told, &left_out, width);
                self.terminal.result(human, || show::left_out_fields(told, &left_out))?;
                return Ok(Err(Exit::Findings));
            }
        }
        Ok(Ok(adopter.begin(&adoption).await?))
    }

    /// What is wrong with the tenant of a request, if anything is.
    async fn tenant(
        &self,
        client: &mut tokio_postgres::Client,
        catalog: &Catalog,
        request: &Request,
    ) -> Result<Option<Problem>, Failure> {
        let Some(tenant) = request.tenant_setting(self.manifest) else { return Ok(None) };
        let found = TenantCheck::find(client, self.manifest, catalog, &tenant, self.key.as_ref()).await?;
        Ok(self.unknown(&found, &tenant))
    }

    /// What is wrong with the tenant that all rows are to belong to.
    fn unknown(&self, found: &TenantCheck, tenant: &str) -> Option<Problem> {
        match found {
            TenantCheck::Known => None,
            TenantCheck::Unknown(table) => {
                let what = format!(
                    "there is no tenant {tenant} in {}; give one that has a row there, or insert that first",
                    table.plain()
                );
                Some(Problem { line: None, what })
            }
            TenantCheck::Unlisted => {
                self.terminal.warn(&format!(
                    "nothing says which tenants there are, so {tenant} is taken for one; [tenants] of the manifest can name \
                     the table"
                ));
                None
            }
        }
    }

    fn shown(
        &self,
        adopted: Result<(Adoption, Vec<Problem>), Vec<Problem>>,
        psql: &Psql,
        name: &str,
    ) -> Ended {
        match adopted {
            Ok((adoption, lacks)) if lacks.is_empty() => {
                if adoption.is_empty() {
                    self.said(|width| show::nothing(&adoption, width), || show::adoption_fields(&adoption))?;
                    return Ok(Exit::Clean);
                }
                let script = show::Script::of(&adoption, psql)?;
                let human = |width| script.text(&adoption, name, width);
                self.terminal.result(human, || show::script_fields(&adoption, &script))?;
                Ok(Exit::Clean)
            }
            Ok((_, problems)) | Err(problems) => self.problems(&problems),
        }
    }

    /// Says something that is no script. Where one is asked for, nothing else goes to the standard output: there may be psql
    /// behind it.
    fn said(
        &self,
        human: impl FnOnce(Width) -> String,
        json: impl FnOnce() -> serde_json::Value,
    ) -> Result<(), Failure> {
        let prints = self.arguments.out.as_deref().is_some_and(is_standard_output);
        if (self.arguments.dry_run || prints) && !self.terminal.is_json() {
            self.terminal.aside(human);
            return Ok(());
        }
        self.terminal.result(human, json)
    }

    fn problems(&self, problems: &[Problem]) -> Ended {
        let json = || serde_json::json!({ "problems": output::problems(problems) });
        self.said(|width| show::problems(problems, self.config, width), json)?;
        Ok(Exit::Findings)
    }

    fn status(&self, record: Option<&Record>) -> Ended {
        self.said(|width| show::status(record, width), || show::status_fields(record))?;
        Ok(Exit::Clean)
    }

    fn ended(&self, record: &Record, outcome: &Outcome) -> Ended {
        let way = if self.arguments.abort { Way::Back } else { Way::Forth };
        let human = |width| show::outcome(record, outcome, way, width);
        self.terminal.result(human, || show::outcome_fields(outcome))?;
        Ok(match outcome {
            Outcome::Done | Outcome::Stopped => Exit::Clean,
            Outcome::Left { .. } | Outcome::InTheWay { .. } => Exit::Findings,
        })
    }
}

fn nothing_begun() -> Failure {
    Failure::usage("no adoption has been begun")
        .help("name the tables to adopt: tenantry adopt customer --children")
}

fn in_the_way(record: &Record) -> Failure {
    let tables = record.tables.join(", ");
    Failure::usage(format!("the adoption of {tables} has not ended, and there is one at a time"))
        .help("tenantry adopt goes on with it, tenantry adopt --abort takes it back")
}

/// A step that failed, with what to do next.
fn failed(error: Error) -> Failure {
    let is_lock = error.code().is_some_and(|code| code.code() == "55P03");
    let failure = Failure { exit: Exit::Database, ..error.into() };
    failure.help(if is_lock {
        "a transaction keeps the table locked; end it (pg_stat_activity shows which), or raise --attempts or --lock-timeout; \
         tenantry adopt goes on with this step"
    } else {
        "nothing of the step remains; tenantry adopt goes on with it, tenantry adopt --abort takes everything back"
    })
}

impl Arguments {
    fn request(&self) -> Request {
        Request {
            tables: self.tables.clone(),
            children: self.children,
            tenant: self.tenant.clone(),
            fill: self.fill.clone(),
            via: self.via.clone(),
        }
    }

    fn psql(&self, path: String) -> Psql {
        Psql { lock_timeout: self.lock_timeout, batch: self.batch.get(), path }
    }

    fn settings(&self) -> Settings {
        Settings {
            lock_timeout: self.lock_timeout,
            attempts: self.attempts.get(),
            batch: self.batch.get(),
            pause: self.pause,
            rate: self.rate.map(std::num::NonZeroU32::get),
        }
    }
}
