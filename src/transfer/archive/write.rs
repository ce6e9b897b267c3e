//! Writing an archive.

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use futures_util::future::try_join_all;
use futures_util::{Stream, StreamExt as _};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc::{self, Receiver};
use tokio::task::spawn_blocking;
use zstd::Encoder;

use super::{AHEAD, ArchivedColumn, ArchivedTable, CHUNK, DESCRIPTION, Description};
use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::policy::manifest::Manifest;
use crate::seal::hex;
use crate::transfer::Export;
use crate::transfer::table::Table;

/// The level of zstd that is fast enough not to be waited for.
const LEVEL: i32 = 3;

/// What the names of the files with rows end with.
const SUFFIX: &str = ".copy.zst";

/// An archive that is being written.
#[derive(Debug)]
pub struct ArchiveWriter {
    folder: PathBuf,
}

/// What became of the bytes of a table.
struct Written {
    rows: u64,
    bytes: u64,
    sha256: String,
}

impl ArchiveWriter {
    /// Makes the folder, or takes one that is empty, or holds an export that did not come to its end: what that wrote is removed.
    ///
    /// # Errors
    ///
    /// There is an archive in it, or something else, or it cannot be written to.
    pub fn create(folder: &Path) -> Result<Self> {
        let at = |error: io::Error| failed(folder, &error);
        fs::create_dir_all(folder).map_err(at)?;
        let mut left = Vec::new();
        for entry in fs::read_dir(folder).map_err(at)? {
            let path = entry.map_err(at)?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if name == DESCRIPTION {
                return Err(Error::config(format!("{} holds an archive already", folder.display())));
            }
            if !name.ends_with(SUFFIX) && name != unfinished() {
                return Err(Error::config(format!(
                    "{} holds {name}, which is no part of an archive; name an empty folder",
                    folder.display()
                )));
            }
            left.push(path);
        }
        for path in left {
            fs::remove_file(&path).map_err(|error| failed(&path, &error))?;
        }
        Ok(Self { folder: folder.to_owned() })
    }

