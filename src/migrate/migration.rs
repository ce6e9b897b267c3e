//! Migrations: files with a version and a name, and what they say of how they are run.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use refinery_core::{Migration as Refinery, SchemaVersion};

use crate::catalog::replay::{Directives, Source, directives};
use crate::error::{Error, Result};

/// How a migration is run, as comments in its file say.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// As one transaction. Nothing has to be said for that.
    Transaction,
    /// `-- tenantry: no-transaction`: statement by statement, each by itself.
    NoTransaction,
    /// `-- tenantry: system "reason"`: as one transaction, in which data statements reach the rows of all tenants.
    System {
        /// Why it has to.
        reason: String,
    },
    /// `-- tenantry: each-tenant`: as one transaction for each tenant, with the tenant bound.
    EachTenant,
}

impl Mode {
    /// In one word, as a comment says it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Transaction => "transaction",
            Self::NoTransaction => "no-transaction",
            Self::System { .. } => "system",
            Self::EachTenant => "each-tenant",
        }
    }
}

/// Whether a file leads on, or takes back what another one has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// `V7__invoice.sql`.
    #[default]
    Up,
    /// `V7__invoice.down.sql`.
    Down,
}

/// A file that changes a schema, or the rows in it.
#[derive(Clone, Debug)]
pub struct Migration {
    pub(super) refinery: Refinery,
    pub(super) source: Source,
    mode: Mode,
    pub(super) may_change_nothing: bool,
    direction: Direction,
    down: Option<Box<Migration>>,
}

/// What the name of a file ends in that takes another one back.
const DOWN: &str = ".down.sql";

impl Migration {
    /// A file by its path or name, such as `V7__invoice.sql`.
    fn new(path: &str, text: &str) -> Result<Self> {
        let name = file_name(path);
        let (stem, direction) = match name.strip_suffix(DOWN) {
            Some(stem) => (stem, Direction::Down),
            None => (name.strip_suffix(".sql").unwrap_or(name), Direction::Up),
        };
        let wrong = |why: &str| Error::config(format!("{path} {why}"));
        let misnamed = || wrong("is not named as a migration is; expected V7__name.sql, or U7__name.sql");
        let refinery = Refinery::unapplied(stem, text).map_err(|error| match error.kind() {
            refinery_core::error::Kind::InvalidVersion => {
                wrong("has a version that is too large; expected a whole number, up to 2147483647 without int8-versions")
            }
            _ => misnamed(),
        })?;
        // Refinery lets anything follow the name.
        if format!("{refinery}") != stem {
            return Err(misnamed());
        }
        let said = directives(text);
        if let Some((line, flaw)) = said.flaws.first() {
            return Err(Error::config(format!("{path}:{line}: {flaw}")));
        }
        let may_change_nothing = said.allow_zero_rows.is_some();
        let mode = mode(said).map_err(wrong)?;
        let in_transaction = mode != Mode::NoTransaction;
        let source = Source::new(path, text).in_one_transaction(in_transaction);
        Ok(Self { refinery, source, mode, may_change_nothing, direction, down: None })
    }

