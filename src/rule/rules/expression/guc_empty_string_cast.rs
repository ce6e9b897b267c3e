//! `guc-empty-string-cast`

use crate::catalog::Object;
use crate::rule::finding::Findings;
use crate::rule::judge::rewrite;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::subject::callee;

pub(super) const RULE: Rule = Rule {
    code: "guc-empty-string-cast",
    severity: Severity::High,
    finds: "a setting is cast without NULLIF",
    why: "After its first transaction a setting reads as an empty text and not as NULL. The cast of it raises an error then, but only on \
          connections that were used before.",
    fix: "Write `nullif(current_setting(…, true), '')` before the cast.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT current_setting('app.tenant_id', true)::uuid));",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
    manual: "https://www.postgresql.org/docs/current/functions-admin.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for table in subject.judged() {
        for policy in &table.policies {
            let Some(sql) = rewrite::alter(table, policy, &mut rewrite::cast_of_null) else { continue };
            let (name, table) = (policy.name, table.table);
            let message =
                format!("policy {} of {} casts a setting that can be empty", name.plain(), table.plain());
            found.add(Object::policy(table, name), message).sql(sql);
        }
    }
    for (signature, (call, table, policy)) in callee::of_policies(subject) {
        if call.routine.casts_raw {
            let message = format!(
                "{}, which policy {} of {} calls, casts a setting that can be empty",
                signature.name.plain(),
                policy.name.plain(),
                table.table.plain()
            );
            found.add(Object::Function(signature.clone()), message);
        }
    }
}
