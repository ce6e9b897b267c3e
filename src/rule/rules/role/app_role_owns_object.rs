//! `app-role-owns-object`

use crate::catalog::Object;
use crate::ident::QualifiedName;
use crate::policy::ddl::Object as Named;
use crate::policy::owned::{Owned, acted_as, besides_relations, relations};
use crate::policy::place::Place;
use crate::policy::transfer::transfer;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "app-role-owns-object",
    severity: Severity::High,
    finds: "the role of services owns a function, view, type or sequence that is used with tenants' tables",
    why: "An owner can replace a function or view by one of its own. It runs with the rights of whoever calls it, fires a \
          trigger with it or reads by it, and the role that works across tenants does so with the rows of all tenants in \
          sight. With CASCADE an owner drops the columns of its types and the defaults that draw from its sequences.",
    fix: "Let the role own them that owns the tables, and grant the role of services what it does with them. tenantry plan \
          writes the SQL.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
ALTER FUNCTION touch() OWNER TO erp_app;
CREATE TRIGGER touch BEFORE UPDATE ON invoice FOR EACH ROW EXECUTE FUNCTION touch();",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
ALTER FUNCTION touch() OWNER TO erp_owner;
CREATE TRIGGER touch BEFORE UPDATE ON invoice FOR EACH ROW EXECUTE FUNCTION touch();",
    manual: "https://www.postgresql.org/docs/current/ddl-priv.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let (manifest, catalog) = (subject.manifest, subject.catalog);
    let roles = acted_as(catalog, manifest.roles.app_role());
    let owner = manifest.roles.owner_role().filter(|owner| !roles.contains(owner));
    let views = relations(catalog, &subject.places.relations)
        .into_iter()
        .filter(|owned| roles.contains(owned.owner) && is_view(subject, owned));
    for owned in
        besides_relations(manifest, catalog, &subject.places.relations, &roles).into_iter().chain(views)
    {
        let Some((object, what, severity)) = told(subject, &owned) else { continue };
        let message = format!("{} owns {}, and can {what}", owned.owner.plain(), owned.name());
        let finding = found.add(object, message).severity(severity);
        if let Some(owner) = owner.filter(|owner| *owner != owned.owner) {
            finding.sql(transfer(manifest, catalog, owned, owner).sql());
        }
    }
}

fn is_view(subject: &Subject<'_>, owned: &Owned<'_>) -> bool {
    let Named::Table(name) = owned.object else { return false };
    subject.catalog.relations.get(name).is_some_and(|relation| relation.view.is_some())
        && !matches!(owned.place, Some(Place::Exempt { .. }))
}

/// The object, what its owner can do, and how grave that is. Of schemas another rule tells.
fn told(subject: &Subject<'_>, owned: &Owned<'_>) -> Option<(Object, String, Severity)> {
    Some(match owned.object {
        Named::Routine(signature) => {
            let object = Object::Function(signature.clone());
            let what = match fired(subject, &signature.name) {
                Some(table) => format!("replace what a trigger of {} runs", table.plain()),
                None => "replace what its callers run".to_owned(),
            };
            (object, what, Severity::High)
        }
        Named::Table(name) => {
            (Object::Relation(name.clone()), "replace what its readers see".to_owned(), Severity::High)
        }
        Named::Type(name) => {
            (Object::Type(name.clone()), "drop it with all columns of that type".to_owned(), Severity::Medium)
        }
        Named::Sequence(name) => {
            let what = "set it back, or drop it with the defaults that draw from it".to_owned();
            (Object::Relation(name.clone()), what, Severity::Medium)
        }
        Named::Schema(_) | Named::Database(_) => return None,
    })
}

/// A table of tenants whose trigger calls a function.
fn fired<'a>(subject: &Subject<'a>, function: &QualifiedName) -> Option<&'a QualifiedName> {
    let calls = |name: &&QualifiedName| {
        let relation = subject.catalog.relations.get(*name);
        let fires = relation.is_some_and(|of| of.triggers.values().any(|of| of.function == *function));
        fires && subject.holds_tenants(name)
    };
    subject.catalog.relations.keys().find(calls)
}

#[cfg(test)]
mod tests {
    use crate::rule::Severity;
    use crate::rule::trial::{found, said};

    const CODE: &str = "app-role-owns-object";

    #[test]
    fn each_kind_of_object_is_told() {
        let sql = "CREATE SCHEMA apart AUTHORIZATION erp_app;
            SET ROLE erp_app;
            CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
            CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1';
            CREATE TYPE state AS ENUM ('open'); CREATE DOMAIN amount AS numeric; CREATE TYPE apart.other AS (a int);
            CREATE SEQUENCE number; CREATE SEQUENCE apart.number;
            CREATE FUNCTION apart.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
            CREATE FUNCTION apart.other() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
            CREATE TYPE apart.kind AS ENUM ('a');
            SET ROLE erp_owner;
            CREATE TABLE t (tenant_id uuid, id bigserial, kind apart.kind[]);
            CREATE TRIGGER touch BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION apart.touch();
            CREATE VIEW v AS SELECT * FROM t; ALTER VIEW v OWNER TO erp_app;";
        let (high, medium) = (Severity::High, Severity::Medium);
        let mut told = found(CODE, "", sql);
        told.sort();
        let mut expected: Vec<(Severity, String)> = [
            (high, "public.f(integer)"),
            (high, "public.p()"),
            (high, "apart.touch()"),
            (high, "public.v"),
            (medium, "public.state"),
            (medium, "public.amount"),
            (medium, "apart.kind"),
            (medium, "public.number"),
        ]
        .map(|(severity, object)| (severity, object.to_owned()))
        .into();
        expected.sort();
        assert_eq!(told, expected);
    }

    #[test]
    fn a_role_that_the_app_role_is_a_member_of_owns_it_too() {
        let sql = "CREATE ROLE erp_dev; GRANT erp_dev TO erp_app;
            CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION f() OWNER TO erp_dev;";
        assert_eq!(
            said(CODE, sql),
            ["high: erp_dev owns function public.f(), and can replace what its callers run"]
        );
        assert!(said(CODE, "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';").is_empty());
    }
}
