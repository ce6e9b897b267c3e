//! The parts of the whole: each is started, waited for, and ended.

pub mod database;
pub mod gateway;
pub mod keys;
pub mod program;
pub mod prometheus;
pub mod sample;
pub mod service;
pub mod store;

use std::path::PathBuf;

pub type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// A file or folder of this package.
pub fn path(of_package: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(of_package)
}

/// The text of a file under `deploy/`, with each of these addresses and settings in place of the one that it has there.
///
/// # Errors
///
/// The file cannot be read, or has nothing that is to be replaced.
pub fn rendered(file: &str, replacements: &[(&str, String)]) -> Result<String, AnyError> {
    let file = path("deploy").join(file);
    let mut text = std::fs::read_to_string(&file)?;
    for (committed, here) in replacements {
        if !text.contains(committed) {
            return Err(format!("{} has no {committed}", file.display()).into());
        }
        text = text.replace(committed, here);
    }
    Ok(text)
}
