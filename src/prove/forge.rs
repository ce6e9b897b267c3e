//! Seals that nobody with the key has made, by the million, each beside a valid one.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Statement};

use super::attempt::named;
use super::seal::SEAL;
use super::tenants::{Tenants, Who};
use super::value::Random;
use crate::error::{Error, Result};
use crate::ident::SettingName;
use crate::policy::manifest::Manifest;
use crate::policy::render::{Vars, render};
use crate::seal::{SealKey, Sealer, hex};

/// How many of either kind are under way at once.
const AT_ONCE: u64 = 256;

/// How long what is valid holds, in seconds: longer than it takes to try all.
const VALID: u64 = 24 * 3600;

/// What became of forged seals, and of the valid ones beside them.
#[derive(Debug, Default)]
pub(crate) struct Forgery {
    /// How many there were of each kind, and how many of these were taken.
    pub(crate) kinds: BTreeMap<&'static str, (u64, u64)>,
    /// How many valid ones were tried, and how many of these were taken.
    pub(crate) valid: (u64, u64),
    /// How many were refused by which SQLSTATE; without one, the function gave no tenant.
    pub(crate) refused: BTreeMap<String, u64>,
}

impl Forgery {
    /// How many were forged, and how many of these were taken.
    pub(crate) fn forged(&self) -> (u64, u64) {
        self.kinds.values().fold((0, 0), |(tried, taken), of| (tried + of.0, taken + of.1))
    }

    /// Whether no forged seal was taken, and every valid one.
    pub(crate) fn holds(&self) -> bool {
        self.forged().1 == 0 && self.valid.0 == self.valid.1 && self.valid.0 > 0
    }
}

/// Who seals, and for what else it could have been.
struct Forger<'a> {
    random: Random,
    setting: &'a SettingName,
    key: &'a SealKey,
    role: String,
    database: String,
    now: u64,
    own: String,
    other: String,
    /// One for the setting, role and database that it is for.
    true_sealer: Sealer,
}

type Kind = (&'static str, fn(&mut Forger<'_>) -> Result<String>);

/// Every way to forge one.
const KINDS: [Kind; 16] = [
    ("a bit of the tenant", |of| Ok(of.flipped(0))),
    ("a bit of the expiry", |of| Ok(of.flipped(1))),
    ("a bit of the key's name", |of| Ok(of.flipped(2))),
    ("a bit of the connection", |of| Ok(of.flipped(3))),
    ("a bit of the MAC", |of| Ok(of.flipped(4))),
    ("cut short", |of| Ok(of.cut())),
    ("with more behind it", |of| Ok(of.longer())),
    ("another tenant by the same MAC", |of| {
        let other = of.other.clone();
        Ok(of.with(0, &other))
    }),
    ("a later expiry by the same MAC", |of| {
        let later = of.now + VALID + 1 + of.below(1 << 30);
        Ok(of.with(1, &later.to_string()))
    }),
    ("a guessed MAC", |of| {
        let guess: Vec<u8> = (0..32).map(|_| of.byte()).collect();
        Ok(of.with(4, &hex(&guess)))
    }),
    ("another key", |of| {
        let key = of.another_key()?;
        of.sealed(&key, None, None)
    }),
    ("another key under the same name", |of| {
        let key = of.another_key()?;
        let sealed = of.sealed(&key, None, None)?;
        let mac = sealed.rsplit('.').next().unwrap_or_default().to_owned();
        Ok(of.with(4, &mac))
    }),
    ("expired", |of| {
        let expired = of.now.saturating_sub(3600 + of.below(1 << 24));
        Ok(of.true_sealer.seal(&of.own, expired, None))
    }),
    ("another role's", |of| {
        let role = format!("{}{}", of.role, of.random.word());
        let key = of.key;
        of.sealed(key, Some(&role), None)
    }),
    ("another database's", |of| {
        let database = format!("{}{}", of.database, of.random.word());
        let key = of.key;
        of.sealed(key, None, Some(&database))
    }),
    ("another connection's", |of| {
        // No process of a system has such a number.
        let backend = i32::MAX - i32::try_from(of.below(1 << 20)).unwrap_or_default();
        Ok(of.true_sealer.seal(&of.own, of.now + VALID, Some(backend)))
    }),
];

impl Forger<'_> {
    fn valid(&self) -> String {
        self.true_sealer.seal(&self.own, self.now + VALID, None)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.random.next() % limit.max(1)
    }

    fn at(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or_default()
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap_or_default()
    }

    fn another_key(&mut self) -> Result<SealKey> {
        let secret: Vec<u8> = (0..32).map(|_| self.byte()).collect();
        SealKey::new(secret)
    }

    fn sealed(&self, key: &SealKey, role: Option<&str>, database: Option<&str>) -> Result<String> {
        let (role, database) = (role.unwrap_or(&self.role), database.unwrap_or(&self.database));
        let sealer = Sealer::new(key, self.setting, role, database)?;
        Ok(sealer.seal(&self.own, self.now + VALID, None))
    }

    /// A valid one with another part.
    fn with(&self, at: usize, part: &str) -> String {
        let valid = self.valid();
        let mut parts: Vec<&str> = valid.split('.').collect();
        if let Some(of) = parts.get_mut(at) {
            *of = part;
        }
        parts.join(".")
    }

    /// A valid one of which a bit of a part is another.
    fn flipped(&mut self, part: usize) -> String {
        let valid = self.valid();
        let text = valid.split('.').nth(part).unwrap_or_default();
        let mut bytes = text.as_bytes().to_vec();
        loop {
            let (at, bit) = (self.at(bytes.len()), self.below(7));
            let Some(byte) = bytes.get(at).map(|byte| byte ^ (1 << bit)) else { return String::new() };
            // The server takes no text with such a byte in it.
            if byte != 0 {
                if let Some(of) = bytes.get_mut(at) {
                    *of = byte;
                }
                return self.with(part, &String::from_utf8_lossy(&bytes));
            }
        }
    }

    fn cut(&mut self) -> String {
        let mut valid = self.valid();
        let length = self.at(valid.len());
        valid.truncate(length);
        valid
    }

    fn longer(&mut self) -> String {
        let valid = self.valid();
        match self.below(3) {
            0 => format!("{valid}."),
            1 => format!("{valid}0"),
            _ => format!("{valid}.{}", self.random.word()),
        }
    }
}

