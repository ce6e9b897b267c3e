//! Who a statement runs as: the tenant and what else is bound with it.

mod limits;
mod parameter;
mod position;
mod reading;

use std::fmt;

use tokio_postgres::IsolationLevel;

use crate::error::{Error, Result};
use crate::ident::SettingName;

pub(crate) use self::limits::Limits;
pub use self::position::WalPosition;
pub(crate) use self::reading::{Reading, Servers};

/// The type of the tenant column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TenantType {
    /// `uuid`, 16 bytes. The default.
    #[default]
    Uuid,
    /// `bigint`, 8 bytes.
    Bigint,
    /// `integer`, 4 bytes.
    Integer,
    /// `text`.
    Text,
}

impl TenantType {
    /// The type's name in SQL.
    #[must_use]
    pub fn sql(self) -> &'static str {
        match self {
            Self::Uuid => "uuid",
            Self::Bigint => "bigint",
            Self::Integer => "integer",
            Self::Text => "text",
        }
    }
}

impl fmt::Display for TenantType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sql())
    }
}

/// The key of one tenant: a uuid, an integer or a text.
///
/// `Debug` does not show the value, so that a tenant does not reach a log by accident;
/// [`TenantId::as_setting`] gives it.
///
/// ```
/// use tenantry::TenantId;
///
/// # fn main() -> tenantry::Result<()> {
/// let by_uuid = TenantId::parse_uuid("6f1c0a52-9d0f-4f57-8a0e-2f8f3f1f0a11")?;
/// let by_number = TenantId::from(42_i64);
/// let by_name = TenantId::text("acme")?;
/// assert!(TenantId::text("").is_err());
/// assert_eq!(by_number.as_setting(), "42");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TenantId(Key);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Uuid([u8; 16]),
    Integer(i64),
    Text(Box<str>),
}

impl TenantId {
    /// A tenant whose key is a uuid, from its 16 bytes in network order.
    #[must_use]
    pub fn uuid(bytes: [u8; 16]) -> Self {
        Self(Key::Uuid(bytes))
    }

    /// A tenant whose key is a uuid, from its text: 32 hexadecimal digits, with hyphens or without.
    ///
    /// # Errors
    ///
    /// The text is not a uuid.
    pub fn parse_uuid(text: &str) -> Result<Self> {
        let wrong = || {
            Error::config("the tenant is not a uuid; expected 32 hexadecimal digits, with hyphens or without")
        };
        let well_placed = text.char_indices().all(|(at, c)| c != '-' || matches!(at, 8 | 13 | 18 | 23));
        let digits: Vec<u8> = text
            .chars()
            .filter(|c| *c != '-')
            .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect::<Option<_>>()
            .ok_or_else(wrong)?;
        let hyphens = text.len() - digits.len();
        if digits.len() != 32 || !well_placed || !matches!(hyphens, 0 | 4) {
            return Err(wrong());
        }
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = pair[0] << 4 | pair[1];
        }
        Ok(Self::uuid(bytes))
    }

    /// A tenant whose key is a text.
    ///
    /// # Errors
    ///
    /// The text is empty (an empty setting means that no tenant is bound) or holds a NUL character
    /// (PostgreSQL cannot store one).
    pub fn text(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        if text.is_empty() {
            return Err(Error::config("the tenant is empty; an empty tenant would mean that none is bound"));
        }
        refuse_nul("the tenant", &text)?;
        Ok(Self(Key::Text(text.into_boxed_str())))
    }

    /// The key that a setting carries.
    pub(crate) fn of_setting(setting: &str, tenant_type: TenantType) -> Result<Self> {
        match tenant_type {
            TenantType::Uuid => Self::parse_uuid(setting),
            TenantType::Text => Self::text(setting),
            TenantType::Bigint | TenantType::Integer => setting
                .parse::<i64>()
                .map(Self::from)
                .map_err(|_| Error::config("the tenant is not a whole number")),
        }
    }

    /// Whether the key fits a tenant column of this type.
    #[must_use]
    pub fn fits(&self, tenant_type: TenantType) -> bool {
        match (&self.0, tenant_type) {
            (Key::Integer(number), TenantType::Integer) => i32::try_from(*number).is_ok(),
            (Key::Uuid(_), TenantType::Uuid)
            | (Key::Integer(_), TenantType::Bigint)
            | (Key::Text(_), TenantType::Text) => true,
            _ => false,
        }
    }

    /// The key as the setting carries it.
    #[must_use]
    pub fn as_setting(&self) -> String {
        match &self.0 {
            Key::Uuid(bytes) => {
                let mut text = String::with_capacity(36);
                for (n, byte) in bytes.iter().enumerate() {
                    if matches!(n, 4 | 6 | 8 | 10) {
                        text.push('-');
                    }
                    let halves = [byte >> 4, byte & 0xf];
                    text.extend(halves.iter().filter_map(|half| char::from_digit((*half).into(), 16)));
                }
                text
            }
            Key::Integer(number) => number.to_string(),
            Key::Text(text) => text.to_string(),
        }
    }

    /// What kind of key this is, for an error that must not show the key.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.0 {
            Key::Uuid(_) => "a uuid",
            Key::Integer(number) if i32::try_from(*number).is_err() => "an integer of more than 4 bytes",
            Key::Integer(_) => "an integer",
            Key::Text(_) => "a text",
        }
    }
}

