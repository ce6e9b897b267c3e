//! Where a key of seals comes from.

use std::env;
use std::io;
use std::path::{Path, PathBuf};

use crate::cli::failure::Failure;
use crate::seal::SealKey;
use crate::secret;

const FILE: &str = "TENANTRY_SEAL_KEY_FILE";
const KEY: &str = "TENANTRY_SEAL_KEY";

const SEAL_KEY_FILE: &str = "A file with the key that binds tenants where the manifest has [seal], the key and nothing else, as secrets \
    are mounted; - is the standard input [default: TENANTRY_SEAL_KEY_FILE, or the key itself in TENANTRY_SEAL_KEY]";

/// The key of a command that binds tenants.
#[derive(clap::Args)]
pub(in crate::cli) struct SealOptions {
    #[arg(long, value_name = "FILE", help = SEAL_KEY_FILE)]
    seal_key_file: Option<PathBuf>,
}

impl SealOptions {
    /// The key, if there is one.
    pub(in crate::cli) fn key(&self) -> Result<Option<SealKey>, Failure> {
        find(self.seal_key_file.as_deref())
    }
}

/// The key of the file that is named, or of the environment.
pub(super) fn find(file: Option<&Path>) -> Result<Option<SealKey>, Failure> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty());
    if let Some(file) = file {
        return read(file).map(Some);
    }
    if let Some(file) = set(FILE) {
        return key(secret::read(Path::new(&file), "the file of the seal's key", Some(FILE))).map(Some);
    }
    let Some(secret) = set(KEY) else { return Ok(None) };
    let secret = secret.into_string().map_err(|_| Failure::usage(format!("{KEY} is not UTF-8")))?;
    SealKey::new(secret).map(Some).map_err(Failure::from)
}

/// The key that a file holds, or the standard input.
pub(super) fn read(file: &Path) -> Result<SealKey, Failure> {
    key(if file == Path::new("-") {
        secret::read_from(io::stdin().lock(), "the standard input")
    } else {
        secret::read(file, "the file of the seal's key", None)
    })
}

fn key(secret: Result<String, secret::Unread>) -> Result<SealKey, Failure> {
    let secret = secret.map_err(|why| Failure::usage(why.to_string()))?;
    Ok(SealKey::new(secret)?)
}

/// What to do where a key is needed and none is named.
pub(super) fn none() -> Failure {
    Failure::usage("no key is named to seal with")
        .help(format!("name the file that holds it by --key-file, or by {FILE}; - is the standard input"))
}
