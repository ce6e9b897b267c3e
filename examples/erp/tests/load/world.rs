//! The service and its gateway, as they are deployed, on a server of their own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tenantry::testing::{Database, Server};
use uuid::Uuid;

use crate::client::Client;
use crate::company::Company;
use crate::parts::database;
use crate::parts::gateway::Gateway;
use crate::parts::keys::SignIn;
use crate::parts::service::Service;

const EXECUTABLE: &str = env!("CARGO_BIN_EXE_tenantry-erp");

/// How many companies there are.
const COMPANIES: usize = 20;

/// More than is ever asked for in a second: how a rate is bounded is tried elsewhere.
const ALL: &str = "100000";

pub struct World {
    pub gateway: Gateway,
    pub service: Service,
    pub companies: Vec<Arc<Company>>,
    pub database: Database,
    pub server: Server,
    pub folder: Folder,
}

impl World {
    /// The service with these settings.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        let folder = Folder::new();
        // Stopping it is as a crash to it, which what was acknowledged has to outlive.
        let server = Server::builder().setting("synchronous_commit", "on").start_local().await.unwrap();
        let database = database::create_on(&server).await.unwrap();
        let sign_in = SignIn::new(folder.path()).unwrap();
        let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let executable = Path::new(EXECUTABLE);
        let service =
            Service::start(executable, &database, &sign_in, folder.path(), &settings).await.unwrap();
        let rates = [("ERP_RATE", ALL), ("ERP_BURST", ALL)];
        let gateway = Gateway::start(&service.url, folder.path(), &rates).await.unwrap();
        let client = Client::of(&gateway.url);
        let mut companies = Vec::new();
        for number in 0..COMPANIES {
            companies.push(Arc::new(Company::make(&client, &sign_in, number).await));
        }
        Self { gateway, service, companies, database, server, folder }
    }
}

/// A folder that is gone after the test.
pub struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("tenantry-erp-{}", Uuid::new_v4()));
        std::fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
