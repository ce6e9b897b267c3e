//! `CREATE VIEW`.

use super::super::cursor::{Cursor, Name, Parsed};
use super::options::options;
use super::table::{Life, life};
use crate::ident::Ident;

/// `CREATE VIEW`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CreateView {
    pub(crate) name: Name,
    pub(crate) or_replace: bool,
    pub(crate) life: Life,
    pub(crate) recursive: bool,
    pub(crate) columns: Vec<Ident>,
    /// Those of `WITH (…)`, and `check_option`, which the server keeps among them.
    pub(crate) options: Vec<(String, String)>,
    pub(crate) query: String,
}

const CHECK_OPTIONS: [&str; 3] =
    ["with check option", "with cascaded check option", "with local check option"];

/// What follows `CREATE`.
pub(crate) fn create_view(cursor: &mut Cursor<'_>) -> Parsed<CreateView> {
    let or_replace = cursor.take("or replace");
    let life = life(cursor);
    let recursive = cursor.take("recursive");
    cursor.expect("view")?;
    let name = cursor.name()?;
    let columns = if cursor.is("(") { cursor.in_parens(Cursor::ident)? } else { Vec::new() };
    let mut options = if cursor.take("with") { options(cursor)? } else { Vec::new() };
    cursor.expect("as")?;
    let query = cursor.until(&CHECK_OPTIONS)?.text().to_owned();
    if let Some(check) = cursor.take_one_of(&CHECK_OPTIONS) {
        let how = if check.contains("local") { "local" } else { "cascaded" };
        options.push(("check_option".to_owned(), how.to_owned()));
    }
    cursor.end()?;
    Ok(CreateView { name, or_replace, life, recursive, columns, options, query })
}
