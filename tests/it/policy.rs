//! Scripts against a server: what a role sees, and what it does not.

mod bootstrap;
mod expected;
mod keys;
mod matrix;
mod names;
mod objects;
mod secured;
mod shapes;

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU32, Ordering};

use tenantry::policy::{Bootstrap, Roles, Script, Tenancy, TenantTable, secure};
use tenantry::testing::{self, Database};
use tenantry::{Ident, migrate};
use tokio_postgres::{Client, SimpleQueryMessage};

pub(crate) const A: &str = "00000000-0000-0000-0000-00000000000a";
pub(crate) const B: &str = "00000000-0000-0000-0000-00000000000b";

/// A superuser's connection to a database of its own.
pub(crate) struct Admin {
    client: Client,
    database: Database,
}

pub(crate) async fn admin() -> Admin {
    let database = testing::server().await.unwrap().database().await.unwrap();
    Admin { client: database.connect().await.unwrap(), database }
}

impl Admin {
    /// A connection of a role's own.
    pub(crate) async fn login(&self, role: &str) -> Client {
        let sql = format!("ALTER ROLE {} PASSWORD 'x'", Ident::new(role).unwrap());
        self.batch_execute(&sql).await.unwrap();
        self.database.connect_as(role, "x").await.unwrap()
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// The URL of its database for the superuser.
    pub(crate) fn url(&self) -> String {
        self.database.url()
    }

    /// The URL of its database for a role that has logged in before.
    pub(crate) fn url_as(&self, role: &str) -> String {
        self.database.url_as(role, "x")
    }

    /// Another superuser's connection, which nobody has used.
    pub(crate) async fn connect(&self) -> Client {
        self.database.connect().await.unwrap()
    }
}

impl Deref for Admin {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl DerefMut for Admin {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.client
    }
}

/// Roles are the cluster's, so each test has its own.
pub(crate) fn unique(prefix: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{prefix}_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A database with roles, and whoever is asked for in it.
pub(crate) struct Place {
    pub(crate) admin: Admin,
    pub(crate) tenancy: Tenancy,
    pub(crate) roles: Roles,
    pub(crate) owner: String,
    pub(crate) app: String,
    pub(crate) system: String,
}

impl Place {
    /// A bootstrapped database with the schema `erp`, which the owner owns.
    pub(crate) async fn new(tenancy: Tenancy) -> Self {
        let (owner, app, system) = (unique("owner"), unique("app"), unique("system"));
        let roles = Roles::new(&owner, &app).unwrap().system(&system).unwrap();
        let mut admin = admin().await;
        let script = Bootstrap::new(tenancy.clone(), roles.clone()).script().unwrap();
        migrate::apply(&mut admin, &script).await.unwrap();
        admin.batch_execute(&format!("CREATE SCHEMA erp AUTHORIZATION {owner}")).await.unwrap();
        Self { admin, tenancy, roles, owner, app, system }
    }

    /// Runs SQL as the owner of the tables.
    pub(crate) async fn as_owner(&self, sql: &str) {
        let sql = format!("SET ROLE {}; {sql}; RESET ROLE", self.owner);
        self.admin.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// Secures tables as their owner would, who is bound by FORCE.
    pub(crate) async fn secure(&mut self, tables: &[TenantTable]) -> tenantry::Result<()> {
        let script = secure(&self.tenancy, &self.roles, tables).unwrap();
        self.apply_as_owner(&script).await
    }

    pub(crate) async fn apply_as_owner(&mut self, script: &Script) -> tenantry::Result<()> {
        self.admin.batch_execute(&format!("SET ROLE {}", self.owner)).await.unwrap();
        let done = migrate::apply(&mut self.admin, script).await;
        self.admin.batch_execute("RESET ROLE").await.unwrap();
        done
    }

    /// A connection of a role's own.
    pub(crate) async fn login(&self, role: &str) -> Client {
        self.admin.login(role).await
    }

    pub(crate) async fn as_app(&self) -> Client {
        self.login(&self.app).await
    }

    /// What the catalog says of everything that a script may touch, without oids.
    pub(crate) async fn catalog(&self) -> Vec<String> {
        let messages = self.admin.simple_query(include_str!("policy/catalog.sql")).await.unwrap();
        let row = |message: &SimpleQueryMessage| match message {
            SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("NULL").to_owned()),
            _ => None,
        };
        messages.iter().filter_map(row).collect()
    }
}

/// What a statement came to, for a table of expectations.
///
/// `tenant` is bound for the statement alone; `None` leaves the setting as the connection has it.
pub(crate) async fn outcome(client: &mut Client, tenant: Option<&str>, sql: &str) -> String {
    let transaction = client.transaction().await.unwrap();
    if let Some(tenant) = tenant {
        transaction.query_one("SELECT set_config('app.tenant_id', $1, true)", &[&tenant]).await.unwrap();
    }
    let result = transaction.simple_query(sql).await;
    transaction.rollback().await.unwrap();
    match result {
        Ok(messages) => {
            let count = messages.iter().rev().find_map(|message| match message {
                SimpleQueryMessage::CommandComplete(count) => Some(*count),
                _ => None,
            });
            count.unwrap_or_default().to_string()
        }
        Err(error) => error.code().map_or_else(|| error.to_string(), |code| code.code().to_owned()),
    }
}
