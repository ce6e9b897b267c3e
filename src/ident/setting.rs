//! Names of settings.

use std::fmt;
use std::sync::Arc;

use super::MAX_NAME_BYTES;
use crate::error::{Error, Result};

/// The name of a custom setting, `prefix.name`, such as `app.tenant_id`.
///
/// PostgreSQL compares setting names without regard to case, so the name is kept in lower case.
/// See [Customized Options](https://www.postgresql.org/docs/current/runtime-config-custom.html).
///
/// ```
/// use tenantry::SettingName;
///
/// # fn main() -> tenantry::Result<()> {
/// assert_eq!(SettingName::new("App.Tenant_ID")?.as_str(), "app.tenant_id");
/// assert!(SettingName::new("search_path").is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SettingName(Arc<str>);

impl SettingName {
    /// Takes a setting name of at least two parts joined by dots.
    ///
    /// # Errors
    ///
    /// The name has no dot (settings without one belong to the server, `role` and `search_path`
    /// among them), or a part is not made of letters, digits, `_` and `$`, starts with a digit
    /// or `$`, or is longer than 63 bytes.
    pub fn new(name: impl AsRef<str>) -> Result<Self> {
        let name = name.as_ref();
        let part_is_name = |part: &str| {
            part.len() <= MAX_NAME_BYTES
                && part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$')
        };
        if name.contains('.') && name.split('.').all(part_is_name) {
            Ok(Self(name.to_ascii_lowercase().into()))
        } else {
            Err(Error::config(format!(
                "setting {name:?} is not of the form prefix.name, such as app.tenant_id"
            )))
        }
    }

    /// A name that the crate itself chose, already in lower case.
    pub(crate) fn known(name: &'static str) -> Self {
        debug_assert!(Self::new(name).is_ok_and(|checked| checked.as_str() == name));
        Self(name.into())
    }

    /// The name in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as it stands in `SET LOCAL`: each part quoted.
    pub(crate) fn quoted(&self) -> String {
        let parts: Vec<String> = self.0.split('.').map(|part| format!("\"{part}\"")).collect();
        parts.join(".")
    }
}

impl fmt::Display for SettingName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<&str> for SettingName {
    type Error = Error;

    fn try_from(name: &str) -> Result<Self> {
        Self::new(name)
    }
}

#[cfg(test)]
mod tests {
    use super::SettingName;

    #[test]
    fn setting_names_need_a_prefix() {
        for wrong in ["", "role", "search_path", ".a", "a.", "a..b", "1a.b", "a.b c", "a.b'", "a.b\0"] {
            assert!(SettingName::new(wrong).is_err(), "{wrong:?} was taken");
        }
        assert_eq!(SettingName::new("request.jwt.claims").unwrap().quoted(), r#""request"."jwt"."claims""#);
    }
}
