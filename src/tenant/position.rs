//! How far the write-ahead log has come.

use std::fmt;
use std::str::FromStr;

use tokio_postgres::types::PgLsn;

use crate::error::Error;

/// A position in the server's write-ahead log: what was committed ahead of it is seen by whoever reads from a replica that has
/// replayed as much. Later positions are greater.
///
/// [`Scope::wal_position`](crate::Scope::wal_position) and
/// [`Transaction::commit_with_position`](crate::Transaction::commit_with_position) tell one, and
/// [`TenantContext::no_staler_than`](crate::TenantContext::no_staler_than) asks for it. As a text, it travels in a cookie or a header
/// to the next request. It is no secret, but whoever sends another one chooses how stale their own reads may be.
///
/// ```
/// use tenantry::WalPosition;
///
/// let position: WalPosition = "0/16B3748".parse()?;
/// assert_eq!(position.to_string(), "0/16B3748");
/// assert!(position < "1/0".parse()?);
/// # Ok::<(), tenantry::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WalPosition(u64);

impl WalPosition {
    /// One that no replica reaches, so that whoever asks for it reads from the primary.
    pub(crate) const BEYOND: Self = Self(u64::MAX);
}

/// As PostgreSQL writes it: two hexadecimal numbers.
impl fmt::Display for WalPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & u64::from(u32::MAX))
    }
}

impl FromStr for WalPosition {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let half = |text: &str| {
            let is_hex = (1..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
            is_hex.then(|| u32::from_str_radix(text, 16).ok()).flatten().map(u64::from)
        };
        let halves = text.split_once('/').and_then(|(high, low)| Some((half(high)?, half(low)?)));
        let (high, low) = halves.ok_or_else(|| {
            Error::config("the text is no WAL position; expected two hexadecimal numbers such as 0/16B3748")
        })?;
        Ok(Self(high << 32 | low))
    }
}

impl From<PgLsn> for WalPosition {
    fn from(position: PgLsn) -> Self {
        Self(position.into())
    }
}

#[cfg(test)]
mod tests {
    use super::WalPosition;

    #[test]
    fn a_position_is_read_as_it_is_shown() {
        for text in ["0/0", "0/16B3748", "16/B374D848", "FFFFFFFF/FFFFFFFF"] {
            let position: WalPosition = text.parse().unwrap();
            assert_eq!(position.to_string(), text);
        }
        assert_eq!("a/b".parse::<WalPosition>().unwrap().to_string(), "A/B");
        assert_eq!("FFFFFFFF/FFFFFFFF".parse::<WalPosition>().unwrap(), WalPosition::BEYOND);
    }

    #[test]
    fn what_is_no_position_is_refused_and_not_shown() {
        for text in ["", "/", "0", "0/", "/0", "+1/0", "0/-1", "0/1/2", "000000001/0", "0/G", "0/ 1", "é/0"]
        {
            let error = text.parse::<WalPosition>().unwrap_err();
            assert!(error.is_usage(), "{text}: {error}");
        }
    }

    #[test]
    fn positions_are_ordered_as_numbers() {
        let [small, large]: [WalPosition; 2] = ["9/0", "10/0"].map(|text| text.parse().unwrap());
        assert!(small < large && large < WalPosition::BEYOND && WalPosition::default() < small);
    }
}
