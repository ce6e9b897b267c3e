//! `inherit-child-direct`

use std::collections::BTreeSet;

use crate::catalog::Relation;
use crate::ident::QualifiedName;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::subject::direct;

pub(super) const RULE: Rule = Rule {
    code: "inherit-child-direct",
    severity: Severity::High,
    finds: "a table that inherits from a tenant table is granted by itself, is not governed, and its row-level security is off",
    why: "A statement that names the child asks the child's policies and not its parent's: tenants read and write the rows of \
          all.",
    fix: "Govern the schema of the child, so that it gets policies of its own, or revoke every privilege on it; access \
          through the parent stays as it is.",
    bad: "CREATE TABLE invoice (id bigint, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE SCHEMA archive;
CREATE TABLE archive.invoice_2025 () INHERITS (invoice);
GRANT SELECT ON archive.invoice_2025 TO erp_app;",
    good: "CREATE TABLE invoice (id bigint, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE SCHEMA archive;
CREATE TABLE archive.invoice_2025 () INHERITS (invoice);
ALTER TABLE archive.invoice_2025 ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
GRANT SELECT ON invoice TO erp_app;",
    manual: "https://www.postgresql.org/docs/current/ddl-inherit.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (name, relation) in &subject.catalog.relations {
        // One that has a place is judged as the table that it is.
        if relation.row_security || !relation.is_table() || subject.places.relations.contains_key(name) {
            continue;
        }
        if let Some(parent) = parent(subject, relation) {
            direct::add(subject, (name, relation), &format!("which inherits from {}", parent.plain()), found);
        }
    }
}

/// The tenant table that a table inherits from, over others perhaps.
pub(super) fn parent<'a>(subject: &Subject<'a>, relation: &'a Relation) -> Option<&'a QualifiedName> {
    let mut seen = BTreeSet::new();
    let mut left: Vec<&QualifiedName> = relation.inherits.iter().collect();
    while let Some(name) = left.pop() {
        if subject.holds_tenants(name) {
            return Some(name);
        }
        let above = subject.catalog.relations.get(name).filter(|_| seen.insert(name));
        left.extend(above.iter().flat_map(|above| &above.inherits));
    }
    None
}
