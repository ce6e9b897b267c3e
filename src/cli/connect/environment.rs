//! What the environment of a process says about the database.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};

use crate::cli::failure::Failure;

/// The variables that libpq reads and `DATABASE_URL`, and who runs the process, as a value.
#[derive(Default)]
pub(in crate::cli) struct Environment {
    variables: BTreeMap<String, String>,
    home: Option<PathBuf>,
    user: Option<String>,
}

impl Environment {
    /// That of this process.
    pub(in crate::cli) fn of_process() -> Result<Self, Failure> {
        let named = env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        let mut variables = BTreeMap::new();
        for (name, value) in named.filter(|(name, _)| name == "DATABASE_URL" || name.starts_with("PG")) {
            let Ok(value) = value.into_string() else {
                return Err(Failure::usage(format!("{name} is not UTF-8")));
            };
            variables.insert(name, value);
        }
        Ok(Self { variables, home: env::home_dir(), user: whoami::username().ok() })
    }

    /// A variable, unless it is empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A file in the home folder.
    pub(super) fn in_home(&self, path: impl AsRef<Path>) -> Option<PathBuf> {
        self.home.as_ref().map(|home| home.join(path))
    }

    /// What the operating system calls whoever runs the process.
    pub(super) fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }
}

#[cfg(test)]
impl Environment {
    /// One of `NAME=value`, for user `me`.
    pub(super) fn of(variables: &[&str]) -> Self {
        let pair =
            |text: &&str| text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            variables: variables.iter().filter_map(pair).collect(),
            home: None,
            user: Some("me".to_owned()),
        }
    }

    /// The same with a home.
    pub(super) fn home(mut self, path: &Path) -> Self {
        self.home = Some(path.to_owned());
        self
    }
}
