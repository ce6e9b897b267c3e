//! A database that is filled once and cloned for every test.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;
use tokio_postgres::Client;

use super::database::Database;
use super::error::{Kind, Result, SetupError, TestError};
use super::name;
use super::server::Server;

/// A database that is filled once per process and server, and then cloned for every test.
///
/// It holds what a database holds. Roles belong to the server: the closure that fills the template
/// runs once on every server, and on a server that was given by a URL the roles of earlier runs are still there.
///
/// ```no_run
/// use tenantry::testing::{self, Template};
///
/// static ERP: Template = Template::new("erp");
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let server = testing::server().await?;
/// let database = ERP
///     .clone_with(server, async |admin| {
///         admin.batch_execute("create table invoice (id bigint primary key, tenant_id uuid)").await?;
///         Ok(())
///     })
///     .await?;
/// let client = database.connect().await?;
/// assert!(client.query("select * from invoice", &[]).await?.is_empty());
/// # Ok(())
/// # }
/// ```
pub struct Template {
    name: &'static str,
    filled: Mutex<BTreeMap<u64, Filled>>,
}

/// A template on one server, or why there is none: every test is told, and only one has tried.
type Filled = Arc<OnceCell<Result<Database>>>;

impl Template {
    /// A template that is not filled yet. Two templates of one name do not disturb each other.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, filled: Mutex::new(BTreeMap::new()) }
    }

    /// Clones the template into a new database. The first caller on a server fills it, as the
    /// superuser; callers that come in the meantime wait.
    ///
    /// # Errors
    ///
    /// The closure failed (its error is the [`source`](std::error::Error::source)), or the server
    /// refused to create a database. A template that could not be filled stays so.
    pub async fn clone_with<F>(&self, server: &Server, fill: F) -> Result<Database, TestError>
    where
        F: AsyncFnOnce(&mut Client) -> Result<(), SetupError>,
    {
        let cell = {
            let mut filled = self.filled.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(filled.entry(server.id()).or_default())
        };
        let template = cell.get_or_init(|| self.fill(server, fill)).await.as_ref().map_err(Clone::clone)?;
        server.create(name::next(Some(self.name))?, template.ident()).await
    }

    async fn fill<F>(&self, server: &Server, fill: F) -> Result<Database>
    where
        F: AsyncFnOnce(&mut Client) -> Result<(), SetupError>,
    {
        let database = server.database().await?;
        let (mut client, connection) =
            server.address().connect(database.name()).await.map_err(TestError::no_connection)?;
        fill(&mut client).await.map_err(|source| Kind::Setup(self.name, source))?;
        // A database with a session in it cannot be cloned: the connection is to be over, not just dropped.
        drop(client);
        let _ = connection.await;
        Ok(database)
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Template").field("name", &self.name).finish_non_exhaustive()
    }
}
