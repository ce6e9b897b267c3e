//! `set-config-same-statement`

use crate::rule::code::Code;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "set-config-same-statement",
    severity: Severity::Medium,
    finds: "one statement binds a tenant and reads rows of tenants",
    why: "Whether set_config runs before the policies read the setting is the planner's choice: the statement finds the rows of the \
          tenant before, or none.",
    fix: "Bind the tenant in a statement of its own, before the one that reads.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE FUNCTION count_of(tenant uuid) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM invoice, set_config('app.tenant_id', tenant::text, true)
$$;
REVOKE EXECUTE ON FUNCTION count_of(uuid) FROM PUBLIC;",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE FUNCTION count_of(tenant uuid) RETURNS bigint LANGUAGE sql AS $$
    SELECT set_config('app.tenant_id', tenant::text, true);
    SELECT count(*) FROM invoice
$$;
REVOKE EXECUTE ON FUNCTION count_of(uuid) FROM PUBLIC;",
    manual: "https://www.postgresql.org/docs/current/sql-expressions.html",
    check: Check::Code(check),
};

fn check(code: &Code<'_>, subject: &Subject<'_>, found: &mut Findings) {
    for sentence in &code.sentences {
        let sets = sentence.sets();
        let Some(set) = sets.iter().find(|set| subject.settings().contains(&set.name)) else { continue };
        let relations = sentence.relations();
        let mut tables = relations.iter().filter_map(|(_, name)| subject.named(name));
        if let Some(table) = tables.find(|table| subject.holds_tenants(table)) {
            code.tell(found, sentence, format!("sets {} and reaches {} at once", set.name, table.plain()));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::severities;

    #[test]
    fn only_tables_of_tenants_matter() {
        for (sql, expected) in [
            ("WITH c AS (SELECT set_config('app.tenant_id', 'a', true)) SELECT * FROM c, t;", 1),
            ("INSERT INTO t SELECT set_config('app.tenant_id', 'a', true)::uuid;", 1),
            ("SELECT set_config('app.tenant_id', code, true) FROM currency;", 0),
            ("SELECT set_config('app.other', 'a', true) FROM t;", 0),
            ("SELECT set_config('app.tenant_id', 'a', true); SELECT * FROM t;", 0),
            ("UPDATE t SET tenant_id = NULL;", 0),
        ] {
            let example =
                format!("CREATE TABLE t (tenant_id uuid); CREATE TABLE currency (code text); {sql}");
            assert_eq!(severities(super::RULE.code, &example).len(), expected, "{sql}");
        }
    }
}
