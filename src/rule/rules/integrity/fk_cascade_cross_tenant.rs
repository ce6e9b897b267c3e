//! `fk-cascade-cross-tenant`

use super::fk_not_tenant_composite::add;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::subject::crossing::{Target, crossings};

pub(super) const RULE: Rule = Rule {
    code: "fk-cascade-cross-tenant",
    severity: Severity::Critical,
    finds: "a foreign key that does not include the tenant deletes or changes rows of other tenants",
    why: "What ON DELETE and ON UPDATE do to referencing rows asks no policy, under FORCE neither: one tenant that deletes its \
          own row deletes or changes rows of every tenant that refers to it.",
    fix: "Let the key include the tenant column on both sides, with a unique key on those columns of the referenced table; ON \
          DELETE SET NULL then names the columns to set.",
    bad: "CREATE TABLE customer (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE TABLE invoice (
    id bigint PRIMARY KEY,
    tenant_id uuid NOT NULL,
    customer_id bigint REFERENCES customer ON DELETE CASCADE
);",
    good: "CREATE TABLE customer (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, UNIQUE (tenant_id, id));
CREATE TABLE invoice (
    id bigint PRIMARY KEY,
    tenant_id uuid NOT NULL,
    customer_id bigint,
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customer (tenant_id, id) ON DELETE CASCADE
);",
    manual: "https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for crossing in &crossings(subject) {
        let Some(does) = crossing.cascade() else { continue };
        let severity = match crossing.leads_to {
            Target::Row if crossing.is_of_its_writer(subject) => Severity::High,
            Target::Row => Severity::Critical,
            // Those that all share are not the tenants' to delete.
            Target::SharedRow => Severity::High,
            Target::Tenant => Severity::Low,
        };
        let verb = if does == "changes" { "an update" } else { "a change or deletion" };
        let mut says = format!("{verb} of a row {does} rows of other tenants that refer to it");
        if severity == Severity::High && crossing.leads_to == Target::Row {
            says.push_str(", which these tenants themselves have written");
        }
        add(subject, crossing, severity, &says, found);
    }
}
