//! `guc-unqualified-name`

use crate::catalog::Object;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "guc-unqualified-name",
    severity: Severity::Medium,
    finds: "a policy reads a setting whose name has no prefix",
    why: "Only the server's own settings have no prefix. Nobody can set another one, so the policy never finds a tenant.",
    fix: "Give the setting a prefix, such as app.tenant_id, in the policy and where it is set.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('tenant_id', true), '')::uuid));",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
    manual: "https://www.postgresql.org/docs/current/runtime-config-custom.html",
    check: Check::Model(check),
};

/// Settings of the server's own that an expression may well ask about.
const OF_SERVER: [&str; 12] = [
    "application_name",
    "client_encoding",
    "datestyle",
    "in_hot_standby",
    "is_superuser",
    "role",
    "search_path",
    "server_version",
    "server_version_num",
    "session_authorization",
    "timezone",
    "transaction_read_only",
];

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for table in subject.judged() {
        for policy in &table.policies {
            let mut settings = policy.conditions().flat_map(|(_, condition)| condition.uses.settings());
            let bare = |name: &String| !name.contains('.') && !OF_SERVER.contains(&name.as_str());
            let Some(setting) = settings.find(bare) else { continue };
            let (name, table) = (policy.name, table.table);
            let message =
                format!("policy {} of {} reads {setting}, which nobody can set", name.plain(), table.plain());
            found.add(Object::policy(table, name), message).word(setting);
        }
    }
}
