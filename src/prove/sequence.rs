//! What is tried on a sequence: it gives numbers to all tenants, and one that sets it back stops the inserts of all.
//!
//! No rollback takes back what a sequence was set to, so the privilege is asked for rather than used.

use super::attempt::{SET, text};
use super::judge::judge;
use super::report::{Aim, Cell};
use super::row::Scene;
use crate::error::Result;
use crate::ident::QualifiedName;
use crate::policy::matrix::Expected;
use crate::policy::render::{Vars, render};

/// Tries to set a sequence, in the transaction that is open.
pub(crate) async fn prove(scene: &Scene<'_>, name: &QualifiedName) -> Result<Vec<Cell>> {
    let (attempt, aim) = (SET.name.to_owned(), Aim::Own);
    let sql = render(text(SET.name), &Vars::default().text("named", name.to_string()))?;
    let answer = scene.seat.attempt(&scene.bound(aim), &sql, SET.reads).await?;
    let verdict = judge(Expected::Kept, &answer);
    Ok(vec![Cell { attempt, aim, sql, answer: answer.to_string(), verdict }])
}
