//! `guc-names-inconsistent`

use crate::catalog::Object;
use crate::rule::finding::Findings;
use crate::rule::judge::Action;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "guc-names-inconsistent",
    severity: Severity::High,
    finds: "a policy reads another setting than the one that carries the tenant",
    why: "What nobody sets is NULL, so the table is empty for everybody; what somebody else sets is another tenant.",
    fix: "Read the setting that [tenancy] of the manifest names, or name the other one there.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid));",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
    manual: "https://www.postgresql.org/docs/current/functions-admin.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let tenancy = &subject.manifest.tenancy;
    let mut wanted = vec![tenancy.setting_name().as_str().to_ascii_lowercase()];
    if let Some(members) = tenancy.members() {
        wanted.push(members.user_setting().as_str().to_ascii_lowercase());
    }
    for table in subject.judged().iter().filter(|table| table.tenant_column().is_some()) {
        for policy in &table.policies {
            let bound = Action::ALL.iter().any(|action| {
                let decides = policy.decides(*action).is_some_and(|of| !of.truth.is_never_true());
                policy.covers(*action) && decides && table.verdict(policy, *action).is_bound()
            });
            let mut settings = policy.conditions().flat_map(|(_, of)| of.uses.settings()).collect::<Vec<_>>();
            let reads_wanted = settings.iter().any(|name| wanted.contains(name));
            // One without a prefix is another rule's.
            settings.retain(|name| name.contains('.'));
            let (true, false, Some(other)) = (bound, reads_wanted, settings.first()) else { continue };
            let message = format!(
                "policy {} of {} reads {other}; the tenant is in {}",
                policy.name.plain(),
                table.table.plain(),
                tenancy.setting_name().as_str()
            );
            found.add(Object::policy(table.table, policy.name), message).word(other.as_str());
        }
    }
}
