//! Which COPY goes which way.

use super::advice;
use super::tokens::{Token, Tokens};

/// Where the data of a COPY come from or go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pool) enum Way {
    In,
    Out,
}

/// Judges what follows `COPY`: the data have to travel between the caller and the server.
pub(super) fn judge(mut tokens: Tokens<'_>, way: Way) -> Result<(), &'static str> {
    let mut depth = 0_usize;
    let mut before = None;
    while let Some(token) = tokens.next() {
        match token {
            Token::Sign(b'(') => depth += 1,
            Token::Sign(b')') => depth = depth.saturating_sub(1),
            // A table can have such a name behind that of its schema.
            _ if depth > 0 || before == Some(Token::Sign(b'.')) => {}
            direction if direction.is_one_of(&["from", "to"]) => {
                let found = if direction.is("from") { Way::In } else { Way::Out };
                // The server takes either word in either direction.
                let by_client = tokens.next().is_some_and(|end| end.is_one_of(&["stdin", "stdout"]));
                return match (way, found) {
                    // What the server makes of it is not known, and so is for the server to say.
                    _ if tokens.is_unsure() => Ok(()),
                    _ if !by_client => Err(advice::COPY_ON_SERVER),
                    (Way::In, Way::Out) => Err(advice::COPY_IS_OUT),
                    (Way::Out, Way::In) => Err(advice::COPY_IS_IN),
                    _ => Ok(()),
                };
            }
            _ => {}
        }
        before = Some(token);
    }
    // No COPY without a direction, so the server will say what is wrong with it.
    Ok(())
}
