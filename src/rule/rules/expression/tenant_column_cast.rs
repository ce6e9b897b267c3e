//! `tenant-column-cast`

use crate::catalog::{Column, Object, canonical_type};
use crate::ident::QualifiedName;
use crate::rule::finding::Findings;
use crate::rule::judge::{arguments, is_column, strip, walk};
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use sqlparser::ast::{BinaryOperator, Expr, InTarget};

pub(super) const RULE: Rule = Rule {
    code: "tenant-column-cast",
    severity: Severity::Medium,
    finds: "a policy changes the tenant column before it compares it",
    why: "An index on the column does not serve a comparison with something else, so every statement reads the whole table; and two texts \
          of one uuid can differ.",
    fix: "Cast the setting to the type of the column, and leave the column as it is.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id::text = (SELECT nullif(current_setting('app.tenant_id', true), '')));",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
    manual: "https://www.postgresql.org/docs/current/indexes-expressional.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for table in subject.judged() {
        let Some(column) = table.tenant_column() else { continue };
        for policy in &table.policies {
            let mut changed = false;
            for tree in policy.conditions().filter_map(|(_, condition)| condition.tree.as_deref()) {
                walk(tree, &mut |expr, depth| changed |= changes(expr, depth, table.table, column));
            }
            if changed {
                let (name, table) = (policy.name, table.table);
                let message = format!(
                    "policy {} of {} compares something made of {} and not the column",
                    name.plain(),
                    table.plain(),
                    column.name.plain()
                );
                found.add(Object::policy(table, name), message);
            }
        }
    }
}

/// Whether an expression compares what it has made of the column.
fn changes(expr: &Expr, depth: usize, table: &QualifiedName, column: &Column) -> bool {
    let sides = match expr {
        Expr::BinaryOp { left, op: BinaryOperator::Eq | BinaryOperator::PGLikeMatch, right } => {
            vec![left, right]
        }
        Expr::AnyOp { left, .. } | Expr::In { expr: left, target: InTarget::Subquery(_), .. } => vec![left],
        Expr::IsDistinctFrom(left, right) => vec![left, right],
        _ => return false,
    };
    let own = |expr: &Expr| is_column(expr, depth, table, column.name.as_str());
    sides.into_iter().any(|side| match strip(side) {
        // The server compares texts of every length as texts.
        Expr::Cast { data_type, .. }
            if column.data_type.starts_with("character")
                && canonical_type(&data_type.to_string()) == "text" =>
        {
            false
        }
        Expr::Cast { expr: inner, .. } => own(inner),
        Expr::Function(call) => arguments(call).into_iter().any(|argument| match strip(argument) {
            Expr::Cast { expr: inner, .. } => own(inner),
            argument => own(argument),
        }),
        _ => false,
    })
}
