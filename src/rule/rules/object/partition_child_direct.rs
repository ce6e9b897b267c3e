//! `partition-child-direct`

use crate::policy::place::top;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::subject::direct;

pub(super) const RULE: Rule = Rule {
    code: "partition-child-direct",
    severity: Severity::High,
    finds: "a partition of a tenant table is granted by itself, and its own row-level security is off",
    why: "A statement that names the partition asks the partition's policies and not its table's: tenants read and write the \
          rows of all. Nothing of the table's row-level security is inherited, by new partitions neither.",
    fix: "Revoke every privilege on partitions, and enable and force row-level security on them without any policy; \
          access through the table stays as it is.",
    bad:
        "CREATE TABLE entry (tenant_id uuid NOT NULL, id bigint, day date NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE entry_2026 PARTITION OF entry FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
ALTER TABLE entry ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT ON entry, entry_2026 TO erp_app;",
    good:
        "CREATE TABLE entry (tenant_id uuid NOT NULL, id bigint, day date NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE entry_2026 PARTITION OF entry FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
ALTER TABLE entry ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE entry_2026 ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT ON entry TO erp_app;",
    manual: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (name, relation) in &subject.catalog.relations {
        let Some(table) = top(subject.catalog, name) else { continue };
        if !relation.row_security && subject.holds_tenants(name) {
            direct::add(subject, (name, relation), &format!("a partition of {}", table.plain()), found);
        }
    }
}
