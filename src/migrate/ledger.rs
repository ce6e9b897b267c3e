//! The table that says which migrations have been applied: refinery's, so that either of the two goes on where the other has
//! stopped.

use std::cmp::Reverse;
use std::hash::{Hash, Hasher};

use futures_util::FutureExt;
use refinery_core::error::Kind;
use refinery_core::traits::r#async::{AsyncQuery, AsyncTransaction};
use refinery_core::{AsyncMigrate, Migration as Refinery, Target};
use siphasher::sip::SipHasher13;
use tokio_postgres::Client;

use super::migration::{Direction, Migration, Migrations, wide};
use super::migrator::{Down, Migrator};
use super::path::UsualPath;
use crate::error::{Error, Result};
use crate::ident::{Ident, QualifiedName};
use crate::policy::render::{Vars, render};

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../sql/migrate/ledger_", $name, ".sql"))
    };
}

/// How wide the ledger's versions are. It goes into refinery's checksums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    /// `integer`, which refinery has by default.
    Int4,
    /// `bigint`, which its feature `int8-versions` takes.
    Int8,
}

/// The ledger of a database.
#[derive(Clone, Debug)]
pub(super) struct Ledger {
    table: QualifiedName,
    width: Width,
    present: bool,
    /// The role that owns the table.
    owner: Option<String>,
    applied: Vec<Applied>,
}

/// A line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Applied {
    version: i64,
    name: String,
    checksum: String,
}

impl Ledger {
    /// Reads the ledger. One that is not there has nothing in it.
    ///
    /// # Errors
    ///
    /// What has its name is no ledger, or belongs to somebody whom whoever runs this must not trust.
    pub(super) async fn read(client: &Client, usual: &UsualPath, migrator: &Migrator) -> Result<Self> {
        let Migrator { manifest, migrations: all, options } = migrator;
        let name = &options.ledger;
        let failed = |source| Error::script("reading the ledger of migrations", source);
        let full = QualifiedName::parse(name).ok();
        let bare = match &full {
            Some(full) => full.name().clone(),
            None => Ident::new(name)?,
        };
        let schemas = match &full {
            Some(full) => vec![full.schema().as_str().to_owned()],
            None => usual.schemas.clone(),
        };
        let trusted = manifest.roles.owner_role().map(Ident::as_str);
        let row =
            client.query_one(file!("find"), &[&bare.as_str(), &schemas, &trusted]).await.map_err(failed)?;
        let schema: String = row.try_get("schema").map_err(failed)?;
        let present: bool = row.try_get("present").map_err(failed)?;
        let version_type: Option<String> = row.try_get("version_type").map_err(failed)?;
        let owner: Option<String> = row.try_get("owner").map_err(failed)?;
        let table = match full {
            Some(full) => full,
            None => QualifiedName::new(Ident::new(schema)?, bare),
        };
        if row.try_get::<_, Option<bool>>("is_table").map_err(failed)? == Some(false) {
            return Err(Error::config(format!("{table} is no table; name another one as the ledger")));
        }
        if row.try_get::<_, Option<bool>>("is_strangers").map_err(failed)? == Some(true) {
            return Err(not_ours(&table.to_string(), &owner.unwrap_or_default()));
        }
        let width = match version_type.as_deref() {
            Some("integer") => Width::Int4,
            Some("bigint") => Width::Int8,
            Some(other) => {
                return Err(Error::config(format!(
                    "{table}.version is of type {other}; expected integer or bigint, as refinery makes it"
                )));
            }
            None if present => {
                return Err(Error::config(format!(
                    "{table} has no column version; expected a ledger as refinery makes it, or another name for ours"
                )));
            }
            // As refinery makes it, unless a version needs more.
            None if all.iter().all(|of| i32::try_from(of.version()).is_ok()) => Width::Int4,
            None => Width::Int8,
        };
        let mut ledger = Self { table, width, present, owner, applied: Vec::new() };
        if present {
            let rows = client.query(&ledger.sql(file!("read"))?, &[]).await.map_err(failed)?;
            for row in rows {
                ledger.applied.push(Applied {
                    version: row.try_get("version").map_err(failed)?,
                    name: row.try_get("name").map_err(failed)?,
                    checksum: row.try_get("checksum").map_err(failed)?,
                });
            }
        }
        Ok(ledger)
    }

    /// The table, which may not be there yet.
    pub(super) fn table(&self) -> &QualifiedName {
        &self.table
    }

    /// Whether the table is there.
    pub(super) fn is_present(&self) -> bool {
        self.present
    }

    /// Whether the table is this role's.
    pub(super) fn is_owned_by(&self, role: &str) -> bool {
        self.owner.as_deref() == Some(role)
    }

