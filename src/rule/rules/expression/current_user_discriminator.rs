//! `current-user-discriminator`

use crate::catalog::Object;
use crate::rule::finding::Findings;
use crate::rule::judge::rewrite::item;
use crate::rule::judge::{Action, is_column, strip, walk};
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use sqlparser::ast::{BinaryOperator, Expr};

pub(super) const RULE: Rule = Rule {
    code: "current-user-discriminator",
    severity: Severity::High,
    finds: "a policy compares a column with the role that is logged in",
    why: "A pool logs in as one role for all tenants, so the comparison is the same for each of them; in a SECURITY DEFINER function the \
          role is the function's owner.",
    fix: "Compare the tenant column with the setting of the transaction.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, owner_name name NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_owner ON invoice USING (owner_name = current_user);",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
    manual: "https://www.postgresql.org/docs/current/functions-info.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let setting = subject.manifest.tenancy.setting_name().as_str().to_ascii_lowercase();
    for table in subject.judged() {
        for policy in table.policies.iter().filter(|policy| policy.for_app) {
            let mut role = None;
            for tree in policy.conditions().filter_map(|(_, condition)| condition.tree.as_deref()) {
                walk(tree, &mut |expr, depth| {
                    let columns = &table.relation.columns;
                    let own = |of: &Expr| {
                        columns
                            .iter()
                            .any(|column| is_column(uncast(of), depth, table.table, column.name.as_str()))
                    };
                    let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = expr else { return };
                    role = role.or(if own(left) { logged_in(right) } else { None });
                    role = role.or(if own(right) { logged_in(left) } else { None });
                });
            }
            let Some(role) = role else { continue };
            let asks = policy.conditions().any(|(_, condition)| condition.uses.settings().contains(&setting));
            let bound =
                Action::ALL.iter().all(|of| !policy.covers(*of) || table.verdict(policy, *of).is_bound());
            let (name, table) = (policy.name, table.table);
            let message = format!(
                "policy {} of {} compares a column with {role}, which is one role for all tenants",
                name.plain(),
                table.plain()
            );
            let severity = if asks && bound { Severity::Low } else { Severity::High };
            found.add(Object::policy(table, name), message).severity(severity).word(role);
        }
    }
}

fn uncast(expr: &Expr) -> &Expr {
    match strip(expr) {
        Expr::Cast { expr: inner, .. } => uncast(inner),
        expr => expr,
    }
}

/// The word for the role that is logged in.
fn logged_in(expr: &Expr) -> Option<&'static str> {
    match uncast(expr) {
        Expr::Function(call) => {
            let name = call.name.to_string();
            ["current_user", "session_user", "current_role", "user"].into_iter().find(|role| *role == name)
        }
        Expr::Subquery(query) => logged_in(item(query)?),
        _ => None,
    }
}
