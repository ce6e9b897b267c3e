//! Whether a query makes a table: `SELECT … INTO`.

use super::tokens::{Token, Tokens};

/// Whether a query may have an INTO that makes a table. Where it is not sure, it says so.
///
/// `INTO` is a reserved word, so apart from a label behind `AS` or a dot it stands only behind `INSERT` and
/// `MERGE`, which WITH can hold, and in `SELECT … INTO`.
pub(super) fn makes_table(query: &str) -> bool {
    // Most statements end here, and each of them is judged.
    mentions_into(query.as_bytes()) && has_into_of_its_own(query)
}

/// Whether the four letters stand anywhere, in a comment or as a part of a word too.
///
/// It looks at each fourth byte where that can be none of the letters.
fn mentions_into(sql: &[u8]) -> bool {
    let mut at = 3;
    while let Some(last) = sql.get(at) {
        at += match last | 0x20 {
            b'o' => {
                if sql[at - 3..at].eq_ignore_ascii_case(b"int") {
                    return true;
                }
                4
            }
            b't' => 1,
            b'n' => 2,
            b'i' => 3,
            _ => 4,
        };
    }
    false
}

/// How far a statement, or a query in parentheses, has been read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Read {
    Nothing,
    /// Its WITH, and perhaps queries of that, but not yet the SELECT behind them, ahead of which
    /// there can be no INTO that makes a table.
    With,
    /// So much that an INTO belongs to its SELECT.
    More,
}

fn has_into_of_its_own(query: &str) -> bool {
    let mut read = Read::Nothing;
    let mut outer = Vec::new();
    // Whether an INSERT or MERGE was the token before, where one may stand that takes an INTO.
    let mut takes_into = false;
    let mut tokens = Tokens::new(query);
    for token in tokens.by_ref() {
        let took_into = std::mem::take(&mut takes_into);
        match token {
            Token::Sign(b'(') => {
                // What is in parentheses is the main query here or a part of what was begun.
                outer.push(if read == Read::Nothing { Read::More } else { read });
                read = Read::Nothing;
            }
            Token::Sign(b')') => read = outer.pop().unwrap_or(Read::More),
            Token::Sign(b';') if read == Read::Nothing => {}
            word if word.is("into") => {
                if !took_into {
                    return true;
                }
                read = Read::More;
            }
            word if read != Read::More && word.is_one_of(&["insert", "merge"]) => {
                takes_into = true;
                if read == Read::Nothing {
                    read = Read::More;
                }
            }
            word if read == Read::Nothing && word.is("with") => read = Read::With,
            word if read == Read::With && !word.is("select") => {}
            _ => read = Read::More,
        }
    }
    tokens.is_unsure()
}

#[cfg(test)]
mod tests {
    use super::{makes_table, mentions_into};

    #[test]
    fn the_letters_are_found_wherever_they_stand() {
        for at in 0..20 {
            for word in ["into", "INTO", "Into", "inTO"] {
                for filler in ["x", "o", "t", "n", "i", "int", "nto", "O"] {
                    let before: String = filler.chars().cycle().take(at).collect();
                    assert!(mentions_into(format!("{before}{word}").as_bytes()), "{before}{word}");
                    assert!(mentions_into(format!("{before}{word} from t").as_bytes()), "{before}{word}");
                }
            }
        }
        for sql in ["", "o", "nto", "int", "select count(*) from erp.invoice where note = $1", "in to"] {
            assert!(!mentions_into(sql.as_bytes()), "{sql}");
        }
    }

    #[test]
    fn a_query_that_makes_a_table_is_found_however_it_is_written() {
        for sql in [
            "select 1 into t",
            "select 1 as x INTO TEMP t from y",
            "(select 1 into temp t)",
            ";;((select 1 into t))",
            "select 1/**/into/**/t",
            "select 1into t",
            "select 1e5into temp t",
            "select ''into t",
            "select $1into t",
            "select 1 into t union select 2",
            "with a as (select 1) select * into temp t from a",
            "(with a as (select 1) select * into temp t from a)",
            "with a as (insert into x values (1) returning *) select * into temp t from a",
            "with a as (select 1) select (1) insert into temp t",
            "with a as (select 1) select 1 insert into temp t",
            "select 1 insert into temp t",
            "select 1 as merge into temp t",
            "select '(' as x into t",
            "with a as (select ')') select 1 into t",
            "select E'\\'', 1 into t",
            "select E'a'\n'\\'', 1 into t --'",
            "select '\\', 1 into t --'",
            "with insert as (select 1) select 1 into t from insert",
            "with recursive a(x) as materialized (select 1) select x into t from a",
        ] {
            assert!(makes_table(sql), "{sql}");
        }
    }

    #[test]
    fn everyday_statements_make_none() {
        for sql in [
            "select * from put_into_box where x = 'into' and y = $$into$$ -- into",
            "select \"into\", intro from a_into",
            "with a as (insert into t values (1) returning *) select * from a",
            "with a as (select 1), b as (merge into t using a on true when matched then do nothing) select 1",
            "with a as (select 1) insert into t select * from a",
            "WITH a AS NOT MATERIALIZED (SELECT (1)) INSERT /* */ INTO t SELECT * FROM a ON CONFLICT DO NOTHING",
            "with a as (with b as (select 1) insert into t select * from b returning x) select count(*) from a",
            "with a(x) as (select 1) merge into t using a on true when not matched then insert values (1)",
            "with insert as (select 1) insert into t select * from insert",
            "(with a as (insert into t values (E'\\n')) select 1)",
        ] {
            assert!(!makes_table(sql), "{sql}");
        }
    }
}
