//! `drop-cascade-drops-policy`

use crate::catalog::replay::{Action, Statement, Step, name_of, text_of, tokens};
use crate::catalog::{Expr, Object, Policy};
use crate::ident::{Ident, QualifiedName};
use crate::policy::manifest::Manifest;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Ground;
use crate::rule::watch::Watch;
use crate::rule::watch::pending::{Pending, Until};

pub(super) const RULE: Rule = Rule {
    code: "drop-cascade-drops-policy",
    severity: Severity::Critical,
    finds: "a DROP … CASCADE takes a policy along",
    why: "Whatever a restrictive policy kept from a tenant is open once CASCADE has dropped it, and no error tells of it. Without a \
          permissive policy rows are out of sight that services need.",
    fix: "Alter the policies first so that they do not use what is dropped, and drop it without CASCADE.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE FUNCTION own_tenant(uuid) RETURNS boolean LANGUAGE sql STABLE
    RETURN $1 = nullif(current_setting('app.tenant_id', true), '')::uuid;
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_staff ON invoice USING (true);
CREATE POLICY invoice_floor ON invoice AS RESTRICTIVE USING (own_tenant(tenant_id));
-- file: 2.sql
DROP FUNCTION own_tenant(uuid) CASCADE;",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE FUNCTION own_tenant(uuid) RETURNS boolean LANGUAGE sql STABLE
    RETURN $1 = nullif(current_setting('app.tenant_id', true), '')::uuid;
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_floor ON invoice AS RESTRICTIVE USING (own_tenant(tenant_id));
-- file: 2.sql
SET LOCAL lock_timeout = '2s';
ALTER POLICY invoice_floor ON invoice
    USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
DROP FUNCTION own_tenant(uuid);",
    manual: "https://www.postgresql.org/docs/current/ddl-depend.html",
    check: Check::Sequence(|| Box::new(DropCascadeDropsPolicy(Pending::new(Until::Transaction)))),
};

struct DropCascadeDropsPolicy(Pending<Gone>);

struct Gone {
    table: QualifiedName,
    policy: Ident,
    permissive: bool,
    /// Whether a permissive policy stays.
    open: bool,
    /// Whether it asks whose a row is.
    of_tenants: bool,
}

/// Whether a policy asks whose a row is: it names the tenant column, the tenant's setting, or the function that gives the tenant.
fn is_of_tenants(manifest: &Manifest, table: &QualifiedName, policy: &Policy) -> bool {
    let tenancy = &manifest.tenancy;
    let column = manifest.column(table);
    let setting = tenancy.setting_name().as_str();
    let exprs = [&policy.using, &policy.with_check].into_iter().flatten();
    exprs.map(Expr::as_str).any(|text| {
        tokens(text).into_iter().any(|token| {
            name_of(token, text).is_some_and(|name| name == *column || name.as_str() == "tenant_id")
                || text_of(token, text).is_some_and(|literal| literal.eq_ignore_ascii_case(setting))
        })
    })
}

impl Watch for DropCascadeDropsPolicy {
    fn see(&mut self, step: &Step<'_>, ground: &Ground<'_>, found: &mut Findings) {
        tell(self.0.go_on(step), found);
        for (table, before, now) in step.relations() {
            self.0.keep(|gone| {
                let again = |now: &crate::catalog::Relation| {
                    now.policies.iter().any(|(name, policy)| {
                        policy.permissive == gone.permissive
                            && before.is_none_or(|before| !before.policies.contains_key(name))
                    })
                };
                gone.table != *table || now.is_some_and(|now| !again(now))
            });
            let (Some(before), Some(now)) = (before, now) else { continue };
            if !cascades(step) {
                continue;
            }
            let open = now.policies.values().any(|policy| policy.permissive);
            for (name, policy) in before.policies.iter().filter(|(name, _)| !now.policies.contains_key(*name))
            {
                let of_tenants = is_of_tenants(ground.manifest, table, policy);
                let (table, permissive) = (table.clone(), policy.permissive);
                self.0.add(step, Gone { table, policy: name.clone(), permissive, open, of_tenants });
            }
        }
    }

    fn end(&mut self, _: &Ground<'_>, found: &mut Findings) {
        tell(self.0.take(), found);
    }
}

fn cascades(step: &Step<'_>) -> bool {
    match step.statement {
        Some(Statement::Drop(drop)) => drop.cascade,
        Some(Statement::AlterTable(altered)) => altered.actions.iter().any(|action| {
            matches!(
                action,
                Action::DropColumn { cascade: true, .. } | Action::DropConstraint { cascade: true, .. }
            )
        }),
        _ => false,
    }
}

fn tell(gone: Vec<(usize, Gone)>, found: &mut Findings) {
    for (statement, Gone { table, policy, permissive, open, of_tenants }) in gone {
        let (name, of) = (policy.plain(), table.plain());
        let (message, severity) = match (permissive, open) {
            (false, _) if !of_tenants => (
                format!(
                    "a CASCADE drops the restrictive policy {name} of {of}, which does not ask whose a row is"
                ),
                Severity::Medium,
            ),
            (false, true) => (
                format!(
                    "a CASCADE drops the restrictive policy {name} of {of}, and others still open its rows"
                ),
                Severity::Critical,
            ),
            (false, false) => {
                (format!("a CASCADE drops the restrictive policy {name} of {of}"), Severity::High)
            }
            // A permissive policy only ever opens rows: without it there are fewer, and nobody sees another tenant's.
            (true, true) => (
                format!("a CASCADE drops the permissive policy {name} of {of}, whose rows others still open"),
                Severity::Low,
            ),
            (true, false) => (
                format!("a CASCADE drops the permissive policy {name} of {of}, which then shows no row"),
                Severity::Medium,
            ),
        };
        found
            .add(Object::policy(&table, &policy), message)
            .from(Object::Relation(table))
            .statement(statement)
            .severity(severity);
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::severities;

    #[test]
    fn each_way_to_cascade_is_seen_and_what_comes_back_is_fine() {
        let start =
            "CREATE TABLE t (tenant_id uuid, a int); CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1;
            CREATE POLICY p ON t USING (a = f());\n-- file: 2.sql\n";
        for (sql, expected) in [
            ("DROP FUNCTION f CASCADE;", &["medium"][..]),
            ("ALTER TABLE t DROP COLUMN a CASCADE;", &["medium"]),
            ("CREATE POLICY o ON t USING (true); DROP FUNCTION f CASCADE;", &["low"]),
            ("DROP POLICY p ON t CASCADE;", &["medium"]),
            ("CREATE POLICY r ON t AS RESTRICTIVE USING (a > 1); DROP POLICY r ON t CASCADE;", &["medium"]),
            ("DROP FUNCTION f() CASCADE; CREATE POLICY q ON t USING (a = 1);", &[]),
            ("DROP TABLE t CASCADE;", &[]),
            ("DROP POLICY p ON t; DROP FUNCTION f();", &[]),
            (
                "CREATE POLICY r ON t AS RESTRICTIVE USING (a > f()); DROP FUNCTION f() CASCADE;",
                &["medium", "medium"],
            ),
            (
                "CREATE POLICY o ON t USING (true); CREATE POLICY r ON t AS RESTRICTIVE USING (a > f());
                 CREATE POLICY s ON t AS RESTRICTIVE USING (a > f() AND tenant_id IS NOT NULL);
                 DROP FUNCTION f() CASCADE;",
                &["critical", "medium", "low"],
            ),
        ] {
            assert_eq!(severities(super::RULE.code, &format!("{start}{sql}")), expected, "{sql}");
        }
    }
}
