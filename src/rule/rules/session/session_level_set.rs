//! `session-level-set`

use super::session_set::{add_reset, is_reset};
use crate::rule::code::Code;
use crate::rule::code::sentence::Scope;
use crate::rule::code::undone::Undone;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "session-level-set",
    severity: Severity::High,
    finds: "a role, search_path or row_security is set for a session, and not for a transaction",
    why: "It stays on the connection when that goes back to its pool, and the next one on it runs as another role, or finds other tables.",
    fix: "Use SET LOCAL, or let the function have the setting: SET search_path in CREATE FUNCTION ends with the call.",
    bad: "CREATE FUNCTION as_reader() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    SET ROLE erp_app;
END
$$;",
    good: "CREATE FUNCTION as_reader() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL ROLE erp_app;
END
$$;",
    manual: "https://www.postgresql.org/docs/current/sql-set.html",
    check: Check::Code(check),
};

/// `search-path-set`, `set-role` and `set-session-authorization` in one: what mends them is the same.
const SETTINGS: [(&str, Severity); 5] = [
    ("role", Severity::High),
    ("session authorization", Severity::High),
    ("session_authorization", Severity::High),
    ("search_path", Severity::Medium),
    ("row_security", Severity::Medium),
];

fn check(code: &Code<'_>, _: &Subject<'_>, found: &mut Findings) {
    if code.is_dump() {
        return;
    }
    let mut undone = Undone::default();
    for sentence in code.sentences.iter().rev() {
        for set in sentence.sets().iter().filter(|set| set.scope == Scope::Session && !is_reset(set)) {
            let Some((name, severity)) = SETTINGS.iter().find(|(name, _)| *name == set.name) else {
                continue;
            };
            if undone.has(name) {
                continue;
            }
            let message = format!("sets {name} for the whole session");
            code.tell(found, sentence, message).severity(code.graded(*severity));
        }
        add_reset(&mut undone, sentence);
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::severities;

    #[test]
    fn files_are_graded_low_and_dumps_are_left_alone() {
        let function = |body: &str| {
            format!("CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $f$ BEGIN {body} END $f$;")
        };
        for (sql, expected) in [
            (function("SET search_path = erp;"), &["medium"][..]),
            (function("EXECUTE 'SET SESSION AUTHORIZATION erp_app';"), &["high"]),
            (function("SET ROLE erp_app; PERFORM 1; RESET ROLE;"), &[]),
            (function("UPDATE t SET role = 1;"), &[]),
            ("SET ROLE erp_owner;".to_owned(), &["low"]),
            ("SET ROLE erp_owner; RESET ROLE;".to_owned(), &[]),
            ("SET LOCAL ROLE erp_owner;".to_owned(), &[]),
            ("SET statement_timeout = 0;".to_owned(), &[]),
            ("SELECT pg_catalog.set_config('search_path', '', false);".to_owned(), &[]),
            (
                "--\n-- PostgreSQL database dump\n--\nSET row_security = off; SET search_path = erp;"
                    .to_owned(),
                &[],
            ),
        ] {
            assert_eq!(severities(super::RULE.code, &sql), expected, "{sql}");
        }
    }
}
