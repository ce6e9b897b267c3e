//! `app-can-create`

use std::collections::BTreeSet;

use crate::catalog::{Database, Object, Privilege, Schema};
use crate::ident::Ident;
use crate::policy::ddl;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::subject::creation::{By, in_database, in_schema};

pub(super) const RULE: Rule = Rule {
    code: "app-can-create",
    severity: Severity::High,
    finds: "tenants' statements can create objects in a schema or in the database",
    why: "A table or function of that name takes the place of the one that was meant, for whoever has the schema in its \
          search path. It is also what probes with foreign keys and triggers need. The owner of a schema can drop what is \
          in it.",
    fix: "Revoke CREATE on schemas from PUBLIC and from the role of services, and TEMPORARY on the database if nothing uses \
          temporary tables.",
    bad: "REVOKE TEMPORARY ON DATABASE example FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO erp_app;",
    good: "REVOKE TEMPORARY ON DATABASE example FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO erp_app;",
    manual: "https://www.postgresql.org/docs/current/ddl-schemas.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let governed = subject.governed().filter(|table| table.place.is_governed());
    let governed: BTreeSet<&Ident> = governed.map(|table| table.name.schema()).collect();
    for (name, schema) in &subject.catalog.schemas {
        if schema.extension.is_none() {
            of_schema(subject, (name, schema), &governed, found);
        }
    }
    if let Some(database) = &subject.catalog.database {
        of_database(subject, database, found);
    }
}

fn of_schema(
    subject: &Subject<'_>,
    (name, schema): (&Ident, &Schema),
    governed: &BTreeSet<&Ident>,
    found: &mut Findings,
) {
    let governed = subject.manifest.schemas.contains(name) || governed.contains(name);
    // Names without a schema are looked for in these.
    let in_path = name.as_str() == "public" || subject.app.contains(name);
    let support = subject.manifest.tenancy.support() == name;
    for by in in_schema(subject, schema) {
        let object = Object::Schema(name.clone());
        let name_plain = name.plain();
        match by {
            By::Owner(owner) if governed || support => {
                let message =
                    format!("{} owns schema {name_plain}, and can drop what is in it", owner.plain());
                found.add(object, message).severity(Severity::High);
            }
            By::Owner(owner) => {
                let message =
                    format!("{} owns schema {name_plain}, and can create objects in it", owner.plain());
                found.add(object, message).severity(if in_path { Severity::Medium } else { Severity::Low });
            }
            By::Grant(grantee) => {
                let severity = if governed || support || in_path { Severity::Medium } else { Severity::Low };
                let privileges = BTreeSet::from([(Privilege::Create, None)]);
                let message = format!("{} may CREATE in schema {name_plain}", grantee.plain());
                found.add(object, message).severity(severity).sql(ddl::revoke(
                    ddl::Object::Schema(name),
                    &privileges,
                    grantee,
                ));
            }
        }
    }
}

fn of_database(subject: &Subject<'_>, database: &Database, found: &mut Findings) {
    let name = database.name.plain();
    for privilege in [Privilege::Create, Privilege::Temporary] {
        for by in in_database(subject, database, privilege) {
            let (message, severity, grantee) = match (by, privilege) {
                // It is told once.
                (By::Owner(_), Privilege::Temporary) => continue,
                (By::Owner(owner), _) => {
                    let owner = owner.plain();
                    (
                        format!("{owner} owns database {name}, and can create objects in it"),
                        Severity::High,
                        None,
                    )
                }
                // Every database has this until it is taken away.
                (By::Grant(grantee), Privilege::Temporary) => {
                    let message = format!(
                        "{} may create temporary tables in database {name}, which are found before others of their name",
                        grantee.plain()
                    );
                    (message, Severity::Low, Some(grantee))
                }
                (By::Grant(grantee), _) => {
                    let message = format!("{} may CREATE schemas in database {name}", grantee.plain());
                    (message, Severity::Medium, Some(grantee))
                }
            };
            let finding = found.add(Object::Database, message).severity(severity);
            if let Some(grantee) = grantee {
                let privileges = BTreeSet::from([(privilege, None)]);
                finding.sql(ddl::revoke(ddl::Object::Database(&database.name), &privileges, grantee));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::catalog::{Database, Grant, Grantee, Privilege};
    use crate::ident::Ident;
    use crate::rule::trial::{said, said_of_server};

    const CODE: &str = "app-can-create";

    #[test]
    fn it_matters_where() {
        let sql = "CREATE SCHEMA apart; CREATE SCHEMA erp_app; CREATE SCHEMA tenantry; CREATE SCHEMA own AUTHORIZATION erp_app;
            GRANT CREATE ON SCHEMA apart, erp_app, tenantry TO erp_app; GRANT CREATE ON SCHEMA public TO PUBLIC;
            GRANT CREATE ON SCHEMA apart TO erp_owner;";
        let expected = [
            "medium: PUBLIC may CREATE in schema public",
            "medium: erp_app may CREATE in schema erp_app",
            "medium: erp_app may CREATE in schema tenantry",
            "low: erp_app may CREATE in schema apart",
            "low: erp_app owns schema own, and can create objects in it",
        ];
        let mut found = said(CODE, sql);
        found.sort_by_key(|line| expected.iter().position(|expected| expected == line));
        assert_eq!(found, expected);
        let owned = "ALTER SCHEMA public OWNER TO erp_app;";
        assert_eq!(said(CODE, owned), ["high: erp_app owns schema public, and can drop what is in it"]);
    }

    #[test]
    fn a_server_tells_of_its_database_too() {
        let on = |owner: &'static str, granted: &[(Grantee, Privilege)]| {
            said_of_server(CODE, "SELECT 1;", |catalog| {
                let one = |(grantee, privilege): &(Grantee, Privilege)| Grant {
                    grantee: grantee.clone(),
                    privilege: *privilege,
                    column: None,
                    grant_option: false,
                };
                let grants: BTreeSet<Grant> = granted.iter().map(one).collect();
                let (name, owner) = (Ident::known("erp"), Ident::known(owner));
                catalog.database = Some(Database { name, owner, grants });
            })
        };
        let connect = (Grantee::Public, Privilege::Connect);
        assert!(on("erp_owner", std::slice::from_ref(&connect)).is_empty());
        let app = Grantee::Role(Ident::known("erp_app"));
        let expected = [
            "medium: erp_app may CREATE schemas in database erp",
            "low: PUBLIC may create temporary tables in database erp, which are found before others of their name",
        ];
        let found =
            on("erp_owner", &[connect, (Grantee::Public, Privilege::Temporary), (app, Privilege::Create)]);
        assert_eq!(found, expected);
        assert_eq!(on("erp_app", &[]), ["high: erp_app owns database erp, and can create objects in it"]);
    }
}
