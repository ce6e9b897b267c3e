//! Sealed tenants: what no key has sealed is nobody's.

mod forged;
mod moved;
mod pool;
mod rotated;
mod setup;
mod shapes;

use std::time::SystemTime;

use sha2::{Digest, Sha256};
use tenantry::migrate::{self, SealKeys};
use tenantry::policy::{Bootstrap, Missing, Roles, Seal, Tenancy};
use tenantry::{NOT_SEALED, SealKey, TenantPoolBuilder, TenantType};
use tokio_postgres::Client;

use crate::support::erp::{self, APP, Erp};

const SEALER: &str = "tenantry_it_sealer";
const SETTING: &str = "app.tenant_id";

/// What services hold.
const SECRET: &str = "9b1f6d6f2a8e4c0fb1c5d7e9a3b5c7d1";
const OTHER_SECRET: &str = "1d7c5b3a9e7d5c1bf0c4e8a2f6d6f1b9";

fn key() -> SealKey {
    SealKey::new(SECRET).unwrap()
}

fn roles() -> Roles {
    erp::roles().sealer(SEALER).unwrap()
}

/// An ERP whose database takes sealed tenants.
struct Sealed {
    erp: Erp,
    admin: Client,
}

impl Sealed {
    /// One that takes no others.
    async fn new() -> Self {
        let sealed = Self::with(erp::tenancy().seal(Seal::new())).await;
        sealed.keys().add(&key()).await.unwrap();
        sealed
    }

    /// One that knows no key yet.
    async fn with(tenancy: Tenancy) -> Self {
        let erp = Erp::new().await;
        let mut admin = erp.admin().await;
        bootstrap(&mut admin, tenancy).await;
        Self { erp, admin }
    }

    fn keys(&self) -> SealKeys<'_> {
        static TENANCY: std::sync::LazyLock<Tenancy> = std::sync::LazyLock::new(erp::tenancy);
        SealKeys::new(&self.admin, &TENANCY)
    }

    /// A pool that seals.
    fn builder(&self) -> TenantPoolBuilder {
        self.erp.builder().seal(key())
    }

    /// A connection of the app role, of somebody who has its password and no key.
    async fn app(&self) -> Client {
        connect(&self.erp.app_url()).await
    }

    /// What a service that logs in as the app role seals a tenant with.
    fn hand(&self) -> Hand {
        Hand::new(SECRET, APP, &database(&self.erp))
    }
}

async fn bootstrap(admin: &mut Client, tenancy: Tenancy) {
    let script = Bootstrap::new(tenancy, roles()).script().unwrap();
    migrate::apply(admin, &script).await.unwrap();
}

fn database(erp: &Erp) -> String {
    let config: tokio_postgres::Config = erp.database.url().parse().unwrap();
    config.get_dbname().unwrap().to_owned()
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Seals as it is written down, apart from the library: HMAC of RFC 2104, with SHA-256.
#[derive(Clone)]
struct Hand {
    secret: Vec<u8>,
    setting: String,
    role: String,
    database: String,
}

impl Hand {
    fn new(secret: &str, role: &str, database: &str) -> Self {
        let (setting, role, database) = (SETTING.to_owned(), role.to_owned(), database.to_owned());
        Self { secret: secret.as_bytes().to_vec(), setting, role, database }
    }

    fn hmac(&self, text: &str) -> String {
        let mut block = [0; 64];
        block[..self.secret.len()].copy_from_slice(&self.secret);
        let padded = |pad: u8| block.map(|byte| byte ^ pad);
        let inner = Sha256::new().chain_update(padded(0x36)).chain_update(text).finalize();
        let outer = Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize();
        outer.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn key(&self) -> String {
        self.hmac("tenantry seal")[..8].to_owned()
    }

    /// For a minute, and for any connection.
    fn seal(&self, tenant: &str) -> String {
        self.seal_until(tenant, now() + 60, 0)
    }

    fn seal_until(&self, tenant: &str, expires: u64, backend: i32) -> String {
        let (key, Self { setting, role, database, .. }) = (self.key(), self);
        let mac = self.hmac(&format!("{setting}\n{role}\n{database}\n{tenant}\n{expires}\n{key}\n{backend}"));
        format!("{tenant}.{expires}.{key}.{backend}.{mac}")
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

/// Who the database takes the bearer of a setting for, or why it takes it for nobody.
async fn asked(client: &Client, setting: &str) -> Result<Option<String>, String> {
    let sql = "select tenantry.tenant_id()::text from (select set_config('app.tenant_id', $1, true) offset 0) bound";
    match client.query_one(sql, &[&setting]).await {
        Ok(row) => Ok(row.get(0)),
        Err(error) => {
            let refusal = error.as_db_error().unwrap_or_else(|| panic!("{error}"));
            Err(format!("{} {}", refusal.code().code(), refusal.message()))
        }
    }
}

/// Whether it takes it for nobody, since no seal of it holds.
async fn is_refused(client: &Client, setting: &str) -> bool {
    asked(client, setting).await.is_err_and(|why| why.starts_with(NOT_SEALED))
}

/// A tenancy in which what does not hold finds no rows.
fn empty() -> Tenancy {
    Tenancy::new(TenantType::Uuid).missing(Missing::Empty).seal(Seal::new())
}
