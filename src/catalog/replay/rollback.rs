//! Which statements of a file go back to what was before others.

use std::collections::BTreeMap;

use super::parse::session::Session;
use super::read::read;
use super::split::split;
use super::statement::Statement;
use crate::ident::Ident;

/// What the statements begin with that say what becomes of a transaction.
const TRANSACTION: [&str; 8] =
    ["begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release"];

/// One of these stands in each that goes back.
const BACK: [&str; 2] = ["rollback", "abort"];

/// Each statement that goes back, with the one after which it was so again. Only there is a copy worth its while.
///
/// It has to be known before the statements are applied, so the text is read once for this alone, unless it has no word for it.
pub(super) fn going_back(text: &str) -> BTreeMap<usize, usize> {
    let mut back = BTreeMap::new();
    let lower = text.to_ascii_lowercase();
    if !BACK.iter().any(|word| lower.contains(word)) {
        return back;
    }
    let mut begun = None;
    let mut savepoints: Vec<(Ident, usize)> = Vec::new();
    for (place, piece) in split(text).enumerate() {
        if !piece.tokens.first().is_some_and(|first| TRANSACTION.iter().any(|word| first.is_word(text, word)))
        {
            continue;
        }
        let Ok(Statement::Session(session)) = read(text, &piece) else { continue };
        match session {
            Session::Begin => {
                begun = begun.or(Some(place));
            }
            Session::Savepoint(name) => savepoints.push((name, place)),
            Session::Release(ref name) | Session::RollbackTo(ref name) => {
                let Some(at) = savepoints.iter().rposition(|(known, _)| known == name) else { continue };
                let released = matches!(session, Session::Release(_));
                if !released && let Some((_, to)) = savepoints.get(at) {
                    back.insert(place, *to);
                }
                savepoints.truncate(if released { at } else { at + 1 });
            }
            Session::Rollback { chain } => {
                back.extend(begun.map(|to| (place, to)));
                begun = chain.then_some(place);
                savepoints.clear();
            }
            Session::Commit { chain } => {
                begun = chain.then_some(place);
                savepoints.clear();
            }
            _ => {}
        }
    }
    back
}
