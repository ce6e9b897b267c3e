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
the tables since, that is by `CREATE POLICY … USING (true) WITH CHECK (true)` and `GRANT ALL … TO PUBLIC`. For membership, A and
B are users who are members of A and of B. Without a tenant the setting is an empty text, or was never set on the connection;
what that comes to depends on what `missing` says.
";

/// The table of a shape. Equal rows that follow each other are one.
pub(super) fn table(label: &str, rows: &[Row]) -> String {
    let mut text = format!("\n## {label}\n\n| role | bound | {} |\n", COLUMNS.join(" | "));
    text += &format!("|---|---|{}\n", "---|".repeat(COLUMNS.len()));
    let mut rows: Vec<&Row> = rows.iter().collect();
    rows.sort_by_key(|row| (row.phase, row.role, row.missing == Missing::Empty, row.bound));
    // With a tenant it does not matter what a statement without one would get.
    rows.retain(|row| row.missing == Missing::Error || row.bound >= Bound::Empty);
    for same in
        rows.chunk_by(|one, next| (one.phase, one.role, &one.cells) == (next.phase, next.role, &next.cells))
    {
        let bound: Vec<&str> = same.iter().map(|row| bound(row)).collect();
        let bound = if bound.len() == 6 { "any".to_owned() } else { bound.join(", ") };
        let cells: Vec<String> = same[0].cells.iter().map(cell).collect();
        text += &format!("| {} | {bound} | {} |\n", role(same[0]), cells.join(" | "));
    }
    text
}

fn cell(cell: &Cell) -> String {
    if cell.iter().all(|value| *value == cell[0]) { cell[0].clone() } else { cell.join(" ") }
}

fn bound(row: &Row) -> &'static str {
    match (row.bound, row.missing) {
        (Bound::A, _) => "A",
        (Bound::B, _) => "B",
        (Bound::Empty, Missing::Error) => "empty text",
        (Bound::Never, Missing::Error) => "never set",
        (Bound::Empty, Missing::Empty) => "empty text (missing: empty)",
        (Bound::Never, Missing::Empty) => "never set (missing: empty)",
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
