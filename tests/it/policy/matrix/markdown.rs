//! What was found, for people to read.

use tenantry::policy::Missing;

use super::measure::{Bound, COLUMNS, Cell, Phase, Row};
use super::world::Role;

pub(super) const HEAD: &str = "\
# Who can do what with whose rows

Found on a server; `UPDATE_EXPECTED=1` writes it anew. A table for each shape.

Each table has four rows: A's, B's, one of C's, which is a tenant below A, and nobody's: its tenant is NULL, or its parent's is.
The cells say what a statement came to on each of the four: how many rows, or a SQLSTATE, of which `42501` is a refusal by
policies or privileges and `TN001` says that no tenant is bound. One value stands for four equal ones.

- select: `SELECT`; lock: `SELECT … FOR UPDATE`; update, delete: of that row.
- insert: a new row that belongs to whom the row belongs. upsert: the row itself once more, `ON CONFLICT DO UPDATE`.
- move: A's row to B; B's row to A; all rows to B and all rows to A, without a `WHERE`.
- all: `UPDATE` and `DELETE` without a `WHERE`. truncate, copy to: of the table.

Roles: *other* was granted everything on all tables, *public* has what was granted to PUBLIC: everything. Where somebody *opened*
the tables since, that is by `CREATE POLICY … USING (true) WITH CHECK (true)` and `GRANT ALL … TO PUBLIC`.

Bound: the tenant; for membership and members the user who is a member of it. Where none is, the setting is an empty text or was
never set on the connection, which has to come to the same, and what that is `Missing` says: error or empty.
";

/// The table of a shape. Equal rows that follow each other are one.
pub(super) fn table(label: &str, mut rows: Vec<&Row>) -> String {
    let mut text = format!("\n## {label}\n\n| role | bound | {} |\n", COLUMNS.join(" | "));
    text += &format!("|---|---|{}\n", "---|".repeat(COLUMNS.len()));
    rows.sort_by_key(|row| (row.phase, row.role, row.missing == Missing::Empty, row.bound));
    // With a tenant it does not matter what a statement without one would get.
    rows.retain(|row| row.missing == Missing::Error || row.bound >= Bound::Empty);
    let same =
        |one: &&Row, next: &&Row| (one.phase, one.role, &one.cells) == (next.phase, next.role, &next.cells);
    for rows in rows.chunk_by(same) {
        let cells: Vec<String> = rows[0].cells.iter().map(cell).collect();
        text += &format!("| {} | {} | {} |\n", role(rows[0]), bound(rows), cells.join(" | "));
    }
    text
}

fn cell(cell: &Cell) -> String {
    if cell.iter().all(|value| *value == cell[0]) { cell[0].clone() } else { cell.join(" ") }
}

/// What is bound in rows that come to the same.
fn bound(rows: &[&Row]) -> String {
    let all: Vec<(Bound, Missing)> = rows.iter().map(|row| (row.bound, row.missing)).collect();
    match all[..] {
        [_, _, _, _, _, _] => "any".to_owned(),
        [(Bound::A, _)] => "A".to_owned(),
        [(Bound::B, _)] => "B".to_owned(),
        [(Bound::Empty, Missing::Error), (Bound::Never, Missing::Error)] => "none: error".to_owned(),
        [(Bound::Empty, Missing::Empty), (Bound::Never, Missing::Empty)] => "none: empty".to_owned(),
        _ => format!("{all:?}"),
    }
}

fn role(row: &Row) -> String {
    let role = match row.role {
        Role::App => "app",
        Role::Owner => "owner",
        Role::System => "system",
        Role::Other => "other",
        Role::Public => "public",
    };
    match row.phase {
        Phase::AsRendered => role.to_owned(),
        Phase::Opened => format!("{role}, opened"),
    }
}
