//! `pattern-match-tenant`

use crate::catalog::Object;
use crate::rule::finding::Findings;
use crate::rule::judge::{names_column, walk};
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use sqlparser::ast::{BinaryOperator, Expr};

pub(super) const RULE: Rule = Rule {
    code: "pattern-match-tenant",
    severity: Severity::High,
    finds: "a policy matches against a pattern that the session gives",
    why: "A pattern is no equality: `%` and `.*` match every tenant, and whoever can set the setting can set that.",
    fix: "Compare with `=`.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice USING (tenant_id::text LIKE current_setting('app.tenant_id', true));",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
    manual: "https://www.postgresql.org/docs/current/functions-matching.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for table in subject.judged() {
        for policy in &table.policies {
            let (mut of_tenant, mut of_other) = (false, false);
            for tree in policy.conditions().filter_map(|(_, condition)| condition.tree.as_deref()) {
                walk(tree, &mut |expr, _| {
                    let Some((what, pattern)) = pattern(expr) else { return };
                    if reads_setting(pattern) {
                        let own = |column: &str| names_column(what, table.table, column);
                        if table.owning_columns().iter().any(|column| own(column)) {
                            of_tenant = true;
                        } else {
                            of_other = true;
                        }
                    }
                });
            }
            let (what, severity) = match (of_tenant, of_other) {
                (true, _) => ("the tenant", Severity::High),
                (false, true) => ("a row", Severity::Medium),
                (false, false) => continue,
            };
            let (name, table) = (policy.name, table.table);
            let message = format!(
                "policy {} of {} matches {what} against a pattern that is in a setting",
                name.plain(),
                table.plain()
            );
            found.add(Object::policy(table, name), message).severity(severity);
        }
    }
}

/// What is matched, and against what.
fn pattern(expr: &Expr) -> Option<(&Expr, &Expr)> {
    match expr {
        Expr::BinaryOp { left, op, right } => {
            use BinaryOperator as Op;
            let matches = matches!(
                op,
                Op::PGLikeMatch
                    | Op::PGILikeMatch
                    | Op::PGRegexMatch
                    | Op::PGRegexIMatch
                    | Op::PGNotLikeMatch
                    | Op::PGNotILikeMatch
                    | Op::PGRegexNotMatch
                    | Op::PGRegexNotIMatch
            );
            matches.then_some((left, right))
        }
        Expr::Like { expr, pattern, .. }
        | Expr::ILike { expr, pattern, .. }
        | Expr::SimilarTo { expr, pattern, .. } => Some((expr, pattern)),
        _ => None,
    }
}

fn reads_setting(pattern: &Expr) -> bool {
    let mut reads = false;
    walk(pattern, &mut |expr, _| {
        reads |= matches!(expr, Expr::Function(call) if call.name.to_string() == "current_setting");
    });
    reads
}
