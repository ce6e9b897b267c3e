//! `app-role-replication`

use crate::catalog::Object;
use crate::ident::Ident;
use crate::policy::ddl;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::subject::way::{by_way_of, cut};

pub(super) const RULE: Rule = Rule {
    code: "app-role-replication",
    severity: Severity::Critical,
    finds: "the role of services has REPLICATION, or can become one that has it",
    why: "Replication asks no policy. Such a role reads each change of every tenant from a logical slot, and can copy the \
          whole cluster.",
    fix: "Take REPLICATION away, and let replication have a login of its own.",
    bad: "ALTER ROLE erp_app REPLICATION;",
    good: "CREATE ROLE erp_replica LOGIN REPLICATION;",
    manual: "https://www.postgresql.org/docs/current/role-attributes.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let app = subject.manifest.roles.app_role();
    let replicates = |role: &&Ident| subject.catalog.roles.get(*role).is_some_and(|role| role.replication);
    for role in subject.reached.set().filter(replicates) {
        if role == app {
            let message = format!("{} has REPLICATION, and reads every row through a slot", app.plain());
            found.add(Object::Role(app.clone()), message).sql(ddl::alter_role(app, &["NOREPLICATION"]));
            continue;
        }
        let way = subject.reached.way(role);
        let message = format!(
            "{} can SET ROLE to {}{}, which has REPLICATION and reads every row through a slot",
            app.plain(),
            role.plain(),
            by_way_of(&way)
        );
        if let Some(object) = crate::rule::subject::way::object(&way) {
            cut(found.add(object, message), &way);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::said;

    #[test]
    fn it_is_reached_by_set_role_too() {
        let sql = "CREATE ROLE erp_r REPLICATION; CREATE ROLE erp_other REPLICATION;";
        assert!(said("app-role-replication", sql).is_empty());
        let message = "critical: erp_app can SET ROLE to erp_r, which has REPLICATION and reads every row through a slot";
        assert_eq!(said("app-role-replication", &format!("{sql} GRANT erp_r TO erp_app;")), [message]);
    }
}
