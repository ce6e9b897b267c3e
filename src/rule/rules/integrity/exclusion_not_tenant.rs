//! `exclusion-not-tenant`

use crate::catalog::{ExclusionConstraint, Index, IndexColumn, Object, Part};
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::subject::key;

pub(super) const RULE: Rule = Rule {
    code: "exclusion-not-tenant",
    severity: Severity::Medium,
    finds: "an exclusion constraint of a tenant table does not compare the tenant",
    why: "The constraint is checked against the rows of all tenants: one tenant's row keeps another's out, and the refusal tells \
          that it is there.",
    fix: "Add the tenant column WITH = to the constraint; for uuid and other scalar types that takes the extension btree_gist.",
    bad: "CREATE TABLE booking (tenant_id uuid NOT NULL, during tsrange NOT NULL, EXCLUDE USING gist (during WITH &&));",
    good: "CREATE EXTENSION btree_gist;
CREATE TABLE booking (
    tenant_id uuid NOT NULL,
    during tsrange NOT NULL,
    EXCLUDE USING gist (tenant_id WITH =, during WITH &&)
);",
    manual: "https://www.postgresql.org/docs/current/sql-createtable.html#SQL-CREATETABLE-EXCLUDE",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for table in subject.written() {
        for (name, exclusion) in &table.relation.exclusions {
            let Some(index) = table.relation.indexes.get(name) else { continue };
            let equal = equal(index, exclusion);
            if index.inherited || table.is_bound(&equal) {
                continue;
            }
            let random = table.columns(&equal).into_iter().any(key::is_random);
            let (severity, says) = if random {
                (Severity::Info, "it tells of another tenant's row, by a value that cannot be guessed")
            } else {
                (Severity::Medium, "another tenant's row keeps a row out, and so tells that it is there")
            };
            let plain = table.name.plain();
            let message = format!("{} of {plain} does not compare the tenant: {says}", name.plain());
            found
                .add(Object::Part(Part::Exclusion, table.name.clone(), name.clone()), message)
                .severity(severity);
        }
    }
}

/// The index with those keys alone that two rows must have in common to exclude each other.
fn equal(index: &Index, exclusion: &ExclusionConstraint) -> Index {
    let keys = index.keys.iter().zip(&exclusion.operators);
    let keys = keys.filter(|(key, operator)| {
        matches!(key.column, IndexColumn::Column(_)) && matches!(operator.as_str(), "=" | "pg_catalog.=")
    });
    Index { keys: keys.map(|(key, _)| key.clone()).collect(), ..index.clone() }
}
