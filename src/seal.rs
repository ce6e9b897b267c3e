//! Seals: what a setting carries so that only who holds a key can have written it.
//!
//! A sealed setting is `value.expiry.key.backend.mac`. The MAC is that of RFC 2104 with SHA-256, over the lines setting, role, database,
//! value, expiry, key and backend, so a seal holds for nothing else. `sql/bootstrap/seal/body.sql` checks it on the server.

use std::fmt::{self, Write as _};
use std::path::Path;
use std::time::{Duration, SystemTime};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::ident::SettingName;
use crate::secret;
use crate::tenant::TenantId;

/// How long a block of SHA-256 is.
const BLOCK: usize = 64;

/// A key with fewer bytes is refused: it is to be as hard to guess as the MAC, which has 32.
const SHORTEST: usize = 32;

/// The secret that tenants are sealed with, which the service holds and the database verifies.
///
/// Any 32 bytes that nobody can guess will do; `tenantry seal generate` prints some. `tenantry seal add` tells the database of it, in a
/// form with which it can verify seals. See [`TenantPoolBuilder::seal`](crate::TenantPoolBuilder::seal).
///
/// `Debug` shows the key's name and not the key.
///
/// ```
/// use tenantry::SealKey;
///
/// # fn main() -> tenantry::Result<()> {
/// let key = SealKey::new("0c4f1f3c5e0b4a2d9d8a7e6f5c4b3a29180716253443526170f0e1d2c3b4a596")?;
/// assert_eq!(key.id().len(), 8);
/// assert!(SealKey::new("hush").is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SealKey {
    id: String,
    block: [u8; BLOCK],
}

impl SealKey {
    /// A key of these bytes.
    ///
    /// # Errors
    ///
    /// There are fewer than 32.
    pub fn new(secret: impl AsRef<[u8]>) -> Result<Self> {
        let secret = secret.as_ref();
        if secret.len() < SHORTEST {
            return Err(Error::config(format!(
                "the seal's key has {} bytes; expected at least {SHORTEST} that nobody can guess, as tenantry seal generate prints",
                secret.len()
            )));
        }
        let mut block = [0; BLOCK];
        if secret.len() > BLOCK {
            block[..SHORTEST].copy_from_slice(&Sha256::digest(secret));
        } else {
            block[..secret.len()].copy_from_slice(secret);
        }
        let mut key = Self { id: String::new(), block };
        let name = key.mac().chain_update("tenantry seal").finalize().into_bytes();
        key.id = hex(&name[..4]);
        Ok(key)
    }

    /// The key that a file holds, as Docker and Kubernetes mount secrets: its one line, without the line break.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or what it holds is no key.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let secret = secret::read(path.as_ref(), "the file of the seal's key", None);
        Self::new(secret.map_err(|why| Error::config(why.to_string()))?)
    }

    /// A tenant, sealed for any connection of a role to a database, for as long from now on: for somebody who works with psql, or for a
    /// program in another language. A pool seals by itself.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tenantry::{SealKey, SettingName, TenantId};
    ///
    /// # fn main() -> tenantry::Result<()> {
    /// # let key = SealKey::new("0c4f1f3c5e0b4a2d9d8a7e6f5c4b3a29")?;
    /// let (setting, acme) = (SettingName::new("app.tenant_id")?, TenantId::text("acme")?);
    /// let token = key.token(&setting, "erp_app", "erp", &acme, Duration::from_mins(15))?;
    /// println!("SELECT set_config('{setting}', '{token}', false);");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The name of the role or of the database has a line break.
    pub fn token(
        &self,
        setting: &SettingName,
        role: &str,
        database: &str,
        tenant: &TenantId,
        lasts: Duration,
    ) -> Result<String> {
        let sealer = Sealer::new(self, setting, role, database)?;
        Ok(sealer.seal(&tenant.as_setting(), (now() + lasts).as_secs(), None))
    }

    /// The name by which seals and the database call it: 8 hexadecimal digits, from which nobody learns the key.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    fn mac(&self) -> Hmac<Sha256> {
        Hmac::<Sha256>::new(&self.block.into())
    }

    /// The blocks that the inner and the outer hash begin with.
    #[cfg(feature = "migrate")]
    pub(crate) fn pads(&self) -> [[u8; BLOCK]; 2] {
        [0x36, 0x5c].map(|pad| self.block.map(|byte| byte ^ pad))
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Seals one setting for one role of one database.
#[derive(Clone)]
pub(crate) struct Sealer {
    key: String,
    /// What all its seals have in common is in it.
    mac: Hmac<Sha256>,
}

impl Sealer {
    /// # Errors
    ///
    /// A name has a line break, which would make it more than one line.
    pub(crate) fn new(key: &SealKey, setting: &SettingName, role: &str, database: &str) -> Result<Self> {
        let mut mac = key.mac();
        for name in [setting.as_str(), role, database] {
            if name.contains('\n') {
                return Err(Error::config(
                    "a role or database whose name has a line break cannot be sealed for",
                ));
            }
            mac.update(name.as_bytes());
            mac.update(b"\n");
        }
        Ok(Self { key: key.id.clone(), mac })
    }

    /// A value, sealed until so many seconds after the epoch, for one backend or for any.
    pub(crate) fn seal(&self, value: &str, expires: u64, backend: Option<i32>) -> String {
        let mut sealed = String::with_capacity(value.len() + 106);
        for part in value.split_inclusive(['.', '%']) {
            let (plain, escape) = match part.as_bytes().last() {
                Some(b'.') => (&part[..part.len() - 1], "%2E"),
                Some(b'%') => (&part[..part.len() - 1], "%25"),
                _ => (part, ""),
            };
            sealed.push_str(plain);
            sealed.push_str(escape);
        }
        let of_value = sealed.len();
        // Writing to a String does not fail.
        let _ = write!(sealed, ".{expires}.{}.{}", self.key, backend.unwrap_or_default());
        let mut mac = self.mac.clone();
        mac.update(&sealed.as_bytes()[..of_value]);
        for part in sealed[of_value + 1..].split('.') {
            mac.update(b"\n");
            mac.update(part.as_bytes());
        }
        sealed.push('.');
        push_hex(&mut sealed, &mac.finalize().into_bytes());
        sealed
    }
}

/// The time since the epoch.
pub(crate) fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// Bytes as people copy them.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    push_hex(&mut text, bytes);
    text
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 0xf)]));
    }
}

