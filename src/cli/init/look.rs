//! Looks into tables, for what no catalog knows.

use std::time::{Duration, Instant};

use tokio_postgres::{Client, SimpleQueryMessage};

use crate::cli::failure::Failure;
use crate::error::{Error, Step};
use crate::ident::{Ident, QualifiedName};
use crate::plan::Facts;
use crate::policy::render::{Vars, render};

/// How long all tables together may take. The proposal leaves to people what was not looked into.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whether tables have rows without a tenant.
pub(super) async fn into(client: &Client, columns: &[(QualifiedName, Ident)]) -> Result<Facts, Failure> {
    let begun = Instant::now();
    let mut facts = Facts::default();
    for (table, column) in columns {
        if begun.elapsed() > PATIENCE {
            break;
        }
        let vars =
            Vars::default().name("schema", table.schema()).name("table", table.name()).name("column", column);
        let sql = render(include_str!("../../../sql/cli/null_tenant.sql"), &vars)?;
        match client.simple_query(&sql).await {
            Ok(answer) => {
                let found = answer.iter().find_map(|message| match message {
                    SimpleQueryMessage::Row(row) => row.get("found"),
                    _ => None,
                });
                facts.null_tenants.insert(table.clone(), found == Some("t"));
            }
            // Not allowed, too long, or locked: nothing is known then.
            Err(error) if error.code().is_some() && !error.is_closed() => {}
            Err(error) => return Err(Error::server(Step::Catalog("rows without a tenant"), error).into()),
        }
    }
    Ok(facts)
}
