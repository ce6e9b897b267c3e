//! `literal-tenant`

use crate::catalog::Object;
use crate::rule::finding::Findings;
use crate::rule::judge::fault::{Fault, faulty_policy};
use crate::rule::judge::{is_column, strip, walk};
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use sqlparser::ast::{BinaryOperator, Expr, Value};

pub(super) const RULE: Rule = Rule {
    code: "literal-tenant",
    severity: Severity::High,
    finds: "a policy names a tenant",
    why: "Whoever is bound to another tenant sees the rows of that one, and a tenant that is renamed or deleted stays in the schema.",
    fix: "Compare with the setting. Rows that all may read have no tenant, in a table of class shared.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_demo ON invoice FOR SELECT USING (tenant_id = '6f1c0a52-9d0f-4f57-8a0e-2f8f3f1f0a11');",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
    manual: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for table in subject.judged() {
        let Some(column) = table.tenant_column() else { continue };
        for policy in table.policies.iter().filter(|policy| policy.for_app) {
            let mut named = false;
            for tree in policy.conditions().filter_map(|(_, condition)| condition.tree.as_deref()) {
                walk(tree, &mut |expr, depth| {
                    named |= names_tenant(expr, |of| is_column(of, depth, table.table, column.name.as_str()));
                });
            }
            if !named {
                continue;
            }
            let faulty = faulty_policy(table, policy);
            let (what, severity) = match faulty {
                Some(faulty) if faulty.fault == Fault::Literal => (
                    faulty.message("names a tenant, whose rows every other one sees"),
                    faulty.severity(Severity::High),
                ),
                _ => (
                    format!("policy {} of {} names a tenant", policy.name.plain(), table.table.plain()),
                    Severity::Low,
                ),
            };
            found.add(Object::policy(table.table, policy.name), what).severity(severity);
        }
    }
}

/// Whether the column is compared with a tenant that the expression names.
fn names_tenant(expr: &Expr, own: impl Fn(&Expr) -> bool) -> bool {
    match expr {
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
            (own(left) && is_tenant(right)) || (own(right) && is_tenant(left))
        }
        Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } => {
            let mut array = strip(right);
            while let Expr::Cast { expr: inner, .. } = array {
                array = strip(inner);
            }
            own(left) && matches!(array, Expr::Array(array) if array.elem.iter().any(is_tenant))
        }
        _ => false,
    }
}

fn is_tenant(expr: &Expr) -> bool {
    match strip(expr) {
        Expr::Cast { expr: inner, .. } => is_tenant(inner),
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => !text.is_empty(),
            Value::Number(..) => true,
            _ => false,
        },
        _ => false,
    }
}
