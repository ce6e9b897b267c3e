//! A server with a table of many rows, on its own: its processes are those of this bench alone.

use std::fs;
use std::path::PathBuf;

use tenantry::testing::{Database, Server};
use tokio_postgres::Client;

use crate::common::AnyError;

const APP: &str = "tenantry_bench_adopt_app";

const MANIFEST: &str = r#"
[tenancy]
type = "bigint"

[roles]
app = "tenantry_bench_adopt_app"

[schemas]
include = ["bench"]

[tables]
"bench.company" = { class = "tenant", column = "id" }
"bench.account" = { class = "tenant" }
"bench.entry" = { class = "tenant" }
"#;

const SETTINGS: &str =
    "SELECT string_agg(name || ' ' || current_setting(name), ', ' ORDER BY name) FROM pg_settings
    WHERE name IN ('fsync', 'synchronous_commit', 'shared_buffers', 'max_wal_size', 'autovacuum')";

pub struct Erp {
    pub server: Server,
    database: Database,
    pub folder: PathBuf,
    pub rows: u32,
}

impl Erp {
    pub async fn new(rows: u32) -> Result<Self, AnyError> {
        // A table that fits, as those that services work with at full speed do.
        let server = Server::builder()
            .setting("shared_buffers", "2GB")
            .setting("max_wal_size", "8GB")
            .setting("checkpoint_timeout", "30min")
            .start()
            .await?;
        let database = server.database().await?;
        let admin = database.connect().await?;
        admin.batch_execute(&include_str!("erp.sql").replace("{rows}", &rows.to_string())).await?;
        admin.batch_execute("VACUUM (ANALYZE)").await?;
        admin.batch_execute("CHECKPOINT").await?;
        let folder = std::env::temp_dir().join(format!("tenantry-bench-adopt-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("tenantry.toml"), MANIFEST)?;
        Ok(Self { server, database, folder, rows })
    }

    pub fn url(&self) -> String {
        self.database.url()
    }

    pub async fn as_app(&self) -> Result<Client, AnyError> {
        Ok(self.database.connect_as(APP, "bench").await?)
    }

    pub async fn settings(&self) -> Result<String, AnyError> {
        Ok(self.database.connect().await?.query_one(SETTINGS, &[]).await?.get(0))
    }

    /// Entries whose tenant is not the company of their account.
    pub async fn wrong_rows(&self) -> Result<i64, AnyError> {
        let admin = self.database.connect().await?;
        let query = "SELECT count(*) FROM bench.entry AS e JOIN bench.account AS a ON a.id = e.account_id
            WHERE e.tenant_id IS DISTINCT FROM a.company_id";
        Ok(admin.query_one(query, &[]).await?.get(0))
    }
}

impl Drop for Erp {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
