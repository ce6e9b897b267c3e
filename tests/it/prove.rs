//! Proofs on a server: that they hold where rows are kept, and turn red where they are not.

mod assertions;
mod mutations;
mod seeds;
mod shapes;
mod traces;

use tenantry::catalog::live;
use tenantry::policy::manifest::Manifest;
use tenantry::prove::{self, Mutations, Proof};
use tenantry::{TenantPool, migrate};
use tokio_postgres::Config;

use crate::plan::plan_for;
use crate::policy::{Admin, admin, unique};
use crate::support::version;

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

    pub(crate) async fn proof(&self) -> Proof {
        let isolation = prove::isolation(&self.pool, &self.manifest).seeder(self.seeder.clone());
        isolation.plans().run().await.unwrap_or_else(|error| panic!("{error:?}"))
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
        prove::isolation(&self.pool, &self.manifest).seeder(self.seeder.clone()).mutate().await
    }
}

/// A manifest for tables whose tenants are numbers.
pub(crate) fn manifest(app: &str, more: &str) -> String {
    format!("[tenancy]\ntype = \"bigint\"\n{more}\n[roles]\napp = \"{app}\"\n")
}

/// A database of two tables that a plan has secured, and its app role.
pub(crate) async fn secured(more: &str) -> (Admin, String) {
    let mut database = admin().await;
    let app = unique("app");
    let sql = "CREATE TABLE customer (tenant_id bigint NOT NULL, id uuid PRIMARY KEY, name text NOT NULL);
        CREATE TABLE invoice (
            tenant_id bigint NOT NULL, id uuid PRIMARY KEY, customer_id uuid REFERENCES customer, note text
        );
        CREATE VIEW note WITH (security_invoker = on) AS SELECT note FROM invoice WHERE note <> ''; -- from PostgreSQL 15
        -- As every new database is since PostgreSQL 15.
        REVOKE CREATE ON SCHEMA public FROM PUBLIC;
        CREATE FUNCTION names(pattern text) RETURNS SETOF text LANGUAGE sql STABLE
            AS $$ SELECT name FROM public.customer WHERE name LIKE pattern OR true $$;
        CREATE TABLE counted (tenant_id bigint NOT NULL, n bigserial, PRIMARY KEY (tenant_id, n));
        INSERT INTO customer VALUES (7, gen_random_uuid(), 'seven');";
    let sql = version::fit(sql, version::of(&database).await);
    database.batch_execute(&format!("CREATE ROLE {app} LOGIN; {sql}")).await.unwrap();
    let catalog = live::load(&mut database).await.unwrap();
    let plan = plan_for(&manifest(&app, more), &catalog);
    migrate::apply(&mut database, &plan.up().unwrap()).await.unwrap_or_else(|error| panic!("{error:?}"));
    (database, app)
}

/// Every row of every table, and what the catalogs say of the schema.
pub(crate) async fn contents(database: &Admin) -> (Vec<String>, String) {
    let tables = "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";
    let mut rows = Vec::new();
    for table in database.query(tables, &[]).await.unwrap() {
        let table: String = table.get(0);
        let texts = format!("SELECT t::text FROM {table} AS t ORDER BY 1");
        let of = database.query(&texts, &[]).await.unwrap();
        rows.extend(of.iter().map(|row| format!("{table}: {}", row.get::<_, String>(0))));
    }
    let mut catalog = live::load(&mut database.connect().await).await.unwrap();
    // Roles are the cluster's, and other tests have theirs.
    (catalog.roles, catalog.memberships, catalog.settings) = Default::default();
    (rows, format!("{catalog:#?}"))
}
