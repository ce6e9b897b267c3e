//! One tenant's rows on their way: out of a database, into another, and out again.

mod erased;
mod kept;
mod refused;
mod schema;
mod tool;

use std::collections::BTreeMap;
use std::path::PathBuf;

use tenantry::Result;
use tenantry::catalog::{Catalog, live};
use tenantry::plan;
use tenantry::policy::manifest::Manifest;
use tenantry::transfer::archive::{Archive, ArchiveWriter, Description};
use tenantry::transfer::{Export, Import, Imported};
use tokio_postgres::Client;

use crate::policy::{A, Admin, B, admin, unique};
use crate::support::kept::apply;
use crate::tool::Folder;

/// Databases that are alike, on one server.
struct Shop {
    names: Vec<(&'static str, String)>,
    manifest: String,
}

/// One of them.
struct Database {
    admin: Admin,
    manifest: Manifest,
    catalog: Catalog,
}

/// A folder for an archive.
struct Out(Folder);

impl Out {
    fn new() -> Self {
        Self(Folder::new())
    }

    fn path(&self) -> PathBuf {
        self.0.path("tenant")
    }

    /// What each file holds.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let entries = std::fs::read_dir(self.path()).unwrap().map(std::io::Result::unwrap);
        let file = |entry: std::fs::DirEntry| {
            (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())
        };
        entries.map(file).collect()
    }
}

impl Shop {
    fn new() -> Self {
        let names = ["owner", "app", "system"].map(|role| (role, unique(role))).into();
        let mut shop = Self { names, manifest: String::new() };
        shop.manifest = shop.fill(schema::MANIFEST);
        shop
    }

    fn fill(&self, text: &str) -> String {
        let put = |text: String, (place, name): &(&str, String)| text.replace(&format!("{{{place}}}"), name);
        self.names.iter().fold(text.to_owned(), put)
    }

    /// A database with the tables of the shop, which a plan has secured.
    async fn database(&self) -> Database {
        self.secured(schema::TABLES).await
    }

    async fn secured(&self, tables: &str) -> Database {
        let mut admin = admin().await;
        let app = &self.names[1].1;
        for sql in [schema::ROLES, tables] {
            admin.batch_execute(&self.fill(sql)).await.unwrap_or_else(|error| panic!("{error:?}"));
        }
        let manifest = Manifest::parse(&self.manifest).unwrap_or_else(|problems| panic!("{problems:?}"));
        let catalog = live::load(&mut admin).await.unwrap();
        let planned = plan::plan(&manifest, &catalog).unwrap_or_else(|problems| panic!("{problems:?}"));
        apply(&mut admin, app, &planned).await.unwrap_or_else(|error| panic!("{error:?}"));
        let catalog = live::load(&mut admin).await.unwrap();
        Database { admin, manifest, catalog }
    }
}

impl Database {
    async fn export(&self, tenant: &str, to: &Out) -> Result<Description> {
        let (mut one, mut other) = (self.admin.connect().await, self.admin.connect().await);
        let first = Export::begin(&mut one, &self.manifest, &self.catalog, tenant, None).await?;
        let snapshot = first.snapshot().await?;
        let second = Export::join(&mut other, &self.manifest, &self.catalog, tenant, None, &snapshot).await?;
        ArchiveWriter::create(&to.path())?
            .write_all(&[first, second], &self.manifest, &self.catalog, |_, _| {})
            .await
    }

    async fn import(&self, tenant: &str, from: &Out) -> Result<Imported> {
        let mut client: Client = self.admin.connect().await;
        let import = Import::begin(&mut client, &self.manifest, &self.catalog, tenant, None).await?;
        Archive::open(&from.path())?.write_into(import, |_, _| {}).await
    }

    /// What a query of one column gives, as a superuser.
    async fn texts(&self, sql: &str) -> Vec<String> {
        self.admin.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }
}
