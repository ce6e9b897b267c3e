//! The database that all peers work on, and the roles they log in as.

use tenantry::policy::{Bootstrap, Password, Roles, Tenancy, TenantTable, secure};
use tenantry::testing::{self, Database, Server};
use tenantry::{TenantType, migrate};
use tokio_postgres::Client;
use tokio_postgres::config::{Config, Host};

use crate::proxy::Proxy;
use crate::work::{AnyError, SETTING};

const PASSWORD: &str = "bench";

/// The tenants that requests are made for.
pub const TENANT: i64 = 7;
pub const OTHER_TENANT: i64 = 8;

/// The id of a row of `bench.item` that only [`OTHER_TENANT`] has.
pub const FOREIGN: i64 = 1_000_000;

/// How many rows of `bench.item` each tenant has, with ids from 0.
pub const ITEMS: i64 = 1_000;

/// How many rows of `bench.stock` each tenant has. Jobs use ids below it.
pub const STOCKED: i64 = 100;

const TABLES: &str = "
    create schema bench;
    create table bench.item (tenant_id bigint, id bigint, name text not null);
    create table bench.stock (tenant_id bigint, id bigint, note text not null) with (fillfactor = 50);
    create table bench.entry (tenant_id bigint, item bigint not null, note text not null);
    insert into bench.item
        select t, n, 'item ' || n || ' of ' || t from generate_series(0, 99) t, generate_series(0, 999) n;
    insert into bench.item values (8, 1000000, 'another tenant''s');
    insert into bench.stock
        select t, n, 'none yet' from generate_series(0, 99) t, generate_series(0, 99) n;
";

/// What decides how long a statement takes on the server, as the report states it.
const SETTINGS: &str = "select name, current_setting(name) from pg_settings
    where name in ('fsync', 'synchronous_commit', 'shared_buffers', 'jit') order by name";

/// Where the peers connect to.
pub struct Urls {
    /// For every peer: the role that row-level security binds.
    pub app: String,
    /// For the reference, which filters by hand and must not pay for policies.
    pub reference: String,
}

pub struct Bench {
    pub server: &'static Server,
    admin: Client,
    database: Database,
    roles: [String; 3],
}

impl Bench {
    pub async fn open() -> Result<Self, AnyError> {
        let server = testing::server().await?;
        let database = server.database().await?;
        let mut admin = database.connect().await?;
        let roles = ["owner", "app", "system"].map(|role| format!("tenantry_peers_{role}"));
        fill(&mut admin, &roles).await?;
        Ok(Self { server, admin, database, roles })
    }

    /// Where the peers connect to: the server, or a proxy on this machine in its place.
    pub fn urls(&self, proxy: Option<&Proxy>) -> Result<Urls, AnyError> {
        let [_, app, system] = &self.roles;
        let (host, port) = self.address()?;
        let url = |role: &str| {
            let url = self.database.url_as(role, PASSWORD);
            let server = format!("@{host}:{port}/");
            proxy.map_or(url.clone(), |proxy| {
                url.replacen(&server, &format!("@127.0.0.1:{}/", proxy.port()), 1)
            })
        };
        Ok(Urls { app: url(app), reference: url(system) })
    }

    /// Host and port of the server.
    pub fn address(&self) -> Result<(String, u16), AnyError> {
        let config: Config = self.database.url().parse()?;
        match config.get_hosts() {
            [Host::Tcp(host)] => Ok((host.clone(), self.server.port())),
            _ => Err("the bench needs a server that is reached by TCP".into()),
        }
    }

    pub async fn settings(&self) -> Result<Vec<(String, String)>, AnyError> {
        let rows = self.admin.query(SETTINGS, &[]).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// How many rows a tenant has in `bench.entry`, asked as the superuser.
    pub async fn entries(&self, tenant: i64) -> Result<i64, AnyError> {
        let count = "select count(*) from bench.entry where tenant_id = $1";
        Ok(self.admin.query_one(count, &[&tenant]).await?.get(0))
    }
}

async fn fill(admin: &mut Client, roles: &[String; 3]) -> Result<(), AnyError> {
    let [owner, app, system] = roles;
    let tenancy = Tenancy::new(TenantType::Bigint).setting(SETTING)?;
    let roles = Roles::new(owner, app)?.system(system)?;
    let bootstrap = Bootstrap::new(tenancy.clone(), roles.clone())
        .app_password(Password::new(PASSWORD)?)
        .system_password(Password::new(PASSWORD)?);
    migrate::apply(admin, &bootstrap.script()?).await?;
    admin.batch_execute(TABLES).await?;
    let tables = [
        TenantTable::new("bench.item")?.unique(["id"])?,
        TenantTable::new("bench.stock")?.unique(["id"])?,
        TenantTable::new("bench.entry")?,
    ];
    migrate::apply(admin, &secure(&tenancy, &roles, &tables)?).await?;
    admin.batch_execute("vacuum analyze bench.item").await?;
    admin.batch_execute("vacuum analyze bench.stock").await?;
    Ok(())
}
