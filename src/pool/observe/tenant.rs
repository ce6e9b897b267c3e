//! How a tenant is shown to those who watch.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::error::{Error, Result};

/// The shortest key, in bytes.
const SHORTEST_KEY: usize = 16;

/// How spans, metrics and events show a tenant, see
/// [`TenantPoolBuilder::tenant_visibility`](crate::TenantPoolBuilder::tenant_visibility).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum TenantVisibility {
    /// Not at all. The default.
    #[default]
    Hidden,
    /// As it is bound.
    Plain,
    /// As 16 hexadecimal digits: the first 64 bits of its HMAC-SHA-256 under a key. The same tenant looks the same
    /// everywhere under one key, and without the key nobody can try which tenant it is.
    Hashed(TenantKey),
}

/// The key of [`TenantVisibility::Hashed`]. `Debug` does not show it.
#[derive(Clone)]
pub struct TenantKey(Arc<Hmac<Sha256>>);

impl TenantKey {
    /// Takes a key of at least 16 bytes.
    ///
    /// ```
    /// use tenantry::{TenantKey, TenantVisibility};
    ///
    /// # fn main() -> tenantry::Result<()> {
    /// # let read_secret = || [7; 32];
    /// let visibility = TenantVisibility::Hashed(TenantKey::new(&read_secret())?);
    /// assert!(TenantKey::new(b"short").is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The key is shorter ([`Error::is_usage`]): whoever sees a hash could find the key by trying.
    pub fn new(key: &[u8]) -> Result<Self> {
        let short = || {
            Error::config(format!(
                "the key that hashes tenants has {} bytes; it needs {SHORTEST_KEY} or more",
                key.len()
            ))
        };
        if key.len() < SHORTEST_KEY {
            return Err(short());
        }
        Hmac::new_from_slice(key).map(|hmac| Self(Arc::new(hmac))).map_err(|_| short())
    }

    fn hash(&self, tenant: &str) -> String {
        let mut hmac = Hmac::clone(&self.0);
        hmac.update(tenant.as_bytes());
        let hash = hmac.finalize().into_bytes();
        let start = hash.iter().take(8).fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        format!("{start:016x}")
    }
}

impl fmt::Debug for TenantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(key)")
    }
}

impl TenantVisibility {
    /// What is shown of a tenant, if anything.
    pub(super) fn show<'a>(&self, tenant: &'a str) -> Option<Cow<'a, str>> {
        match self {
            Self::Hidden => None,
            Self::Plain => Some(Cow::Borrowed(tenant)),
            Self::Hashed(key) => Some(Cow::Owned(key.hash(tenant))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{TenantKey, TenantVisibility};

    #[test]
    fn a_hash_tells_tenants_apart_and_shows_none() {
        let key = |byte| TenantKey::new(&[byte; 16]).unwrap();
        let shown = |key, tenant| TenantVisibility::Hashed(key).show(tenant).unwrap().into_owned();
        let acme = shown(key(1), "acme");
        assert_eq!(acme, shown(key(1), "acme"));
        assert_eq!(acme.len(), 16);
        assert_ne!(acme, shown(key(2), "acme"));
        assert_ne!(acme, shown(key(1), "bolt"));
        assert!(TenantVisibility::Hidden.show("acme").is_none());
    }

    #[test]
    fn the_hash_is_hmac_sha_256() {
        // RFC 4231, test case 1.
        let key = TenantKey::new(&[0x0b; 20]).unwrap();
        assert_eq!(key.hash("Hi There"), "b0344c61d8db3853");
    }

    #[test]
    fn a_short_key_is_refused_and_no_key_is_shown() {
        let error = TenantKey::new(&[7; 15]).unwrap_err();
        assert!(error.is_usage());
        assert_eq!(error.to_string(), "the key that hashes tenants has 15 bytes; it needs 16 or more");
        assert_eq!(format!("{:?}", TenantKey::new(&[7; 16]).unwrap()), "(key)");
    }
}
