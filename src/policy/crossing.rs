//! Foreign keys that can cross from one tenant to another, and what takes their place.

use crate::catalog::{Catalog, ForeignKey, MatchType, ReferentialAction};
use crate::ident::Ident;

/// The extension without which a `GiST` index takes no scalar column, and a key with a period no tenant.
pub(crate) const BTREE_GIST: &str = "btree_gist";

/// The tenant columns on the two sides of a foreign key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sides<'a> {
    pub(crate) own: &'a Ident,
    pub(crate) referenced: &'a Ident,
}

impl Sides<'_> {
    /// Whether the key says that both are the same.
    pub(crate) fn are_in(self, key: &ForeignKey) -> bool {
        let mut pairs = key.columns.iter().zip(&key.referenced_columns);
        pairs.any(|(own, other)| own == self.own && other == self.referenced)
    }

    /// Why the key cannot include them.
    pub(crate) fn obstacle(self, catalog: &Catalog, key: &ForeignKey) -> Option<&'static str> {
        let old_server = catalog.server_version.is_some_and(|version| version < 150_000);
        if key.columns.contains(self.own) || key.referenced_columns.contains(self.referenced) {
            Some(
                "it refers to a tenant as such, by another column than the tenant's, or the other way around",
            )
        } else if sets_columns(key.on_update) {
            Some("its ON UPDATE action would set the tenant column too; choose another action")
        } else if sets_columns(key.on_delete) && old_server {
            Some(
                "its ON DELETE action would set the tenant column too before PostgreSQL 15; choose another action",
            )
        } else if key.period && !catalog.extensions.contains_key(&Ident::known(BTREE_GIST)) {
            Some(
                "its PERIOD asks for a GiST index, which compares tenants once there is CREATE EXTENSION btree_gist",
            )
        } else if key.match_type == MatchType::Full && key.columns.len() > 1 {
            Some("it is MATCH FULL, which a column that is never NULL defeats; choose MATCH SIMPLE")
        } else {
            None
        }
    }

    /// The key with both included.
    pub(crate) fn added_to(self, key: &ForeignKey) -> ForeignKey {
        let with =
            |tenant: &Ident, others: &[Ident]| std::iter::once(tenant).chain(others).cloned().collect();
        let mut new = ForeignKey {
            columns: with(self.own, &key.columns),
            referenced_columns: with(self.referenced, &key.referenced_columns),
            // Of one column the two mean the same, and the tenant is never NULL.
            match_type: MatchType::Simple,
            ..key.clone()
        };
        if sets_columns(key.on_delete) && key.on_delete_columns.is_empty() {
            // Without the list the tenant column would be set too.
            new.on_delete_columns.clone_from(&key.columns);
        }
        new
    }
}

fn sets_columns(action: ReferentialAction) -> bool {
    matches!(action, ReferentialAction::SetNull | ReferentialAction::SetDefault)
}
