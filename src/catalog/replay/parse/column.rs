//! Columns, as `CREATE TABLE` and `ADD COLUMN` define them.

use super::super::cursor::{Cursor, Parsed};
use super::constraint::{Constraint, ConstraintKind, constraint_name, timing};
use super::options::skip_options;
use super::sequence::{SequenceOptions, sequence_options};
use super::type_name::{TypeName, type_name};
use crate::catalog::Identity;
use crate::ident::Ident;

/// A column, as a statement defines it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ColumnDef {
    pub(crate) name: Ident,
    /// Its type, unless that comes from elsewhere.
    pub(crate) data_type: Option<TypeName>,
    pub(crate) not_null: bool,
    pub(crate) default: Option<String>,
    /// The expression, and whether its value is stored.
    pub(crate) generated: Option<(String, bool)>,
    pub(crate) identity: Option<(Identity, SequenceOptions)>,
    pub(crate) constraints: Vec<Constraint>,
    /// Why the rest of it is not read, if it is not.
    pub(crate) unread: Option<String>,
}

/// Where a default ends: whatever else may follow it.
pub(super) const AFTER_DEFAULT: [&str; 17] = [
    ",",
    "constraint",
    "not null",
    "null",
    "check",
    "default",
    "generated",
    "unique",
    "primary key",
    "references",
    "collate",
    "deferrable",
    "not deferrable",
    "initially",
    "exclude",
    "enforced",
    "not enforced",
];

/// `name type …`.
pub(crate) fn column(cursor: &mut Cursor<'_>) -> Parsed<ColumnDef> {
    let name = cursor.ident()?;
    let data_type = Some(type_name(cursor)?);
    Ok(column_after_type(cursor, name, data_type))
}

/// What follows a column's name in the list of a typed table or a partition.
pub(crate) fn column_options(cursor: &mut Cursor<'_>) -> Parsed<ColumnDef> {
    let name = cursor.ident()?;
    let _ = cursor.take("with options");
    Ok(column_after_type(cursor, name, None))
}

fn column_after_type(cursor: &mut Cursor<'_>, name: Ident, data_type: Option<TypeName>) -> ColumnDef {
    let mut column = ColumnDef {
        name,
        data_type,
        not_null: false,
        default: None,
        generated: None,
        identity: None,
        constraints: Vec::new(),
        unread: None,
    };
    while !cursor.is_at_end() && !cursor.is_one_of(&[",", ")"]) {
        if let Err(why) = part(cursor, &mut column) {
            column.unread = Some(format!("{why}, in the column {}", column.name));
            let _ = cursor.until(&[","]);
            break;
        }
    }
    column
}

fn part(cursor: &mut Cursor<'_>, column: &mut ColumnDef) -> Parsed<()> {
    if cursor.take("storage") || cursor.take("compression") {
        cursor.any();
        return Ok(());
    }
    if cursor.take("collate") {
        return cursor.name().map(drop);
    }
    if cursor.take("options") {
        return skip_options(cursor);
    }
    let name = constraint_name(cursor)?;
    if cursor.take("not null") {
        column.not_null = true;
        let _ = cursor.take("no inherit");
        return timing(cursor).map(drop);
    }
    if cursor.take("null") {
        return Ok(());
    }
    if cursor.take("default") {
        column.default = Some(cursor.until(&AFTER_DEFAULT)?.text().to_owned());
        return Ok(());
    }
    if cursor.take("generated") {
        return generated(cursor, column);
    }
    let own = vec![column.name.clone()];
    let kind = if cursor.take("check") {
        ConstraintKind::Check(cursor.parens()?.text().to_owned())
    } else if cursor.is_one_of(&["unique", "primary key"]) {
        ConstraintKind::key(cursor, Some(own))?
    } else if cursor.is("references") {
        ConstraintKind::foreign_key(cursor, own, false)?
    } else {
        return Err(cursor.unexpected("a column's constraint"));
    };
    let timing = timing(cursor)?;
    column.constraints.push(Constraint { name, kind, timing });
    Ok(())
}

fn generated(cursor: &mut Cursor<'_>, column: &mut ColumnDef) -> Parsed<()> {
    if cursor.take("always as (") {
        let expression = cursor.until(&[])?.text().to_owned();
        cursor.expect(")")?;
        let stored = cursor.take("stored");
        let _ = !stored && cursor.take("virtual");
        column.generated = Some((expression, stored));
        return Ok(());
    }
    let (kind, options) = identity(cursor)?;
    column.identity = Some((kind, options));
    column.not_null = true;
    Ok(())
}

/// `ALWAYS AS IDENTITY` or `BY DEFAULT AS IDENTITY`.
pub(crate) fn identity(cursor: &mut Cursor<'_>) -> Parsed<(Identity, SequenceOptions)> {
    let kind = match cursor.take_one_of(&["always", "by default"]) {
        Some("always") => Identity::Always,
        Some(_) => Identity::ByDefault,
        None => return Err(cursor.unexpected("ALWAYS or BY DEFAULT")),
    };
    cursor.expect("as identity")?;
    let mut options = SequenceOptions::default();
    if cursor.take("(") {
        options = sequence_options(cursor)?;
        cursor.expect(")")?;
    }
    Ok((kind, options))
}
