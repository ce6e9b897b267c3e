//! A folder with the rows of one tenant: a file for each table, and one that tells of them all.
//!
//! `tenant.json` is written last: a folder without it is an export that did not come to its end, and is written anew. The files are what
//! COPY writes in its text format, compressed by zstd.

mod describe;
mod lines;
mod read;
mod write;

pub use describe::{ArchivedColumn, ArchivedTable, Description};
pub use read::Archive;
pub use write::ArchiveWriter;

/// What tells of the others.
const DESCRIPTION: &str = "tenant.json";

/// How many bytes are handed on at once.
const CHUNK: usize = 256 * 1024;

/// How many chunks may wait for whoever takes them.
const AHEAD: usize = 4;
