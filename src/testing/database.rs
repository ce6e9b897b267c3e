//! One database for one test.

use std::fmt;
use std::sync::Arc;

use tokio_postgres::Client;

use super::error::{Result, TestError};
use super::janitor::Janitor;
use crate::ident::Ident;
use crate::throwaway::Address;

/// A database of its own for one test.
///
/// On a throwaway server it goes when the server goes. On a server that was given by a URL it is
/// dropped, with whoever is still in it, soon after this value is dropped.
pub struct Database {
    name: Ident,
    address: Address,
    janitor: Option<Arc<Janitor>>,
}

impl Database {
    /// Creates a database from a template.
    pub(super) async fn create(
        name: Ident,
        template: &Ident,
        address: &Address,
        janitor: Option<Arc<Janitor>>,
    ) -> Result<Self> {
        let (client, _) = address.connect(&address.home).await.map_err(TestError::no_connection)?;
        let create = format!("create database {name} template {template}");
        client
            .batch_execute(&create)
            .await
            .map_err(|source| TestError::server(format!("database {name} could not be created"), source))?;
        Ok(Self { name, address: address.clone(), janitor })
    }

    /// The name, as the catalog spells it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// The URL of this database for the superuser, with the password.
    #[must_use]
    pub fn url(&self) -> String {
        self.address.url(self.name.as_str())
    }

    /// The URL of this database for another role.
    #[must_use]
    pub fn url_as(&self, user: &str, password: &str) -> String {
        self.address.login(user, password).url(self.name.as_str())
    }

    /// Connects as the superuser. The connection runs as a task of the caller's runtime.
    ///
    /// # Errors
    ///
    /// The server cannot be reached, or does not let the superuser in.
    pub async fn connect(&self) -> Result<Client, TestError> {
        let (client, _) = self.address.connect(self.name.as_str()).await.map_err(TestError::no_connection)?;
        Ok(client)
    }

    /// Connects as another role. The connection runs as a task of the caller's runtime.
    ///
    /// # Errors
    ///
    /// The server cannot be reached, or does not let the role in.
    pub async fn connect_as(&self, user: &str, password: &str) -> Result<Client, TestError> {
        let address = self.address.login(user, password);
        let (client, _) = address.connect(self.name.as_str()).await.map_err(TestError::no_connection)?;
        Ok(client)
    }

    pub(super) fn ident(&self) -> &Ident {
        &self.name
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(janitor) = &self.janitor {
            janitor.remove_later(self.name.clone());
        }
    }
}

/// Shows no password.
impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("name", &self.name)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
