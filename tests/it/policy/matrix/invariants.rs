//! What must hold, whatever the file says.

use tenantry::policy::matrix::{Division, Whose};
use tenantry::policy::{Missing, Shape};

use super::measure::{Bound, COLUMNS, Cell, Phase, Row};
use super::world::Role;

const NOBODYS: usize = 3;

/// What is wrong with what was found.
pub(super) fn broken(label: &str, shape: &Shape, rows: &[Row]) -> Vec<String> {
    let mut broken = Vec::new();
    for row in rows {
        let Row { phase, missing, role, bound, .. } = row;
        let mut law = |holds: bool, law: &str| {
            if !holds {
                let cells: Vec<_> = COLUMNS.iter().zip(&row.cells).collect();
                broken
                    .push(format!("{label}, {phase:?}, {missing:?}, {role:?}, {bound:?}: {law}: {cells:?}"));
            }
        };
        if *role == Role::System {
            across_tenants(row, &mut law);
        } else {
            nobody_else(shape, row, &mut law);
        }
        if *role == Role::App && *phase == Phase::AsRendered {
            work_gets_done(shape, row, &mut law);
        }
        if *role >= Role::Other && *phase == Phase::AsRendered {
            let nothing = row.cells.iter().take(8).flatten().all(|value| !is_some(value));
            law(nothing, "no permissive policy is for this role");
        }
    }
    broken
}

fn cell<'a>(row: &'a Row, column: &str) -> &'a Cell {
    let at = COLUMNS.iter().position(|known| *known == column).unwrap();
    &row.cells[at]
}

fn is_some(value: &str) -> bool {
    count(value).is_some_and(|rows| rows > 0)
}

/// A number of rows, rather than a SQLSTATE.
fn count(value: &str) -> Option<u64> {
    // A SQLSTATE has five characters, and no table here has that many rows.
    value.parse().ok().filter(|_| value.len() < 5)
}

/// How the rows of a shape are divided.
fn division(shape: &Shape) -> Division {
    match shape {
        Shape::SharedRows(_) => Division::TenantsAndNobody,
        Shape::Shared => Division::Nobody,
        Shape::Tree(_) => Division::Tree,
        Shape::Members => Division::Members,
        Shape::Deny => Division::Closed,
        _ => Division::Tenants,
    }
}

/// A tenant reaches its own rows, and nobody's or a lower tenant's where the shape says so; without one there is nothing.
fn nobody_else(shape: &Shape, row: &Row, law: &mut impl FnMut(bool, &str)) {
    let own = match row.bound {
        Bound::A => Some(0),
        Bound::B => Some(1),
        Bound::Empty | Bound::Never => None,
    };
    let writes_all = matches!(shape, Shape::Shared) && row.role == Role::Owner;
    let whose = |of: usize| match own {
        Some(own) if own == of => Whose::Own,
        // C is below A.
        Some(0) if of == 2 => Whose::Below,
        _ if of == NOBODYS => Whose::Nobodys,
        Some(_) => Whose::Others,
        None => Whose::Unasked,
    };
    let reads = |of: usize| division(shape).reads(whose(of));
    let writes = |of: usize| writes_all || division(shape).writes(whose(of));
    for of in 0..4 {
        law(!is_some(&cell(row, "select")[of]) || reads(of), "reads a row that is not its own");
        for what in ["lock", "insert", "update", "delete", "upsert"] {
            law(!is_some(&cell(row, what)[of]) || writes(of), "writes a row that is not its own");
        }
    }
    if !writes_all {
        let moves = cell(row, "move");
        let stays =
            |to: usize, value: &str| count(value).is_none_or(|n| n == 0 || (n == 1 && own == Some(to)));
        law(!is_some(&moves[0]) && !is_some(&moves[1]), "moves a row to another tenant");
        law(stays(1, &moves[2]) && stays(0, &moves[3]), "moves rows to another tenant");
        let one = |value: &String| count(value).is_none_or(|n| n == 0 || (n == 1 && own.is_some_and(writes)));
        law(cell(row, "all").iter().all(one), "writes rows that are not its own");
    }
    let copied = &cell(row, "copy to")[0];
    let selected: Option<Vec<u64>> = cell(row, "select").iter().map(|value| count(value)).collect();
    match (count(copied), selected) {
        (Some(copied), Some(selected)) => law(copied == selected.iter().sum::<u64>(), "copies what it reads"),
        (None, None) => {}
        _ => law(false, "copies what it reads"),
    }
}

/// The app role can do what it is for, and is told when no tenant is bound.
fn work_gets_done(shape: &Shape, row: &Row, law: &mut impl FnMut(bool, &str)) {
    law(cell(row, "truncate")[0] == "42501", "the app role does not truncate");
    let (own, bound) = match row.bound {
        Bound::A => (0, true),
        Bound::B => (1, true),
        Bound::Empty | Bound::Never => (0, false),
    };
    if !bound {
        match shape {
            Shape::Shared => {
                law(cell(row, "select").iter().all(|value| value == "1"), "all read shared rows")
            }
            Shape::Deny => {}
            _ if row.missing == Missing::Error => {
                law(
                    cell(row, "select").iter().all(|value| value == "TN001"),
                    "an error says what is missing",
                );
            }
            Shape::SharedRows(_) => {
                law(cell(row, "select")[..3] == ["0", "0", "0"], "tenants' rows are not there")
            }
            _ => law(cell(row, "select").iter().all(|value| value == "0"), "rows are not there"),
        }
        return;
    }
    let read = cell(row, "select");
    match shape {
        Shape::Deny => {}
        Shape::SharedRows(_) => law(read[own] == "1" && read[NOBODYS] == "1", "reads own and shared rows"),
        Shape::Tree(_) if own == 0 => {
            law(read[own] == "1" && read[2] == "1", "reads rows of the tenants below")
        }
        _ => law(read[own] == "1", "reads own rows"),
    }
    if !matches!(shape, Shape::Shared | Shape::Members | Shape::Deny) {
        for what in ["lock", "insert", "update", "delete", "upsert"] {
            law(cell(row, what)[own] == "1", "writes own rows");
        }
    }
}

/// The system role is bound by no policy, and by its privileges.
fn across_tenants(row: &Row, law: &mut impl FnMut(bool, &str)) {
    for what in ["select", "lock", "insert", "update", "delete", "upsert"] {
        law(cell(row, what).iter().all(|value| value == "1"), "the system role reaches every row");
    }
    let opened = row.phase == Phase::Opened;
    law(opened || cell(row, "truncate")[0] == "42501", "the system role does not truncate");
}
