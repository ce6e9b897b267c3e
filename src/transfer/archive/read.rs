//! Reading an archive.

use std::fs::{self, File};
use std::io::{self, BufReader, Read as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::unfold;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc::{self, Sender};
use tokio::task::spawn_blocking;
use zstd::Decoder;

use super::lines::{Rewriting, next};
use super::write::failed;
use super::{AHEAD, ArchivedTable, CHUNK, DESCRIPTION, Description};
use crate::error::{Error, Result};
use crate::ident::Ident;
use crate::seal::hex;
use crate::transfer::table::Table;
use crate::transfer::{Import, Imported};

/// An archive that an export has written.
#[derive(Clone, Debug)]
pub struct Archive {
    folder: PathBuf,
    description: Description,
}

type Chunk = std::result::Result<Bytes, String>;

impl Archive {
    /// Opens the archive in a folder.
    ///
    /// # Errors
    ///
    /// There is none, or its description is not one.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(DESCRIPTION);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Error::config(format!(
                    "{} holds no archive: {DESCRIPTION} is not there, which an export writes last",
                    folder.display()
                )));
            }
            Err(error) => return Err(failed(&path, &error)),
        };
        Ok(Self { folder: folder.to_owned(), description: Description::parse(&text)? })
    }

    /// What it says of itself.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// The rows of a table, as COPY takes them, with another tenant in place of the archive's where one is named.
    ///
    /// The stream ends with an error if the file is not what the export wrote, so that whoever writes rows while they come in has to take
    /// them back then.
    pub fn rows(
        &self,
        archived: &ArchivedTable,
        table: &Table,
        tenant: &str,
    ) -> impl Stream<Item = Chunk> + Send + use<> {
        let (sender, receiver) = mpsc::channel(AHEAD);
        let own = &self.description.tenant;
        // Where the archive has the columns, which need not be where the table has them.
        let hold = archived.columns.iter().map(|column| table.holds_tenant(&column.name));
        let rewriting = (own != tenant).then(|| Rewriting::new(hold.collect(), own, tenant));
        let (path, archived) = (self.folder.join(&archived.file), archived.clone());
        spawn_blocking(move || {
            if let Err(error) = decompress(&path, &archived, rewriting.as_ref(), &sender) {
                // Nobody may be left to hear of it.
                let _ = sender.blocking_send(Err(format!("{}: {error}", archived.file)));
            }
        });
        unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) })
    }
}

impl Archive {
    /// Writes all of it as a tenant, and commits. `told` hears of each table that is written, and of how many there are.
    ///
    /// # Errors
    ///
    /// Tables are not as the archive has them, a file is not what the export wrote, or the server refuses a row. Nothing stays then.
    pub async fn write_into(
        &self,
        mut import: Import<'_, '_>,
        told: impl Fn(&ArchivedTable, usize),
    ) -> Result<Imported> {
        self.description.check(import.tables())?;
        let tenant = import.tenant().to_owned();
        for table in import.tables().to_vec() {
            let name = table.name().to_string();
            let Some(archived) = self.description.tables.iter().find(|of| of.table == name) else { continue };
            let columns = archived.columns.iter().map(|column| Ident::new(&column.name));
            let columns = columns.collect::<Result<Vec<Ident>>>()?;
            let rows = import.copy(table.name(), &columns, self.rows(archived, &table, &tenant)).await?;
            if rows != archived.rows {
                return Err(Error::config(format!(
                    "{} has {rows} rows in the archive, which says {}; nothing stays",
                    table.name().plain(),
                    archived.rows
                )));
            }
            told(archived, self.description.tables.len());
        }
        import.finish().await
    }
}

/// Hands the bytes on, and then makes sure that they were those of the export.
fn decompress(
    path: &Path,
    archived: &ArchivedTable,
    rewriting: Option<&Rewriting>,
    to: &Sender<Chunk>,
) -> io::Result<()> {
    let mut decoder = BufReader::with_capacity(CHUNK, Decoder::new(File::open(path)?)?);
    let (mut bytes, mut hash) = (0_u64, Sha256::new());
    let mut line = Vec::new();
    loop {
        let mut out = Vec::with_capacity(CHUNK);
        let mut is_end = false;
        if let Some(rewriting) = rewriting {
            while out.len() < CHUNK {
                if !next(&mut decoder, &mut line)? {
                    is_end = true;
                    break;
                }
                bytes += u64::try_from(line.len()).unwrap_or_default();
                hash.update(&line);
                rewriting.line(&line, &mut out);
            }
        } else {
            let limit = u64::try_from(CHUNK).unwrap_or(u64::MAX);
            is_end = decoder.by_ref().take(limit).read_to_end(&mut out)? == 0;
            bytes += u64::try_from(out.len()).unwrap_or_default();
            hash.update(&out);
        }
        if !out.is_empty() && to.blocking_send(Ok(out.into())).is_err() {
            return Ok(());
        }
        if is_end {
            break;
        }
    }
    if bytes == archived.bytes && hex(&hash.finalize()) == archived.sha256 {
        return Ok(());
    }
    Err(io::Error::other("it is not what the export wrote: its checksum is another one"))
}