    /// What a run has to do, in order.
    ///
    /// # Errors
    ///
    /// As for [`Ledger::pending`] and [`Ledger::back`].
    pub(super) fn to_do<'m>(&self, migrator: &'m Migrator) -> Result<Vec<&'m Migration>> {
        match migrator.options.down {
            None => self.pending(&migrator.migrations),
            Some(down) => self.back(&migrator.migrations, down),
        }
    }

    /// The migrations that have not been applied, in order, as refinery decides it.
    ///
    /// # Errors
    ///
    /// One that has been applied is another now or gone, or one that has not comes before one that has.
    pub(super) fn pending<'m>(&self, all: &'m Migrations) -> Result<Vec<&'m Migration>> {
        let applied = self.applied.iter().map(|of| self.as_refinery(of, all)).collect::<Result<_>>()?;
        let mut decision = Decision { applied };
        let files: Vec<Refinery> = all.iter().map(|of| of.refinery.clone()).collect();
        let decided = decision.migrate(&files, true, true, false, Target::Latest, self.table.name().as_str());
        // Nothing in it waits: it is asked about what is in memory.
        let decided = decided.now_or_never().ok_or_else(|| Error::config("refinery waits for something"))?;
        let report = decided.map_err(|error| self.refused(error.kind()))?;
        let is_pending = |of: &&Migration| report.applied_migrations().contains(&of.refinery);
        Ok(all.iter().filter(is_pending).collect())
    }

    /// What takes back those that have been applied, the last one first, as far back as is asked for.
    ///
    /// # Errors
    ///
    /// One of them is another now or gone, or has no file that takes it back.
    pub(super) fn back<'m>(&self, all: &'m Migrations, down: Down) -> Result<Vec<&'m Migration>> {
        let mut lines: Vec<&Applied> = self.applied.iter().collect();
        lines.sort_by_key(|line| Reverse(line.version));
        match down {
            Down::Last => lines.truncate(1),
            Down::To(version) => lines.retain(|line| line.version > version),
        }
        let file = |line: &&Applied| {
            let applied = format!("V{}__{}", line.version, line.name);
            let file = all.iter().find(|file| file.version() == line.version).ok_or_else(|| {
                Error::config(format!("{applied} has been applied, and its file is gone; restore it"))
            })?;
            if !self.is_line_of(line, file) {
                return Err(diverged(&file.name(), &applied));
            }
            file.down().ok_or_else(|| {
                Error::config(format!(
                    "{file} has no file that takes it back; expected {file}.down.sql beside it",
                    file = file.name()
                ))
            })
        };
        lines.iter().map(file).collect()
    }

    fn is_line_of(&self, line: &Applied, file: &Migration) -> bool {
        file.version() == line.version
            && file.refinery.name() == line.name
            && self.checksum(file) == line.checksum
    }

    /// A line as refinery has it. Its checksums depend on the width of versions, and the ledger's need not be this build's.
    fn as_refinery(&self, of: &Applied, all: &Migrations) -> Result<Refinery> {
        if let Some(file) = all.iter().find(|file| self.is_line_of(of, file)) {
            return Ok(file.refinery.clone());
        }
        // One of the same name and version whose text is no file's.
        let name = format!("V{}__{}", of.version, of.name);
        Refinery::unapplied(&name, "\0").map_err(|_| {
            Error::config(format!(
                "{} says that {name} has been applied, which names no migration",
                self.table
            ))
        })
    }

    /// The checksum as this ledger has it.
    fn checksum(&self, of: &Migration) -> String {
        let mut hasher = SipHasher13::new();
        of.refinery.name().hash(&mut hasher);
        match (self.width, i32::try_from(of.version())) {
            (Width::Int4, Ok(version)) => version.hash(&mut hasher),
            _ => of.version().hash(&mut hasher),
        }
        of.refinery.sql().unwrap_or_default().hash(&mut hasher);
        hasher.finish().to_string()
    }

    fn refused(&self, kind: &Kind) -> Error {
        Error::config(match kind {
            Kind::DivergentVersion(applied, file) => {
                let applied = format!("V{}__{}", applied.version(), applied.name());
                return diverged(&file.to_string(), &applied);
            }
            Kind::MissingVersion(of) if self.has(of) => {
                format!("V{}__{} has been applied, and its file is gone; restore it", of.version(), of.name())
            }
            Kind::MissingVersion(of) => format!(
                "{of} has not been applied, and comes before one that has; give it a higher version, or the letter U"
            ),
            other => format!("refinery refuses the migrations: {other}"),
        })
    }

    fn has(&self, of: &Refinery) -> bool {
        self.applied.iter().any(|line| line.version == wide(of.version()) && line.name == of.name())
    }

    /// The SQL that makes the table.
    pub(super) fn create(&self) -> Result<String> {
        let version_type = match self.width {
            Width::Int4 => "int4",
            Width::Int8 => "int8",
        };
        render(file!("create"), &self.vars().sql("type", version_type))
    }

    /// The SQL that says that a migration has been applied, or is taken back.
    pub(super) fn note(&self, migration: &Migration) -> Result<String> {
        match migration.direction() {
            Direction::Up => self.add(migration),
            Direction::Down => {
                render(file!("remove"), &self.vars().sql("version", migration.version().to_string()))
            }
        }
    }

    /// The SQL that says that a migration has been applied.
    pub(super) fn add(&self, migration: &Migration) -> Result<String> {
        if self.width == Width::Int4 && i32::try_from(migration.version()).is_err() {
            return Err(Error::config(format!(
                "{} has a version that {} cannot hold; its column version is of type integer",
                migration.name(),
                self.table
            )));
        }
        let vars = self
            .vars()
            .sql("version", migration.version().to_string())
            .text("name", migration.refinery.name())
            .text("checksum", self.checksum(migration));
        render(file!("add"), &vars)
    }

    fn sql(&self, file: &str) -> Result<String> {
        render(file, &self.vars())
    }

    fn vars(&self) -> Vars<'_> {
        Vars::default().name("schema", self.table.schema()).name("table", self.table.name())
    }
}

