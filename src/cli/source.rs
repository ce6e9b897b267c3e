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
            let Live { session, catalog } = Live::open(global, terminal).await?;
            let name = session.close().await;
            Ok(Self { catalog, name })
        })
    }
}

/// A session with a server, and what its catalogs say.
pub(super) struct Live {
    pub(super) session: Session,
    pub(super) catalog: Catalog,
}

impl Live {
    pub(super) async fn open(global: &Global, terminal: Terminal) -> Result<Self, Failure> {
        let mut session = Session::open(global.database_url.as_deref(), terminal).await?;
        let loading = Box::pin(live::load(&mut session.client));
        // Whatever goes wrong here is between the tool and the server.
        let failed = |error: crate::error::Error| Failure { exit: Exit::Database, ..error.into() };
        let catalog = loading.await.map_err(failed)?;
        Ok(Self { session, catalog })
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
