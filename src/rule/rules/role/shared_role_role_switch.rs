//! `shared-role-role-switch`

use std::collections::BTreeSet;

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use crate::catalog::{Expr, Grantee, Policy, tokens};
use crate::ident::Ident;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::way::object;
use crate::rule::subject::{Subject, Table};
use crate::rule::words::list;

pub(super) const RULE: Rule = Rule {
    code: "shared-role-role-switch",
    severity: Severity::High,
    finds: "policies tell tenants apart by role, and the role of services can become each of them",
    why: "A statement that reaches the connection can say RESET ROLE and SET ROLE of another tenant. The role protects \
          nothing that the login can leave.",
    fix: "Tell tenants apart by a setting that is bound in each transaction, or give each tenant a login of its own.",
    bad: "CREATE ROLE erp_tenant_a;
CREATE ROLE erp_tenant_b;
ALTER ROLE erp_app NOINHERIT;
GRANT erp_tenant_a, erp_tenant_b TO erp_app;
CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, owned_by name NOT NULL DEFAULT current_user);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON invoice USING (owned_by = current_user);",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
    manual: "https://www.postgresql.org/docs/current/sql-set-role.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let app = subject.manifest.roles.app_role();
    let becomes: BTreeSet<&Ident> = subject.reached.set().filter(|role| *role != app).collect();
    if becomes.len() < 2 {
        return;
    }
    for table in subject.tables().filter(|table| table.relation.row_security && !is_bound_otherwise(table)) {
        let tenants = by_name(&table, &becomes).or_else(|| by_current_user(subject, &table, &becomes));
        let Some(tenants) = tenants else { continue };
        let message = format!(
            "{} can SET ROLE to {}, by which policies of {} tell tenants apart",
            app.plain(),
            list(tenants.iter().map(|role| role.plain())),
            table.name.plain()
        );
        let way = tenants.last().map(|role| subject.reached.way(role)).unwrap_or_default();
        if let Some(object) = object(&way) {
            found.add(object, message);
        }
        // It is the same of every table.
        return;
    }
}

/// Whether a restrictive policy for everybody asks for something else than the role.
fn is_bound_otherwise(table: &Table<'_, '_>) -> bool {
    table.relation.policies.values().any(|policy| {
        let everybody = policy.roles.contains(&Grantee::Public);
        !policy.permissive
            && everybody
            && policy.using.as_ref().is_some_and(|using| !asks(using).current_user)
    })
}

/// The roles that have policies of their own, each with other values written into it.
fn by_name<'a>(table: &Table<'_, '_>, becomes: &BTreeSet<&'a Ident>) -> Option<BTreeSet<&'a Ident>> {
    let mut tenants = BTreeSet::new();
    let mut conditions = BTreeSet::new();
    for (policy, using) in permissive(table) {
        let asked = asks(using);
        if asked.current_user || asked.calls || !asked.values {
            continue;
        }
        let named = |role: &&&Ident| policy.roles.contains(&Grantee::Role((**role).clone()));
        let own: Vec<&Ident> = becomes.iter().filter(named).copied().collect();
        if !own.is_empty() {
            tenants.extend(own);
            conditions.insert(using.normal());
        }
    }
    (tenants.len() > 1 && conditions.len() > 1).then_some(tenants)
}

/// The roles that a policy compares with a column. Of roles that are inherited it is rights that matter, not names.
fn by_current_user<'a>(
    subject: &Subject<'_>,
    table: &Table<'_, '_>,
    becomes: &BTreeSet<&'a Ident>,
) -> Option<BTreeSet<&'a Ident>> {
    let asked = permissive(table).any(|(_, using)| asks(using).current_user);
    let only_set = becomes.iter().filter(|role| !subject.reached.inherits(role)).copied();
    let tenants: BTreeSet<&Ident> = only_set.filter(|role| subject.bypasses(role).is_none()).collect();
    (asked && tenants.len() > 1).then_some(tenants)
}

fn permissive<'s>(table: &'s Table<'_, '_>) -> impl Iterator<Item = (&'s Policy, &'s Expr)> {
    let permissive = table.relation.policies.values().filter(|policy| policy.permissive);
    permissive.filter_map(|policy| Some((policy, policy.using.as_ref()?)))
}

/// What the value of a condition depends on, the row apart.
#[derive(Default)]
struct Asks {
    /// The current role.
    current_user: bool,
    /// What functions say.
    calls: bool,
    /// Values that are written out.
    values: bool,
}

fn asks(condition: &Expr) -> Asks {
    let mut asked = Asks::default();
    let mut before: Option<bool> = None;
    for (token, _) in tokens(condition.normal()).unwrap_or_default() {
        match &token {
            Token::Word(word) if word.quote_style.is_none() => {
                let role = ["current_user", "current_role", "session_user", "user"];
                asked.current_user |= role.iter().any(|name| word.value.eq_ignore_ascii_case(name));
            }
            Token::LParen => asked.calls |= before == Some(true),
            Token::SingleQuotedString(_) | Token::Number(..) => asked.values = true,
            _ => {}
        }
        before = match &token {
            Token::Word(word) => Some(word.keyword == Keyword::NoKeyword),
            _ => None,
        };
    }
    asked
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::said;

    const CODE: &str = "shared-role-role-switch";
    const ROLES: &str = "CREATE ROLE erp_a; CREATE ROLE erp_b; GRANT erp_a, erp_b TO erp_app;
        CREATE TABLE t (tenant_id uuid, owned_by name); ALTER TABLE t ENABLE ROW LEVEL SECURITY;";
    const MESSAGE: &str =
        "high: erp_app can SET ROLE to erp_a and erp_b, by which policies of public.t tell tenants apart";

    #[test]
    fn a_policy_for_each_role_is_told_from_policies_for_rights() {
        let literal = "'5f0c1f0e-0000-4000-8000-00000000000";
        let named = format!(
            "{ROLES} CREATE POLICY a ON t TO erp_a USING (tenant_id = {literal}a');
             CREATE POLICY b ON t TO erp_b USING (tenant_id = {literal}b');"
        );
        assert_eq!(said(CODE, &named), [MESSAGE]);
        let setting = "tenant_id = (SELECT nullif(current_setting('app.current_user', true), '')::uuid)";
        let rights = format!(
            "{ROLES} CREATE POLICY a ON t FOR SELECT TO erp_a USING ({setting});
             CREATE POLICY b ON t TO erp_b USING ({setting} AND owned_by <> 'x');"
        );
        assert!(said(CODE, &rights).is_empty());
        let floor = format!("{named} CREATE POLICY f ON t AS RESTRICTIVE USING ({setting});");
        assert!(said(CODE, &floor).is_empty());
    }

    #[test]
    fn roles_that_are_inherited_are_rights() {
        let sql = format!("{ROLES} CREATE POLICY p ON t USING (owned_by = current_user);");
        assert!(said(CODE, &sql).is_empty());
        assert_eq!(said(CODE, &format!("{sql} ALTER ROLE erp_app NOINHERIT;")), [MESSAGE]);
    }
}
