//! `per-row-function`

use crate::catalog::{Object, Volatility};
use crate::policy::Place;
use crate::rule::finding::Findings;
use crate::rule::judge::rewrite;
use crate::rule::judge::{strip, walk};
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use sqlparser::ast::Expr;

pub(super) const RULE: Rule = Rule {
    code: "per-row-function",
    severity: Severity::Low,
    finds: "a policy computes the tenant for each row",
    why: "A sequential scan calls the function once per row: five times slower with current_setting, ten times and more with PL/pgSQL.",
    fix: "Put it into a subselect, `(SELECT …)`, which is computed once per statement; or set direct in the manifest where the planner has to \
          see the value.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
    manual: "https://www.postgresql.org/docs/current/xfunc-volatility.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for table in subject.judged() {
        // Somebody has decided that the planner is to see the value.
        if matches!(table.place, Some(Place::Tenant { direct: true, .. })) {
            continue;
        }
        for policy in &table.policies {
            let uses = || policy.conditions().map(|(_, condition)| &condition.uses);
            let calls =
                uses().flat_map(|uses| &uses.calls).find(|call| call.per_row && call.routine.reads_session);
            let reads = uses().flat_map(|uses| &uses.reads).find(|read| read.per_row);
            let (what, severity) = match (calls, reads) {
                (Some(call), _) => (call.signature.name.plain(), Severity::Medium),
                (None, Some(_)) => ("current_setting".to_owned(), Severity::Low),
                (None, None) => continue,
            };
            let (name, of) = (policy.name.plain(), table.table.plain());
            let message = format!("policy {name} of {of} calls {what} for each row");
            let finding = found.add(Object::policy(table.table, policy.name), message);
            finding.severity(severity);
            let trees = || policy.conditions().filter_map(|(_, condition)| condition.tree.as_deref());
            let may_change = uses()
                .flat_map(|uses| &uses.calls)
                .any(|call| call.function.volatility == Volatility::Volatile);
            if !may_change
                && !trees().any(searches_array)
                && let Some(sql) = rewrite::alter(table, policy, &mut once)
            {
                finding.sql(sql);
            }
        }
    }
}

/// Puts what is computed from the session into a subselect, the largest expression that is.
fn once(expr: &mut Expr, depth: usize) -> bool {
    if depth > 0 || !rewrite::is_of_session(expr) || !reads_session(expr) {
        return false;
    }
    rewrite::once(expr);
    true
}

/// Whether it searches an array that is computed. In a subselect that would be a search in rows.
fn searches_array(tree: &Expr) -> bool {
    let mut searches = false;
    walk(tree, &mut |expr, _| {
        if let Expr::AnyOp { right, .. } | Expr::AllOp { right, .. } = expr {
            searches |= !matches!(strip(right), Expr::Array(_));
        }
    });
    searches
}

/// Whether an expression calls anything outside of a subselect.
fn reads_session(expr: &Expr) -> bool {
    let mut calls = false;
    walk(expr, &mut |part, depth| {
        calls |= depth == 0 && matches!(part, Expr::Function(call) if !is_syntax(&call.name.to_string()));
    });
    calls
}

/// What looks like a call and is none.
fn is_syntax(name: &str) -> bool {
    matches!(name, "nullif" | "coalesce" | "greatest" | "least" | "array" | "current_user" | "session_user")
}
