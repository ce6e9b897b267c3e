//! Runs a script.

use tokio_postgres::Client;

use crate::error::{Error, Result, Step};
use crate::policy::Script;
use crate::policy::scan::statements;

/// Runs a script as one transaction, statement by statement.
///
/// When a statement fails, nothing of the script remains. When the future is dropped, the transaction is rolled back
/// before the client runs anything else.
///
/// The role that the client is logged in as needs the rights that [`Bootstrap`](crate::policy::Bootstrap) and
/// [`secure`](crate::policy::secure) name. Passwords go to the server as SCRAM verifiers only.
///
/// # Errors
///
/// A statement failed; the error names the step. [`Error::code`] is `55P03` if a lock was not to be had in time, and the
/// script can be run again. It is `TN002` if the database is not as the script expects it, and the error says how not.
/// [`Error::is_in_doubt`] if the connection was lost at the commit.
///
/// ```no_run
/// use tenantry::migrate;
/// use tenantry::policy::{Bootstrap, Roles, Tenancy};
///
/// # async fn example(client: &mut tokio_postgres::Client) -> tenantry::Result<()> {
/// let script = Bootstrap::new(Tenancy::default(), Roles::new("erp_owner", "erp_app")?).script()?;
/// migrate::apply(client, &script).await?;
/// # Ok(())
/// # }
/// ```
pub async fn apply(client: &mut Client, script: &Script) -> Result<()> {
    let transaction = client.transaction().await.map_err(|source| Error::server(Step::Begin, source))?;
    for step in script.steps() {
        // Several statements in one message would be one to a proxy that routes by statement.
        for statement in statements(step.sql()) {
            transaction
                .batch_execute(statement)
                .await
                .map_err(|source| Error::script(step.what(), source))?;
        }
    }
    transaction.commit().await.map_err(|source| Error::final_step(Step::Commit, source))
}
