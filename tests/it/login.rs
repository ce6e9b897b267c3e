//! With which settings and which password a pool logs in, and where they come from.

mod credentials;
mod environment;
mod rotation;
mod rustls;

use std::error::Error as StdError;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use tenantry::{Error, TenantPool, TenantPoolBuilder};
use tokio_postgres::Client;

use crate::support::erp::Erp;
use crate::support::eventually;

/// What no error, no log and no `Debug` may show.
const HUSH: &str = "hush-hush";

/// A login role of this database's own, whose password a test can change.
struct World {
    erp: Erp,
    admin: Client,
    role: String,
}

impl World {
    async fn new() -> Self {
        let erp = Erp::new().await;
        let admin = erp.admin().await;
        let role = format!("login_{}", erp.database.name());
        let create = format!(
            "create role {role} login password '{HUSH}'; grant usage on schema erp, tenantry to {role};
             grant select on erp.account to {role}"
        );
        admin.batch_execute(&create).await.unwrap();
        Self { erp, admin, role }
    }

    /// The role's URL, without a password.
    fn url(&self) -> String {
        self.url_with("")
    }

    fn url_with(&self, password: &str) -> String {
        let config: tokio_postgres::Config = self.erp.database.url().parse().unwrap();
        let (port, database) = (config.get_ports()[0], config.get_dbname().unwrap().to_owned());
        format!("postgresql://{}{password}@localhost:{port}/{database}", self.role)
    }

    fn builder(&self) -> TenantPoolBuilder {
        TenantPool::builder(&self.url()).max_size(4)
    }

    async fn set_password(&self, password: &str) {
        self.admin.batch_execute(&format!("alter role {} password '{password}'", self.role)).await.unwrap();
    }

    async fn end(&self) {
        let sql = "select count(*) from pg_stat_activity where usename = $1";
        let connections = async || self.admin.query_one(sql, &[&self.role]).await.unwrap().get::<_, i64>(0);
        eventually("nobody is connected as the role", async || connections().await == 0).await;
        let drop = format!("drop owned by {role}; drop role {role}", role = self.role);
        self.admin.batch_execute(&drop).await.unwrap();
    }
}

/// A folder that goes with the value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("tenantry-login-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// All that an error shows, its sources included.
fn told(error: &Error) -> String {
    let mut told = format!("{error}\n{error:?}");
    let mut next = error.source();
    while let Some(source) = next {
        told.push_str(&format!("\n{source}\n{source:?}"));
        next = source.source();
    }
    told
}

/// An error's line, which holds these words; nothing of the error shows the secret.
fn says(error: &Error, words: &[&str]) {
    let line = error.to_string();
    for words in words {
        assert!(line.contains(words), "{words}: {line}");
    }
    assert!(!line.contains('\n') && !line.ends_with('.'), "{line}");
    assert!(!told(error).contains("hush"), "{}", told(error));
}
