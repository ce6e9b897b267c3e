//! `detached-partition-unprotected`

use crate::catalog::Object;
use crate::catalog::replay::Step;
use crate::ident::QualifiedName;
use crate::policy::ddl;
use crate::policy::manifest::Class;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Ground;
use crate::rule::watch::pending::{Pending, Until};
use crate::rule::watch::{Watch, follow};

pub(super) const RULE: Rule = Rule {
    code: "detached-partition-unprotected",
    severity: Severity::High,
    finds: "a partition is detached and stays without row-level security",
    why: "A partition has no policies of its own. Detached it is a table like any other, with its rows of all tenants and its old grants.",
    fix: "Enable and force row-level security on it in the file that detaches it, or drop it there.",
    bad: "CREATE TABLE entry (tenant_id uuid NOT NULL, day date NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE entry_2025 PARTITION OF entry FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
ALTER TABLE entry ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- file: 2.sql
ALTER TABLE entry DETACH PARTITION entry_2025;",
    good: "CREATE TABLE entry (tenant_id uuid NOT NULL, day date NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE entry_2025 PARTITION OF entry FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
ALTER TABLE entry ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- file: 2.sql
ALTER TABLE entry DETACH PARTITION entry_2025;
ALTER TABLE entry_2025 ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;",
    manual: "https://www.postgresql.org/docs/current/ddl-partitioning.html",
    check: Check::Sequence(|| Box::new(DetachedPartitionUnprotected(Pending::new(Until::File)))),
};

struct DetachedPartitionUnprotected(Pending<Detached>);

struct Detached {
    table: QualifiedName,
    from: QualifiedName,
}

impl Watch for DetachedPartitionUnprotected {
    fn see(&mut self, step: &Step<'_>, ground: &Ground<'_>, found: &mut Findings) {
        tell(self.0.go_on(step), ground, found);
        let renamed = step.renamed();
        for (table, before, now) in step.relations() {
            self.0.keep(|detached| {
                follow(&mut detached.table, renamed);
                let open = |now: &crate::catalog::Relation| !now.row_security && now.partition_of.is_none();
                detached.table != *table || now.is_some_and(open)
            });
            let (Some(before), Some(now)) = (before, now) else { continue };
            let (Some(of), None, false) = (&before.partition_of, &now.partition_of, now.row_security) else {
                continue;
            };
            let parent = step.relation(&of.parent);
            if now.column(ground.manifest.column(&of.parent)).is_some()
                || parent.is_some_and(|of| of.row_security)
            {
                self.0.add(step, Detached { table: table.clone(), from: of.parent.clone() });
            }
        }
    }

    fn end(&mut self, ground: &Ground<'_>, found: &mut Findings) {
        tell(self.0.take(), ground, found);
    }
}

fn tell(detached: Vec<(usize, Detached)>, ground: &Ground<'_>, found: &mut Findings) {
    for (statement, Detached { table, from }) in detached {
        let entry = ground.manifest.entry(&table);
        if entry.is_some_and(|entry| matches!(entry.class, Class::Exempt { .. })) {
            continue;
        }
        let message =
            format!("{} is detached from {} and has no row-level security", table.plain(), from.plain());
        let sql = ddl::row_security(&table, true);
        found.add(Object::RowSecurity(table), message).statement(statement).sql(sql);
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::severities;

    #[test]
    fn a_partition_that_is_protected_dropped_or_attached_again_is_fine() {
        let start = "CREATE TABLE t (tenant_id uuid, a int) PARTITION BY LIST (a);
            CREATE TABLE p PARTITION OF t FOR VALUES IN (1);\n-- file: 2.sql\n";
        for (sql, expected) in [
            ("ALTER TABLE t DETACH PARTITION p CONCURRENTLY;", 1),
            ("ALTER TABLE t DETACH PARTITION p; DROP TABLE p;", 0),
            ("ALTER TABLE p ENABLE ROW LEVEL SECURITY; ALTER TABLE t DETACH PARTITION p;", 0),
            ("ALTER TABLE t DETACH PARTITION p; ALTER TABLE t ATTACH PARTITION p FOR VALUES IN (2);", 0),
        ] {
            assert_eq!(severities(super::RULE.code, &format!("{start}{sql}")).len(), expected, "{sql}");
        }
    }
}
