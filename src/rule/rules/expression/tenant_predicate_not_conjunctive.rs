//! `tenant-predicate-not-conjunctive`

use std::collections::BTreeMap;

use crate::catalog::{Object, Signature};
use crate::rule::finding::Findings;
use crate::rule::judge::fault::{Fault, Faulty, faulty};
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::words::list;

pub(super) const RULE: Rule = Rule {
    code: "tenant-predicate-not-conjunctive",
    severity: Severity::Critical,
    finds: "a policy asks for the tenant, but can be true without it",
    why: "A condition that is joined by OR opens the rows of all tenants where the other side holds.",
    fix: "Put the tenant outside of the OR: `tenant_id = … AND (… OR …)`.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE invoice ADD COLUMN is_public boolean NOT NULL DEFAULT false;
CREATE POLICY invoice_tenant ON invoice
    USING (is_public OR tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE invoice ADD COLUMN is_public boolean NOT NULL DEFAULT false;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid) AND (is_public OR id > 0));",
    manual: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let judged = subject.judged();
    for faulty in faulty(judged, Fault::NotConjunctive) {
        let what =
            format!("can be true without the tenant, so a tenant can {} rows of others", faulty.verbs());
        add(found, &faulty, &what, Severity::Critical);
    }
    // Rows that are shared are for reading.
    for faulty in faulty(judged, Fault::Free).filter(|faulty| faulty.table.kinds.shared) {
        let what = format!("lets a tenant {} rows that all of them share", faulty.verbs());
        add(found, &faulty, &what, Severity::High);
    }
    let mut by_function: BTreeMap<&Signature, Vec<Faulty<'_, '_>>> = BTreeMap::new();
    for faulty in faulty(judged, Fault::Unknown) {
        match function(&faulty) {
            Some(function) => by_function.entry(function).or_default().push(faulty),
            None => add_unknown(found, &faulty),
        }
    }
    for (function, policies) in by_function {
        match &policies[..] {
            [only] => add_unknown(found, only),
            policies => {
                let of = |faulty: &Faulty<'_, '_>| {
                    format!("{} of {}", faulty.policy.name.plain(), faulty.table.table.plain())
                };
                let object = Object::Function(function.clone());
                let named = list(policies.iter().map(of));
                let message = format!(
                    "{object} decides in policies {named}, and is not looked into here, so nobody knows whether it asks for the tenant"
                );
                found.add(object, message).severity(Severity::Low);
            }
        }
    }
}

/// The function that a policy leaves the question to.
fn function<'a>(faulty: &Faulty<'_, 'a>) -> Option<&'a Signature> {
    let calls = faulty.policy.conditions().flat_map(|(_, condition)| &condition.uses.calls);
    let mut asked = calls.filter(|call| call.routine.reads_session && !call.signature.arguments.is_empty());
    asked.next().map(|call| call.signature)
}

fn add_unknown(found: &mut Findings, faulty: &Faulty<'_, '_>) {
    let what = "depends on what is not looked into here, so nobody knows whether it asks for the tenant";
    add(found, faulty, what, Severity::Low);
}

fn add(found: &mut Findings, faulty: &Faulty<'_, '_>, what: &str, severity: Severity) {
    found
        .add(Object::policy(faulty.table.table, faulty.policy.name), faulty.message(what))
        .severity(faulty.severity(severity));
}
