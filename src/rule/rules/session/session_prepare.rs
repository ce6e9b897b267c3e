//! `session-prepare`

use crate::rule::code::Code;
use crate::rule::code::undone::Undone;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "session-prepare",
    severity: Severity::Medium,
    finds: "a statement is prepared by SQL and stays on the connection",
    why: "The next one on the connection finds the name taken, or runs a statement that another tenant has written.",
    fix: "Let the driver prepare statements, or DEALLOCATE before the transaction ends.",
    bad: "CREATE FUNCTION warm_up() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'PREPARE answer AS SELECT 42';
END
$$;",
    good: "CREATE FUNCTION warm_up() RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
    RETURN 42;
END
$$;",
    manual: "https://www.postgresql.org/docs/current/sql-prepare.html",
    check: Check::Code(check),
};

fn check(code: &Code<'_>, _: &Subject<'_>, found: &mut Findings) {
    let mut undone = Undone::default();
    for sentence in code.sentences.iter().rev() {
        if sentence.starts("deallocate") {
            undone.add_words(sentence);
        }
        if ["deallocate all", "deallocate prepare all", "discard all"]
            .iter()
            .any(|ends| sentence.starts(ends))
        {
            undone.add_all();
        }
        let prepares = sentence.starts("prepare") && !sentence.starts("prepare transaction");
        let Some(name) = sentence.words.get(1).filter(|_| prepares) else { continue };
        if !undone.has(&name.text) {
            let message = format!("leaves the prepared statement {} on the connection", name.text);
            code.tell(found, sentence, message).severity(code.graded(Severity::Medium));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::severities;

    #[test]
    fn what_is_deallocated_is_fine() {
        for (sql, expected) in [
            ("PREPARE p AS SELECT 1;", &["low"][..]),
            ("PREPARE p AS SELECT 1; DEALLOCATE PREPARE p;", &[]),
            ("PREPARE p AS SELECT 1; DEALLOCATE ALL;", &[]),
            ("PREPARE TRANSACTION 'p';", &[]),
        ] {
            assert_eq!(severities(super::RULE.code, sql), expected, "{sql}");
        }
    }
}
