//! What a superuser's run makes belongs to the superuser, where the manifest names an owner.

use std::collections::BTreeSet;

use super::login::Login;
use crate::catalog::Catalog;
use crate::ident::QualifiedName;
use crate::policy::manifest::Manifest;

/// The governed relations that belonged to the login before a run.
pub(super) struct Strays {
    before: BTreeSet<QualifiedName>,
}

impl Strays {
    /// None where statements run as the owner, or nobody is named as one.
    pub(super) fn before(manifest: &Manifest, catalog: &Catalog, login: &Login) -> Option<Self> {
        let owner = manifest.roles.owner_role()?;
        let runs_as_itself = login.is_superuser() && owner.as_str() != login.name();
        runs_as_itself.then(|| Self { before: of_login(manifest, catalog, login) })
    }

    /// Those that do now and did not before.
    pub(super) fn after(&self, manifest: &Manifest, catalog: &Catalog, login: &Login) -> Vec<QualifiedName> {
        of_login(manifest, catalog, login).difference(&self.before).cloned().collect()
    }
}

fn of_login(manifest: &Manifest, catalog: &Catalog, login: &Login) -> BTreeSet<QualifiedName> {
    let is_its = |name: &QualifiedName, owner: &str| manifest.governs(name) && owner == login.name();
    let relations = catalog.relations.iter().filter(|(name, of)| is_its(name, of.owner.as_str()));
    relations.map(|(name, _)| name.clone()).collect()
}
