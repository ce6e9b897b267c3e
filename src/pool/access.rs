//! Work across tenants, and those who have to know of it: the log, and by choice a table.

use std::sync::Arc;
use std::time::Instant;

use tokio::time::timeout;
use tokio_postgres::types::{ToSql, Type};
use tracing::info;

use super::answers::Answers;
use super::core::Core;
use super::drain::Debt;
use super::lease::Lease;
use super::strategy::COMMIT;
use crate::error::{Error, Kind, Result, Step};
use crate::ident::QualifiedName;

const SUITS: &str = include_str!("../../sql/pool/record_suits.sql");

/// A connection that is used across tenants. The log tells of its begin and of its end.
pub(super) struct Access {
    reason: Box<str>,
    role: Option<Box<str>>,
    since: Instant,
}

impl Access {
    pub(super) fn begin(lease: &Lease, reason: &str, role: Option<&str>) -> Self {
        lease.link().begin_tally();
        info!(reason, role, "cross-tenant access");
        Self { reason: reason.into(), role: role.map(Into::into), since: Instant::now() }
    }

    /// It ends, with this still owed.
    pub(super) fn end(&self, lease: &Lease, debt: Debt) {
        let counted = lease.link().counted();
        let outcome = match debt {
            Debt::None if counted.undone => "rolled_back",
            Debt::None => "committed",
            _ => "abandoned",
        };
        let Self { reason, role, since } = self;
        let took = since.elapsed();
        info!(%reason, role = role.as_deref(), rows = counted.rows, ?took, outcome, "cross-tenant access has ended");
    }
}

/// The table in which each transaction across tenants leaves a row.
#[derive(Clone, Debug)]
pub(super) struct Record {
    table: Arc<str>,
    insert: Arc<str>,
}

impl Record {
    pub(super) fn new(table: &str) -> Result<Self> {
        let table = QualifiedName::parse(table)?.to_string();
        Ok(Self {
            insert: format!("INSERT INTO {table} (row_count) VALUES ($1)").into(),
            table: table.into(),
        })
    }

    /// What ends a transaction with its row and its COMMIT. Both are sent once somebody waits for the answers, which has to be when
    /// all statements are answered: how many rows there were is known then.
    pub(super) fn close(&self, lease: &Arc<Lease>) -> Answers {
        let mut answers = Answers::default();
        let (on, insert) = (Arc::clone(lease), Arc::clone(&self.insert));
        answers.push_later(Step::Record, async move {
            // The COMMIT goes right behind it.
            on.owe(Debt::Answer);
            let rows = i64::try_from(on.link().counted().rows).unwrap_or(i64::MAX);
            let own = on.client().execute_typed(&insert, &[(&rows, Type::INT8)]).await;
            own.map(|own| on.link().discount(own))
        });
        let on = Arc::clone(lease);
        answers.push_later(Step::Commit, async move { on.client().batch_execute(COMMIT).await });
        answers
    }

    /// Refuses a table that the role cannot write to, or whose rows it can change.
    pub(super) async fn suits(&self, core: &Core) -> Result<()> {
        let lease = core.lease().await?;
        let failed = |error| lease.error(Step::Guard, error);
        lease.owe(Debt::Answer);
        let limit = core.options().bounds.connect_timeout;
        let table: &str = &self.table;
        let params: [(&(dyn ToSql + Sync), Type); 1] = [(&table, Type::TEXT)];
        let asked = lease.client().query_typed(SUITS, &params);
        let answer = timeout(limit, asked).await.map_err(|_| Error::from(Kind::ConnectTimeout(limit)))?;
        let rows = answer.map_err(failed)?;
        lease.settle();
        let read = |column| rows.first().map_or(Ok(None), |row| row.try_get::<_, Option<bool>>(column));
        let told = |column| read(column).map(Option::unwrap_or_default).map_err(failed);
        let role = core.guard().role().unwrap_or_default();
        let why = match (told(0)?, told(1)?, told(2)?) {
            (true, true, false) => return Ok(()),
            (false, _, _) => format!(
                "there is no table {table} to record accesses across tenants in; set record in [system] of tenantry.toml and apply tenantry plan"
            ),
            (true, false, _) => format!(
                "role {role} may not insert into {table}, where accesses across tenants are to be recorded; grant it INSERT on row_count"
            ),
            (true, true, true) => format!(
                "role {role} can change what is recorded in {table}; leave it INSERT on row_count alone"
            ),
        };
        Err(Error::config(why))
    }
}

#[cfg(test)]
mod tests {
    use super::Record;

    #[test]
    fn the_table_is_named_with_its_schema() {
        assert_eq!(
            &*Record::new("tenantry.system_access").unwrap().insert,
            r#"INSERT INTO "tenantry"."system_access" (row_count) VALUES ($1)"#
        );
        let error = Record::new("system_access").unwrap_err();
        assert!(error.is_usage(), "{error}");
    }
}
