//! Columns that could not be read as what the caller wants.

use tokio_postgres::Column;
use tokio_postgres::Error as PgError;

use super::fault::{Fault, Mismatch};
use super::{Error, Kind};

/// How many columns of a row are named where the one that was asked for is missing.
const NAMED: usize = 12;

impl Error {
    /// A column that was asked for by its name, in a row of these.
    pub(crate) fn column(name: &str, columns: &[Column], source: PgError) -> Self {
        let reason = match Fault::of(&source) {
            Fault::NoColumn(_) => format!("the row has no column {name:?}; {}", present(columns)),
            _ => problem(&format!("column {name:?}"), &source),
        };
        Kind::Column { reason, source }.into()
    }

    /// A column that was asked for by its position, the first of which is 0.
    pub(crate) fn column_at(position: usize, columns: &[Column], source: PgError) -> Self {
        let name = columns.get(position).map_or("", Column::name);
        let reason = problem(&format!("column {position}, counted from 0, {name:?},"), &source);
        Kind::Column { reason, source }.into()
    }
}

/// What keeps a column from being read, without its value.
pub(super) fn problem(column: &str, error: &PgError) -> String {
    match Mismatch::of(error) {
        Mismatch::Types { rust, postgres } => format!(
            "{column} is of the PostgreSQL type {postgres}, which does not convert to the Rust type {rust}; read it as one to which it does, or cast it in the statement"
        ),
        Mismatch::Null => format!("{column} is NULL; read it as an Option"),
        Mismatch::Value => format!("{column} does not convert, see its source"),
    }
}

fn present(columns: &[Column]) -> String {
    let names: Vec<String> =
        columns.iter().take(NAMED).map(|column| format!("{:?}", column.name())).collect();
    match columns.len() {
        0 => "it has none".to_owned(),
        few if few <= NAMED => format!("it has {}", names.join(", ")),
        many => format!("it has {} and {} more", names.join(", "), many - NAMED),
    }
}
