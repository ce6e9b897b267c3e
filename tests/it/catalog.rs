//! The model of a schema.

mod live;
mod newer;
mod page;
mod replay;
mod rights;
mod words;

use tenantry::Ident;
use tenantry::catalog::{Catalog, Privilege};
use tenantry::testing::{self, Database};
use tokio_postgres::Client;
use tokio_postgres::error::ErrorPosition;

use crate::policy::unique;
use crate::support::version;

/// A database in which `schema.sql` has been run.
pub(crate) struct Place {
    pub(crate) client: Client,
    pub(crate) database: Database,
    /// What the names of its roles begin with.
    pub(crate) role: String,
}

impl Place {
    pub(crate) async fn new() -> Self {
        let place = Self::empty().await;
        place.run(&place.schema().await).await;
        place
    }

    /// A database in which nothing has been run.
    pub(crate) async fn empty() -> Self {
        let database = testing::server().await.unwrap().database().await.unwrap();
        let client = database.connect().await.unwrap();
        Self { client, database, role: unique("catalog") }
    }

    /// The text of `schema.sql` for its roles, its database and its server.
    pub(crate) async fn schema(&self) -> String {
        let database = Ident::new(self.database.name()).unwrap().to_string();
        let text = version::fit(include_str!("catalog/schema.sql"), version::of(&self.client).await);
        text.replace("{role}", &self.role).replace("{database}", &database)
    }

    /// A plain role, which has been granted nothing, and its connection.
    pub(crate) async fn stranger(&self) -> Client {
        let name = format!("{}_stranger", self.role);
        self.run(&format!("CREATE ROLE {name} LOGIN PASSWORD 'x'")).await;
        self.database.connect_as(&name, "x").await.unwrap()
    }

    pub(crate) async fn run(&self, sql: &str) {
        self.client.batch_execute(sql).await.unwrap_or_else(|error| {
            let position = error.as_db_error().and_then(|error| error.position());
            let at = match position {
                Some(ErrorPosition::Original(at)) => *at as usize - 1,
                _ => 0,
            };
            panic!("{error:?} at {}", sql.chars().skip(at).take(200).collect::<String>())
        });
    }
}

/// What `schema.sql` has made, without what the cluster and its version add.
pub(crate) fn own(mut catalog: Catalog, role: &str) -> Catalog {
    let prefix = format!("{role}_");
    let mine = |name: &Ident| name.as_str().starts_with(&prefix);
    catalog.server_version = None;
    catalog.database = None;
    catalog.roles.retain(|name, _| mine(name));
    catalog.memberships.retain(|membership| mine(&membership.member));
    catalog.settings.retain(|setting| setting.in_database || setting.role.as_ref().is_some_and(mine));
    // PostgreSQL 17 has added it to GRANT ALL.
    for relation in catalog.relations.values_mut() {
        relation.grants.retain(|grant| grant.privilege != Privilege::Maintain);
    }
    catalog
}
