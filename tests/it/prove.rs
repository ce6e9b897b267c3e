//! Proofs on a server: that they hold where rows are kept, and turn red where they are not.

mod assertions;
mod mutations;
mod objects;
mod planted;
mod rows;
mod seeds;
mod shapes;
mod traces;

use tenantry::catalog::live;
use tenantry::policy::manifest::Manifest;
use tenantry::prove::{self, Isolation, Mutations, Proof};
use tenantry::{TenantPool, migrate};
use tokio_postgres::Config;

use crate::plan::{Erp, plan_for};
use crate::policy::{Admin, admin, unique};
use crate::support::{kept, version};

/// A pool of the app role's, the manifest, and the superuser as the one who makes rows.
pub(crate) struct Prover {
    pool: TenantPool,
    manifest: Manifest,
    seeder: Config,
}

impl Prover {
    pub(crate) async fn new(admin: &Admin, app: &str, manifest: &str) -> Self {
        let manifest = Manifest::parse(manifest).unwrap_or_else(|problems| panic!("{problems:#?}"));
        // The role's password is that of whoever has logged in as it before.
        drop(admin.login(app).await);
        let pool = TenantPool::builder(&admin.url_as(app)).build_lazy().unwrap();
        Self { pool, manifest, seeder: admin.url().parse().unwrap() }
    }

    /// The proof that is still to be made.
    pub(crate) fn isolation(&self) -> Isolation<'_> {
        self.alone().seeder(self.seeder.clone())
    }

    /// The same where the app role makes the rows.
    pub(crate) fn alone(&self) -> Isolation<'_> {
        prove::isolation(&self.pool, &self.manifest)
    }

    pub(crate) async fn proof(&self) -> Proof {
        self.isolation().plans().run().await.unwrap_or_else(|error| panic!("{error:?}"))
    }

    /// The same with another role that makes rows.
    pub(crate) fn seeded_by(mut self, url: &str) -> Self {
        self.seeder = url.parse().unwrap();
        self
    }

    pub(crate) async fn mutations(&self) -> Mutations {
        self.try_mutations().await.unwrap_or_else(|error| panic!("{error:?}"))
    }

    pub(crate) async fn try_mutations(&self) -> tenantry::Result<Mutations> {
        self.isolation().mutate().await
    }
}

/// A manifest for tables whose tenants are numbers, with a line of its `[tenancy]` or sections of their own.
pub(crate) fn manifest(app: &str, more: &str) -> String {
    let (tenancy, sections) = if more.starts_with('[') { ("", more) } else { (more, "") };
    format!("[tenancy]\ntype = \"bigint\"\n{tenancy}\n[roles]\napp = \"{app}\"\n{sections}")
}

/// An ERP with tables of every shape that a plan has secured.
pub(crate) async fn planned() -> Erp {
    let mut erp = Erp::new().await;
    let plan = erp.plan().await;
    kept::apply(&mut erp.admin, &erp.app, &plan).await.unwrap();
    // As every new database is since PostgreSQL 15.
    erp.admin.batch_execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC").await.unwrap();
    erp
}

/// A few tables with a view, a function and a sequence.
const TABLES: &str = "CREATE TABLE customer (tenant_id bigint NOT NULL, id uuid PRIMARY KEY, name text NOT NULL);
    CREATE TABLE invoice (
        tenant_id bigint NOT NULL, id uuid PRIMARY KEY, customer_id uuid REFERENCES customer, note text
    );
    CREATE VIEW note WITH (security_invoker = on) AS SELECT note FROM invoice WHERE note <> ''; -- from PostgreSQL 15
    CREATE FUNCTION names(pattern text) RETURNS SETOF text LANGUAGE sql STABLE
        AS $$ SELECT name FROM public.customer WHERE name LIKE pattern OR true $$;
    CREATE TABLE counted (tenant_id bigint NOT NULL, n bigserial, PRIMARY KEY (tenant_id, n));
    INSERT INTO customer VALUES (7, gen_random_uuid(), 'seven');";

/// A database that a plan has secured, and its app role.
pub(crate) async fn secured(more: &str) -> (Admin, String) {
    secured_with(TABLES, more).await
}

/// The same with other tables.
pub(crate) async fn secured_with(sql: &str, more: &str) -> (Admin, String) {
    let mut database = admin().await;
    let app = unique("app");
    let sql = version::fit(sql, version::of(&database).await);
    // As every new database is since PostgreSQL 15.
    let roles = format!("REVOKE CREATE ON SCHEMA public FROM PUBLIC; CREATE ROLE {app} LOGIN;");
    database.batch_execute(&(roles + &sql)).await.unwrap();
    let catalog = live::load(&mut database).await.unwrap();
    let plan = plan_for(&manifest(&app, more), &catalog);
    migrate::apply(&mut database, &plan.up().unwrap()).await.unwrap_or_else(|error| panic!("{error:?}"));
    (database, app)
}

/// Every row of every table, the large objects, and what the catalogs say of the schema.
pub(crate) async fn contents(database: &Admin) -> (Vec<String>, String) {
    let tables = "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";
    let mut rows = Vec::new();
    for table in database.query(tables, &[]).await.unwrap() {
        let table: String = table.get(0);
        let texts = format!("SELECT t::text FROM {table} AS t ORDER BY 1");
        let of = database.query(&texts, &[]).await.unwrap();
        rows.extend(of.iter().map(|row| format!("{table}: {}", row.get::<_, String>(0))));
    }
    let large =
        database.query("SELECT oid::text FROM pg_largeobject_metadata ORDER BY 1", &[]).await.unwrap();
    rows.extend(large.iter().map(|row| format!("large object {}", row.get::<_, String>(0))));
    let mut catalog = live::load(&mut database.connect().await).await.unwrap();
    // Roles are the cluster's, and other tests have theirs.
    (catalog.roles, catalog.memberships, catalog.settings) = Default::default();
    (rows, format!("{catalog:#?}"))
}
