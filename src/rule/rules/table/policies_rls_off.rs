//! `policies-rls-off`

use crate::catalog::Object;
use crate::policy::{Place, ddl};
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "policies-rls-off",
    severity: Severity::Critical,
    finds: "a table has policies, and row-level security is off",
    why: "Policies do nothing until row-level security is enabled: the table looks guarded, and every tenant reads and \
          changes the rows of all.",
    fix: "Enable and force row-level security in the transaction that creates the policies.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE POLICY tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
    manual: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (name, relation) in &subject.catalog.relations {
        if relation.row_security || relation.policies.is_empty() || !subject.manifest.governs(name) {
            continue;
        }
        let severity = match subject.places.relations.get(name) {
            Some(Place::Exempt { .. } | Place::Apart) => continue,
            // Statements that come through its table ask that table's policies.
            Some(Place::Partition { .. } | Place::Shared) => Severity::Medium,
            _ => Severity::Critical,
        };
        let count = match relation.policies.len() {
            1 => "a policy".to_owned(),
            count => format!("{count} policies"),
        };
        found
            .add(
                Object::Relation(name.clone()),
                format!("{} has {count}, and row-level security is off, so no policy is asked", name.plain()),
            )
            .severity(severity)
            .sql(ddl::row_security(name, true));
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::{said, said_under};

    const POLICY: &str = "CREATE TABLE currency (code text PRIMARY KEY);
        CREATE POLICY all_of_them ON currency FOR SELECT USING (true);
        CREATE POLICY none_of_them ON currency FOR INSERT WITH CHECK (false);";

    #[test]
    fn it_matters_less_where_rows_are_everybodys() {
        let message = "public.currency has 2 policies, and row-level security is off, so no policy is asked";
        assert_eq!(said("policies-rls-off", POLICY), [format!("medium: {message}")]);
    }

    #[test]
    fn what_is_not_governed_is_left_alone() {
        let manifest = "[tenancy]\ntype = \"uuid\"\n[roles]\napp = \"erp_app\"\n[tables]\n\
                        \"public.currency\" = { class = \"exempt\", reason = \"none\" }\n";
        assert!(said_under("policies-rls-off", manifest, POLICY).is_empty());
    }

    #[test]
    fn a_table_that_nobody_has_classified_is_looked_at_too() {
        let sql = "CREATE TABLE odd (id int); CREATE POLICY p ON odd USING (id = 1);";
        let message = "public.odd has a policy, and row-level security is off, so no policy is asked";
        assert_eq!(said("policies-rls-off", sql), [format!("critical: {message}")]);
    }
}
