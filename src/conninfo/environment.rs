//! What the environment of a process says about the database.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Settings, Unfit};

/// The variables that libpq reads, and who runs the process, as a value.
#[derive(Clone, Default)]
pub(crate) struct Environment {
    variables: BTreeMap<String, String>,
    home: Option<PathBuf>,
    user: Option<String>,
}

impl Environment {
    /// Looks up libpq's variables, and others that are asked for.
    pub(crate) fn read(
        lookup: impl Fn(&str) -> Option<OsString>,
        others: &[&str],
        home: Option<PathBuf>,
        user: Option<String>,
    ) -> Result<Self, Unfit> {
        let mut variables = BTreeMap::new();
        let names = Settings::variables().chain(["PGSYSCONFDIR"]).map(str::to_owned);
        for name in names.chain(others.iter().copied().map(str::to_owned)) {
            let Some(value) = lookup(&name) else { continue };
            let value = value.into_string().map_err(|_| Unfit::new(format!("{name} is not UTF-8")))?;
            variables.insert(name, value);
        }
        Ok(Self { variables, home, user })
    }

    /// One that says nothing but where the user's own files are.
    #[cfg(feature = "rustls")]
    pub(crate) fn at_home(home: Option<PathBuf>) -> Self {
        Self { home, ..Self::default() }
    }

    /// The same without some variables.
    pub(crate) fn without(mut self, names: &[&str]) -> Self {
        self.variables.retain(|name, _| !names.contains(&&**name));
        self
    }

    /// A variable, unless it is empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A file in the home folder.
    pub(crate) fn in_home(&self, path: impl AsRef<Path>) -> Option<PathBuf> {
        self.home.as_ref().map(|home| home.join(path))
    }

    /// What the operating system calls whoever runs the process.
    #[cfg_attr(not(feature = "cli"), allow(dead_code))]
    pub(crate) fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }
}

#[cfg(all(test, any(feature = "cli", feature = "rustls")))]
impl Environment {
    /// One of `NAME=value`, for user `me`.
    pub(crate) fn of(variables: &[&str]) -> Self {
        let pair =
            |text: &&str| text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            variables: variables.iter().filter_map(pair).collect(),
            home: None,
            user: Some("me".to_owned()),
        }
    }

    /// The same with a home.
    pub(crate) fn home(mut self, path: &Path) -> Self {
        self.home = Some(path.to_owned());
        self
    }
}
