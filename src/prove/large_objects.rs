//! What is tried on large objects. They have no policies, and no manifest says whose one is: what the app role reaches of them,
//! every tenant reaches.

use super::attempt::{Reads, named};
use super::judge::judge;
use super::report::{Aim, Cell};
use super::row::Scene;
use super::seat::Seeded;
use crate::error::Result;
use crate::policy::matrix::Expected;
use crate::policy::render::{Vars, render};

const LARGE_OBJECTS: &str = include_str!("../../sql/prove/large_objects.sql");

/// What is tried on one that the app role has not made and nobody has granted to it.
const ON_ANOTHERS: [&str; 6] =
    ["lo_get", "lo_open and loread", "lo_open and lowrite", "lo_put", "lo_truncate", "lo_unlink"];

/// What is tried on all.
const ON_ALL: [&str; 3] = ["read the table below", "read those that are there", "write those that are there"];

/// Tries everything in the transaction that is open.
pub(crate) async fn prove(scene: &Scene<'_>, never: bool) -> Result<Vec<Cell>> {
    let aims: &[Aim] = if never { &[Aim::None] } else { &[Aim::Other, Aim::Empty] };
    let mut cells = Vec::new();
    for aim in aims {
        for attempt in ON_ALL {
            cells.push(tried(scene, attempt, *aim, Vars::default()).await?);
        }
    }
    if !scene.seat.has_seeder() {
        return Ok(cells);
    }
    let number = match scene.seat.seed(&scene.bound(Aim::None), named(LARGE_OBJECTS, "make")).await? {
        Seeded::Row(row) => row.into_iter().next().flatten().unwrap_or_default(),
        Seeded::Refused(answer) => {
            cells.push(Cell::without_row(format!("no large object can be made: {answer}")));
            return Ok(cells);
        }
    };
    for aim in aims {
        for attempt in ON_ANOTHERS {
            let vars = Vars::default().sql("number", number.clone());
            cells.push(tried(scene, attempt, *aim, vars).await?);
        }
    }
    Ok(cells)
}

async fn tried(scene: &Scene<'_>, attempt: &str, aim: Aim, vars: Vars<'_>) -> Result<Cell> {
    let sql = render(named(LARGE_OBJECTS, attempt), &vars)?;
    let answer = scene.seat.attempt(&scene.bound(aim), &sql, Reads::Rows).await?;
    let verdict = judge(Expected::Kept, &answer);
    Ok(Cell { attempt: attempt.to_owned(), aim, sql, answer: answer.to_string(), verdict })
}

#[cfg(test)]
mod tests {
    use super::{LARGE_OBJECTS, ON_ALL, ON_ANOTHERS};
    use crate::prove::attempt::named;

    #[test]
    fn every_attempt_has_its_sql() {
        for attempt in ON_ANOTHERS.iter().chain(&ON_ALL).chain(&["make"]) {
            assert!(named(LARGE_OBJECTS, attempt).ends_with(';'), "{attempt}");
        }
    }
}