impl fmt::Debug for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TenantId({})", self.kind())
    }
}

impl From<i64> for TenantId {
    fn from(number: i64) -> Self {
        Self(Key::Integer(number))
    }
}

impl From<i32> for TenantId {
    fn from(number: i32) -> Self {
        Self(Key::Integer(i64::from(number)))
    }
}

#[cfg(feature = "with-uuid-1")]
impl From<uuid::Uuid> for TenantId {
    fn from(id: uuid::Uuid) -> Self {
        Self::uuid(id.into_bytes())
    }
}

/// A tenant with what else belongs to a unit of work: further settings, and how the transaction runs.
///
/// Everything here lasts for one transaction. There is no form that outlives it.
///
/// ```
/// use std::time::Duration;
/// use tenantry::{TenantContext, TenantId};
///
/// # fn main() -> tenantry::Result<()> {
/// let context = TenantContext::new(TenantId::text("acme")?)
///     .set("app.user_id", "1207")?
///     .read_only()
///     .statement_timeout(Duration::from_secs(2));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TenantContext {
    tenant: TenantId,
    settings: Vec<(SettingName, String)>,
    mode: TransactionMode,
    limits: Limits,
    reading: Reading,
}

/// How a transaction runs, as its `BEGIN` says it.
#[derive(Clone, Copy, Default)]
pub(crate) struct TransactionMode {
    pub(crate) isolation_level: Option<IsolationLevel>,
    pub(crate) read_only: bool,
    pub(crate) deferrable: bool,
}

impl TenantContext {
    /// A context that binds the tenant and nothing else.
    #[must_use]
    pub fn new(tenant: impl Into<TenantId>) -> Self {
        Self {
            tenant: tenant.into(),
            settings: Vec::new(),
            mode: TransactionMode::default(),
            limits: Limits::default(),
            reading: Reading::default(),
        }
    }

    /// Binds one more setting, for policies and triggers to read. A name set twice keeps the last value.
    ///
    /// # Errors
    ///
    /// The name is not of the form `prefix.name`, or the value holds a NUL character.
    /// The pool refuses, when the context is used, a name that is its own tenant setting.
    pub fn set(mut self, name: impl AsRef<str>, value: impl Into<String>) -> Result<Self> {
        let name = SettingName::new(name)?;
        let value = value.into();
        refuse_nul(&format!("the value of setting {name}"), &value)?;
        self.settings.retain(|(other, _)| *other != name);
        self.settings.push((name, value));
        Ok(self)
    }

