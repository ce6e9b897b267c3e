//! The file of findings that are known.

use std::path::Path;

use crate::cli::failure::{Failure, Flaws};
use crate::cli::files;
use crate::rule::Baseline;

/// Reads it.
pub(in crate::cli) fn read(path: &Path) -> Result<Baseline, Failure> {
    let text = files::read(path)
        .map_err(|failure| failure.help("tenantry lint and audit write one: --write-baseline"))?;
    Baseline::parse(&text).map_err(|problems| {
        let name = path.display().to_string();
        let line = format!("{name} does not read");
        Failure { flaws: Some(Box::new(Flaws { file: name, problems })), ..Failure::usage(line) }
    })
}

/// Reads it, to write it anew: one that is not there yet has nothing in it.
pub(super) fn read_if_there(path: &Path) -> Result<Baseline, Failure> {
    match path.try_exists() {
        Ok(false) => Ok(Baseline::default()),
        _ => read(path),
    }
}
