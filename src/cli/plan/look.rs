//! The plan for a database or for files, and the rows in the way of its steps.

use serde_json::{Value, json};

use super::{Arguments, Found, queries};
use crate::catalog::Catalog;
use crate::cli::args::Global;
use crate::cli::connect;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Terminal;
use crate::cli::source::{Live, Source};
use crate::error::Error;
use crate::migrate::{Rows, rows_in_the_way};
use crate::plan::{InTheWay, Plan, Step, bootstrap, plan, plan_for};
use crate::policy::manifest::{Manifest, Problem};

/// Reads the files or the server, and plans. A server's rows are looked at in the same session.
pub(super) fn found(
    arguments: &Arguments,
    manifest: &Manifest,
    global: &Global,
    terminal: Terminal,
) -> Result<Found, Failure> {
    let queries = Some(&arguments.queries).filter(|paths| !paths.is_empty());
    let queries = queries.map(|paths| queries::read(paths)).transpose()?;
    let planned = |catalog: &Catalog| -> (Plan, Vec<Problem>) {
        let planned = match &queries {
            _ if arguments.bootstrap => bootstrap(manifest, catalog),
            Some(queries) => plan_for(manifest, catalog, queries),
            None => plan(manifest, catalog),
        };
        match planned {
            Ok(plan) => (plan, Vec::new()),
            Err(problems) => (Plan::default(), problems),
        }
    };
    if arguments.files.are_named() {
        let source = Source::read(&arguments.files, manifest, global, terminal)?;
        let (mut plan, problems) = planned(&source.catalog);
        if arguments.bootstrapped
            && let Ok(made) = bootstrap(manifest, &source.catalog)
        {
            plan.steps.retain(|step| !made.steps.contains(step));
        }
        let Source { name: database, opaque, .. } = source;
        return Ok(Found { plan, problems, database, opaque, rows: Vec::new() });
    }
    connect::wait(async {
        let Live { mut session, catalog } = Live::open(global, terminal).await?;
        let (plan, problems) = planned(&catalog);
        // It can be larger than all the rest.
        drop(catalog);
        // On the way back nothing is refused.
        let rows = if arguments.down {
            Vec::new()
        } else {
            let looking = Box::pin(rows_in_the_way(&mut session.client, &plan, arguments.data_timeout));
            let failed = |error: Error| Failure { exit: Exit::Database, ..error.into() };
            looking.await.map_err(failed)?
        };
        Ok(Found { plan, problems, database: session.close().await, opaque: Vec::new(), rows })
    })
}

/// What is known of the rows in the way of a step, for programs.
pub(super) fn fields(step: &Step, rows: Option<Rows>) -> Value {
    let Some(InTheWay { query, .. }) = step.in_the_way.as_deref() else { return Value::Null };
    let (count, unread) = match rows {
        Some(Rows::InTheWay(count)) => (json!(count), Value::Null),
        Some(Rows::Unread(why)) => (Value::Null, why.to_string().into()),
        None => (Value::Null, "no server was asked".into()),
    };
    json!({ "query": query, "rows": count, "unread": unread })
}