#[cfg(test)]
mod tests {
    use hmac::Mac as _;

    use super::{SealKey, Sealer, hex};
    use crate::ident::SettingName;

    fn sealer(secret: &str, role: &str, database: &str) -> Sealer {
        let setting = SettingName::known("app.tenant_id");
        Sealer::new(&SealKey::new(secret).unwrap(), &setting, role, database).unwrap()
    }

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn a_seal_is_the_mac_of_its_lines() {
        let sealed = sealer(SECRET, "app", "erp").seal("42", 1_796_000_000, Some(77));
        let (claims, mac) = sealed.rsplit_once('.').unwrap();
        let key = SealKey::new(SECRET).unwrap();
        assert_eq!(claims, format!("42.1796000000.{}.77", key.id()));
        let lines = format!("app.tenant_id\napp\nerp\n42\n1796000000\n{}\n77", key.id());
        assert_eq!(mac, hex(&key.mac().chain_update(lines).finalize().into_bytes()));
        assert_eq!(mac.len(), 64);
    }

    #[test]
    fn it_holds_for_nothing_else() {
        let sealed = sealer(SECRET, "app", "erp").seal("42", 1, None);
        let other = SECRET.replace('0', "1");
        for sealer in
            [sealer(&other, "app", "erp"), sealer(SECRET, "app2", "erp"), sealer(SECRET, "app", "erp2")]
        {
            assert_ne!(sealer.seal("42", 1, None)[14..], sealed[14..]);
        }
        let same = sealer(SECRET, "app", "erp");
        for other in [same.seal("43", 1, None), same.seal("42", 2, None), same.seal("42", 1, Some(1))] {
            assert_ne!(other.rsplit_once('.'), sealed.rsplit_once('.'));
        }
        assert_eq!(same.seal("42", 1, None), sealed);
    }

    #[test]
    fn a_value_keeps_its_dots() {
        let sealed = sealer(SECRET, "app", "erp").seal("a.b%2E", 1, None);
        assert!(sealed.starts_with("a%2Eb%252E.1."), "{sealed}");
        assert_eq!(sealed.split('.').count(), 5);
    }

    #[test]
    fn keys_are_long_and_stay_secret() {
        let error = SealKey::new("hush").unwrap_err().to_string();
        assert!(error.starts_with("the seal's key has 4 bytes; expected at least 32"), "{error}");
        let long = SealKey::new([7; 65]).unwrap();
        assert_ne!(long.id(), SealKey::new([7; 64]).unwrap().id());
        let shown = format!("{:?}", SealKey::new(SECRET).unwrap());
        assert!(shown.contains("id") && !shown.contains("0123"), "{shown}");
        assert!(Sealer::new(&long, &SettingName::known("app.tenant_id"), "a\nb", "erp").is_err());
    }
}
