//! `guc-role-default`

use crate::catalog::Object;
use crate::policy::ddl;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use std::collections::BTreeSet;

pub(super) const RULE: Rule = Rule {
    code: "guc-role-default",
    severity: Severity::Critical,
    finds: "a role or a database brings a tenant along",
    why: "A session that binds no tenant then has one all the same, and every statement that forgets to bind reads its rows.",
    fix: "Take the setting away with ALTER ROLE … RESET or ALTER DATABASE … RESET.",
    bad: "CREATE ROLE erp_guc_default LOGIN;
ALTER ROLE erp_guc_default SET app.tenant_id = '6f1c0a52-9d0f-4f57-8a0e-2f8f3f1f0a11';
CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
    manual: "https://www.postgresql.org/docs/current/sql-alterrole.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let tenancy = &subject.manifest.tenancy;
    let mut names = BTreeSet::from([tenancy.setting_name().as_str().to_ascii_lowercase()]);
    if let Some(members) = tenancy.members() {
        names.insert(members.user_setting().as_str().to_ascii_lowercase());
    }
    let own = names.clone();
    for policy in subject.judged().iter().flat_map(|table| &table.policies) {
        names.extend(
            policy.conditions().flat_map(|(_, of)| of.uses.settings()).filter(|name| name.contains('.')),
        );
    }
    let given = subject.catalog.settings.iter().filter(|of| names.contains(&of.name) && !of.value.is_empty());
    for setting in given {
        let role = setting.role.as_ref();
        if role.is_some_and(|role| subject.bypasses(role).is_some()) {
            continue;
        }
        let of_app = role.is_none_or(|role| subject.app.contains(role));
        let severity = match (of_app, own.contains(&setting.name)) {
            (true, true) => Severity::Critical,
            (true, false) => Severity::High,
            (false, _) => Severity::Medium,
        };
        let whose = role.map_or_else(|| "every role".to_owned(), |role| format!("role {}", role.plain()));
        let message = format!("{whose} brings {} along, which policies read", setting.name);
        let finding = found.add(Object::Setting(setting.role.clone(), setting.name.clone()), message);
        finding.severity(severity);
        if let (Some(role), false) = (role, setting.in_database) {
            finding.sql(ddl::reset(role, &setting.name));
        }
    }
}
