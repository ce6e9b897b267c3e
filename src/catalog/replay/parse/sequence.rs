//! Options of sequences.

use super::super::cursor::{Cursor, Name, Parsed};
use super::super::statement::Statement;
use super::table::life;
use super::type_name::type_name;
use crate::ident::Ident;
use crate::lex::Kind;

/// What a sequence belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OwnedBy {
    None,
    Column(Name, Ident),
}

/// What of a sequence's options the model knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SequenceOptions {
    /// `OWNED BY`, if it is said.
    pub(crate) owned_by: Option<OwnedBy>,
    /// `SEQUENCE NAME`, which `pg_dump` writes for identity columns.
    pub(crate) name: Option<Name>,
    pub(crate) unlogged: bool,
}

/// All options that come next.
pub(crate) fn sequence_options(cursor: &mut Cursor<'_>) -> Parsed<SequenceOptions> {
    let mut options = SequenceOptions::default();
    loop {
        if cursor.take("owned by none") {
            options.owned_by = Some(OwnedBy::None);
        } else if cursor.take("owned by") {
            let (table, column) = column(cursor)?;
            options.owned_by = Some(OwnedBy::Column(table, column));
        } else if cursor.take("sequence name") {
            options.name = Some(cursor.name()?);
        } else if cursor.take("unlogged") {
            options.unlogged = true;
        } else if cursor.take("logged") {
            options.unlogged = false;
        } else if cursor.take("as") {
            type_name(cursor)?;
        } else if cursor.take_one_of(&["no minvalue", "no maxvalue", "no cycle", "cycle"]).is_some() {
            // These say all by themselves.
        } else if cursor
            .take_one_of(&["increment", "minvalue", "maxvalue", "start", "cache", "restart"])
            .is_some()
        {
            let _ = cursor.take_one_of(&["by", "with"]);
            let _ = cursor.take_one_of(&["-", "+"]);
            if cursor.kind() == Some(Kind::Number) {
                cursor.any();
            }
        } else {
            return Ok(options);
        }
    }
}

/// `table.column` or `schema.table.column`.
fn column(cursor: &mut Cursor<'_>) -> Parsed<(Name, Ident)> {
    let mut parts = vec![cursor.ident()?];
    while cursor.take(".") {
        parts.push(cursor.ident()?);
    }
    match (parts.pop(), parts.pop(), parts.pop()) {
        (Some(column), Some(name), schema) => Ok((Name { schema, name }, column)),
        _ => Err(cursor.unexpected("table.column")),
    }
}

/// What follows `CREATE`.
pub(crate) fn create_sequence(cursor: &mut Cursor<'_>) -> Parsed<Statement> {
    let life = life(cursor);
    cursor.expect("sequence")?;
    let if_not_exists = cursor.take("if not exists");
    let name = cursor.name()?;
    Ok(Statement::CreateSequence { name, if_not_exists, life, options: sequence_options(cursor)? })
}
