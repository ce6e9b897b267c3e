//! `guc-names-inconsistent`

use crate::catalog::Object;
use crate::ident::QualifiedName;
use crate::rule::finding::Findings;
use crate::rule::judge::{Action, is_column, names_column, names_columns, walk};
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use sqlparser::ast::{BinaryOperator, Expr, InTarget};

pub(super) const RULE: Rule = Rule {
    code: "guc-names-inconsistent",
    severity: Severity::High,
    finds: "a policy reads another setting than the one that carries the tenant",
    why: "What nobody sets is NULL, so the table is empty for everybody; what somebody else sets is another tenant.",
    fix: "Read the setting that [tenancy] of the manifest names, or name the other one there.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid));",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
    manual: "https://www.postgresql.org/docs/current/functions-admin.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let tenancy = &subject.manifest.tenancy;
    let mut wanted = vec![tenancy.setting_name().as_str().to_ascii_lowercase()];
    if let Some(members) = tenancy.members() {
        wanted.push(members.user_setting().as_str().to_ascii_lowercase());
    }
    for table in subject.judged() {
        let Some(column) = table.tenant_column() else { continue };
        for policy in &table.policies {
            let bound = Action::ALL.iter().any(|action| {
                let decides = policy.decides(*action).is_some_and(|of| !of.truth.is_never_true());
                policy.covers(*action) && decides && table.verdict(policy, *action).is_bound()
            });
            let other = policy.conditions().filter(|_| bound).find_map(|(_, of)| {
                // Whoever looks a tenant up asks for something else by right.
                let looks_up = of.uses.calls.iter().any(|call| call.routine.looks_up);
                let tree = of.tree.as_deref().filter(|_| !looks_up)?;
                let settings = of.uses.settings();
                let reads_wanted = settings.iter().any(|name| wanted.contains(name));
                let asks = !reads_wanted && compares(tree, table.table, column.name.as_str());
                // One without a prefix is another rule's.
                settings.into_iter().find(|name| asks && name.contains('.'))
            });
            let Some(other) = other else { continue };
            let message = format!(
                "policy {} of {} reads {other}; the tenant is in {}",
                policy.name.plain(),
                table.table.plain(),
                tenancy.setting_name().as_str()
            );
            found.add(Object::policy(table.table, policy.name), message).word(other);
        }
    }
}

/// Whether the tenant column is compared with something that is no column's.
fn compares(tree: &Expr, table: &QualifiedName, column: &str) -> bool {
    let mut compares = false;
    walk(tree, &mut |expr, depth| {
        let own =
            |of: &Expr| names_column(of, table, column) || (depth == 0 && is_column(of, 0, table, column));
        compares |= match expr {
            Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
                (own(left) && !names_columns(right)) || (own(right) && !names_columns(left))
            }
            Expr::AnyOp { left, right, .. } => own(left) && !names_columns(right),
            Expr::In { expr: left, target: InTarget::Subquery(subquery), .. } => {
                own(left) && !names_columns(&Expr::Subquery(subquery.clone()))
            }
            _ => false,
        };
    });
    compares
}
