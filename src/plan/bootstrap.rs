//! Roles, and the functions that policies call: what a database needs before its first policy.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::{Draft, Kind};
use super::step::{Lock, Plan, Work};
use super::{defect, resolver, roles, seal};
use crate::catalog::{Catalog, Function, Grantee, Privilege, Schema, canonical_type};
use crate::error::Result;
use crate::ident::{Ident, QualifiedName, SettingName, literal};
use crate::policy::ddl::{self, Object, Privileges};
use crate::policy::granted::list;
use crate::policy::manifest::{Manifest, Problem};
use crate::policy::sealed::{Sealing, functions};
use crate::policy::{Bootstrap, PartKind, READS_ALL};
use crate::tenant::TenantType;

const BOOTSTRAP: Kind =
    Kind { lock: Lock::None, work: Work::None, closes: "policies need their roles and functions" };

const GROUND: Kind =
    Kind { lock: Lock::None, work: Work::None, closes: "migrations could not make their tables" };

/// The steps that a server takes before the first migration can run: the roles and their memberships, the schemas that are
/// governed, the functions that policies call, and the resolvers whose tables are there. What the tables lack is
/// [`plan`](super::plan)'s, once they are there.
///
/// # Errors
///
/// What has to be settled first: roles that policies would not bind, a function of another meaning.
pub fn bootstrap(manifest: &Manifest, catalog: &Catalog) -> Result<Plan, Vec<Problem>> {
    let mut problems = Vec::new();
    roles::check(manifest, catalog, &mut problems);
    check(manifest, catalog, &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut draft = Draft::new(manifest, catalog, BTreeMap::new());
    let made = steps(&mut draft).and_then(|()| ground(&mut draft));
    // A resolver is made once its table is there, by who can give it to the role that it runs as.
    made.and_then(|()| resolver::steps(&mut draft)).map_err(defect)?;
    Ok(draft.into_plan())
}

/// What lets the migrator make tables of the owner's, and reach the rows of all tenants where a file asks for that.
fn ground(draft: &mut Draft<'_>) -> Result<()> {
    let (manifest, catalog) = (draft.manifest, draft.catalog);
    let Some(owner) = manifest.roles.owner_role() else { return Ok(()) };
    if let (Some(migrator), Some(system)) = (manifest.roles.migrator_role(), manifest.roles.system_role())
        && !roles::reaches(catalog, migrator, system)
    {
        let sql = (ddl::grant_role(system, migrator)?, ddl::revoke_role(system, migrator, false)?);
        draft.push(format!("role {}", migrator.plain()), "member of the system role", GROUND, sql);
    }
    let of_tables = manifest.tables.keys().map(QualifiedName::schema);
    // The ledger of migrations is made in public, unless another place is named.
    let of_ledger = catalog.schemas.keys().find(|name| name.as_str() == "public");
    let schemas: BTreeSet<&Ident> = manifest.schemas.iter().chain(of_tables).chain(of_ledger).collect();
    for name in schemas {
        let object = format!("schema {}", name.plain());
        let Some(schema) = catalog.schemas.get(name) else {
            draft.push(object, format!("schema of {}", owner.plain()), GROUND, ddl::schema(name, owner)?);
            continue;
        };
        let grantee = Grantee::Role(owner.clone());
        let create: Privileges<'_> = [Privilege::Usage, Privilege::Create]
            .into_iter()
            .filter(|privilege| !may(schema, &grantee, *privilege))
            .map(|privilege| (privilege, None))
            .collect();
        if schema.owner != *owner && !create.is_empty() {
            let on = Object::Schema(name);
            let sql = (ddl::grant(on, &create, &grantee, false)?, ddl::revoke(on, &create, &grantee)?);
            draft.push(object, format!("{} for {}", list(&create), owner.plain()), GROUND, sql);
        }
    }
    Ok(())
}

fn may(schema: &Schema, grantee: &Grantee, privilege: Privilege) -> bool {
    let is_its = |of: &Grantee| of == grantee || *of == Grantee::Public;
    schema.grants.iter().any(|grant| grant.privilege == privilege && is_its(&grant.grantee))
}

pub(super) fn steps(draft: &mut Draft<'_>) -> Result<()> {
    let (tenancy, roles) = (draft.manifest.tenancy.clone(), draft.manifest.roles.clone());
    // Nobody can read a tree whose table is still to come.
    let tree = tenancy.tenant_tree().map(|tree| tree.table().clone());
    let comes_later = |kind: &PartKind| match (kind, &tree) {
        (PartKind::Function(function), Some(tree)) => {
            function.name().as_str() == "tenant_tree" && !draft.catalog.relations.contains_key(tree)
        }
        _ => false,
    };
    let parts = Bootstrap::new(tenancy.clone(), roles.clone()).parts()?;
    let sealing = Sealing::of(&tenancy, &roles)?;
    for part in parts.into_iter().filter(|part| !comes_later(&part.kind)).collect::<Vec<_>>() {
        match missing(draft.catalog, &part.kind) {
            Some((object, what)) => {
                draft.push(object, what, BOOTSTRAP, (part.sql, part.down.unwrap_or_default()));
            }
            None => seal::changed(draft, sealing.as_ref(), &part)?,
        }
    }
    seal::remarks(draft, sealing.as_ref());
    Ok(())
}

/// What a part would make, unless it is there. Files that make no roles say nothing of them: they are the cluster's.
fn missing(catalog: &Catalog, part: &PartKind) -> Option<(String, &'static str)> {
    let knows_roles = !catalog.roles.is_empty();
    match part {
        PartKind::Role(role) => (knows_roles && !catalog.roles.contains_key(role))
            .then(|| (format!("role {}", role.plain()), "role is made, without a password")),
        PartKind::Member { role, member } => {
            (knows_roles && !roles::reaches(catalog, member, role)).then(|| {
                let of_owner = role.as_str() != READS_ALL;
                let what = if of_owner { "member of the owner" } else { "member of pg_read_all_data" };
                (format!("role {}", member.plain()), what)
            })
        }
        PartKind::Schema(schema) => (!catalog.schemas.contains_key(schema))
            .then(|| (format!("schema {}", schema.plain()), "schema of the functions that policies call")),
        PartKind::Function(function) => found(catalog, function)
            .is_none()
            .then(|| (format!("function {}", function.plain()), "function that policies call")),
        PartKind::SealKey(table) => (!catalog.relations.contains_key(table))
            .then(|| (format!("table {}", table.plain()), "keys that sealed tenants are verified with")),
        PartKind::SealKeeper(table) => (!catalog.relations.contains_key(table))
            .then(|| (format!("table {}", table.plain()), "who adds and retires keys")),
        PartKind::SystemAccess(table) => (!catalog.relations.contains_key(table))
            .then(|| (format!("table {}", table.plain()), "table that records work across tenants")),
        // What they check, the plan has seen in the catalog, and grants are steps of their own.
        PartKind::Check | PartKind::Grant | PartKind::Password(_) => None,
    }
}

/// Finds out whether the functions that are there are those that the manifest means: policies depend on them as they are.
pub(super) fn check(manifest: &Manifest, catalog: &Catalog, problems: &mut Vec<Problem>) {
    let tenancy = &manifest.tenancy;
    let of_policies = functions(tenancy).into_iter().filter(|(name, ..)| {
        if *name == "tenant_id" { tenancy.calls_a_function() } else { tenancy.sealed().is_some() }
    });
    for (name, setting, of_type) in of_policies {
        let name = QualifiedName::new(tenancy.support().clone(), Ident::known(name));
        if let Some(function) = found(catalog, &name) {
            let what = misfit(function, &name, setting, of_type);
            problems.extend(what.map(|what| Problem { line: None, what }));
        }
    }
}

fn misfit(
    function: &Function,
    name: &QualifiedName,
    setting: &SettingName,
    of_type: TenantType,
) -> Option<String> {
    let (wanted, name) = (canonical_type(of_type.sql()), name.plain());
    let returns = function.returns.as_deref().unwrap_or("nothing");
    let advice = "keep the tenancy as it was, or name another support_schema";
    if returns != wanted {
        Some(format!("function {name}() returns {returns}; expected {wanted}; {advice}"))
    } else if !function.body.contains(&literal(setting.as_str())) {
        Some(format!("function {name}() reads another setting than {setting}; {advice}"))
    } else {
        None
    }
}

fn found<'a>(catalog: &'a Catalog, name: &QualifiedName) -> Option<&'a Function> {
    seal::named(&catalog.functions, name).map(|(_, function)| function)
}
