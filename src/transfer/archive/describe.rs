//! What an archive tells of itself.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::ident::QualifiedName;
use crate::seal::hex;
use crate::transfer::table::Table;

/// The form of archives that this release writes, and the only one that it reads.
const FORMAT: u32 = 1;

/// What `tenant.json` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Description {
    /// The form of the archive: 1.
    pub format: u32,
    /// The tenant whose rows these are.
    pub tenant: String,
    /// The type of the tenant column: `uuid`, `bigint`, `integer` or `text`.
    pub tenant_type: String,
    /// `server_version_num` of the server that they were read from.
    pub server_version: u32,
    /// SHA-256 over the tables, their columns and types.
    pub schema: String,
    /// The tables, each after those that it refers to.
    pub tables: Vec<ArchivedTable>,
    /// Tables with rows for everybody that the rows may refer to, and that are not here.
    pub shared: Vec<String>,
    /// Tables of class deny, which are not here.
    pub left_out: Vec<String>,
}

/// One table of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ArchivedTable {
    /// Its name, quoted.
    pub table: String,
    /// The columns, in the order in which they stand in the file.
    pub columns: Vec<ArchivedColumn>,
    /// The file in the same folder.
    pub file: String,
    /// How many rows there are.
    pub rows: u64,
    /// How many bytes COPY has written, uncompressed.
    pub bytes: u64,
    /// SHA-256 of those bytes.
    pub sha256: String,
}

/// One column of a table in an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ArchivedColumn {
    /// Its name, as the catalog spells it.
    pub name: String,
    /// Its type, as `format_type` writes it.
    #[serde(rename = "type")]
    pub data_type: String,
}

impl Description {
    /// Of a tenant, whose tables are still to be written.
    pub(super) fn new(tenant: &str, tenant_type: &str, catalog: &Catalog, tables: &[Table]) -> Self {
        Self {
            format: FORMAT,
            tenant: tenant.to_owned(),
            tenant_type: tenant_type.to_owned(),
            server_version: catalog.server_version.unwrap_or_default(),
            schema: fingerprint(tables),
            tables: Vec::new(),
            shared: Vec::new(),
            left_out: Vec::new(),
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        let read: Self = serde_json::from_str(text).map_err(|error| {
            Error::config(format!("{} is not what an export writes: {error}", super::DESCRIPTION))
        })?;
        if read.format != FORMAT {
            return Err(Error::config(format!(
                "the archive is of form {}, and this release reads form {FORMAT}",
                read.format
            )));
        }
        let mut seen = BTreeSet::new();
        for table in &read.tables {
            // A name that leads out of the folder is none that an export writes.
            if Path::new(&table.file).file_name() != Some(OsStr::new(&table.file)) {
                return Err(Error::config(format!(
                    "{} is in {:?}, which is no name of a file",
                    table.plain(),
                    table.file
                )));
            }
            if !seen.insert(&table.table) {
                return Err(Error::config(format!("{} is in the archive twice", table.plain())));
            }
        }
        Ok(read)
    }

    /// Makes sure that the rows fit into tables.
    ///
    /// # Errors
    ///
    /// A table or a column is missing, there is one more, or a type is another one; all of it is named.
    pub fn check(&self, tables: &[Table]) -> Result<()> {
        let mut differences = Vec::new();
        for table in tables {
            let name = table.name().to_string();
            if !self.tables.iter().any(|archived| archived.table == name) {
                differences.push(format!("{} is not in the archive", table.name().plain()));
            }
        }
        for archived in &self.tables {
            let Some(table) = tables.iter().find(|table| table.name().to_string() == archived.table) else {
                if archived.rows > 0 {
                    differences.push(format!("{} is not there", archived.plain()));
                }
                continue;
            };
            for column in &archived.columns {
                match table.columns().iter().find(|(name, _)| name.as_str() == column.name) {
                    None => differences.push(format!("{} has no column {}", archived.plain(), column.name)),
                    Some((_, data_type)) if *data_type != column.data_type => differences.push(format!(
                        "{} of {} is of type {data_type}, and was {}",
                        column.name,
                        archived.plain(),
                        column.data_type
                    )),
                    Some(_) => {}
                }
            }
            for (name, _) in table.columns() {
                if !archived.columns.iter().any(|column| column.name == name.as_str()) {
                    differences.push(format!("{} has column {} as well", archived.plain(), name.plain()));
                }
            }
        }
        if differences.is_empty() {
            return Ok(());
        }
        Err(Error::config(format!(
            "the schema is another one than the archive's: {}",
            differences.join("; ")
        )))
    }
}

impl ArchivedTable {
    /// Its name.
    ///
    /// # Errors
    ///
    /// It is no name of a table.
    pub fn name(&self) -> Result<QualifiedName> {
        QualifiedName::parse(&self.table)
    }

    /// Its name without needless quotes.
    #[must_use]
    pub fn plain(&self) -> String {
        self.name().map_or_else(|_| self.table.clone(), |name| name.plain())
    }
}

/// SHA-256 over tables and columns, whatever their order in the database.
fn fingerprint(tables: &[Table]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for table in tables {
        for (column, data_type) in table.columns() {
            lines.push(format!("{} {column} {data_type}\n", table.name()));
        }
    }
    lines.sort();
    hex(&Sha256::digest(lines.concat()))
}
