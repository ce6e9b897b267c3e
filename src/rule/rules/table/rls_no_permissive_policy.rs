//! `rls-no-permissive-policy`

use crate::catalog::{DML, Object, Relation};
use crate::policy::Place;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::subject::opening::for_app;

pub(super) const RULE: Rule = Rule {
    code: "rls-no-permissive-policy",
    severity: Severity::Medium,
    finds: "row-level security is on, and no permissive policy opens the table to tenants' statements",
    why: "Statements find no rows and say nothing of why. Restrictive policies only take away from what a permissive one \
          opens. Whoever looks for the missing rows next is tempted to turn row-level security off.",
    fix: "Create a permissive policy for the role of services, or class the table deny if nobody is to reach it.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY floor ON invoice AS RESTRICTIVE
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));
CREATE POLICY floor ON invoice AS RESTRICTIVE
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
    manual: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for table in subject.governed() {
        let relation = table.relation;
        // Of these nobody is to reach a row, or only through their table.
        let closed = matches!(table.place, Place::Deny | Place::Partition { .. });
        if !relation.is_table() || !relation.row_security || closed || !table.place.is_governed() {
            continue;
        }
        let name = table.name.plain();
        let message = if relation.policies.is_empty() {
            format!("{name} has row-level security and no policy, so nobody whom policies bind finds a row")
        } else if !relation.policies.values().any(|policy| policy.permissive) {
            format!("{name} has restrictive policies alone, so nobody whom policies bind finds a row")
        } else if for_app(subject, relation).next().is_none() && is_granted(subject, relation) {
            let app = subject.manifest.roles.app_role().plain();
            format!("no permissive policy of {name} is for {app}, which has been granted privileges on it")
        } else {
            continue;
        };
        found.add(Object::RowSecurity(table.name.clone()), message);
    }
}

fn is_granted(subject: &Subject<'_>, relation: &Relation) -> bool {
    relation.grants.iter().any(|grant| DML.contains(&grant.privilege) && subject.is_app(&grant.grantee))
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::{said, said_under};

    const CODE: &str = "rls-no-permissive-policy";

    #[test]
    fn a_policy_for_others_opens_nothing_to_services() {
        let table = "CREATE TABLE t (tenant_id uuid); ALTER TABLE t ENABLE ROW LEVEL SECURITY;
            CREATE POLICY p ON t TO erp_owner USING (tenant_id IS NOT NULL);";
        assert!(said(CODE, table).is_empty());
        let granted = format!("{table} GRANT SELECT (tenant_id) ON t TO erp_app;");
        let message =
            "no permissive policy of public.t is for erp_app, which has been granted privileges on it";
        assert_eq!(said(CODE, &granted), [format!("medium: {message}")]);
        let member = format!("{granted} GRANT erp_owner TO erp_app;");
        assert!(said(CODE, &member).is_empty());
    }

    #[test]
    fn what_nobody_is_to_reach_is_closed_on_purpose() {
        let manifest = "[tenancy]\ntype = \"uuid\"\n[roles]\napp = \"erp_app\"\n[tables]\n\
                        \"public.secret\" = { class = \"deny\" }\n";
        let sql = "CREATE TABLE secret (id int); ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
            CREATE TABLE t (tenant_id uuid) PARTITION BY LIST (tenant_id);
            ALTER TABLE t ENABLE ROW LEVEL SECURITY;
            CREATE POLICY p ON t USING (tenant_id = (SELECT current_setting('app.tenant_id')::uuid));
            CREATE TABLE t_1 PARTITION OF t DEFAULT;
            ALTER TABLE t_1 ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;";
        assert!(said_under(CODE, manifest, sql).is_empty());
    }
}
