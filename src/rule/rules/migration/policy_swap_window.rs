//! `policy-swap-window`

use crate::catalog::replay::{Session, Statement, Step};
use crate::catalog::{Object, Policy};
use crate::ident::{Ident, QualifiedName};
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Ground;
use crate::rule::watch::{Watch, follow};

pub(super) const RULE: Rule = Rule {
    code: "policy-swap-window",
    severity: Severity::High,
    finds: "a policy is dropped in one transaction, and another takes its place in a later one",
    why: "Between the two transactions statements find no rows, or the rows of all tenants where another policy stays.",
    fix: "Use ALTER POLICY, or drop and create within one transaction.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice USING (tenant_id = '6f1c0a52-9d0f-4f57-8a0e-2f8f3f1f0a11');
-- file: 2.sql
-- tenantry: no-transaction
SET lock_timeout = '2s';
DROP POLICY invoice_tenant ON invoice;
CREATE POLICY invoice_tenant ON invoice USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice USING (tenant_id = '6f1c0a52-9d0f-4f57-8a0e-2f8f3f1f0a11');
-- file: 2.sql
SET LOCAL lock_timeout = '2s';
ALTER POLICY invoice_tenant ON invoice USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);",
    manual: "https://www.postgresql.org/docs/current/sql-alterpolicy.html",
    check: Check::Sequence(|| Box::new(PolicySwapWindow::default())),
};

/// The policies that were dropped from tables that stay under row-level security.
#[derive(Default)]
struct PolicySwapWindow {
    dropped: Vec<Dropped>,
}

struct Dropped {
    table: QualifiedName,
    policy: Ident,
    permissive: bool,
    /// Whether none of its kind was left.
    last: bool,
    file: String,
    statement: usize,
    transaction: usize,
}

impl Watch for PolicySwapWindow {
    fn see(&mut self, step: &Step<'_>, _: &Ground<'_>, found: &mut Findings) {
        match step.statement {
            Some(Statement::Session(Session::Rollback { .. })) => {
                self.dropped.retain(|dropped| dropped.transaction != step.transaction.number);
            }
            // It is another name for the same one.
            Some(Statement::AlterPolicy { .. }) => return,
            _ => {}
        }
        for dropped in &mut self.dropped {
            follow(&mut dropped.table, step.renamed());
        }
        for (table, before, now) in step.relations().filter(|(table, ..)| !step.is_new_name(table)) {
            let (Some(before), Some(now)) = (before, now) else {
                self.dropped.retain(|dropped| dropped.table != *table);
                continue;
            };
            if !now.row_security {
                self.dropped.retain(|dropped| dropped.table != *table);
                continue;
            }
            for (name, policy) in now.policies.iter().filter(|(name, _)| !before.policies.contains_key(*name))
            {
                self.created((table, name, policy), step, found);
            }
            for (name, policy) in before.policies.iter().filter(|(name, _)| !now.policies.contains_key(*name))
            {
                self.dropped.push(Dropped {
                    table: table.clone(),
                    policy: name.clone(),
                    permissive: policy.permissive,
                    last: !now.policies.values().any(|other| other.permissive == policy.permissive),
                    file: step.located.file().to_owned(),
                    statement: step.index,
                    transaction: step.transaction.number,
                });
            }
        }
    }
}

impl PolicySwapWindow {
    fn created(
        &mut self,
        (table, name, policy): (&QualifiedName, &Ident, &Policy),
        step: &Step<'_>,
        found: &mut Findings,
    ) {
        // One that comes in another file, with others of its kind in between, is another policy.
        let replaces = |dropped: &mut Dropped| {
            dropped.table == *table
                && dropped.permissive == policy.permissive
                && (dropped.policy == *name || dropped.last || dropped.file == step.located.file())
        };
        for dropped in self.dropped.extract_if(.., replaces) {
            if dropped.transaction == step.transaction.number {
                continue;
            }
            let message = format!(
                "policy {} of {} is dropped in one transaction, and what takes its place comes in another",
                dropped.policy.plain(),
                table.plain()
            );
            found.add(Object::policy(table, &dropped.policy), message).statement(dropped.statement);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::severities;

    #[test]
    fn only_what_leaves_a_window_is_found() {
        let start = "CREATE TABLE t (tenant_id uuid); ALTER TABLE t ENABLE ROW LEVEL SECURITY;
            CREATE POLICY p ON t USING (true); CREATE POLICY q ON t FOR SELECT USING (true);
            CREATE POLICY floor ON t AS RESTRICTIVE USING (true);";
        let again = "CREATE POLICY p ON t USING (false);";
        for (sql, expected) in [
            (format!("-- file: 2.sql\nDROP POLICY p ON t;\n-- file: 3.sql\n{again}"), 1),
            (format!("-- file: 2.sql\nDROP POLICY p ON t; {again}"), 0),
            (
                "-- file: 2.sql\nDROP POLICY floor ON t;
                 -- file: 3.sql\nCREATE POLICY f ON t AS RESTRICTIVE USING (false);"
                    .replace("                 ", ""),
                1,
            ),
            // Another one, much later.
            (
                "-- file: 2.sql\nDROP POLICY p ON t;\n-- file: 3.sql\nCREATE POLICY r ON t USING (false);"
                    .to_owned(),
                0,
            ),
            (format!("-- file: 2.sql\nALTER POLICY p ON t RENAME TO r;\n-- file: 3.sql\n{again}"), 0),
            (
                format!(
                    "-- file: 2.sql\n-- tenantry: no-transaction
BEGIN; DROP POLICY p ON t; ROLLBACK; BEGIN; DROP POLICY p ON t; {again} COMMIT;"
                ),
                0,
            ),
            (
                format!(
                    "-- file: 2.sql\n-- tenantry: no-transaction\nALTER TABLE t DISABLE ROW LEVEL SECURITY;
                     DROP POLICY p ON t; {again}"
                ),
                0,
            ),
        ] {
            let example = format!("{start}\n{sql}");
            assert_eq!(severities(super::RULE.code, &example).len(), expected, "{sql}");
        }
    }
}
