//! Errors of a look-up before the tenant is known.

use tokio_postgres::error::SqlState;

use super::{Error, Kind};

impl Error {
    /// Says what to do, where a resolver is not as the manifest has it.
    pub(crate) fn of_resolver(self, function: impl FnOnce() -> String) -> Self {
        let advice = match self.code() {
            Some(code) if [SqlState::UNDEFINED_FUNCTION, SqlState::INVALID_SCHEMA_NAME].contains(code) => {
                "declare it in tenantry.toml and apply tenantry plan, or call it by the name and with the keys that are there"
            }
            Some(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE => {
                "apply tenantry plan, which grants what it needs"
            }
            _ => return self,
        };
        match *self.0 {
            Kind::Server { source, .. } => Kind::Resolver { function: function(), advice, source }.into(),
            other => other.into(),
        }
    }
}
