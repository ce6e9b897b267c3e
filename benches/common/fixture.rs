//! The server and the tables that the benches of the pool share.

use tenantry::policy::{Bootstrap, Password, Roles, Seal, Tenancy, TenantTable, secure};
use tenantry::testing::{self, Database, Server};
use tenantry::{Strategy, TenantPool, TenantPoolBuilder, TenantType, migrate};
use tokio_postgres::{Client, Config, NoTls, config::Host};

use super::AnyError;

/// Every way works as this tenant.
pub const TENANT: i64 = 7;
/// How many rows each tenant has in the tables that are read.
pub const ROWS: i64 = 1_000;

const PASSWORD: &str = "bench";
const ROLES: [&str; 4] =
    ["tenantry_bench_owner", "tenantry_bench_app", "tenantry_bench_system", "tenantry_bench_sealer"];

/// What decides how long a statement takes on the server, as the reports state it.
const SETTINGS: &str = "select name, current_setting(name) from pg_settings
    where name in ('fsync', 'synchronous_commit', 'shared_buffers', 'jit') order by name";

/// The strategies that are measured. A further one is a line in here.
pub const STRATEGIES: &[(&str, Strategy)] = &[
    ("tenantry, ExplicitSetLocal", Strategy::ExplicitSetLocal),
    ("tenantry, Explicit", Strategy::Explicit),
    ("tenantry, Implicit", Strategy::Implicit),
];

pub struct Fixture {
    pub server: &'static Server,
    pub database: Database,
}

impl Fixture {
    /// 100 tenants with 1,000 rows each, which policies keep apart.
    pub async fn new() -> Result<Self, AnyError> {
        Self::with(None, None).await
    }

    /// The same with sealed tenants, and with more tables, which this makes and fills.
    pub async fn with(seal: Option<Seal>, more: Option<(&str, &[&str])>) -> Result<Self, AnyError> {
        let server = testing::server().await?;
        let database = server.database().await?;
        let mut admin = database.connect().await?;
        let (tenancy, roles) = (tenancy(seal), roles()?);
        migrate::apply(&mut admin, &bootstrap(&tenancy)?.script()?).await?;
        admin.batch_execute(include_str!("tables.sql")).await?;
        let (sql, names) = more.unwrap_or_default();
        admin.batch_execute(sql).await?;
        let mut tables = vec![
            TenantTable::new("bench.item")?.unique(["id"])?,
            TenantTable::new("bench.stock")?.unique(["item_id"])?,
            TenantTable::new("bench.entry")?.sequence("bench.entry_id_seq")?,
        ];
        for name in names {
            tables.push(TenantTable::new(name)?);
        }
        migrate::apply(&mut admin, &secure(&tenancy, &roles, &tables)?).await?;
        admin.batch_execute("vacuum analyze").await?;
        Ok(Self { server, database })
    }

    /// The role that the policies bind, under a name by which its backends can be found.
    pub fn app_url(&self, application: &str) -> String {
        named(&self.database.url_as(ROLES[1], PASSWORD), application)
    }

    /// The role that no policy binds, as in a service without tenants.
    pub fn plain_url(&self, application: &str) -> String {
        named(&self.database.url_as(ROLES[2], PASSWORD), application)
    }

    /// The settings of the server that matter here.
    pub async fn settings(&self) -> Result<Vec<(String, String)>, AnyError> {
        let rows = self.database.connect().await?.query(SETTINGS, &[]).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// The process ids of the backends that a name of an application belongs to.
    pub async fn backends(&self, application: &str) -> Result<Vec<i32>, AnyError> {
        let found = "select pid from pg_stat_activity where application_name = $1";
        let rows = self.database.connect().await?.query(found, &[&application]).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Host and port of the server.
    pub fn address(&self) -> Result<(String, u16), AnyError> {
        let config: Config = self.database.url().parse()?;
        match config.get_hosts() {
            [Host::Tcp(host)] => Ok((host.clone(), self.server.port())),
            _ => Err("the benches need a server that is reached by TCP".into()),
        }
    }

    /// The same URL with a proxy on this machine in the server's place.
    pub fn through(&self, url: &str, port: u16) -> Result<String, AnyError> {
        let (host, server_port) = self.address()?;
        Ok(url.replacen(&format!("@{host}:{server_port}/"), &format!("@127.0.0.1:{port}/"), 1))
    }
}

pub fn tenancy(seal: Option<Seal>) -> Tenancy {
    let tenancy = Tenancy::new(TenantType::Bigint);
    match seal {
        Some(seal) => tenancy.seal(seal),
        None => tenancy,
    }
}

pub fn roles() -> Result<Roles, AnyError> {
    Ok(Roles::new(ROLES[0], ROLES[1])?.system(ROLES[2])?.sealer(ROLES[3])?)
}

pub fn bootstrap(tenancy: &Tenancy) -> Result<Bootstrap, AnyError> {
    let bootstrap = Bootstrap::new(tenancy.clone(), roles()?);
    Ok(bootstrap.app_password(Password::new(PASSWORD)?).system_password(Password::new(PASSWORD)?))
}

/// The URLs of the app role and of the system role.
pub fn urls(database: &Database) -> [String; 2] {
    [ROLES[1], ROLES[2]].map(|role| database.url_as(role, PASSWORD))
}

/// A pool's settings but for its size.
pub fn tenant_pool(url: &str, strategy: Strategy) -> TenantPoolBuilder {
    TenantPool::builder(url).tenant_type(TenantType::Bigint).strategy(strategy)
}

pub async fn connect(url: &str) -> Result<Client, AnyError> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

fn named(url: &str, application: &str) -> String {
    format!("{url}?application_name={application}")
}
