//! `role-escalation-path`

use crate::catalog::Object;
use crate::ident::Ident;
use crate::policy::ddl;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::subject::reached::Reached;
use crate::rule::subject::way::{by_way_of, cut, object};

pub(super) const RULE: Rule = Rule {
    code: "role-escalation-path",
    severity: Severity::High,
    finds: "the role of services can become one that no policy binds, or let itself into one",
    why: "One SET ROLE, perhaps behind a GRANT to itself, and a statement reads and changes the rows of all tenants.",
    fix: "Revoke the membership, the ADMIN OPTION or CREATEROLE. Work across tenants has a login of its own.",
    bad: "CREATE ROLE erp_support BYPASSRLS;
GRANT erp_support TO erp_app;",
    good: "CREATE ROLE erp_reader;
GRANT erp_reader TO erp_app;
GRANT erp_system TO erp_owner;",
    manual: "https://www.postgresql.org/docs/current/role-membership.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let app = subject.manifest.roles.app_role();
    for role in subject.reached.set().filter(|role| *role != app) {
        let Some(why) = subject.bypasses(role) else { continue };
        let way = subject.reached.way(role);
        let Some(object) = object(&way) else { continue };
        let message =
            format!("{} can SET ROLE to {}{}, which {why}", app.plain(), role.plain(), by_way_of(&way));
        cut(found.add(object, message), &way);
    }
    makers(subject, found);
    administrators(subject, found);
}

/// Who has CREATEROLE could let itself into any role but a superuser, until PostgreSQL 16.
fn makers(subject: &Subject<'_>, found: &mut Findings) {
    let app = subject.manifest.roles.app_role();
    let makes = |role: &&Ident| subject.catalog.roles.get(*role).is_some_and(|role| role.create_role);
    for role in subject.reached.set().filter(makes) {
        let who = if role == app {
            app.plain()
        } else {
            format!("{} can SET ROLE to {}, which", app.plain(), role.plain())
        };
        let (message, severity) = match subject.catalog.server_version {
            Some(160_000..) => (
                format!("{who} has CREATEROLE, and can let itself into roles that it has made"),
                Severity::Medium,
            ),
            Some(_) => (
                format!("{who} has CREATEROLE, and can let itself into any role but a superuser"),
                Severity::High,
            ),
            None => {
                let message = format!(
                    "{who} has CREATEROLE, and before PostgreSQL 16 can let itself into any role but a superuser"
                );
                (message, Severity::High)
            }
        };
        found
            .add(Object::Role(role.clone()), message)
            .severity(severity)
            .sql(ddl::alter_role(role, &["NOCREATEROLE"]));
    }
}

fn administrators(subject: &Subject<'_>, found: &mut Findings) {
    let administered =
        subject.catalog.memberships.iter().filter(|of| of.admin && subject.app.contains(&of.member));
    for membership in administered {
        let role = &membership.role;
        let already = subject.reached.set().any(|known| known == role);
        let Some(why) = power(subject, role).filter(|_| !already) else { continue };
        let message = format!(
            "{} holds {} WITH ADMIN OPTION, so it can grant it to itself, and {why}",
            membership.member.plain(),
            role.plain()
        );
        found
            .add(Object::Membership(membership.member.clone(), role.clone()), message)
            .sql(ddl::revoke_role(role, &membership.member, true));
    }
}

/// What a role can do past the policies, or one that it reaches.
fn power(subject: &Subject<'_>, role: &Ident) -> Option<String> {
    let reached = Reached::of(subject.catalog, role);
    let bypass = reached.set().find_map(|role| Some((role, subject.bypasses(role)?)));
    if let Some((role, why)) = bypass {
        return Some(format!("{} {why}", role.plain()));
    }
    let owned = subject.tables().find(|table| reached.uses(&table.relation.owner))?;
    Some(format!("{} owns {}", owned.relation.owner.plain(), owned.name.plain()))
}

#[cfg(test)]
mod tests {
    use crate::ident::Ident;
    use crate::rule::trial::{said, said_of_server};

    const CODE: &str = "role-escalation-path";

    #[test]
    fn a_way_leads_over_several_roles() {
        let sql = "CREATE ROLE erp_a; CREATE ROLE erp_b; CREATE ROLE erp_c SUPERUSER;
            GRANT erp_c TO erp_b; GRANT erp_b TO erp_a; GRANT erp_a TO erp_app;";
        let message = "high: erp_app can SET ROLE to erp_c, by way of erp_a and erp_b, which is a superuser";
        assert_eq!(said(CODE, sql), [message]);
        // The system role is not made by the files of a migration, and is known all the same.
        let sql = "GRANT erp_system TO erp_app;";
        assert_eq!(said(CODE, sql), ["high: erp_app can SET ROLE to erp_system, which has BYPASSRLS"]);
    }

    #[test]
    fn who_can_make_roles_can_let_itself_in_until_16() {
        let sql = "ALTER ROLE erp_app CREATEROLE; CREATE ROLE erp_dba CREATEROLE SUPERUSER;";
        let on = |version| said_of_server(CODE, sql, |catalog| catalog.server_version = Some(version));
        let any = "high: erp_app has CREATEROLE, and can let itself into any role but a superuser";
        assert_eq!(on(150_018), [any]);
        let own = "medium: erp_app has CREATEROLE, and can let itself into roles that it has made";
        assert_eq!(on(160_000), [own]);
        let files = any.replace("and can", "and before PostgreSQL 16 can");
        assert_eq!(said(CODE, sql), [files]);
    }

    #[test]
    fn who_administers_a_role_that_matters_can_let_itself_in() {
        let sql = "CREATE TABLE t (tenant_id uuid); CREATE ROLE erp_group; GRANT erp_group TO erp_app WITH ADMIN OPTION;
            GRANT erp_owner TO erp_app WITH ADMIN OPTION;";
        let found = said_of_server(CODE, sql, |catalog| {
            let mut memberships: Vec<_> = std::mem::take(&mut catalog.memberships).into_iter().collect();
            for of in &mut memberships {
                (of.inherit, of.set) = (false, false);
            }
            catalog.memberships = memberships.into_iter().collect();
        });
        let message = "high: erp_app holds erp_owner WITH ADMIN OPTION, so it can grant it to itself, and erp_owner owns \
                       public.t";
        assert_eq!(found, [message]);
    }

    #[test]
    fn on_16_what_is_only_inherited_lends_no_attribute() {
        let found =
            said_of_server(CODE, "GRANT erp_system TO erp_app; CREATE ROLE erp_dba SUPERUSER;", |catalog| {
                let mut of = catalog.memberships.pop_first().unwrap();
                assert_eq!(of.role, Ident::known("erp_system"));
                of.set = false;
                catalog.memberships.insert(of);
            });
        assert!(found.is_empty(), "{found:?}");
    }
}
