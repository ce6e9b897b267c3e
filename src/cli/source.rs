//! What a command works on: the manifest, and a model of the database.

use std::path::Path;

use super::args::Global;
use super::connect::{self, Session};
use super::failure::{Exit, Failure, Flaws};
use super::files;
use super::output::Terminal;
use crate::catalog::{Catalog, live};
use crate::policy::manifest::Manifest;

/// A model, and what it is one of.
pub(super) struct Source {
    pub(super) catalog: Catalog,
    /// As a heading names it: `erp as me at localhost:5432`.
    pub(super) name: String,
}

impl Source {
    /// Reads the catalogs of the server.
    pub(super) fn live(global: &Global, terminal: Terminal) -> Result<Self, Failure> {
        connect::wait(async {
            let mut session = Session::open(global.database_url.as_deref(), terminal).await?;
            let loading = Box::pin(live::load(&mut session.client));
            let catalog = loading.await.map_err(|error| Failure {
                // Whatever goes wrong here is between the tool and the server.
                exit: Exit::Database,
                ..error.into()
            })?;
            let name = session.name.clone();
            session.close().await;
            Ok(Self { catalog, name })
        })
    }
}

/// Reads the manifest.
pub(super) fn manifest(path: &Path) -> Result<Manifest, Failure> {
    let text = files::read(path).map_err(|failure| match path.try_exists() {
        Ok(false) => failure.help("tenantry init proposes one for a database; --config names another file"),
        _ => failure,
    })?;
    Manifest::parse(&text).map_err(|problems| {
        let line = format!("{} does not read", path.display());
        let flaws = Flaws { file: path.display().to_string(), problems };
        Failure { flaws: Some(Box::new(flaws)), ..Failure::usage(line) }
    })
}
