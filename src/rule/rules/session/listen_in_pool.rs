//! `listen-in-pool`

use crate::rule::code::Code;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "listen-in-pool",
    severity: Severity::Medium,
    finds: "a session begins to LISTEN and goes on",
    why: "The connection keeps listening when it goes back to its pool, and whoever has it then gets what was meant for another tenant.",
    fix: "Listen on a connection of its own, outside the pool.",
    bad: "CREATE FUNCTION subscribe() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    LISTEN invoice_paid;
END
$$;",
    good: "CREATE FUNCTION subscribe() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'LISTEN on a connection of its own';
END
$$;",
    manual: "https://www.postgresql.org/docs/current/sql-listen.html",
    check: Check::Code(check),
};

fn check(code: &Code<'_>, _: &Subject<'_>, found: &mut Findings) {
    let mut ended = false;
    for sentence in code.sentences.iter().rev() {
        ended |= sentence.starts("unlisten") || sentence.starts("discard all");
        if let Some(channel) = sentence.words.get(1).filter(|_| !ended && sentence.starts("listen")) {
            let message = format!("listens on {} for the whole session", channel.text);
            code.tell(found, sentence, message).severity(code.graded(Severity::Medium));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::severities;

    #[test]
    fn a_session_that_ends_it_is_fine() {
        for (sql, expected) in [
            ("LISTEN a;", &["low"][..]),
            ("LISTEN a; UNLISTEN *;", &[]),
            ("NOTIFY a;", &[]),
            ("DO $$ BEGIN EXECUTE 'LISTEN a'; END $$;", &["low"]),
        ] {
            assert_eq!(severities(super::RULE.code, sql), expected, "{sql}");
        }
    }
}