fn diverged(file: &str, applied: &str) -> Error {
    Error::config(format!(
        "{file} is not what was applied as {applied}; restore the file, and put what is new into another one"
    ))
}

/// A table of the runner's that somebody owns who could have it run what they please.
pub(super) fn not_ours(table: &str, owner: &str) -> Error {
    Error::config(format!(
        "{table} belongs to {owner:?}, who could make it run what they please with the rights of whoever writes to it; see what \
         it is, and give it to the owner that the manifest names, or run migrations as a member of {owner:?}"
    ))
}

/// Lets refinery decide what is to be applied, without a database: it asks for the ledger, and what it would run is let go.
struct Decision {
    applied: Vec<Refinery>,
}

impl AsyncTransaction for Decision {
    type Error = std::convert::Infallible;

    async fn execute<'a, T: Iterator<Item = &'a str> + Send + 'a>(
        &'a mut self,
        _queries: T,
    ) -> std::result::Result<usize, Self::Error> {
        Ok(0)
    }
}

impl AsyncQuery<Vec<Refinery>> for Decision {
    async fn query<'a>(&'a mut self, _query: &'a str) -> std::result::Result<Vec<Refinery>, Self::Error> {
        Ok(std::mem::take(&mut self.applied))
    }
}

impl AsyncMigrate for Decision {}

#[cfg(test)]
mod tests {
    use super::{Applied, Ledger, Width};
    use crate::ident::QualifiedName;
    use crate::migrate::{Migration, Migrations};

    fn all(files: &[(&str, &str)]) -> Migrations {
        Migrations::new(files.iter().copied()).unwrap()
    }

    fn ledger(width: Width, applied: &[(i64, &str, &str)]) -> Ledger {
        let table = QualifiedName::parse("public.refinery_schema_history").unwrap();
        let mut ledger = Ledger { table, width, present: true, owner: None, applied: Vec::new() };
        for (version, name, text) in applied {
            let file = format!("V{version}__{name}.sql");
            let checksum = ledger.checksum(all(&[(&file, text)]).iter().next().unwrap());
            ledger.applied.push(Applied { version: *version, name: (*name).to_owned(), checksum });
        }
        ledger
    }

    const FILES: &[(&str, &str)] = &[("V1__a.sql", "a"), ("V2__b.sql", "b"), ("V3__c.sql", "c")];

    #[test]
    fn what_is_pending_is_what_has_not_been_applied() {
        for width in [Width::Int4, Width::Int8] {
            let ledger = ledger(width, &[(1, "a", "a")]);
            let all = all(FILES);
            let names: Vec<String> = ledger.pending(&all).unwrap().into_iter().map(Migration::name).collect();
            assert_eq!(names, ["V2__b", "V3__c"], "{width:?}");
        }
    }

    #[test]
    fn what_was_applied_stays_as_it_was() {
        for (applied, why) in [
            (&[(1, "a", "other")][..], "V1__a is not what was applied as V1__a"),
            (&[(1, "b", "a")], "V1__a is not what was applied as V1__b"),
            (&[(1, "a", "a"), (4, "d", "d")], "V4__d has been applied, and its file is gone"),
            (&[(1, "a", "a"), (3, "c", "c")], "V2__b has not been applied, and comes before one that has"),
        ] {
            let error = ledger(Width::Int4, applied).pending(&all(FILES)).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
        let ledger = ledger(Width::Int4, &[(3, "c", "c")]);
        let late = all(&[("U2__b.sql", "b"), ("V3__c.sql", "c")]);
        assert_eq!(ledger.pending(&late).unwrap().len(), 1, "U says that it may come late");
    }

    #[test]
    fn checksums_are_refinerys() {
        let all = all(FILES);
        let native = if size_of::<refinery_core::SchemaVersion>() == 8 { Width::Int8 } else { Width::Int4 };
        let ledger = ledger(native, &[]);
        for file in all.iter() {
            assert_eq!(ledger.checksum(file), file.refinery.checksum().to_string());
        }
    }

    #[test]
    fn a_version_has_to_fit() {
        let late = all(&[("V20260101000000__a.sql", "")]);
        let add = |width| ledger(width, &[]).add(late.iter().next().unwrap());
        assert!(add(Width::Int4).unwrap_err().to_string().contains("cannot hold"));
        assert!(add(Width::Int8).unwrap().contains("20260101000000"));
    }
}
