//! `fk-match-simple-null`

use crate::catalog::{MatchType, Object};
use crate::policy::crossing::Sides;
use crate::policy::{Place, ddl};
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "fk-match-simple-null",
    severity: Severity::Medium,
    finds: "a foreign key includes a tenant column that can be NULL",
    why: "A row in which one column of the key is NULL is not checked at all: without a tenant it can refer to rows that are \
          another tenant's, or that are not there.",
    fix: "Make the tenant column NOT NULL.",
    bad: "CREATE TABLE customer (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, UNIQUE (tenant_id, id));
CREATE TABLE invoice (
    tenant_id uuid,
    customer_id bigint,
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customer (tenant_id, id)
);",
    good: "CREATE TABLE customer (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, UNIQUE (tenant_id, id));
CREATE TABLE invoice (
    tenant_id uuid NOT NULL,
    customer_id bigint,
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customer (tenant_id, id)
);",
    manual: "https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (table, name, key) in subject.catalog.foreign_keys() {
        let (Some(from), Some(to)) = (subject.place(table), subject.place(&key.references)) else { continue };
        let sides = subject.tenant_column(from).zip(subject.tenant_column(to));
        let Some(sides) = sides.map(|(own, referenced)| Sides { own, referenced }) else { continue };
        let column = subject.catalog.relations.get(table).and_then(|relation| relation.column(sides.own));
        // The tenant alone refers to no row that another tenant could hide.
        if key.columns.len() < 2 || !key.enforced || key.match_type == MatchType::Full || !sides.are_in(key) {
            continue;
        }
        let Some(column) = column.filter(|column| !column.not_null) else { continue };
        let shared = matches!(from, Place::SharedRows { .. });
        let (plain, own) = (table.plain(), sides.own.plain());
        let whose = if shared { "rows that all share are" } else { "a row without a tenant is" };
        let message =
            format!("foreign key {} of {plain}: {own} can be NULL, and {whose} not checked", name.plain());
        let finding = found.add(Object::foreign_key(table, name), message);
        if shared {
            finding.severity(Severity::Low);
        } else {
            finding.sql(ddl::prove_not_null(table, column));
        }
    }
}
