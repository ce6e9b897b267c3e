//! `app-role-bypass`

use crate::catalog::Object;
use crate::policy::ddl;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "app-role-bypass",
    severity: Severity::Critical,
    finds: "the role of services is a superuser or has BYPASSRLS",
    why: "No policy binds it: every statement of every tenant reads and changes the rows of all.",
    fix: "Take the attribute away, and do work across tenants as the system role.",
    bad: "ALTER ROLE erp_app BYPASSRLS;",
    good: "ALTER ROLE erp_app NOSUPERUSER NOBYPASSRLS;",
    manual: "https://www.postgresql.org/docs/current/role-attributes.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let app = subject.manifest.roles.app_role();
    let Some(why) = subject.bypasses(app) else { return };
    let options: &[&str] = match subject.catalog.roles.get(app) {
        Some(role) if role.superuser && role.bypass_rls => &["NOSUPERUSER", "NOBYPASSRLS"],
        Some(role) if role.bypass_rls => &["NOBYPASSRLS"],
        _ => &["NOSUPERUSER"],
    };
    let message = format!("{}, which services log in as, {why}, so no policy binds it", app.plain());
    found.add(Object::Role(app.clone()), message).sql(ddl::alter_role(app, options));
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::{said, said_under};

    #[test]
    fn it_is_about_the_app_role_alone() {
        assert!(
            said("app-role-bypass", "CREATE ROLE erp_other SUPERUSER; ALTER ROLE erp_owner BYPASSRLS;")
                .is_empty()
        );
        let both = "ALTER ROLE erp_app SUPERUSER BYPASSRLS;";
        let message = "critical: erp_app, which services log in as, is a superuser, so no policy binds it";
        assert_eq!(said("app-role-bypass", both), [message]);
    }

    #[test]
    fn everybody_knows_postgres() {
        let manifest = "[tenancy]\ntype = \"uuid\"\n[roles]\napp = \"postgres\"\n";
        let message = "critical: postgres, which services log in as, is a superuser, so no policy binds it";
        assert_eq!(said_under("app-role-bypass", manifest, "SELECT 1;"), [message]);
    }
}
