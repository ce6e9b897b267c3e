//! What a command works on: the manifest, and a model of the database.

use std::path::{Path, PathBuf};

use super::args::Global;
use super::connect::{self, Session};
use super::failure::{Exit, Failure, Flaws};
use super::output::Terminal;
use super::output::style::count;
use super::{files, from};
use crate::catalog::replay::{self, Opaque, Replayed, replay};
use crate::catalog::{Catalog, live};
use crate::policy::manifest::Manifest;

/// A model, and what it is one of.
pub(super) struct Source {
    pub(super) catalog: Catalog,
    /// As a heading names it: `erp as me at localhost:5432`, or `migrations (12 files)`.
    pub(super) name: String,
    /// The statements of files whose effect is not in the model.
    pub(super) opaque: Vec<Opaque>,
}

/// Where the model is read from, for a command that does not need the server.
#[derive(clap::Args)]
pub(super) struct SqlFiles {
    #[arg(long = "from", value_name = "PATH", num_args = 1.., help = FROM)]
    paths: Vec<PathBuf>,
}

const FROM: &str = "Files and folders of SQL to read instead of the database, in the order in which they are run, by the \
    role of [migrations] in the manifest or else its owner; of a folder, the migrations that go forward; - is the standard input";

impl SqlFiles {
    /// Whether there are any: otherwise the server is asked.
    pub(super) fn are_named(&self) -> bool {
        !self.paths.is_empty()
    }
}

impl Source {
    /// Reads the files that are named, or else the catalogs of the server.
    pub(super) fn read(
        files: &SqlFiles,
        manifest: &Manifest,
        global: &Global,
        terminal: Terminal,
    ) -> Result<Self, Failure> {
        if files.paths.is_empty() {
            return connect::wait(async {
                let Live { session, catalog } = Live::open(global, terminal).await?;
                let name = session.close().await;
                Ok(Self { catalog, name, opaque: Vec::new() })
            });
        }
        let from::Files { sources, stand } = from::read(&files.paths)?;
        for stands in stand {
            terminal.warn(&stands);
        }
        let name = name_of(&files.paths, &sources);
        let Replayed { catalog, opaque, .. } = replay(&sources, &manifest.replay_options());
        Ok(Self { catalog, name, opaque })
    }
}

/// What was read, as a heading names it.
pub(super) fn name_of(paths: &[PathBuf], sources: &[replay::Source]) -> String {
    match paths {
        [path] if !path.is_dir() => sources.iter().map(replay::Source::name).collect(),
        paths => {
            let shown: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
            format!("{} ({})", shown.join(", "), count(sources.len(), "file"))
        }
    }
}

/// A session with a server, and what its catalogs say.
pub(super) struct Live {
    pub(super) session: Session,
    pub(super) catalog: Catalog,
}

impl Live {
    pub(super) async fn open(global: &Global, terminal: Terminal) -> Result<Self, Failure> {
        let mut session = Session::open(&global.server, terminal).await?;
        let loading = Box::pin(live::load(&mut session.client));
        // Whatever goes wrong here is between the tool and the server.
        let failed = |error: crate::error::Error| Failure { exit: Exit::Database, ..error.into() };
        let catalog = loading.await.map_err(failed)?;
        Ok(Self { session, catalog })
    }
}

/// Reads the manifest.
pub(super) fn manifest(path: &Path) -> Result<Manifest, Failure> {
    Ok(manifest_and_text(path)?.0)
}

/// The same with the text that it was read from.
pub(super) fn manifest_and_text(path: &Path) -> Result<(Manifest, String), Failure> {
    let text = files::read(path).map_err(|failure| match path.try_exists() {
        Ok(false) => failure.help("tenantry init proposes one for a database; --config names another file"),
        _ => failure,
    })?;
    let manifest = Manifest::parse(&text).map_err(|problems| {
        let line = format!("{} does not read", path.display());
        let flaws = Flaws { file: path.display().to_string(), problems };
        Failure { flaws: Some(Box::new(flaws)), ..Failure::usage(line) }
    })?;
    Ok((manifest, text))
}
