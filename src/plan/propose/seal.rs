//! Whether tenants are sealed already.

use crate::catalog::Catalog;
use crate::ident::Ident;

/// What verifies seals in a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedSeal {
    /// The role that the functions belong to which verify them.
    pub sealer: Ident,
    /// Whether tenants without a seal are taken as well.
    pub bare: bool,
}

/// The function that policies ask for the tenant, if it is one that verifies seals: its comment says so.
pub(super) fn find(catalog: &Catalog, support: Option<&Ident>) -> Option<ProposedSeal> {
    let support = support.map_or("tenantry", Ident::as_str);
    let (_, function) = catalog.functions.iter().find(|(signature, _)| {
        let name = &signature.name;
        name.schema().as_str() == support
            && name.name().as_str() == "tenant_id"
            && signature.arguments.is_empty()
    })?;
    let said = function.comment.as_deref()?;
    said.starts_with("tenantry: sealed").then(|| ProposedSeal {
        sealer: function.owner.clone(),
        bare: said.starts_with("tenantry: sealed or bare"),
    })
}
