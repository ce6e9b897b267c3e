//! The code of services, as far as it says which keys statements name.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::failure::Failure;
use crate::plan::Queries;

/// What others have written, or machines.
const FOREIGN: [&str; 3] = ["target", "node_modules", "vendor"];

/// A file that is larger is no code that somebody has written. In bytes.
const LARGEST: u64 = 4 << 20;

/// Reads files, and those in folders.
pub(super) fn read(paths: &[PathBuf]) -> Result<Queries, Failure> {
    let mut queries = Queries::default();
    for path in paths {
        let read = if path.is_dir() { folder(path, &mut queries)? } else { file(path, &mut queries)? };
        if read == 0 {
            return Err(Failure::usage(format!("{} has no code in it", path.display()))
                .help("expected the files of the services, whatever their language"));
        }
    }
    Ok(queries)
}

/// Reads what is in a folder, and says how many files of text that were.
fn folder(path: &Path, queries: &mut Queries) -> Result<usize, Failure> {
    let (mut read, mut left) = (0, vec![path.to_owned()]);
    while let Some(at) = left.pop() {
        for entry in fs::read_dir(&at).map_err(|error| unreadable(&at, &error))? {
            let entry = entry.map_err(|error| unreadable(&at, &error))?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let Ok(kind) = entry.file_type() else { continue };
            if name.starts_with('.') {
                continue;
            }
            // A link could lead around in a circle.
            if kind.is_dir() && !FOREIGN.contains(&&*name) {
                left.push(entry.path());
            } else if kind.is_file() && entry.metadata().is_ok_and(|of| of.len() <= LARGEST) {
                read += file(&entry.path(), queries)?;
            }
        }
    }
    Ok(read)
}

/// Reads a file, unless it is no text.
fn file(path: &Path, queries: &mut Queries) -> Result<usize, Failure> {
    let bytes = fs::read(path).map_err(|error| unreadable(path, &error))?;
    let Ok(text) = String::from_utf8(bytes) else { return Ok(0) };
    queries.add(&path.display().to_string(), &text);
    Ok(1)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::usage(format!("{} cannot be read", path.display())).cause(error.to_string())
}