    /// Runs the transaction `READ ONLY`. Default: what the server says, commonly read-write.
    ///
    /// Statements of a scope with such a context share connections where all are in use, see [`Sharing`](crate::Sharing). Where the
    /// pool has replicas, it runs on one of them, see [`TenantPoolBuilder::replica_url`](crate::TenantPoolBuilder::replica_url).
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.mode.read_only = true;
        self
    }

    /// Runs the transaction `DEFERRABLE`, which matters only to a serializable read-only one:
    /// it may wait before it starts, and then neither fails nor is the cause of a serialization failure.
    #[must_use]
    pub fn deferrable(mut self) -> Self {
        self.mode.deferrable = true;
        self
    }

    /// Runs the transaction at an isolation level. Default: what the server says, commonly read committed.
    #[must_use]
    pub fn isolation_level(mut self, level: IsolationLevel) -> Self {
        self.mode.isolation_level = Some(level);
        self
    }

    /// The tenant.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    pub(crate) fn settings(&self) -> &[(SettingName, String)] {
        &self.settings
    }

    pub(crate) fn mode(&self) -> TransactionMode {
        self.mode
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }
}

/// Shows which settings are bound, not what they hold.
impl fmt::Debug for TenantContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.settings.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("TenantContext")
            .field("tenant", &self.tenant)
            .field("settings", &names)
            .field("read_only", &self.mode.read_only)
            .field("deferrable", &self.mode.deferrable)
            .field("isolation_level", &self.mode.isolation_level)
            .field("limits", &self.limits)
            .field("reading", &self.reading)
            .finish()
    }
}

impl<T: Into<TenantId>> From<T> for TenantContext {
    fn from(tenant: T) -> Self {
        Self::new(tenant)
    }
}

/// Refuses text that PostgreSQL cannot take, before any of it is sent.
pub(crate) fn refuse_nul(what: &str, text: &str) -> Result<()> {
    if text.contains('\0') {
        return Err(Error::config(format!("{what} holds a NUL character, which PostgreSQL cannot store")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{TenantContext, TenantId, TenantType};

    #[test]
    fn a_uuid_reads_and_writes_the_same() {
        let text = "6f1c0a52-9d0f-4f57-8a0e-2f8f3f1f0a11";
        assert_eq!(TenantId::parse_uuid(text).unwrap().as_setting(), text);
        let bare = text.replace('-', "").to_uppercase();
        assert_eq!(TenantId::parse_uuid(&bare).unwrap().as_setting(), text);
        for wrong in ["", "6f1c", &text[1..], "6f1c0a52-9d0f4f57-8a0e-2f8f3f1f0a1-1", "é"] {
            assert!(TenantId::parse_uuid(wrong).is_err(), "{wrong:?} was taken");
        }
    }

    #[test]
    fn only_a_key_of_the_columns_type_fits() {
        let large = TenantId::from(i64::from(i32::MAX) + 1);
        assert!(large.fits(TenantType::Bigint));
        assert!(!large.fits(TenantType::Integer));
        assert!(!TenantId::text("1").unwrap().fits(TenantType::Integer));
        assert!(!TenantId::from(1).fits(TenantType::Text));
    }

    #[test]
    fn debug_shows_neither_tenant_nor_values() {
        let context =
            TenantContext::new(TenantId::text("acme").unwrap()).set("app.user_id", "secret").unwrap();
        let shown = format!("{context:?}");
        assert!(!shown.contains("acme") && !shown.contains("secret"), "{shown}");
        assert!(shown.contains("app.user_id"));
    }

    #[test]
    fn text_that_the_server_cannot_store_is_refused() {
        assert!(TenantId::text("a\0b").is_err());
        assert!(TenantContext::new(1).set("app.x", "a\0b").is_err());
        assert!(TenantContext::new(1).set("role", "postgres").is_err());
    }
}
