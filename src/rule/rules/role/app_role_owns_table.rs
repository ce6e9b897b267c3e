//! `app-role-owns-table`

use std::collections::BTreeMap;

use crate::catalog::Object;
use crate::ident::{Ident, QualifiedName};
use crate::policy::Place;
use crate::policy::owned::relation;
use crate::policy::transfer::transfer;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::subject::way::{by_way_of, cut, object};
use crate::rule::words::list;

pub(super) const RULE: Rule = Rule {
    code: "app-role-owns-table",
    severity: Severity::Critical,
    finds: "the role of services owns a table of tenants, or can act as the role that does",
    why: "An owner can drop the policies of its table and turn row-level security off, and is not bound by policies at all \
          unless they are forced.",
    fix: "Let a role own the tables that cannot log in, and let services log in as another one, which is no member of it.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice OWNER TO erp_app;",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice OWNER TO erp_owner;",
    manual: "https://www.postgresql.org/docs/current/ddl-priv.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let app = subject.manifest.roles.app_role();
    let owner = subject.manifest.roles.owner_role().filter(|owner| !subject.reached.uses(owner));
    let mut of_others: BTreeMap<&Ident, Vec<&QualifiedName>> = BTreeMap::new();
    for table in subject.governed().filter(|table| table.relation.is_table() && table.place.holds_tenants()) {
        let name = table.name;
        if table.relation.owner != *app {
            if subject.reached.uses(&table.relation.owner) {
                of_others.entry(&table.relation.owner).or_default().push(name);
            }
            continue;
        }
        // A partition of the same owner goes with its table.
        let above = match table.place {
            Place::Partition { of } => subject.catalog.relations.get(*of),
            _ => None,
        };
        if above.is_some_and(|above| above.owner == *app) {
            continue;
        }
        let message = format!("{} owns {}, and can drop its policies", app.plain(), name.plain());
        let finding = found.add(Object::Relation(name.clone()), message);
        if let Some(owner) = owner {
            let of_app = relation(name, table.relation, table.place);
            finding.sql(transfer(subject.manifest, subject.catalog, of_app, owner).sql());
        }
    }
    for (role, tables) in of_others {
        let way = subject.reached.way(role);
        let Some(object) = object(&way) else { continue };
        let how = if subject.reached.inherits(role) { "has the rights of" } else { "can SET ROLE to" };
        let message = format!(
            "{} {how} {}{}, which owns {}",
            app.plain(),
            role.plain(),
            by_way_of(&way),
            list(tables.into_iter().map(QualifiedName::plain))
        );
        cut(found.add(object, message), &way);
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::said;

    const CODE: &str = "app-role-owns-table";

    #[test]
    fn a_member_of_the_owner_can_do_what_the_owner_can() {
        let table = "CREATE TABLE t (tenant_id uuid); CREATE TABLE u (tenant_id uuid);";
        assert!(said(CODE, table).is_empty());
        let owns = "erp_owner, which owns public.t and public.u";
        let inherits = format!("{table} GRANT erp_owner TO erp_app;");
        assert_eq!(said(CODE, &inherits), [format!("critical: erp_app has the rights of {owns}")]);
        let sets = format!("{table} ALTER ROLE erp_app NOINHERIT; GRANT erp_owner TO erp_app;");
        assert_eq!(said(CODE, &sets), [format!("critical: erp_app can SET ROLE to {owns}")]);
        let far =
            format!("{table} CREATE ROLE erp_dev; GRANT erp_owner TO erp_dev; GRANT erp_dev TO erp_app;");
        let owns = owns.replace(',', ", by way of erp_dev,");
        assert_eq!(said(CODE, &far), [format!("critical: erp_app has the rights of {owns}")]);
    }

    #[test]
    fn what_holds_no_tenants_and_what_goes_with_its_table_is_not_told() {
        let sql = "SET ROLE erp_app; CREATE TABLE currency (code text);
            CREATE TABLE t (tenant_id uuid) PARTITION BY LIST (tenant_id); CREATE TABLE t_1 PARTITION OF t DEFAULT;";
        assert_eq!(said(CODE, sql), ["critical: erp_app owns public.t, and can drop its policies"]);
    }
}
