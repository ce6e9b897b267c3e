//! `seal-not-required`

use crate::catalog::Object;
use crate::policy::Seal;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "seal-not-required",
    severity: Severity::Info,
    finds: "policies take tenants without a seal beside sealed ones",
    why: "As long as they do, whoever can run SQL can bind any tenant, as without seals. It is how services are moved one by one.",
    fix: "Once every service has its key, take bare = true out of [seal] and apply tenantry plan.",
    bad: "-- manifest: [seal]
-- manifest: bare = true
CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);",
    good: "-- manifest: [seal]
CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);",
    manual: "https://www.postgresql.org/docs/current/functions-admin.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    if subject.manifest.tenancy.sealed().is_some_and(Seal::takes_bare) {
        let message = "bare = true in [seal] takes tenants without a seal: any SQL can bind any tenant until it is taken out";
        found.add(Object::Database, message);
    }
}