    /// Its version and its name, as its file has them: `V7__invoice`.
    #[must_use]
    pub fn name(&self) -> String {
        self.refinery.to_string()
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> i64 {
        wide(self.refinery.version())
    }

    /// How it is run.
    #[must_use]
    pub fn mode(&self) -> &Mode {
        &self.mode
    }

    /// Whether it leads on or back.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// What takes it back, if there is a file for that.
    #[must_use]
    pub fn down(&self) -> Option<&Migration> {
        self.down.as_deref()
    }

    /// Under which version its progress is noted: below zero, and so apart, if it leads back.
    pub(super) fn progress_version(&self) -> i64 {
        match self.direction {
            Direction::Up => self.version(),
            Direction::Down => -self.version(),
        }
    }

    /// What its text comes down to, to see whether it is still the same.
    pub(super) fn checksum(&self) -> String {
        self.refinery.checksum().to_string()
    }

    /// Its file and its text.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// A version as wide as any.
#[allow(clippy::useless_conversion, reason = "it is as wide already with the feature int8-versions")]
pub(super) fn wide(version: SchemaVersion) -> i64 {
    version.into()
}

fn mode(said: Directives) -> std::result::Result<Mode, &'static str> {
    Ok(match (said.no_transaction, said.each_tenant, said.system) {
        (false, false, None) => Mode::Transaction,
        (true, false, None) => Mode::NoTransaction,
        (false, true, None) => Mode::EachTenant,
        (false, false, Some(reason)) => Mode::System { reason },
        (false, true, Some(_)) => return Err("says both each-tenant and system; choose one of them"),
        (true, ..) => {
            return Err(
                "says no-transaction, and a change of data needs one; put the data statements into another file",
            );
        }
    })
}

/// Migrations in the order of their versions.
#[derive(Clone, Debug, Default)]
pub struct Migrations(Vec<Migration>);

impl Migrations {
    /// Those of a folder and of the folders in it: every file that ends in `.sql`. `V7__name.down.sql` takes `V7__name.sql`
    /// back, and is left out where there is no such file. Hidden files are left out.
    ///
    /// # Errors
    ///
    /// The folder cannot be read or holds none; a file is not UTF-8, is not named as refinery names migrations, or says
    /// something to the runner that means nothing.
    pub fn read(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        let mut files = Vec::new();
        for path in sql_files(folder)? {
            let bytes = fs::read(&path).map_err(|error| unreadable(&path, &error))?;
            let source = Source::from_bytes(path.display().to_string(), bytes)?;
            files.push((source.name().to_owned(), source.text().to_owned()));
        }
        if files.is_empty() {
            return Err(Error::config(format!(
                "folder {} has no migrations; expected files such as V1__init.sql in it",
                folder.display()
            )));
        }
        Self::new(files.iter().map(|(name, text)| (name.as_str(), text.as_str())))
    }

    /// Those that a program carries, each as its file's name and its text; those that lead back may be among them.
    ///
    /// ```
    /// use tenantry::migrate::Migrations;
    ///
    /// # fn main() -> tenantry::Result<()> {
    /// // In a program: ("V1__init.sql", include_str!("../migrations/V1__init.sql"))
    /// let migrations = Migrations::new([("V1__init.sql", "create table invoice (id bigint primary key);")])?;
    /// assert_eq!(migrations.iter().next().map(|first| first.name()).as_deref(), Some("V1__init"));
    /// assert!(Migrations::new([("init.sql", "")]).is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`Migrations::read`]; or two have the same version.
    pub fn new<'f>(files: impl IntoIterator<Item = (&'f str, &'f str)>) -> Result<Self> {
        let (back, on): (Vec<_>, Vec<_>) = files.into_iter().partition(|(name, _)| name.ends_with(DOWN));
        let mut all =
            on.into_iter().map(|(name, text)| Migration::new(name, text)).collect::<Result<Vec<_>>>()?;
        let stem = |name: &'f str| file_name(name).strip_suffix(DOWN).unwrap_or_default();
        let back: BTreeMap<&str, _> = back.into_iter().map(|file| (stem(file.0), file)).collect();
        for migration in &mut all {
            let down = back.get(migration.name().as_str()).map(|(name, text)| Migration::new(name, text));
            migration.down = down.transpose()?.map(Box::new);
        }
        all.sort_by_key(Migration::version);
        let twice = all.windows(2).find(|pair| pair[0].version() == pair[1].version());
        if let Some([one, other]) = twice {
            return Err(Error::config(format!(
                "{} and {} have the same version; give one of them another",
                one.source.name(),
                other.source.name()
            )));
        }
        Ok(Self(all))
    }

    /// In the order of their versions.
    pub fn iter(&self) -> impl Iterator<Item = &Migration> {
        self.0.iter()
    }
}

