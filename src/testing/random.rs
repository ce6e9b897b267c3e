//! Random bytes of the operating system, for passwords and names that nobody can guess or share.

use std::fs::File;
use std::io::Read;

use super::error::{Result, TestError};

pub(super) fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .map_err(|source| TestError::io("/dev/urandom cannot be read", source))?;
    Ok(bytes)
}

/// `2 * N` hexadecimal digits.
pub(super) fn hex<const N: usize>() -> Result<String> {
    Ok(bytes::<N>()?.iter().map(|byte| format!("{byte:02x}")).collect())
}
