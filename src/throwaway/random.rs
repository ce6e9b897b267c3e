//! Random bytes of the operating system, for passwords and names that nobody can guess or share.

use std::fs::File;
use std::io::Read;

use super::error::{Result, Trouble};

pub(crate) fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .map_err(|source| Trouble::io("/dev/urandom cannot be read", source))?;
    Ok(bytes)
}

/// `2 * N` hexadecimal digits.
pub(crate) fn hex<const N: usize>() -> Result<String> {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value & 0xf)]);
    Ok(bytes::<N>()?.into_iter().flat_map(|byte| [digit(byte >> 4), digit(byte)]).collect())
}
