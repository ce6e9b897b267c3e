//! `with-hold-cursor`

use crate::rule::code::Code;
use crate::rule::code::undone::Undone;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "with-hold-cursor",
    severity: Severity::High,
    finds: "a cursor WITH HOLD outlives its transaction",
    why: "Its rows stay on the connection, and the next tenant there can fetch them: no policy is asked again.",
    fix: "Leave WITH HOLD out, and fetch within the transaction.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE FUNCTION open_invoices() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'DECLARE invoices CURSOR WITH HOLD FOR SELECT id FROM invoice';
END
$$;",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE FUNCTION open_invoices() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'DECLARE invoices CURSOR FOR SELECT id FROM invoice';
END
$$;",
    manual: "https://www.postgresql.org/docs/current/sql-declare.html",
    check: Check::Code(check),
};

fn check(code: &Code<'_>, _: &Subject<'_>, found: &mut Findings) {
    let mut undone = Undone::default();
    for sentence in code.sentences.iter().rev() {
        if sentence.starts("close all") {
            undone.add_all();
        } else if sentence.starts("close") {
            undone.add_words(sentence);
        }
        let Some(name) = sentence.words.get(1) else { continue };
        if !sentence.starts("declare") || !sentence.says("cursor with hold") {
            continue;
        }
        if !undone.has(&name.text) {
            let message = format!("leaves the cursor {} open behind its transaction", name.text);
            code.tell(found, sentence, message).severity(code.graded(Severity::High));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::severities;

    #[test]
    fn a_cursor_that_is_closed_is_fine() {
        for (sql, expected) in [
            ("DECLARE c NO SCROLL CURSOR WITH HOLD FOR SELECT 1;", &["low"][..]),
            ("DECLARE c CURSOR WITH HOLD FOR SELECT 1; FETCH c; CLOSE c;", &[]),
            ("DECLARE c CURSOR WITH HOLD FOR SELECT 1; CLOSE d;", &["low"]),
            ("DECLARE c CURSOR WITHOUT HOLD FOR SELECT 1;", &[]),
        ] {
            assert_eq!(severities(super::RULE.code, sql), expected, "{sql}");
        }
    }
}
