//! A pool's settings as a part of a service's own configuration file.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error as _, Visitor};

use super::builder::Given;
use super::credentials::PasswordFile;
use super::{Fairness, Sharing, TenantPoolBuilder};
use crate::error::{Error, Result};
use crate::secret;
use crate::tenant::TenantType;
use crate::wire::StatementMode;

/// What a [`TenantPoolBuilder`] is told by a configuration file, in TOML, JSON or whatever else serde reads. Feature `serde`.
///
/// Every key is called as the builder's method and may be left out, and a key that is not known is an error. A duration is a
/// number of seconds, or a text such as `"500ms"`, `"10s"`, `"30m"` or `"1h"`; for `max_lifetime` and `idle_timeout`, `"none"` is for ever.
///
/// | key | value |
/// |---|---|
/// | `url`, `system_url` | a URL |
/// | `url_file`, `system_url_file` | a file that holds it |
/// | `replica_urls` | a list of URLs, one for each replica |
/// | `password_file`, `system_password_file` | a file that holds the password, see [`PasswordFile`] |
/// | `seal_key_file` | a file that holds the key of seals, see [`SealKey`](crate::SealKey) |
/// | `setting`, `name`, `record_system_access` | a text |
/// | `tenant_type` | `"uuid"`, `"bigint"`, `"integer"` or `"text"` |
/// | `max_size`, `min_idle`, `system_max_size`, `replica_max_size`, `max_retries`, `statement_cache_size`, `sharing_depth`, `sharing_width` | a number |
/// | `wait_timeout`, `connect_timeout`, `max_lifetime`, `idle_timeout`, `check_idle_after`, `recheck_role_after`, `drain_timeout`, `slow_statement_after`, `replica_wait`, `max_replica_lag`, `seal_window` | a duration |
/// | `timeout`, `statement_timeout`, `lock_timeout`, `idle_in_transaction_session_timeout`, `transaction_timeout` | a duration |
/// | `sharing` | `"never"`, `"reads"` or `"always"` |
/// | `statements` | `"named"` or `"unnamed"` |
/// | `fairness` | a table, in which tenants take turns: `max_concurrent`, `max_waiting`, `rate` and `burst` |
///
/// `Debug` shows no URL.
///
/// ```
/// use tenantry::{PoolSettings, TenantPoolBuilder};
///
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let settings: PoolSettings = serde_json::from_str(
///     r#"{ "url": "postgresql://erp_app@db/erp", "max_size": 32, "wait_timeout": "500ms" }"#,
/// )?;
/// let builder = TenantPoolBuilder::from_settings(settings)?;
/// # drop(builder);
/// # Ok(())
/// # }
/// # assert!(example().is_ok());
/// ```
#[derive(Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolSettings {
    url: Option<String>,
    url_file: Option<PathBuf>,
    password_file: Option<PathBuf>,
    system_url: Option<String>,
    system_url_file: Option<PathBuf>,
    system_password_file: Option<PathBuf>,
    seal_key_file: Option<PathBuf>,
    replica_urls: Option<Vec<String>>,
    setting: Option<String>,
    name: Option<String>,
    record_system_access: Option<String>,
    seal_window: Option<Limit>,
    tenant_type: Option<TenantTypeWord>,
    max_size: Option<usize>,
    min_idle: Option<usize>,
    system_max_size: Option<usize>,
    replica_max_size: Option<usize>,
    max_retries: Option<u32>,
    statement_cache_size: Option<usize>,
    sharing_depth: Option<usize>,
    sharing_width: Option<usize>,
    wait_timeout: Option<Limit>,
    connect_timeout: Option<Limit>,
    max_lifetime: Option<LimitOrNone>,
    idle_timeout: Option<LimitOrNone>,
    check_idle_after: Option<Limit>,
    recheck_role_after: Option<Limit>,
    drain_timeout: Option<Limit>,
    slow_statement_after: Option<Limit>,
    replica_wait: Option<Limit>,
    max_replica_lag: Option<Limit>,
    timeout: Option<Limit>,
    statement_timeout: Option<Limit>,
    lock_timeout: Option<Limit>,
    idle_in_transaction_session_timeout: Option<Limit>,
    transaction_timeout: Option<Limit>,
    sharing: Option<SharingWord>,
    statements: Option<StatementsWord>,
    fairness: Option<Bounds>,
}

impl fmt::Debug for PoolSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolSettings").field("name", &self.name).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum TenantTypeWord {
    Uuid,
    Bigint,
    Integer,
    Text,
}

#[derive(Clone, Copy, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum SharingWord {
    Never,
    Reads,
    Always,
}

#[derive(Clone, Copy, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum StatementsWord {
    Named,
    Unnamed,
}

/// The bounds of a [`Fairness`].
#[derive(Clone, Copy, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Bounds {
    max_concurrent: Option<usize>,
    max_waiting: Option<usize>,
    /// Units of work for each second.
    rate: Option<f64>,
    burst: Option<u32>,
}

/// A duration.
#[derive(Clone, Copy)]
struct Limit(Duration);

/// A duration, or none.
#[derive(Clone, Copy)]
struct LimitOrNone(Option<Duration>);

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = LimitOrNone::deserialize(deserializer)?.0;
        found.map(Self).ok_or_else(|| D::Error::custom(EXPECTED))
    }
}

impl<'de> Deserialize<'de> for LimitOrNone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

const EXPECTED: &str =
    "expected a number of seconds, or a text such as \"500ms\", \"10s\", \"30m\" or \"1h\"";

struct Reader;

