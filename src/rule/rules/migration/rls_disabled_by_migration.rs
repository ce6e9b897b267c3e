//! `rls-disabled-by-migration`

use crate::catalog::Object;
use crate::catalog::replay::Step;
use crate::ident::QualifiedName;
use crate::policy::ddl;
use crate::policy::manifest::Class;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Ground;
use crate::rule::watch::bound::Made;
use crate::rule::watch::pending::{Pending, Until};
use crate::rule::watch::{Watch, follow};

pub(super) const RULE: Rule = Rule {
    code: "rls-disabled-by-migration",
    severity: Severity::Critical,
    finds: "a migration takes row-level security off a table and commits without it",
    why: "From the commit on every tenant reads and changes the rows of all, even if a later migration puts it back.",
    fix: "Put it back in the same transaction, or run the work that needs it off as a role with BYPASSRLS.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- file: 2.sql
ALTER TABLE invoice DISABLE ROW LEVEL SECURITY;",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, total numeric);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- file: 2.sql
SET LOCAL lock_timeout = '2s';
ALTER TABLE invoice NO FORCE ROW LEVEL SECURITY;
UPDATE invoice SET total = 0 WHERE total IS NULL;
ALTER TABLE invoice FORCE ROW LEVEL SECURITY;",
    manual: "https://www.postgresql.org/docs/current/sql-altertable.html",
    check: Check::Sequence(|| Box::new(RlsDisabledByMigration::new())),
};

struct RlsDisabledByMigration {
    /// What a file makes and leaves open is told of the table itself.
    made: Made,
    off: Pending<Off>,
}

impl RlsDisabledByMigration {
    fn new() -> Self {
        Self { made: Made::default(), off: Pending::new(Until::Transaction) }
    }
}

/// A table that has lost something of its row-level security.
struct Off {
    table: QualifiedName,
    disabled: bool,
}

impl Watch for RlsDisabledByMigration {
    fn see(&mut self, step: &Step<'_>, ground: &Ground<'_>, found: &mut Findings) {
        let late = self.off.go_on(step);
        tell(late, ground, found);
        self.off.keep(|off| {
            follow(&mut off.table, step.renamed());
            true
        });
        self.made.go_on(step);
        for (table, before, now) in step.relations() {
            self.off.keep(|off| {
                off.table != *table
                    || now.is_some_and(
                        |now| {
                            if off.disabled { !now.row_security } else { !now.force_row_security }
                        },
                    )
            });
            let (Some(before), Some(now), false) = (before, now, self.made.has(table)) else { continue };
            if before.row_security && !now.row_security {
                self.off.add(step, Off { table: table.clone(), disabled: true });
            } else if before.force_row_security && !now.force_row_security && now.row_security {
                self.off.add(step, Off { table: table.clone(), disabled: false });
            }
        }
    }

    fn end(&mut self, ground: &Ground<'_>, found: &mut Findings) {
        tell(self.off.take(), ground, found);
    }
}

fn tell(off: Vec<(usize, Off)>, ground: &Ground<'_>, found: &mut Findings) {
    for (statement, Off { table, disabled }) in off {
        let entry = ground.manifest.entry(&table);
        if entry.is_some_and(|entry| matches!(entry.class, Class::Exempt { .. })) {
            continue;
        }
        let name = table.plain();
        let (message, severity, sql) = if disabled {
            let message = format!("{name} is left without row-level security");
            (message, Severity::Critical, ddl::row_security(&table, true))
        } else {
            let message = format!("{name} is left without FORCE, so its policies do not bind its owner");
            (message, Severity::High, ddl::force(&table, true))
        };
        found.add(Object::RowSecurity(table), message).statement(statement).severity(severity).sql(sql);
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::severities;

    const TABLE: &str = "CREATE TABLE t (tenant_id uuid);
        ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;";

    #[test]
    fn only_what_outlives_its_transaction_is_found() {
        let of = |sql: &str| severities(super::RULE.code, &format!("{TABLE}\n-- file: 2.sql\n{sql}"));
        for (sql, expected) in [
            ("ALTER TABLE t DISABLE ROW LEVEL SECURITY;", &["critical"][..]),
            ("ALTER TABLE t NO FORCE ROW LEVEL SECURITY;", &["high"]),
            ("ALTER TABLE t DISABLE ROW LEVEL SECURITY; ALTER TABLE t ENABLE ROW LEVEL SECURITY;", &[]),
            (
                "ALTER TABLE t DISABLE ROW LEVEL SECURITY; ALTER TABLE t RENAME TO u;
                 ALTER TABLE u ENABLE ROW LEVEL SECURITY;",
                &[],
            ),
            ("ALTER TABLE t DISABLE ROW LEVEL SECURITY; ALTER TABLE t RENAME TO u;", &["critical"]),
            ("ALTER TABLE t DISABLE ROW LEVEL SECURITY; DROP TABLE t;", &[]),
            (
                "CREATE TABLE u (tenant_id uuid); ALTER TABLE u ENABLE ROW LEVEL SECURITY;
                 ALTER TABLE u DISABLE ROW LEVEL SECURITY;",
                &[],
            ),
            (
                "-- tenantry: no-transaction
                 BEGIN; ALTER TABLE t DISABLE ROW LEVEL SECURITY; COMMIT;
                 ALTER TABLE t ENABLE ROW LEVEL SECURITY;",
                &["critical"],
            ),
            (
                "-- tenantry: no-transaction
                 BEGIN; ALTER TABLE t DISABLE ROW LEVEL SECURITY; ROLLBACK;",
                &[],
            ),
        ] {
            assert_eq!(of(sql), expected, "{sql}");
        }
    }
}
