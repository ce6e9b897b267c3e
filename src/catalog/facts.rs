//! Looks into rows, for what a schema alone does not say.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio_postgres::Client;
use tokio_postgres::types::{ToSql, Type};

use crate::error::{Error, Result, Step};
use crate::ident::{Ident, QualifiedName};

const SETUP: &str = include_str!("../../sql/catalog/facts_setup.sql");
const NULL_TENANTS: &str = include_str!("../../sql/catalog/null_tenants.sql");
const WHAT: Step = Step::Catalog("rows without a tenant");

/// Tells of each table whether this column of it is NULL in any row.
///
/// It reads only, one table after the other, each in a transaction of its own and for at most `limit`; resolution: one
/// millisecond, rounded up. Where no row is found and no index helps, the server reads the whole table. A table that cannot
/// be read, be it in time or with the rights that the role has, is left out of the answer.
///
/// # Errors
///
/// The connection was lost.
///
/// ```no_run
/// use std::time::Duration;
///
/// use tenantry::catalog::{facts, live};
/// use tenantry::plan::{Facts, Hints, nullable_tenant_columns, propose};
///
/// # async fn example(client: &mut tokio_postgres::Client) -> tenantry::Result<()> {
/// let catalog = live::load(client).await?;
/// let hints = Hints::default();
/// let columns = nullable_tenant_columns(&catalog, &hints);
/// let null_tenants = facts::null_tenants(client, &columns, Duration::from_secs(2)).await?;
/// println!("{}", propose(&catalog, &hints, &Facts { null_tenants }).to_toml());
/// # Ok(())
/// # }
/// ```
pub async fn null_tenants(
    client: &mut Client,
    columns: &[(QualifiedName, Ident)],
    limit: Duration,
) -> Result<BTreeMap<QualifiedName, bool>> {
    let mut found = BTreeMap::new();
    for (table, column) in columns {
        if let Some(null) = null_tenant(client, table, column, limit).await? {
            found.insert(table.clone(), null);
        }
    }
    Ok(found)
}

async fn null_tenant(
    client: &mut Client,
    table: &QualifiedName,
    column: &Ident,
    limit: Duration,
) -> Result<Option<bool>> {
    let begin = client.build_transaction().read_only(true);
    let transaction = begin.start().await.map_err(|source| Error::server(Step::Begin, source))?;
    // Zero would be no limit at all.
    let limit = limit.as_nanos().div_ceil(1_000_000).clamp(1, 2_147_483_647).to_string();
    let limit: [(&(dyn ToSql + Sync), Type); 1] = [(&limit, Type::TEXT)];
    transaction.query_typed(SETUP, &limit).await.map_err(|source| Error::server(WHAT, source))?;
    let found = match transaction.query_typed(&query(table, column), &[]).await {
        Ok(rows) => {
            let found = rows.first().map(|row| row.try_get("found")).transpose();
            found.map_err(|source| Error::server(WHAT, source))?
        }
        Err(source) if source.as_db_error().is_some() => None,
        Err(source) => return Err(Error::server(WHAT, source)),
    };
    transaction.rollback().await.map_err(|source| Error::server(Step::Rollback, source))?;
    Ok(found)
}

/// The query for one table. Names take the places of psql's variables in one pass, since a name can look like one.
fn query(table: &QualifiedName, column: &Ident) -> String {
    let (schema, name, column) = (table.schema().to_string(), table.name().to_string(), column.to_string());
    let names = [(":\"schema\"", schema), (":\"table\"", name), (":\"column\"", column)];
    let mut text = String::new();
    let mut rest = NULL_TENANTS;
    for (variable, name) in names {
        let (before, after) = rest.split_once(variable).unwrap_or((rest, ""));
        text.push_str(before);
        text.push_str(&name);
        rest = after;
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::query;
    use crate::ident::{Ident, QualifiedName};

    #[test]
    fn names_stand_in_quotes_whatever_they_look_like() {
        let table = QualifiedName::parse("s.\":\"\"column\"\"\"").unwrap();
        let text = query(&table, &Ident::new("a\"b").unwrap());
        let wanted = "EXISTS (SELECT FROM \"s\".\":\"\"column\"\"\" WHERE \"a\"\"b\" IS NULL) AS found;";
        assert!(text.contains(wanted), "{text}");
    }
}
