//! `restrictive-floor-role-scoped`

use crate::catalog::{Grantee, Object, Policy};
use crate::policy::ddl;
use crate::rule::finding::Findings;
use crate::rule::judge::{Action, JudgedPolicy};
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use std::collections::BTreeSet;

pub(super) const RULE: Rule = Rule {
    code: "restrictive-floor-role-scoped",
    severity: Severity::High,
    finds: "a restrictive policy that keeps tenants apart is for some roles only",
    why: "It does not bind any other role, nor a member without its privileges in force, and a role can drop itself out of it with DROP \
          OWNED before the minor releases of November 2026.",
    fix: "Make it TO PUBLIC.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));
CREATE POLICY invoice_floor ON invoice AS RESTRICTIVE TO erp_app
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));
CREATE POLICY invoice_floor ON invoice AS RESTRICTIVE TO PUBLIC
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
    manual: "https://www.postgresql.org/docs/current/sql-createpolicy.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for table in subject.judged().iter().filter(|table| table.holds_tenants()) {
        for policy in table.policies.iter().filter(|policy| !policy.policy.permissive && policy.for_app) {
            if policy.policy.roles.contains(&Grantee::Public) {
                continue;
            }
            let is_public = |floor: &JudgedPolicy<'_>| floor.policy.roles.contains(&Grantee::Public);
            let mut actions = Action::ALL.into_iter().filter(|action| policy.covers(*action));
            let alone = actions.any(|action| {
                let binds = policy.decides(action).is_some() && table.verdict(policy, action).is_bound();
                binds && !table.floors(action).any(is_public)
            });
            if !alone {
                continue;
            }
            let roles: Vec<String> = policy.policy.roles.iter().map(Grantee::plain).collect();
            let (name, table) = (policy.name, table.table);
            let message = format!(
                "policy {} of {} keeps tenants apart for {} alone",
                name.plain(),
                table.plain(),
                roles.join(", ")
            );
            let public = Policy {
                roles: BTreeSet::from([Grantee::Public]),
                using: None,
                with_check: None,
                ..policy.policy.clone()
            };
            found.add(Object::policy(table, name), message).sql(ddl::alter_policy(table, name, &public));
        }
    }
}
