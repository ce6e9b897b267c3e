//! `pk-not-tenant`

use crate::catalog::{Object, Part};
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::subject::key;
use crate::rule::subject::lookup::is_asked;

pub(super) const RULE: Rule = Rule {
    code: "pk-not-tenant",
    severity: Severity::Medium,
    finds: "the primary key of a tenant table does not include the tenant",
    why: "A primary key is checked against the rows of all tenants: a tenant that inserts a value of its choice learns whether \
          another tenant has it, and two tenants cannot have the same.",
    fix: "Let the primary key be the tenant column and the rest, or let the server make values that tell nothing, such as \
          those of gen_random_uuid().",
    bad: "CREATE TABLE product (code text PRIMARY KEY, tenant_id uuid NOT NULL);",
    good: "CREATE TABLE product (code text NOT NULL, tenant_id uuid NOT NULL, PRIMARY KEY (tenant_id, code));",
    manual: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for table in subject.written() {
        for name in table.relation.keys.iter().filter(|(_, key)| key.primary).map(|(name, _)| name) {
            let Some(index) = table.relation.indexes.get(name) else { continue };
            if index.inherited || table.is_bound(index) || is_asked(subject.manifest, table.name, index) {
                continue;
            }
            let columns = table.columns(index);
            let (severity, says) = if columns.iter().any(|column| key::is_random(column)) {
                (
                    Severity::Low,
                    "an insert tells whether another tenant has an id, which has to be known first",
                )
            } else if columns.iter().all(|column| key::is_counted(&column.data_type)) {
                (
                    Severity::Low,
                    "an insert with an id of one's choice tells whether another tenant has it, and ids tell how many rows \
                     all tenants have",
                )
            } else {
                (Severity::Medium, "an insert tells which values other tenants have")
            };
            let (plain, columns) = (table.name.plain(), key::written(index));
            let message = format!("the primary key of {plain} is {columns}, without the tenant: {says}");
            let object = Object::Part(Part::Key, table.name.clone(), name.clone());
            let first = index.columns().and_then(|columns| columns.first().copied());
            found.add(object, message).severity(severity).column(first);
        }
    }
}
