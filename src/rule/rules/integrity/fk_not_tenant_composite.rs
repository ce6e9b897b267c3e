//! `fk-not-tenant-composite`

use crate::catalog::Object;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::subject::crossing::{Crossing, Target, crossings, unenforced};

pub(super) const RULE: Rule = Rule {
    code: "fk-not-tenant-composite",
    severity: Severity::High,
    finds: "a foreign key between tables of tenants does not include the tenant, or is NOT ENFORCED",
    why: "The server checks foreign keys without asking policies: a tenant can refer to another tenant's row, learns by trying \
          which rows there are, and keeps the other from deleting them.",
    fix: "Let the key include the tenant column on both sides, with a unique key on those columns of the referenced table. A \
          table without the column needs it first. A key that is NOT ENFORCED checks nothing, whatever it includes; ALTER \
          CONSTRAINT … ENFORCED checks the rows that are there too, as a role with BYPASSRLS.",
    bad: "CREATE TABLE customer (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, customer_id bigint REFERENCES customer);",
    good: "CREATE TABLE customer (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, UNIQUE (tenant_id, id));
CREATE TABLE invoice (
    id bigint PRIMARY KEY,
    tenant_id uuid NOT NULL,
    customer_id bigint,
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customer (tenant_id, id)
);",
    manual: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for crossing in crossings(subject).iter().filter(|crossing| crossing.cascade().is_none()) {
        let (severity, says) = match crossing.leads_to {
            Target::Row => (
                Severity::High,
                "a tenant can refer to another's row, learns that it is there, and keeps it from being deleted",
            ),
            Target::SharedRow => (
                Severity::Medium,
                "a tenant can refer to another's row, not only to those that all share, and learns that it is there",
            ),
            Target::Tenant => {
                (Severity::Low, "it refers to a tenant as such, and tells which tenants there are")
            }
        };
        add(subject, crossing, severity, says, found);
    }
    for (table, name, key) in unenforced(subject) {
        let message = format!(
            "foreign key {} of {} to {} is NOT ENFORCED: nothing keeps a row from referring to another tenant's, or to none",
            name.plain(),
            table.plain(),
            key.references.plain()
        );
        found
            .add(Object::foreign_key(table, name), message)
            .severity(Severity::Low)
            .column(key.columns.first());
    }
}

/// Adds what is said of a foreign key.
pub(super) fn add(
    subject: &Subject<'_>,
    crossing: &Crossing<'_>,
    severity: Severity,
    says: &str,
    found: &mut Findings,
) {
    let message = format!(
        "foreign key {} of {} to {} does not include the tenant: {says}",
        crossing.name.plain(),
        crossing.table.plain(),
        crossing.key.references.plain()
    );
    let finding = found.add(Object::foreign_key(crossing.table, crossing.name), message).severity(severity);
    finding.column(crossing.key.columns.first());
    if let Some(sql) = crossing.replaced(subject) {
        finding.sql(sql);
    }
}
