//! What is kept of an adoption for files: the same in one transaction.

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row, Transaction};

use super::record::{Record, in_support, present, reading, recording};
use super::sql;
use crate::error::{Error, Result};
use crate::ident::Ident;
use crate::migrate::path::UsualPath;
use crate::plan::{Lock, Plan, Step, Work};

pub(super) async fn begin(
    transaction: &Transaction<'_>,
    support: &Ident,
    id: i64,
    at_once: &Plan,
) -> Result<()> {
    let insert = in_support(sql::BEGIN_FILE, support)?;
    for (number, step) in (1_i32..).zip(&at_once.steps) {
        let parameters: [(&(dyn ToSql + Sync), Type); 6] = [
            (&id, Type::INT8),
            (&number, Type::INT4),
            (&step.object, Type::TEXT),
            (&step.what, Type::TEXT),
            (&step.up, Type::TEXT),
            (&step.down, Type::TEXT),
        ];
        transaction.query_typed(&insert, &parameters).await.map_err(recording)?;
    }
    Ok(())
}

/// What leads to the schema of a recorded adoption in one transaction, for files. Of its steps no locks are known any more.
///
/// # Errors
///
/// A version of tenantry has begun it that did not keep this; the role may not read the records; the connection was lost.
pub async fn at_once(client: &Client, support: &Ident, record: &Record) -> Result<Plan> {
    let usual = UsualPath::leave(client).await?;
    let plan = kept(client, support, record).await;
    usual.back(client).await?;
    plan
}

async fn kept(client: &Client, support: &Ident, record: &Record) -> Result<Plan> {
    let rows = if present(client, support, None).await?.files {
        let of = [(&record.id as _, Type::INT8)];
        client.query_typed(&in_support(sql::FILE, support)?, &of).await.map_err(reading)?
    } else {
        Vec::new()
    };
    if rows.is_empty() {
        return Err(Error::adopt(format!(
            "the adoption of {} was begun by a version that kept nothing for files; write them by hand from tenantry adopt --status \
             --format json",
            record.tables.join(", ")
        )));
    }
    let steps = rows.iter().map(step).collect::<Result<_, _>>().map_err(reading)?;
    Ok(Plan { steps, remarks: Vec::new() })
}

fn step(row: &Row) -> Result<Step, tokio_postgres::Error> {
    Ok(Step {
        object: row.try_get("object")?,
        what: row.try_get("what")?,
        up: row.try_get("up")?,
        down: row.try_get("down")?,
        lock: Lock::None,
        work: Work::None,
        closes: "",
        in_the_way: None,
    })
}
