//! A small ERP database, secured with the first policy and cloned for each test.

use std::net::SocketAddr;

use tenantry::policy::{Bootstrap, Password, Roles, Tenancy, TenantTable, secure};
use tenantry::testing::{self, Database, Server, Template};
use tenantry::{TenantId, TenantPool, TenantPoolBuilder, TenantType, migrate};
use tokio_postgres::Client;

pub const OWNER: &str = "tenantry_it_owner";
pub const APP: &str = "tenantry_it_app";
pub const SYSTEM: &str = "tenantry_it_system";
pub const PASSWORD: &str = "it's a test";

/// `account` is the tenants' data; `tag` repeats the tenant in a column that no policy looks at, so
/// that a row that crossed can be told by itself. `stage` belongs to nobody. The foreign key of
/// `entry` is checked at the commit.
const TABLES: &str = "
create schema erp;
create table erp.account (
    tenant_id uuid not null,
    id bigint not null,
    tag text not null,
    balance bigint not null default 0
);
create table erp.entry (
    tenant_id uuid not null,
    id bigint generated always as identity primary key,
    account_id bigint not null,
    amount bigint not null
);
create table erp.stage (line text);
";

const AFTER: &str = "
alter table erp.entry add constraint entry_account_deferred
    foreign key (tenant_id, account_id) references erp.account (tenant_id, id)
    deferrable initially deferred;
grant select, insert, delete on erp.stage to tenantry_it_app;
";

static TEMPLATE: Template = Template::new("erp");

pub struct Erp {
    pub database: Database,
    server: Option<Server>,
}

pub fn tenancy() -> Tenancy {
    Tenancy::new(TenantType::Uuid)
}

pub fn roles() -> Roles {
    Roles::new(OWNER, APP).unwrap().system(SYSTEM).unwrap()
}

/// Makes roles, tables and policies in an empty database.
pub async fn fill(admin: &mut Client) -> Result<(), testing::SetupError> {
    let password = || Password::new(PASSWORD);
    let bootstrap = Bootstrap::new(tenancy(), roles()).app_password(password()?).system_password(password()?);
    migrate::apply(admin, &bootstrap.script()?).await?;
    admin.batch_execute(TABLES).await?;
    let tables = [TenantTable::new("erp.account")?.unique(["id"])?, TenantTable::new("erp.entry")?];
    migrate::apply(admin, &secure(&tenancy(), &roles(), &tables)?).await?;
    admin.batch_execute(AFTER).await?;
    Ok(())
}

impl Erp {
    /// On the server that all tests share.
    pub async fn new() -> Self {
        let server = testing::server().await.unwrap();
        Self { database: TEMPLATE.clone_with(server, fill).await.unwrap(), server: None }
    }

    /// On a server of its own, which a test can stop, or whose log it can read.
    pub async fn on(server: Server) -> Self {
        let database = TEMPLATE.clone_with(&server, fill).await.unwrap();
        Self { database, server: Some(server) }
    }

    /// On a server that a test has for several databases.
    pub async fn beside(server: &Server) -> Self {
        Self { database: TEMPLATE.clone_with(server, fill).await.unwrap(), server: None }
    }

    pub fn server(&mut self) -> &mut Server {
        self.server.as_mut().expect("Erp::on gave it a server of its own")
    }

    pub fn app_url(&self) -> String {
        self.database.url_as(APP, PASSWORD)
    }

    pub fn system_url(&self) -> String {
        self.database.url_as(SYSTEM, PASSWORD)
    }

    pub fn builder(&self) -> TenantPoolBuilder {
        TenantPool::builder(&self.app_url()).system_url(&self.system_url())
    }

    pub async fn pool(&self, max_size: usize) -> TenantPool {
        self.builder().max_size(max_size).build().await.unwrap()
    }

    pub async fn admin(&self) -> Client {
        self.database.connect().await.unwrap()
    }

    /// Where the server listens, for a proxy to connect to.
    pub fn address(&self) -> SocketAddr {
        let config: tokio_postgres::Config = self.database.url().parse().unwrap();
        SocketAddr::from(([127, 0, 0, 1], config.get_ports()[0]))
    }

    /// The app role's URL through another port of this machine.
    pub fn app_url_through(&self, port: u16) -> String {
        self.app_url().replace(&format!(":{}/", self.address().port()), &format!(":{port}/"))
    }
}

/// The n-th tenant.
pub fn tenant(n: u8) -> TenantId {
    TenantId::uuid([n; 16])
}

/// Gives a tenant accounts with the ids `first..first + count`.
pub async fn open_accounts(pool: &TenantPool, tenant: &TenantId, first: i64, count: i64) {
    pool.tenant(tenant.clone())
        .execute(
            "insert into erp.account (id, tag) select g, $1 from generate_series($2::bigint, $3::bigint) g",
            &[&tenant.as_setting(), &first, &(first + count - 1)],
        )
        .await
        .unwrap();
}
