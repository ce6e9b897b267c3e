//! The statements of a file as they are sent to a server.

use std::sync::Arc;

use super::located::Located;
use super::read::read;
use super::source::Source;
use super::split::{Piece, PieceKind, split};
use super::statement::Statement;

/// The statements of a file, for whoever runs them: none of what stands in others, and of psql's commands those that decide what is
/// run.
pub(crate) fn statements(source: &Source) -> Vec<Located> {
    let source = Arc::new(source.clone());
    let text = source.text();
    let is_run =
        |piece: &Piece| piece.kind == PieceKind::Statement || read(text, piece) != Ok(Statement::Nothing);
    let pieces = split(text).filter(is_run);
    let located = |piece: Piece| {
        let first = piece.tokens.first()?;
        Some(Located::new(&source, first.start..piece.end, piece.position))
    };
    pieces.filter_map(located).collect()
}
