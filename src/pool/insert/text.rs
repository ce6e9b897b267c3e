//! The statements that insert rows.

use std::fmt::Write as _;

use tokio_postgres::types::{Kind, Type};

use super::InsertInto;
use crate::error::Result;
use crate::ident::{Ident, QualifiedName, relation};

const ARRAYS: &str = include_str!("../../../sql/pool/insert_arrays.sql");
const VALUES: &str = include_str!("../../../sql/pool/insert_values.sql");

/// The names that a statement is made of, quoted.
pub(super) struct Names {
    table: String,
    columns: String,
    conflict: &'static str,
}

impl Names {
    pub(super) fn new<const N: usize>(insert: &InsertInto<'_, N>) -> Result<Self> {
        let quoted = |column: &&str| Ident::new(*column).map(|name| name.to_string());
        let columns: Vec<String> = insert.columns.iter().map(quoted).collect::<Result<_>>()?;
        let conflict = if insert.skips_conflicts { "\nON CONFLICT DO NOTHING" } else { "" };
        Ok(Self { table: relation(insert.table)?, columns: columns.join(", "), conflict })
    }

    /// With an array of each column's type for its parameter.
    pub(super) fn arrays(&self, types: &[Type]) -> Result<String> {
        let array = |(at, ty): (usize, &Type)| {
            let name = QualifiedName::new(Ident::new(ty.schema())?, Ident::new(ty.name())?);
            Ok(format!("pg_catalog.unnest(${}::{name}[])", at + 1))
        };
        let arrays: Vec<String> = types.iter().enumerate().map(array).collect::<Result<_>>()?;
        Ok(self.fill(ARRAYS, "arrays", &arrays.join(", ")))
    }

    /// With a parameter for each value of so many rows.
    pub(super) fn values(&self, columns: usize, rows: usize) -> String {
        let mut list = String::new();
        for row in 0..rows {
            for column in 0..columns {
                let before = match (row, column) {
                    (0, 0) => "(",
                    (_, 0) => "), (",
                    _ => ", ",
                };
                // Writing to a String does not fail.
                let _ = write!(list, "{before}${}", row * columns + column + 1);
            }
        }
        list.push(')');
        self.fill(VALUES, "rows", &list)
    }

    /// The statement of a file, without the comments ahead of it and its semicolon. Of what is put in, nothing is taken for
    /// a variable.
    fn fill(&self, file: &str, variable: &str, value: &str) -> String {
        let from = file.find("INSERT").unwrap_or(0);
        let mut rest = file[from..].trim_end().trim_end_matches(';');
        let variables = [
            ("table", &*self.table),
            ("columns", &self.columns),
            (variable, value),
            ("conflict", self.conflict),
        ];
        let mut sql = String::new();
        while let Some((before, after)) = rest.split_once(':') {
            sql.push_str(before);
            let found = variables.iter().find_map(|(name, value)| Some((value, after.strip_prefix(name)?)));
            let (value, after) = found.unwrap_or((&":", after));
            sql.push_str(value);
            rest = after;
        }
        sql + rest
    }
}

/// The type that stands for a column's: a domain's values are of the type that it is made of, and are checked as they are stored.
pub(super) fn base(ty: &Type) -> Type {
    match ty.kind() {
        Kind::Domain(of) => base(of),
        _ => ty.clone(),
    }
}

/// Whether values of a type are the elements of an array as `unnest` gives them back. It takes arrays of arrays apart as
/// well, and composites into their fields.
pub(super) fn fits_array(ty: &Type) -> bool {
    match ty.kind() {
        Kind::Simple | Kind::Enum(_) | Kind::Range(_) | Kind::Multirange(_) => true,
        Kind::Domain(of) => fits_array(of),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use tokio_postgres::types::Type;

    use super::Names;

    fn names() -> Names {
        Names {
            table: r#""erp"."odd :columns""#.to_owned(),
            columns: r#""a", "b :rows""#.to_owned(),
            conflict: "\nON CONFLICT DO NOTHING",
        }
    }

    #[test]
    fn arrays_have_the_types_of_their_columns() {
        assert_eq!(
            names().arrays(&[Type::INT8, Type::CHAR]).unwrap(),
            r#"INSERT INTO "erp"."odd :columns" ("a", "b :rows")
SELECT * FROM ROWS FROM (pg_catalog.unnest($1::"pg_catalog"."int8"[]), pg_catalog.unnest($2::"pg_catalog"."char"[]))
ON CONFLICT DO NOTHING"#
        );
    }

    #[test]
    fn values_are_counted_row_by_row() {
        assert_eq!(
            names().values(2, 3),
            r#"INSERT INTO "erp"."odd :columns" ("a", "b :rows")
VALUES ($1, $2), ($3, $4), ($5, $6)
ON CONFLICT DO NOTHING"#
        );
    }
}
