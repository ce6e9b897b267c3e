//! `temp-table-in-pool`

use crate::catalog::replay::Name;
use crate::ident::Ident;
use crate::rule::code::Code;
use crate::rule::code::sentence::Sentence;
use crate::rule::code::undone::Undone;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "temp-table-in-pool",
    severity: Severity::High,
    finds: "a temporary table outlives its transaction",
    why: "It stays on the connection with one tenant's rows, and hides the real table of its name from the next tenant there.",
    fix: "Say ON COMMIT DROP, or drop it in the same function.",
    bad: "CREATE FUNCTION report() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMP TABLE total (amount numeric);
END
$$;",
    good: "CREATE FUNCTION report() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMP TABLE total (amount numeric) ON COMMIT DROP;
END
$$;",
    manual: "https://www.postgresql.org/docs/current/sql-createtable.html",
    check: Check::Code(check),
};

fn check(code: &Code<'_>, subject: &Subject<'_>, found: &mut Findings) {
    let mut undone = Undone::default();
    for sentence in code.sentences.iter().rev() {
        if sentence.starts("drop table") {
            undone.add_words(sentence);
        } else if sentence.starts("discard") {
            undone.add_all();
        }
        let Some(name) = made(sentence) else { continue };
        if sentence.says("on commit drop") || undone.has(&name) {
            continue;
        }
        let known = Ident::new(name.as_str()).ok().map(|name| Name { schema: None, name });
        let hidden = known.and_then(|name| subject.named(&name)).filter(|table| subject.holds_tenants(table));
        let message = match hidden {
            Some(table) => format!("leaves the temporary table {name} behind, which hides {}", table.plain()),
            None => format!("leaves the temporary table {name} behind"),
        };
        code.tell(found, sentence, message).severity(code.graded(Severity::High));
    }
}

/// The name of the temporary table that a statement makes.
fn made(sentence: &Sentence) -> Option<String> {
    let word = |at: usize| sentence.words.get(at);
    let is = |at: usize, one: &str| word(at).is_some_and(|word| word.is(one));
    let temporary = |at: usize| is(at, "temp") || is(at, "temporary");
    let mut at = if is(0, "create") {
        1 + usize::from(is(1, "global") || is(1, "local"))
    } else {
        sentence.words.iter().position(|word| word.is("into")).filter(|_| !is(0, "insert"))? + 1
    };
    if !temporary(at) {
        return None;
    }
    at += 1;
    if is(0, "create") && !is(at, "table") {
        return None;
    }
    at += usize::from(is(at, "table"));
    at += if is(at, "if") { 3 } else { 0 };
    at += if is(at + 1, ".") { 2 } else { 0 };
    word(at).map(|word| word.text.clone())
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::{messages, severities};

    fn function(body: &str) -> String {
        format!("CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $f$ BEGIN {body} END $f$;")
    }

    #[test]
    fn what_is_dropped_in_time_is_fine() {
        for (sql, expected) in [
            (function("CREATE TEMPORARY TABLE IF NOT EXISTS x AS SELECT 1;"), &["high"][..]),
            (function("CREATE LOCAL TEMP TABLE x (a int) ON COMMIT DELETE ROWS;"), &["high"]),
            (function("EXECUTE 'CREATE TEMP TABLE x (a int)';"), &["high"]),
            (function("EXECUTE 'SELECT 1 INTO TEMP x';"), &["high"]),
            (function("CREATE TEMP TABLE x (a int); DROP TABLE IF EXISTS x;"), &[]),
            (function("CREATE TEMP TABLE x ON COMMIT DROP AS SELECT 1;"), &[]),
            (function("CREATE TABLE x (temp int);"), &[]),
            (function("RAISE NOTICE 'CREATE TEMP TABLE x (a int)';"), &[]),
            ("CREATE TEMP TABLE x (a int);".to_owned(), &["low"]),
            ("CREATE TEMP TABLE x (a int); DROP TABLE x;".to_owned(), &[]),
        ] {
            assert_eq!(severities(super::RULE.code, &sql), expected, "{sql}");
        }
        let hides = format!("CREATE TABLE t (tenant_id uuid); {}", function("CREATE TEMP TABLE t (a int);"));
        assert!(messages(super::RULE.code, &hides).ends_with("which hides public.t"));
    }
}