/// The SQL files of a folder.
fn sql_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let (mut found, mut left) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(at) = left.pop() {
        for entry in fs::read_dir(&at).map_err(|error| unreadable(&at, &error))? {
            let entry = entry.map_err(|error| unreadable(&at, &error))?;
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().to_ascii_lowercase();
            let is_sql = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("sql"));
            if name.starts_with('.') {
                continue;
            }
            // A link to a folder could lead around in a circle.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                left.push(path);
            } else if is_sql {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::config(format!("{} cannot be read: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::{Direction, Migrations, Mode};

    fn one(name: &str, text: &str) -> Result<Mode, String> {
        let found = Migrations::new([(name, text)]).map_err(|error| error.to_string())?;
        Ok(found.iter().next().unwrap().mode().clone())
    }

    #[test]
    fn a_file_says_how_it_is_run() {
        assert_eq!(one("V1__a.sql", "select 1"), Ok(Mode::Transaction));
        assert_eq!(one("a/b/U1__a.sql", "-- tenantry: no-transaction"), Ok(Mode::NoTransaction));
        assert_eq!(one("V1__a.sql", "-- tenantry: each-tenant"), Ok(Mode::EachTenant));
        let system = Mode::System { reason: "so".to_owned() };
        assert_eq!(one("V1__a.sql", "-- tenantry: system \"so\""), Ok(system));
    }

    #[test]
    fn what_means_nothing_is_refused() {
        for (name, text, why) in [
            ("V1_a.sql", "", "is not named as a migration"),
            ("V1__a b.sql", "", "is not named as a migration"),
            ("V1__a.up.sql", "", "is not named as a migration"),
            ("a.sql", "", "is not named as a migration"),
            ("V99999999999999999999__a.sql", "", "too large"),
            ("V1.2__a.sql", "", "too large; expected a whole number"),
            ("V1__a.sql", "\n-- tenantry: each tenant", "V1__a.sql:2: \"each\" says nothing"),
            (
                "V1__a.sql",
                "-- tenantry: each-tenant\n-- tenantry: system \"x\"",
                "both each-tenant and system",
            ),
            ("V1__a.sql", "-- tenantry: each-tenant\n-- tenantry: no-transaction", "needs one"),
        ] {
            let error = one(name, text).unwrap_err();
            assert!(error.contains(why), "{name}: {error}");
        }
    }

    #[test]
    fn a_file_may_have_one_that_takes_it_back() {
        let files = [
            ("V1__a.sql", "select 1"),
            ("x/V1__a.down.sql", "-- tenantry: no-transaction"),
            ("b.down.sql", ""),
        ];
        let found = Migrations::new(files).unwrap();
        let all: Vec<_> = found.iter().collect();
        assert_eq!(all.len(), 1);
        let down = all[0].down().unwrap();
        assert_eq!((down.name(), down.version(), down.mode()), (all[0].name(), 1, &Mode::NoTransaction));
        assert_eq!((all[0].direction(), down.direction()), (Direction::Up, Direction::Down));
        let error = Migrations::new([("V1__a.sql", ""), ("V1__a.down.sql", "-- tenantry: so")]).unwrap_err();
        assert!(error.to_string().starts_with("V1__a.down.sql:1: "), "{error}");
    }

    #[test]
    fn versions_are_in_order_and_each_is_there_once() {
        let names = |files: &[&str]| {
            let files = files.iter().map(|name| (*name, ""));
            let found = Migrations::new(files).map_err(|error| error.to_string())?;
            Ok::<_, String>(found.iter().map(super::Migration::name).collect::<Vec<_>>())
        };
        assert_eq!(names(&["V10__b.sql", "x/V9__a.sql"]).unwrap(), ["V9__a", "V10__b"]);
        assert!(names(&["V1__b.sql", "U1__a.sql"]).unwrap_err().contains("have the same version"));
    }
}
