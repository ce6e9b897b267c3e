//! What a proof seals tenants with, where policies take no others.

use std::time::Duration;

use crate::error::Result;
use crate::ident::SettingName;
use crate::policy::{Tenancy, sealed};
use crate::seal::{SealKey, Sealer, now};

/// What tenants are sealed with.
#[derive(Clone)]
pub(crate) struct Seals {
    key: SealKey,
    database: String,
    /// The settings that carry what is sealed.
    settings: Vec<SettingName>,
}

impl Seals {
    pub(crate) fn new(key: &SealKey, database: &str, tenancy: &Tenancy) -> Self {
        let settings =
            sealed::functions(tenancy).into_iter().map(|(_, setting, _)| setting.clone()).collect();
        Self { key: key.clone(), database: database.to_owned(), settings }
    }

    pub(crate) fn key(&self) -> &SealKey {
        &self.key
    }

    pub(crate) fn database(&self) -> &str {
        &self.database
    }

    /// A value as a session has to bind it that this role has logged in to; nothing is sealed of what is empty.
    pub(super) fn value(&self, setting: &str, value: &str, role: &str) -> Result<String> {
        match self.settings.iter().find(|of| of.as_str() == setting) {
            Some(setting) if !value.is_empty() => {
                let sealer = Sealer::new(&self.key, setting, role, &self.database)?;
                Ok(sealer.seal(value, (now() + WINDOW).as_secs(), None))
            }
            _ => Ok(value.to_owned()),
        }
    }
}

/// How long what an attempt binds holds.
const WINDOW: Duration = Duration::from_mins(15);
