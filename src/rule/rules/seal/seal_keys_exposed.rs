//! `seal-keys-exposed`

use crate::catalog::{Grant, Grantee, Object, Part, Privilege, Relation};
use crate::ident::QualifiedName;
use crate::policy::ddl::{self, Object as Target, Privileges};
use crate::policy::granted::list;
use crate::policy::sealed::{Sealing, key_table};
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "seal-keys-exposed",
    severity: Severity::Critical,
    finds: "where tenants are sealed, others than the functions that verify seals can read the keys, or change them",
    why: "Whoever reads a key can seal any tenant for any role of the database, and whoever writes one can have a key of their \
          own be believed.",
    fix: "Apply tenantry plan, which gives the table to its role and leaves the migrator what it needs to add and retire keys. \
          Publish tables by name, without this one. Retire the keys that somebody may have seen.",
    bad: "-- manifest: [seal]
CREATE ROLE erp_app_sealer NOLOGIN;
CREATE SCHEMA tenantry;
CREATE TABLE tenantry.seal_key (id text PRIMARY KEY, inner_pad bytea, outer_pad bytea, retires_at timestamptz);
ALTER TABLE tenantry.seal_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenantry.seal_key OWNER TO erp_app_sealer;
GRANT SELECT ON tenantry.seal_key TO erp_app;",
    good: "-- manifest: [seal]
CREATE ROLE erp_app_sealer NOLOGIN;
CREATE SCHEMA tenantry;
CREATE TABLE tenantry.seal_key (id text PRIMARY KEY, inner_pad bytea, outer_pad bytea, retires_at timestamptz);
ALTER TABLE tenantry.seal_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenantry.seal_key OWNER TO erp_app_sealer;",
    manual: "https://www.postgresql.org/docs/current/ddl-priv.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let (tenancy, roles) = (&subject.manifest.tenancy, &subject.manifest.roles);
    // What fails here fails in the plan, which says so.
    let Ok(Some(sealing)) = Sealing::of(tenancy, roles) else { return };
    let name = key_table(tenancy);
    let Some(present) = subject.catalog.relations.get(&name) else { return };
    let wanted = &sealing.keys;
    if present.owner != wanted.owner {
        let message =
            format!("{} belongs to {}, not to {}", name.plain(), present.owner.plain(), wanted.owner.plain());
        found
            .add(Object::Relation(name.clone()), message)
            .sql(ddl::owner(Target::Table(&name), &wanted.owner));
    }
    if !present.row_security {
        let message = format!(
            "row-level security is off on {}: it keeps the keys from those who may read every table",
            name.plain()
        );
        found
            .add(Object::RowSecurity(name.clone()), message)
            .severity(Severity::High)
            .sql(ddl::row_security(&name, true));
    }
    grants(&name, present, wanted, found);
    for (policy, of) in
        present.policies.iter().filter(|(policy, of)| wanted.policies.get(*policy) != Some(of))
    {
        let by: Vec<String> = of.roles.iter().map(Grantee::plain).collect();
        let message = format!("policy {} opens the keys to {}", policy.plain(), by.join(", "));
        found
            .add(Object::Part(Part::Policy, name.clone(), policy.clone()), message)
            .severity(Severity::High)
            .sql(ddl::drop_policy(&name, policy));
    }
    for (publication, of) in &subject.catalog.publications {
        if of.all_tables || of.schemas.contains(name.schema()) || of.tables.contains_key(&name) {
            let message = format!("publication {} sends the keys of seals", publication.plain());
            found.add(Object::Publication(publication.clone()), message).severity(Severity::Medium);
        }
    }
}

fn grants(name: &QualifiedName, present: &Relation, wanted: &Relation, found: &mut Findings) {
    let is_beyond = |grant: &&Grant| {
        !wanted.grants.contains(*grant) && grant.grantee != Grantee::Role(wanted.owner.clone())
    };
    let mut grantees: Vec<&Grantee> =
        present.grants.iter().filter(is_beyond).map(|grant| &grant.grantee).collect();
    grantees.dedup();
    for grantee in grantees {
        let held = present.grants.iter().filter(is_beyond).filter(|grant| grant.grantee == *grantee);
        let beyond: Privileges<'_> = held.map(|grant| (grant.privilege, grant.column.as_ref())).collect();
        let first = beyond.first().map_or(Privilege::Select, |(privilege, _)| *privilege);
        let message = format!("{} holds {} on {}", grantee.plain(), list(&beyond), name.plain());
        found.add(Object::Grant(name.clone(), grantee.clone(), first), message).sql(ddl::revoke(
            Target::Table(name),
            &beyond,
            grantee,
        ));
    }
}
