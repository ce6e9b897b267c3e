//! `policy-cross-table`

use crate::catalog::{Object, Privilege};
use crate::ident::QualifiedName;
use crate::rule::finding::Findings;
use crate::rule::judge::Action;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use std::collections::BTreeSet;

pub(super) const RULE: Rule = Rule {
    code: "policy-cross-table",
    severity: Severity::Medium,
    finds: "a policy believes a table that tenants can change",
    why: "A policy is as strong as what it reads: whoever can write there can open rows to itself.",
    fix: "Enable row-level security on the other table with policies that ask for the tenant, or let tenants only read it.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE TABLE member (user_id uuid NOT NULL, tenant_id uuid NOT NULL);
GRANT SELECT, INSERT, UPDATE, DELETE ON member TO erp_app;
CREATE POLICY invoice_member ON invoice USING (EXISTS (
    SELECT FROM member
    WHERE member.tenant_id = invoice.tenant_id
        AND member.user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid)
));",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE TABLE member (user_id uuid NOT NULL, tenant_id uuid NOT NULL);
ALTER TABLE member ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY member_tenant ON member
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));
GRANT SELECT ON member TO erp_app;
CREATE POLICY invoice_member ON invoice USING (EXISTS (
    SELECT FROM member
    WHERE member.tenant_id = invoice.tenant_id
        AND member.user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid)
));",
    manual: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for table in subject.judged().iter().filter(|table| table.holds_tenants()) {
        for policy in table.policies.iter().filter(|policy| policy.for_app) {
            let read = policy.conditions().flat_map(|(_, condition)| &condition.uses.relations);
            let read: BTreeSet<&QualifiedName> = read.filter(|name| *name != table.table).collect();
            for other in read {
                let Some(what) = weak(subject, other) else { continue };
                let message = format!(
                    "policy {} of {} reads {}, {what}",
                    policy.name.plain(),
                    table.table.plain(),
                    other.plain()
                );
                found.add(Object::policy(table.table, policy.name), message).word(other.name().as_str());
            }
        }
    }
}

/// Why a table is not to be believed, if it is not.
fn weak(subject: &Subject<'_>, name: &QualifiedName) -> Option<&'static str> {
    let relation = subject.catalog.relations.get(name).filter(|relation| relation.is_table())?;
    if !relation.row_security {
        return Some("where row-level security is off");
    }
    let writes = [
        (Privilege::Insert, Action::Insert),
        (Privilege::Update, Action::Become),
        (Privilege::Delete, Action::Delete),
    ];
    let judged = subject.judged_table(name)?;
    let open = |action: Action| {
        let permissive = judged.policies.iter().filter(|policy| policy.policy.permissive && policy.for_app);
        let mut now = permissive.flat_map(|policy| judged.opens(policy).now);
        now.any(|(of, verdict)| of == action && !verdict.is_unknown())
    };
    let writable = writes
        .into_iter()
        .any(|(privilege, action)| !subject.open_to(relation, privilege).is_empty() && open(action));
    writable.then_some("where a tenant can write rows that are not its own")
}
