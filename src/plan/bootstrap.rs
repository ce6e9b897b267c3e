//! Roles, and the functions that policies call: what a database needs before its first policy.

use super::draft::{Draft, Kind};
use super::roles;
use super::step::{Lock, Work};
use crate::catalog::{Catalog, Function, canonical_type};
use crate::error::Result;
use crate::ident::{QualifiedName, literal};
use crate::policy::manifest::{Manifest, Problem};
use crate::policy::{Bootstrap, Missing, PartKind};

const BOOTSTRAP: Kind =
    Kind { lock: Lock::None, work: Work::None, closes: "policies need their roles and functions" };

pub(super) fn steps(draft: &mut Draft<'_>) -> Result<()> {
    let (tenancy, roles) = (draft.manifest.tenancy.clone(), draft.manifest.roles.clone());
    for part in Bootstrap::new(tenancy, roles).parts()? {
        if let Some((object, what)) = missing(draft.catalog, &part.kind) {
            draft.push(object, what, BOOTSTRAP, (part.sql, part.down.unwrap_or_default()));
        }
    }
    Ok(())
}

/// What a part would make, unless it is there. Files that make no roles say nothing of them: they are the cluster's.
fn missing(catalog: &Catalog, part: &PartKind) -> Option<(String, &'static str)> {
    let knows_roles = !catalog.roles.is_empty();
    match part {
        PartKind::Role(role) => (knows_roles && !catalog.roles.contains_key(role))
            .then(|| (format!("role {}", role.plain()), "role is made, without a password")),
        PartKind::Member { role, member } => (knows_roles && !roles::reaches(catalog, member, role))
            .then(|| (format!("role {}", member.plain()), "member of the owner")),
        PartKind::Schema(schema) => (!catalog.schemas.contains_key(schema))
            .then(|| (format!("schema {}", schema.plain()), "schema of the functions that policies call")),
        PartKind::Function(function) => found(catalog, function)
            .is_none()
            .then(|| (format!("function {}", function.plain()), "function that policies call")),
        // What they check, the plan has seen in the catalog, and grants are steps of their own.
        PartKind::Check | PartKind::Grant | PartKind::Password(_) => None,
    }
}

/// Finds out whether the function that is there is the one that the manifest means: policies depend on it as it is.
pub(super) fn check(manifest: &Manifest, catalog: &Catalog, problems: &mut Vec<Problem>) {
    let tenancy = &manifest.tenancy;
    let name = QualifiedName::new(tenancy.support().clone(), crate::ident::Ident::known("tenant_id"));
    let Some(function) = found(catalog, &name).filter(|_| tenancy.when_missing() == Missing::Error) else {
        return;
    };
    let wanted = canonical_type(tenancy.tenant_type().sql());
    let returns = function.returns.as_deref().unwrap_or("nothing");
    let advice = "keep the tenancy as it was, or name another support_schema";
    if returns != wanted {
        let what = format!("function {}() returns {returns}; expected {wanted}; {advice}", name.plain());
        problems.push(Problem { line: None, what });
    } else if !function.body.contains(&literal(tenancy.setting_name().as_str())) {
        let setting = tenancy.setting_name();
        let what = format!("function {}() reads another setting than {setting}; {advice}", name.plain());
        problems.push(Problem { line: None, what });
    }
}

fn found<'a>(catalog: &'a Catalog, name: &QualifiedName) -> Option<&'a Function> {
    catalog.functions.iter().find(|(signature, _)| signature.name == *name).map(|(_, function)| function)
}
