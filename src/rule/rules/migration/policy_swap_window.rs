//! `policy-swap-window`

use crate::catalog::Object;
use crate::catalog::replay::Step;
use crate::ident::{Ident, QualifiedName};
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Ground;
use crate::rule::watch::Watch;

pub(super) const RULE: Rule = Rule {
    code: "policy-swap-window",
    severity: Severity::High,
    finds: "a policy is dropped in one transaction, and another takes its place in a later one",
    why: "Between the two transactions statements find no rows, or the rows of all tenants where another policy stays.",
    fix: "Use ALTER POLICY, or drop and create within one transaction.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE POLICY invoice_tenant ON invoice USING (tenant_id = '6f1c0a52-9d0f-4f57-8a0e-2f8f3f1f0a11');
-- file: 2.sql
-- tenantry: no-transaction
DROP POLICY invoice_tenant ON invoice;
CREATE POLICY invoice_tenant ON invoice USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE POLICY invoice_tenant ON invoice USING (tenant_id = '6f1c0a52-9d0f-4f57-8a0e-2f8f3f1f0a11');
-- file: 2.sql
ALTER POLICY invoice_tenant ON invoice USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);",
    manual: "https://www.postgresql.org/docs/current/sql-alterpolicy.html",
    check: Check::Sequence(|| Box::new(PolicySwapWindow::default())),
};

/// The policies that were dropped from tables that stay, each with its statement and its transaction.
#[derive(Default)]
struct PolicySwapWindow {
    dropped: Vec<Dropped>,
}

struct Dropped {
    table: QualifiedName,
    policy: Ident,
    statement: usize,
    transaction: usize,
}

impl Watch for PolicySwapWindow {
    fn see(&mut self, step: &Step<'_>, _: &Ground<'_>, found: &mut Findings) {
        for (table, before, now) in step.relations() {
            let (Some(before), Some(now)) = (before, now) else { continue };
            if now.policies.keys().any(|name| !before.policies.contains_key(name)) {
                self.created(table, step, found);
            }
            let gone = before.policies.keys().filter(|name| !now.policies.contains_key(*name));
            self.dropped.extend(gone.map(|policy| Dropped {
                table: table.clone(),
                policy: policy.clone(),
                statement: step.index,
                transaction: step.transaction.number,
            }));
        }
    }
}

impl PolicySwapWindow {
    fn created(&mut self, table: &QualifiedName, step: &Step<'_>, found: &mut Findings) {
        for dropped in self.dropped.extract_if(.., |dropped| dropped.table == *table) {
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