/// Binds forged seals and valid ones by turns, in the session of the app role.
pub(crate) async fn forge(
    client: &Client,
    manifest: &Manifest,
    key: &SealKey,
    count: u64,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Forgery> {
    let failed = |source| Error::script("forging seals", source);
    let vars = Vars::default().name("support", manifest.tenancy.support());
    let row = client.query_one(&render(named(SEAL, "open"), &Vars::default())?, &[]).await.map_err(failed)?;
    let text = |column: &str| row.try_get::<_, String>(column).map_err(failed);
    let (role, database) = (text("role")?, text("database")?);
    let setting = manifest.tenancy.setting_name();
    let mut random = Random::seeded();
    let tenants = Tenants::made_up(manifest, &mut random);
    let tenant = |who| tenants.tenant(who).unwrap_or_default();
    let true_sealer = Sealer::new(key, setting, &role, &database)?;
    let now: i64 = row.try_get("now").map_err(failed)?;
    let (own, other) = (tenant(Who::Own), tenant(Who::Other));
    let now = u64::try_from(now).unwrap_or_default();
    let mut forger = Forger { random, setting, key, role, database, now, own, other, true_sealer };
    let sql = render(named(SEAL, "forged"), &vars)?;
    let statement = client.prepare_typed(&sql, &[Type::TEXT, Type::TEXT]).await.map_err(failed)?;
    let mut forgery = Forgery::default();
    let (mut done, mut kinds) = (0, KINDS.iter().cycle());
    while done < count {
        let mut batch: Vec<(Option<&'static str>, String)> = Vec::new();
        for (name, kind) in kinds.by_ref().take(usize::try_from(AT_ONCE.min(count - done)).unwrap_or(1)) {
            batch.push((Some(name), kind(&mut forger)?));
            batch.push((None, forger.valid()));
        }
        done += batch.len() as u64 / 2;
        let tried = batch.iter().map(|(_, value)| taken(client, &statement, setting.as_str(), value));
        for ((kind, _), taken) in batch.iter().zip(join_all(tried).await) {
            let is_taken = match (taken?, kind) {
                (Ok(tenant), None) => tenant == forger.own,
                (Ok(_), Some(_)) => true,
                (Err(code), _) => {
                    if kind.is_some() {
                        *forgery.refused.entry(code).or_default() += 1;
                    }
                    false
                }
            };
            let (tried, taken) = match kind {
                Some(kind) => forgery.kinds.entry(kind).or_default(),
                None => &mut forgery.valid,
            };
            *tried += 1;
            *taken += u64::from(is_taken);
        }
        progress(done, count);
    }
    Ok(forgery)
}

/// The tenant that the database takes a value for, or the SQLSTATE by which it refuses it.
async fn taken(
    client: &Client,
    statement: &Statement,
    setting: &str,
    value: &str,
) -> Result<std::result::Result<String, String>> {
    match client.query(statement, &[&setting, &value]).await {
        Ok(rows) => {
            let tenant = rows.first().map(|row| row.try_get::<_, Option<String>>(0)).transpose();
            let tenant = tenant.map_err(|source| Error::script("forging seals", source))?.flatten();
            Ok(tenant.ok_or_else(|| "no tenant".to_owned()))
        }
        Err(error) => match error.as_db_error() {
            Some(db) if !db.severity().eq_ignore_ascii_case("FATAL") => Ok(Err(db.code().code().to_owned())),
            _ => Err(Error::script("forging seals", error)),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Forger, KINDS};
    use crate::ident::SettingName;
    use crate::prove::value::Random;
    use crate::seal::{SealKey, Sealer};

    #[test]
    fn nothing_that_is_forged_is_valid() {
        let (setting, key) = (SettingName::known("app.tenant_id"), SealKey::new([7; 32]).unwrap());
        let true_sealer = Sealer::new(&key, &setting, "app", "erp").unwrap();
        let mut forger = Forger {
            random: Random::new(7),
            setting: &setting,
            key: &key,
            role: "app".to_owned(),
            database: "erp".to_owned(),
            now: 1_796_000_000,
            own: "00000000-0000-0000-0000-00000000000a".to_owned(),
            other: "00000000-0000-0000-0000-00000000000b".to_owned(),
            true_sealer,
        };
        for (name, kind) in KINDS {
            let made: BTreeSet<String> = (0..200).map(|_| kind(&mut forger).unwrap()).collect();
            assert!(!made.contains(&forger.valid()), "{name}");
            assert!(name.contains("same MAC") || made.len() > 6, "{name}: {}", made.len());
        }
    }
}
