//! `session-set`

use crate::rule::code::Code;
use crate::rule::code::sentence::{Scope, Sentence, Set};
use crate::rule::code::undone::Undone;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "session-set",
    severity: Severity::Critical,
    finds: "a setting that policies read is set for a session, and not for a transaction",
    why: "The connection goes back to its pool with the tenant still set, and the next one on it who sets none is that tenant.",
    fix: "Use SET LOCAL or set_config(name, value, true), within the transaction that needs it.",
    bad: "CREATE FUNCTION enter(tenant uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('app.tenant_id', tenant::text, false);
END
$$;
REVOKE EXECUTE ON FUNCTION enter(uuid) FROM PUBLIC;",
    good: "CREATE FUNCTION enter(tenant uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('app.tenant_id', tenant::text, true);
END
$$;
REVOKE EXECUTE ON FUNCTION enter(uuid) FROM PUBLIC;",
    manual: "https://www.postgresql.org/docs/current/functions-admin.html",
    check: Check::Code(check),
};

fn check(code: &Code<'_>, subject: &Subject<'_>, found: &mut Findings) {
    let settings = subject.settings();
    let mut undone = Undone::default();
    for sentence in code.sentences.iter().rev() {
        for set in sentence.sets().iter().filter(|set| settings.contains(&set.name) && !is_reset(set)) {
            let name = &set.name;
            match set.scope {
                Scope::Transaction => {}
                Scope::Unknown => {
                    let message =
                        format!("leaves it to its caller whether {name} is set for the whole session");
                    code.tell(found, sentence, message).severity(Severity::Medium);
                }
                Scope::Session if undone.has(name) => {
                    let message = format!("sets {name} for the session, until it is reset");
                    code.tell(found, sentence, message).severity(Severity::Low);
                }
                Scope::Session => {
                    let message = format!("sets {name} for the whole session");
                    code.tell(found, sentence, message);
                }
            }
        }
        add_reset(&mut undone, sentence);
    }
    // What a function brings along holds while it runs, for whoever calls it.
    let Some((_, function)) = code.function() else { return };
    let own = Sentence::of("");
    for (name, value) in
        function.settings.iter().filter(|(name, _)| settings.contains(&name.to_ascii_lowercase()))
    {
        if !value.is_empty() {
            code.tell(found, &own, format!("runs as the tenant of its own SET {name}, whoever calls it"));
        }
    }
}

/// Whether a setting loses its value rather than getting one.
pub(super) fn is_reset(set: &Set) -> bool {
    set.value.as_deref() == Some("")
}

/// Adds the settings whose values a statement takes away for the session.
pub(super) fn add_reset(undone: &mut Undone, sentence: &Sentence) {
    if sentence.starts("reset all") || sentence.starts("discard all") {
        undone.add_all();
    }
    for set in sentence.sets() {
        if set.scope == Scope::Session && is_reset(&set) {
            undone.add(set.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::severities;

    fn function(body: &str) -> String {
        format!(
            "CREATE FUNCTION f(x text, y bool) RETURNS void LANGUAGE plpgsql AS $f$ BEGIN {body} END $f$;"
        )
    }

    #[test]
    fn every_spelling_is_seen_in_functions_blocks_and_files() {
        for (sql, expected) in [
            (function("EXECUTE 'SET app.tenant_id = ' || quote_literal(x);"), &["critical"][..]),
            (function("EXECUTE format('SET app.tenant_id = %L', x);"), &["critical"]),
            (
                function("IF y THEN PERFORM pg_catalog.set_config('App.Tenant_Id', x, 'f'); END IF;"),
                &["critical"],
            ),
            (function("PERFORM set_config('app.tenant_id', x, y);"), &["medium"]),
            (function("PERFORM set_config('app.tenant_id', x, true);"), &[]),
            (function("SET LOCAL app.tenant_id = 'a';"), &[]),
            (function("PERFORM set_config('app.tenant_id', '', false);"), &[]),
            (function("PERFORM set_config('app.other', x, false);"), &[]),
            (function("SET app.tenant_id = 'a'; DELETE FROM t; RESET app.tenant_id;"), &["low"]),
            (function("RAISE NOTICE 'SET app.tenant_id = 1'; -- SET app.tenant_id = 'a';"), &[]),
            ("SET app.tenant_id = 'a';".to_owned(), &["critical"]),
            ("SET app.tenant_id TO 'a'; RESET ALL;".to_owned(), &["low"]),
            ("SELECT set_config('app.tenant_id', 'a', false);".to_owned(), &["critical"]),
            (
                "DO $$ BEGIN PERFORM set_config('app.tenant_id', 'a', false); END $$;".to_owned(),
                &["critical"],
            ),
            ("SET statement_timeout = 0; SET client_encoding = 'UTF8';".to_owned(), &[]),
            (
                "CREATE FUNCTION g() RETURNS int LANGUAGE sql SET app.tenant_id = 'a' AS 'SELECT 1';"
                    .to_owned(),
                &["critical"],
            ),
            (
                "CREATE TABLE t (tenant_id text);
                 CREATE FUNCTION me() RETURNS text LANGUAGE sql RETURN current_setting('my.tenant', true);
                 CREATE POLICY p ON t USING (tenant_id = current_setting('other.tenant') OR tenant_id = me());
                 SET other.tenant = 'a'; SET my.tenant = 'b';"
                    .to_owned(),
                &["critical", "critical"],
            ),
        ] {
            assert_eq!(severities(super::RULE.code, &sql), expected, "{sql}");
        }
    }
}
