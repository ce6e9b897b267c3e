//! `seal-not-asked`

use std::collections::BTreeSet;

use crate::catalog::{Expr, Object, Part};
use crate::policy::sealed::{Sealing, functions};
use crate::rule::code::Code;
use crate::rule::code::sentence::Sentence;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::subject::settings::read_by;

pub(super) const RULE: Rule = Rule {
    code: "seal-not-asked",
    severity: Severity::High,
    finds: "where tenants are sealed, a policy, a default or a function reads the setting itself, and believes what no key has sealed",
    why: "Any SQL can change a setting. What reads it by current_setting takes a tenant that nobody has sealed, or takes the seal \
          for a part of the tenant and fails.",
    fix: "Call tenantry.tenant_id() in its place, and tenantry.user_id() for the user of [membership]; tenantry plan writes \
          policies and defaults so.",
    bad: "-- manifest: [seal]
CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
    good: "-- manifest: [seal]
CREATE SCHEMA tenantry;
-- tenantry plan makes one that verifies the seal.
CREATE FUNCTION tenantry.tenant_id() RETURNS uuid LANGUAGE sql STABLE RETURN NULL::uuid;
CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice USING (tenant_id = (SELECT tenantry.tenant_id()));",
    manual: "https://www.postgresql.org/docs/current/functions-admin.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let (tenancy, roles) = (&subject.manifest.tenancy, &subject.manifest.roles);
    // What fails here fails in the plan, which says so.
    let Ok(Some(sealing)) = Sealing::of(tenancy, roles) else { return };
    let sealed: BTreeSet<String> =
        functions(tenancy).into_iter().map(|(_, setting, _)| setting.as_str().to_ascii_lowercase()).collect();
    let reads = |sentence: &Sentence| read_by(sentence).into_iter().find(|name| sealed.contains(name));
    let in_expr = |expr: &Expr| reads(&Sentence::of(expr.as_str()));
    for (table, relation) in &subject.catalog.relations {
        for (name, policy) in &relation.policies {
            let Some(setting) = policy.using.iter().chain(&policy.with_check).find_map(in_expr) else {
                continue;
            };
            let message = format!(
                "policy {} of {} reads {setting} itself, whether it is sealed or not",
                name.plain(),
                table.plain()
            );
            found.add(Object::Part(Part::Policy, table.clone(), name.clone()), message);
        }
        for column in &relation.columns {
            let Some(setting) = column.default.as_ref().and_then(in_expr) else { continue };
            let message = format!(
                "the default of {}.{} reads {setting} itself, whether it is sealed or not",
                table.plain(),
                column.name.plain()
            );
            let object = Object::Part(Part::Column, table.clone(), column.name.clone());
            found.add(object, message).severity(Severity::Medium);
        }
    }
    for (signature, function) in &subject.catalog.functions {
        let is_verifier = sealing.functions.contains_key(signature);
        let Some(code) = Code::of_function(signature, function).filter(|_| !is_verifier) else { continue };
        if let Some(setting) = code.sentences.iter().find_map(reads) {
            let message =
                format!("{} reads {setting} itself, whether it is sealed or not", signature.name.plain());
            found.add(Object::Function(signature.clone()), message).severity(Severity::Medium);
        }
    }
}
