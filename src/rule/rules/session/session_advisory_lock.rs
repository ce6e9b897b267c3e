//! `session-advisory-lock`

use crate::rule::code::Code;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "session-advisory-lock",
    severity: Severity::Medium,
    finds: "an advisory lock is taken for a session",
    why: "The lock stays with the connection when that goes back to its pool: others wait for nobody, and the next one on the \
          connection gets the lock though it is taken.",
    fix: "Use pg_advisory_xact_lock, with the tenant in the key.",
    bad: "CREATE FUNCTION close_month() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_lock(42);
END
$$;",
    good: "CREATE FUNCTION close_month(tenant uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext(tenant::text), 42);
END
$$;",
    manual: "https://www.postgresql.org/docs/current/explicit-locking.html",
    check: Check::Code(check),
};

const LOCKS: [&str; 4] =
    ["pg_advisory_lock", "pg_advisory_lock_shared", "pg_try_advisory_lock", "pg_try_advisory_lock_shared"];
const UNLOCKS: [&str; 3] = ["pg_advisory_unlock", "pg_advisory_unlock_all", "pg_advisory_unlock_shared"];

fn check(code: &Code<'_>, _: &Subject<'_>, found: &mut Findings) {
    let mut unlocked = false;
    for sentence in code.sentences.iter().rev() {
        unlocked |= sentence.calls_one_of(&UNLOCKS);
        if !sentence.calls_one_of(&LOCKS) {
            continue;
        }
        if !unlocked {
            let message = "takes an advisory lock and leaves it with the session";
            code.tell(found, sentence, message).severity(code.graded(Severity::Medium));
        } else if code.function().is_some() {
            let message = "takes an advisory lock that stays with the session if an error skips the unlock";
            code.tell(found, sentence, message).severity(Severity::Low);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::severities;

    #[test]
    fn locks_of_transactions_are_fine() {
        let function = |body: &str| {
            format!("CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $f$ BEGIN {body} END $f$;")
        };
        for (sql, expected) in [
            (function("IF pg_try_advisory_lock(1) THEN NULL; END IF;"), &["medium"][..]),
            (function("PERFORM pg_advisory_lock(1); PERFORM pg_advisory_unlock(1);"), &["low"]),
            (function("PERFORM pg_try_advisory_xact_lock(1);"), &[]),
            ("SELECT pg_advisory_lock(1);".to_owned(), &["low"]),
            ("SELECT pg_advisory_lock(1); SELECT pg_advisory_unlock(1);".to_owned(), &[]),
        ] {
            assert_eq!(severities(super::RULE.code, &sql), expected, "{sql}");
        }
    }
}