impl Visitor<'_> for Reader {
    type Value = LimitOrNone;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of seconds, or a text such as \"500ms\", \"10s\", \"30m\" or \"1h\"")
    }

    fn visit_u64<E: serde::de::Error>(self, seconds: u64) -> Result<LimitOrNone, E> {
        Ok(LimitOrNone(Some(Duration::from_secs(seconds))))
    }

    fn visit_i64<E: serde::de::Error>(self, seconds: i64) -> Result<LimitOrNone, E> {
        self.visit_u64(u64::try_from(seconds).map_err(|_| E::custom(EXPECTED))?)
    }

    fn visit_f64<E: serde::de::Error>(self, seconds: f64) -> Result<LimitOrNone, E> {
        let limit = Duration::try_from_secs_f64(seconds).map_err(|_| E::custom(EXPECTED))?;
        Ok(LimitOrNone(Some(limit)))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<LimitOrNone, E> {
        let text = text.trim();
        if text == "none" {
            return Ok(LimitOrNone(None));
        }
        let unit = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(unit);
        let millis: u64 = match unit.trim_start() {
            "ms" => 1,
            "" | "s" => 1_000,
            "m" | "min" => 60_000,
            "h" => 3_600_000,
            _ => return Err(E::custom(EXPECTED)),
        };
        let count = number.parse::<u64>().ok().and_then(|number| number.checked_mul(millis));
        count.map(|count| LimitOrNone(Some(Duration::from_millis(count)))).ok_or_else(|| E::custom(EXPECTED))
    }
}

/// The URL that is given, or that the file holds.
fn url(key: &str, url: Option<String>, file: Option<PathBuf>) -> Result<Option<String>> {
    match (url, file) {
        (Some(_), Some(_)) => {
            Err(Error::config(format!("{key} and {key}_file are both set; leave one of them out")))
        }
        (None, Some(file)) => {
            let text = secret::read(&file, "the file", Some(&format!("{key}_file")));
            text.map(Some).map_err(|why| Error::config(why.to_string()))
        }
        (url, None) => Ok(url),
    }
}

impl Bounds {
    fn fairness(self) -> Result<Fairness> {
        let mut fairness = Fairness::round_robin();
        if let Some(units) = self.max_concurrent {
            fairness = fairness.max_concurrent(units);
        }
        if let Some(callers) = self.max_waiting {
            fairness = fairness.max_waiting(callers);
        }
        match (self.rate, self.burst) {
            (Some(rate), Some(burst)) => Ok(fairness.rate(rate, burst)),
            (None, None) => Ok(fairness),
            _ => Err(Error::config("rate and burst of fairness go together; set both")),
        }
    }
}

impl TenantPoolBuilder {
    /// Sets a pool up by what a configuration file says; what it leaves out is as by default.
    ///
    /// # Errors
    ///
    /// No URL, or two of them; a file that cannot be read or is empty ([`Error::is_usage`]). The error names the key and the file, and
    /// never quotes a value.
    pub fn from_settings(settings: PoolSettings) -> Result<Self> {
        let PoolSettings { url_file, system_url_file, .. } = settings.clone();
        let Some(tenants) = url("url", settings.url, url_file)? else {
            return Err(Error::config("the pool's settings have no url; set url or url_file"));
        };
        let mut builder = Self::with_target(Given::from(&*tenants));
        if let Some(system) = url("system_url", settings.system_url, system_url_file)? {
            builder = builder.system_url(&system);
        }
        for url in settings.replica_urls.unwrap_or_default() {
            builder = builder.replica_url(&url);
        }
        if let Some(file) = settings.password_file {
            builder = builder.credentials(PasswordFile::of("password_file".to_owned(), file));
        }
        if let Some(file) = settings.system_password_file {
            builder = builder.system_credentials(PasswordFile::of("system_password_file".to_owned(), file));
        }
        if let Some(file) = settings.seal_key_file {
            builder = builder.seal_file_of(file, Some("seal_key_file".to_owned()));
        }
        macro_rules! set {
            ($($key:ident = |$value:ident| $by:expr;)*) => {
                $(if let Some($value) = settings.$key {
                    builder = builder.$key($by);
                })*
            };
        }
        set! {
            setting = |name| name;
            name = |name| name;
            record_system_access = |table| &table;
            seal_window = |limit| limit.0;
            tenant_type = |word| match word {
                TenantTypeWord::Uuid => TenantType::Uuid,
                TenantTypeWord::Bigint => TenantType::Bigint,
                TenantTypeWord::Integer => TenantType::Integer,
                TenantTypeWord::Text => TenantType::Text,
            };
            max_size = |count| count;
            min_idle = |count| count;
            system_max_size = |count| count;
            replica_max_size = |count| count;
            max_retries = |count| count;
            statement_cache_size = |count| count;
            sharing_depth = |count| count;
            sharing_width = |count| count;
            wait_timeout = |limit| limit.0;
            connect_timeout = |limit| limit.0;
            max_lifetime = |limit| limit.0;
            idle_timeout = |limit| limit.0;
            check_idle_after = |limit| limit.0;
            recheck_role_after = |limit| limit.0;
            drain_timeout = |limit| limit.0;
            slow_statement_after = |limit| limit.0;
            replica_wait = |limit| limit.0;
            max_replica_lag = |limit| limit.0;
            timeout = |limit| limit.0;
            statement_timeout = |limit| limit.0;
            lock_timeout = |limit| limit.0;
            idle_in_transaction_session_timeout = |limit| limit.0;
            transaction_timeout = |limit| limit.0;
            sharing = |word| match word {
                SharingWord::Never => Sharing::Never,
                SharingWord::Reads => Sharing::Reads,
                SharingWord::Always => Sharing::Always,
            };
            statements = |word| match word {
                StatementsWord::Named => StatementMode::Named,
                StatementsWord::Unnamed => StatementMode::Unnamed,
            };
            fairness = |bounds| bounds.fairness()?;
        }
        Ok(builder)
    }
}

#[cfg(test)]
mod tests;