    /// Writes the rows of a table.
    async fn write<E: Display>(
        &self,
        number: usize,
        table: &Table,
        chunks: impl Stream<Item = Result<Bytes, E>>,
    ) -> Result<ArchivedTable> {
        let file = file_name(number, table);
        let path = self.folder.join(&file);
        let (sender, receiver) = mpsc::channel(AHEAD);
        let writing =
            spawn_blocking(move || compress(&path, receiver).map_err(|error| failed(&path, &error)));
        let mut chunks = pin!(chunks.chunks(64));
        let mut kept = Vec::with_capacity(CHUNK);
        let mut broken = None;
        'all: while let Some(rows) = chunks.next().await {
            for row in rows {
                match row {
                    Ok(row) => kept.extend_from_slice(&row),
                    Err(error) => {
                        broken = Some(Error::config(format!("reading {}: {error}", table.name().plain())));
                        break 'all;
                    }
                }
            }
            if kept.len() >= CHUNK {
                let full = std::mem::replace(&mut kept, Vec::with_capacity(CHUNK));
                // Who takes them is gone only after an error of its own.
                if sender.send(full).await.is_err() {
                    break;
                }
            }
        }
        if !kept.is_empty() {
            let _ = sender.send(kept).await;
        }
        drop(sender);
        let written = writing.await.map_err(|error| Error::config(error.to_string()))?;
        if let Some(broken) = broken {
            return Err(broken);
        }
        let Written { rows, bytes, sha256 } = written?;
        let columns = table.columns().iter().map(|(name, data_type)| ArchivedColumn {
            name: name.as_str().to_owned(),
            data_type: data_type.clone(),
        });
        let columns = columns.collect();
        Ok(ArchivedTable { table: table.name().to_string(), columns, file, rows, bytes, sha256 })
    }

    /// Writes all tables and says that the archive is whole: as many tables at once as there are exports, which have to read by one
    /// snapshot. `told` hears of each table that is written, and of how many there are.
    ///
    /// # Errors
    ///
    /// A table cannot be read, or the folder cannot be written to. No archive is in it then.
    pub async fn write_all(
        self,
        exports: &[Export<'_>],
        manifest: &Manifest,
        catalog: &Catalog,
        told: impl Fn(&ArchivedTable, usize),
    ) -> Result<Description> {
        let first = exports.first().ok_or_else(|| Error::config("nothing is there that could be written"))?;
        let left = Mutex::new(first.tables().iter().enumerate());
        let take = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
        let work = async |export: &Export<'_>| {
            let mut written = Vec::new();
            while let Some((number, table)) = take() {
                let archived = self.write(number, table, export.copy(table).await?).await?;
                told(&archived, first.tables().len());
                written.push((number, archived));
            }
            Ok::<_, Error>(written)
        };
        let written = try_join_all(exports.iter().map(work)).await?;
        let mut written: Vec<(usize, ArchivedTable)> = written.into_iter().flatten().collect();
        written.sort_by_key(|(number, _)| *number);
        if !first.is_known() && written.iter().all(|(_, archived)| archived.rows == 0) {
            return Err(Error::config(
                "no table has a row of that tenant's, and no table says which tenants there are",
            ));
        }
        self.finish(first, manifest, catalog, written.into_iter().map(|(_, archived)| archived).collect())
    }

    /// Says that it is whole.
    fn finish(
        self,
        export: &Export<'_>,
        manifest: &Manifest,
        catalog: &Catalog,
        tables: Vec<ArchivedTable>,
    ) -> Result<Description> {
        let tenant_type = manifest.tenancy.tenant_type().sql();
        let mut description = Description::new(export.tenant(), tenant_type, catalog, export.tables());
        description.tables = tables;
        description.shared = export.shared().iter().map(ToString::to_string).collect();
        description.left_out = export.left_out().iter().map(ToString::to_string).collect();
        let text = serde_json::to_string_pretty(&description)
            .map_err(|error| Error::config(format!("{DESCRIPTION}: {error}")))?;
        let (draft, whole) = (self.folder.join(unfinished()), self.folder.join(DESCRIPTION));
        let write = || {
            let mut file = File::create(&draft)?;
            file.write_all(text.as_bytes())?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            fs::rename(&draft, &whole)?;
            File::open(&self.folder)?.sync_all()
        };
        write().map_err(|error| failed(&whole, &error))?;
        Ok(description)
    }
}

/// The description while it is written.
fn unfinished() -> String {
    format!("{DESCRIPTION}.part")
}

/// The number keeps the names apart of tables whose names differ in what is no letter.
fn file_name(number: usize, table: &Table) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name = |part: &str| part.chars().take(50).map(plain).collect::<String>();
    let (schema, own) = (name(table.name().schema().as_str()), name(table.name().name().as_str()));
    format!("{:04}-{schema}.{own}{SUFFIX}", number + 1)
}

fn compress(path: &Path, mut chunks: Receiver<Vec<u8>>) -> io::Result<Written> {
    let mut encoder = Encoder::new(BufWriter::new(File::create(path)?), LEVEL)?;
    let (mut rows, mut bytes, mut hash) = (0, 0, Sha256::new());
    while let Some(chunk) = chunks.blocking_recv() {
        rows += chunk.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
        bytes += u64::try_from(chunk.len()).unwrap_or_default();
        hash.update(&chunk);
        encoder.write_all(&chunk)?;
    }
    encoder.finish()?.into_inner()?.sync_all()?;
    Ok(Written { rows, bytes, sha256: hex(&hash.finalize()) })
}

/// An error of the file system's.
pub(super) fn failed(path: &Path, error: &io::Error) -> Error {
    Error::config(format!("{}: {error}", path.display()))
}
