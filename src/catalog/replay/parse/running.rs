//! Statements that run another one: `CALL`, `PREPARE`, `EXECUTE`, `EXPLAIN ANALYZE`.

use super::super::cursor::{Cursor, Parsed};
use super::super::statement::Statement;

/// Such a statement, if it is one.
pub(super) fn running(cursor: &mut Cursor<'_>) -> Parsed<Option<Statement>> {
    if cursor.take("explain") {
        return explained(cursor).map(Some);
    }
    let start = *cursor;
    let read = if cursor.take("call") {
        Some(Statement::Call(cursor.rest().text().to_owned()))
    } else if cursor.is("prepare transaction") {
        None
    } else if cursor.take("prepare") {
        prepared(cursor)
    } else if cursor.take("execute") {
        cursor.ident().ok().map(Statement::Execute)
    } else {
        None
    };
    if read.is_none() {
        *cursor = start;
    }
    Ok(read)
}

/// `PREPARE name [(types)] AS statement`.
fn prepared(cursor: &mut Cursor<'_>) -> Option<Statement> {
    let name = cursor.ident().ok()?;
    if cursor.is("(") {
        cursor.parens().ok()?;
    }
    cursor.take("as").then(|| Statement::Prepare(name, cursor.rest().text().to_owned()))
}

/// `EXPLAIN ANALYZE …` and `EXPLAIN (ANALYZE, …) …`; nothing where the statement is not run.
fn explained(cursor: &mut Cursor<'_>) -> Parsed<Statement> {
    let mut runs = false;
    if cursor.is("(") && !cursor.is("( select") {
        let mut options = cursor.parens()?.cursor();
        while !options.is_at_end() {
            if options.take_one_of(&["analyze", "analyse"]).is_some() {
                runs = !options.is_one_of(&["off", "false"]) && options.peek() != "0";
            } else {
                options.any();
            }
        }
    } else {
        while let Some(word) = cursor.take_one_of(&["analyze", "analyse", "verbose"]) {
            runs |= word != "verbose";
        }
    }
    super::statement(*cursor)?;
    let text = cursor.rest().text().to_owned();
    Ok(if runs { Statement::Explain(text) } else { Statement::Nothing })
}

#[cfg(test)]
mod tests {
    use super::running;
    use crate::catalog::replay::cursor::Cursor;
    use crate::catalog::replay::statement::Statement;
    use crate::lex;

    #[test]
    fn what_is_run_is_told_from_what_is_only_looked_at() {
        for (text, run) in [
            ("explain analyze update t set a = 1", Some("update t set a = 1")),
            ("explain analyse verbose delete from t", Some("delete from t")),
            ("explain (costs off, analyze) update t set a = 1", Some("update t set a = 1")),
            ("explain (analyze false) update t set a = 1", None),
            ("explain verbose update t set a = 1", None),
            ("prepare p (int, text) as update t set a = $1", Some("update t set a = $1")),
            ("prepare transaction 'x'", None),
            ("call s.p(1)", Some("s.p(1)")),
        ] {
            let tokens = lex::tokens(text);
            let found = match running(&mut Cursor::new(text, &tokens)) {
                Ok(Some(Statement::Explain(run) | Statement::Prepare(_, run) | Statement::Call(run))) => {
                    Some(run)
                }
                _ => None,
            };
            assert_eq!(found.as_deref(), run, "{text}");
        }
    }
}
