//! Whether what a statement does ends with its transaction, so that others may share its connection.

use super::tokens::{Token, Tokens};
use super::{Place, Trace, judge};

/// The commands that may share a connection.
const QUERIES: [&str; 8] = ["select", "with", "values", "table", "insert", "update", "delete", "merge"];

/// Functions that reach beyond the transaction, or wait for those who did, by what their names begin with.
const REACHING: [&str; 3] = ["set_config", "pg_advisory_", "pg_try_advisory_"];

/// Whether what a statement does ends with its transaction, as far as its text tells. Where it is not sure, it says no.
pub(in crate::pool) fn keeps_to_itself(sql: &str) -> bool {
    if judge(sql, Place::Scope).ok() != Some(Trace::None) {
        return false;
    }
    let mut tokens = Tokens::new(sql);
    let mut first = tokens.by_ref().skip_while(|token| matches!(token, Token::Sign(b'(' | b';')));
    let queries = first.next().is_some_and(|token| token.is_one_of(&QUERIES));
    let reaches = first.any(|token| match token {
        Token::Word(name) | Token::Quoted(name) => {
            REACHING.iter().any(|reaching| begins_with(name, reaching))
        }
        Token::Escaped => true,
        Token::Text | Token::Sign(_) => false,
    });
    queries && !reaches && !tokens.is_unsure()
}

fn begins_with(name: &str, start: &str) -> bool {
    name.get(..start.len()).is_some_and(|begins| begins.eq_ignore_ascii_case(start))
}

#[cfg(test)]
mod tests {
    use super::keeps_to_itself;

    #[test]
    fn queries_and_writes_keep_to_themselves() {
        for sql in [
            "select id from invoice where status = $1",
            " (select 1) union (select 2)",
            "with due as (select 1) select * from due",
            "insert into invoice (total) values ($1) returning id",
            "select 'set_config' as pg",
        ] {
            assert!(keeps_to_itself(sql), "{sql}");
        }
    }

    #[test]
    fn what_reaches_beyond_its_transaction_does_not() {
        for sql in [
            "select set_config('search_path', 'a', false)",
            "select pg_catalog.SET_CONFIG('search_path', 'a', false)",
            r#"select "set_config"('search_path', 'a', false)"#,
            "select pg_advisory_lock(1)",
            "with l as (select pg_try_advisory_xact_lock(1)) select * from l",
            "select id into temporary t from invoice",
            "show search_path",
            "explain select 1",
            "create temporary table t (id int)",
            "set_config",
        ] {
            assert!(!keeps_to_itself(sql), "{sql}");
        }
    }
}
