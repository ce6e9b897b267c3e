//! Where names are looked up.
//!
//! Whoever may create in a schema of the `search_path` can put an operator or a function there that fits a query better than
//! the server's own, and that then runs with the rights of whoever asks. So the runner's own queries look names up in
//! `pg_catalog`, and a file's statements where its session would.

use tokio_postgres::Client;

use super::send;
use crate::error::{Error, Result};
use crate::policy::render::{Vars, render};

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../sql/migrate/", $name, ".sql"))
    };
}

/// Where a session would look names up if the runner did not use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UsualPath {
    pub(super) path: String,
    /// The schemas that this leads to, in order.
    pub(super) schemas: Vec<String>,
}

impl UsualPath {
    /// Takes a session over: from now on its names are looked up in `pg_catalog`.
    pub(super) async fn leave(client: &Client) -> Result<Self> {
        let failed = |source| Error::script("looking at the search_path", source);
        let row = client.query_typed_one(file!("path"), &[]).await.map_err(failed)?;
        let usual = Self {
            path: row.try_get("path").map_err(failed)?,
            schemas: row.try_get("schemas").map_err(failed)?,
        };
        send::own(client, "setting the search_path", file!("pin")).await?;
        Ok(usual)
    }

    /// Gives a session back, as it was.
    pub(super) async fn back(self, client: &Client) -> Result<()> {
        let [usual, _] = self.around("SESSION")?;
        send::own(client, "setting the search_path", &usual).await
    }

    /// What goes ahead of a file's statements, and what behind them.
    ///
    /// `local` is `LOCAL` or `SESSION`.
    pub(super) fn around(&self, local: &str) -> Result<[String; 2]> {
        let is_local = (local == "LOCAL").to_string();
        let usual = Vars::default().text("path", &self.path).sql("local", is_local);
        let own = Vars::default().sql("local", local);
        Ok([render(file!("usual_path"), &usual)?, render(file!("own_path"), &own)?])
    }
}
