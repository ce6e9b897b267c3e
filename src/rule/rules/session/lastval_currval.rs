//! `lastval-currval`

use crate::rule::code::Code;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "lastval-currval",
    severity: Severity::Low,
    finds: "a function asks what the session has drawn from a sequence before",
    why: "On a connection from a pool that may have been another tenant, whose number it then gets.",
    fix: "Use INSERT … RETURNING.",
    bad: "CREATE FUNCTION last_number() RETURNS bigint LANGUAGE sql AS $$ SELECT lastval() $$;",
    good: "CREATE TABLE invoice (id bigserial PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE FUNCTION add_invoice(tenant uuid) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO invoice (tenant_id) VALUES (tenant) RETURNING id
$$;",
    manual: "https://www.postgresql.org/docs/current/functions-sequence.html",
    check: Check::Code(check),
};

fn check(code: &Code<'_>, _: &Subject<'_>, found: &mut Findings) {
    // In a file it is the session of that file.
    if code.function().is_none() {
        return;
    }
    for sentence in &code.sentences {
        // What has been drawn in the function itself is its own.
        if sentence.says("insert into") || sentence.calls_one_of(&["nextval"]) {
            return;
        }
        if sentence.calls_one_of(&["lastval", "currval"]) {
            code.tell(found, sentence, "takes the last number that the session has drawn, whoever drew it");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::severities;

    #[test]
    fn a_number_that_the_function_has_drawn_is_its_own() {
        for (body, expected) in [
            ("RETURN currval('s');", 1),
            ("INSERT INTO t VALUES (1); RETURN currval('s');", 0),
            ("PERFORM nextval('s'); RETURN lastval();", 0),
            ("RETURN my.lastval();", 0),
        ] {
            let sql =
                format!("CREATE FUNCTION f() RETURNS bigint LANGUAGE plpgsql AS $f$ BEGIN {body} END $f$;");
            assert_eq!(severities(super::RULE.code, &sql).len(), expected, "{body}");
        }
        assert_eq!(severities(super::RULE.code, "SELECT lastval();").len(), 0);
    }
}
