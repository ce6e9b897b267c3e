//! The statements of a file as they are sent to a server.

use std::sync::Arc;

use super::located::Located;
use super::read::read;
use super::source::Source;
use super::split::{Piece, PieceKind, split};
use super::statement::Statement;

/// Statements that are run after each other: in one transaction, or each by itself.
pub(crate) struct Unit {
    pub(crate) is_one_transaction: bool,
    pub(crate) statements: Vec<Located>,
}

/// The statements of a file, for whoever runs them: none of what stands in others, and of psql's commands those that decide what is
/// run. Each part that its runner runs as one is a unit, and most files are one.
pub(crate) fn units(source: &Source) -> Vec<Unit> {
    let source = Arc::new(source.clone());
    let text = source.text();
    let is_run =
        |piece: &Piece| piece.kind == PieceKind::Statement || read(text, piece) != Ok(Statement::Nothing);
    let mut units: Vec<(usize, Unit)> = Vec::new();
    for piece in split(text).filter(is_run) {
        let Some(first) = piece.tokens.first() else { continue };
        let statement = Located::new(&source, first.start..piece.end, piece.position);
        match units.last_mut() {
            Some((part, unit)) if *part == piece.part => unit.statements.push(statement),
            _ => {
                let is_one_transaction = piece.one_transaction.unwrap_or(source.is_one_transaction());
                units.push((piece.part, Unit { is_one_transaction, statements: vec![statement] }));
            }
        }
    }
    units.into_iter().map(|(_, unit)| unit).collect()
}
