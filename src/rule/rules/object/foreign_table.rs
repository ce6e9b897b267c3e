//! `foreign-table`

use super::inherit_child_direct::parent;
use crate::catalog::RelationKind;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::subject::direct;

pub(super) const RULE: Rule = Rule {
    code: "foreign-table",
    severity: Severity::High,
    finds: "a foreign table with tenants' rows is open to a role that tenants' statements run as",
    why: "A foreign table takes no policies, and what is asked at the other end is who the user mapping says: every tenant \
          reads, and perhaps changes, the rows of all.",
    fix: "Revoke it from the app role, and let a role of the system's read it.",
    bad: "CREATE FOREIGN DATA WRAPPER erp_wrapper;
CREATE SERVER archive FOREIGN DATA WRAPPER erp_wrapper;
CREATE FOREIGN TABLE old_invoice (id bigint, tenant_id uuid NOT NULL) SERVER archive;
GRANT SELECT ON old_invoice TO erp_app;",
    good: "CREATE FOREIGN DATA WRAPPER erp_wrapper;
CREATE SERVER archive FOREIGN DATA WRAPPER erp_wrapper;
CREATE FOREIGN TABLE old_invoice (id bigint, tenant_id uuid NOT NULL) SERVER archive;
GRANT SELECT ON old_invoice TO erp_system;",
    manual: "https://www.postgresql.org/docs/current/sql-createforeigntable.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (name, relation) in &subject.catalog.relations {
        // A foreign partition is a partition.
        let considered = relation.kind == RelationKind::ForeignTable && relation.partition_of.is_none();
        if !considered || subject.is_exempt(name) {
            continue;
        }
        let column = subject.manifest.column(name);
        if relation.column(column).is_some() || parent(subject, relation).is_some() {
            direct::add(subject, (name, relation), "a foreign table, which takes no policies", found);
        }
    }
}
