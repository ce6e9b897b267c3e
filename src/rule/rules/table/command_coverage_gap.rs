//! `command-coverage-gap`

use std::collections::BTreeMap;

use crate::catalog::{DML, Grantee, Object, Policy, Privilege};
use crate::policy::Place;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::subject::opening::{for_app, governs};
use crate::rule::words::list;

pub(super) const RULE: Rule = Rule {
    code: "command-coverage-gap",
    severity: Severity::Low,
    finds: "a command is granted on a table, and no permissive policy is for it",
    why: "The command finds no row, or fails, although it is granted. Without a policy for SELECT, INSERT .. RETURNING fails \
          and UPDATE and DELETE find nothing; without one for UPDATE, so does SELECT .. FOR UPDATE.",
    fix: "Create a permissive policy for the command, or take the privilege back.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_insert ON invoice FOR INSERT
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));
GRANT SELECT, INSERT ON invoice TO erp_app;",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_insert ON invoice FOR INSERT
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));
CREATE POLICY tenant_select ON invoice FOR SELECT
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));
GRANT SELECT, INSERT ON invoice TO erp_app;",
    manual: "https://www.postgresql.org/docs/current/sql-createpolicy.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for table in subject.governed() {
        let partition = matches!(table.place, Place::Partition { .. });
        if !table.relation.row_security || !table.place.is_governed() || partition {
            continue;
        }
        let policies: Vec<&Policy> = for_app(subject, table.relation).collect();
        // Where nothing is open at all, that is another rule's.
        if policies.is_empty() {
            continue;
        }
        let closed = |privilege: Privilege| !policies.iter().any(|policy| governs(policy, privilege));
        let mut gaps: BTreeMap<&Grantee, Vec<Privilege>> = BTreeMap::new();
        for privilege in DML.into_iter().filter(|privilege| closed(*privilege)) {
            for grantee in subject.open_to(table.relation, privilege) {
                let of = gaps.entry(grantee).or_default();
                if !of.contains(&privilege) {
                    of.push(privilege);
                }
            }
        }
        for (grantee, privileges) in gaps {
            let commands = list(privileges.iter().map(|privilege| privilege.sql().to_owned()));
            let message = format!(
                "{} is granted {commands} on {}, and no permissive policy is for that",
                grantee.plain(),
                table.name.plain()
            );
            if let Some(first) = privileges.first() {
                found.add(Object::Grant(table.name.clone(), grantee.clone(), *first), message);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::said;

    const CODE: &str = "command-coverage-gap";

    #[test]
    fn one_policy_for_all_commands_covers_them() {
        let table = "CREATE TABLE t (tenant_id uuid, note text); ALTER TABLE t ENABLE ROW LEVEL SECURITY;
            GRANT SELECT, INSERT, UPDATE (note), UPDATE (tenant_id), DELETE ON t TO erp_app;";
        let all = format!("{table} CREATE POLICY p ON t USING (tenant_id IS NOT NULL);");
        assert!(said(CODE, &all).is_empty());
        let read = format!("{table} CREATE POLICY p ON t FOR SELECT USING (tenant_id IS NOT NULL);");
        let message =
            "erp_app is granted INSERT, UPDATE and DELETE on public.t, and no permissive policy is for that";
        assert_eq!(said(CODE, &read), [format!("low: {message}")]);
    }

    #[test]
    fn a_restrictive_policy_covers_nothing_and_other_roles_do_not_matter() {
        let sql = "CREATE TABLE t (tenant_id uuid); ALTER TABLE t ENABLE ROW LEVEL SECURITY;
            CREATE POLICY r ON t FOR SELECT USING (tenant_id IS NOT NULL);
            CREATE POLICY f ON t AS RESTRICTIVE USING (tenant_id IS NOT NULL);
            GRANT SELECT ON t TO PUBLIC; GRANT DELETE ON t TO erp_system;";
        assert!(said(CODE, sql).is_empty());
        let open = format!("{sql} GRANT INSERT ON t TO PUBLIC;");
        let message = "PUBLIC is granted INSERT on public.t, and no permissive policy is for that";
        assert_eq!(said(CODE, &open), [format!("low: {message}")]);
    }
}
