//! Users, and the tables that say which tenants they belong to.

use super::answer::{adopted, deny, exempt, shared};
use super::name::{is_authors, is_users};
use super::{Proposed, Question, Suggestion, Table, TenantColumn, said, whole};
use crate::catalog::{Catalog, Relation};
use crate::ident::{Ident, QualifiedName};
use crate::policy::place::fits;
use crate::tenant::TenantType;

/// What a table of members has at most, who and when included.
const FEW_COLUMNS: usize = 8;

/// A table that says which users belong to which tenants, as a `[membership]` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedMembership {
    /// The table.
    pub table: QualifiedName,
    /// Its column with the user.
    pub user: Ident,
    /// The type of that.
    pub user_type: TenantType,
    /// Its column with the tenant.
    pub tenant: Ident,
    /// The users' own table.
    pub users: QualifiedName,
}

/// What a small table is whose rows refer to a user each and to a tenant.
pub(super) fn members(
    catalog: &Catalog,
    tenants: &TenantColumn,
    name: &QualifiedName,
    relation: &Relation,
) -> Option<ProposedMembership> {
    if relation.columns.len() > FEW_COLUMNS || relation.foreign_keys.len() > 3 {
        return None;
    }
    let (own, _) = tenants.own.as_ref()?;
    let mut single = relation.foreign_keys.values().filter(|of| of.columns.len() == 1);
    let named = relation.column(&tenants.name).map(|column| &column.name);
    let to_own = || single.clone().find(|of| whole(catalog, &of.references) == own);
    let tenant = named.or_else(|| to_own().and_then(|of| of.columns.first()));
    single.find_map(|of| {
        let (users, user) = (whole(catalog, &of.references), relation.column(of.columns.first()?)?);
        // Who wrote a row is no member of anything by that.
        let is_user = users != own && is_users(users.name().as_str()) && !is_authors(user.name.as_str());
        let types = [TenantType::Uuid, TenantType::Bigint, TenantType::Integer, TenantType::Text];
        Some(ProposedMembership {
            table: name.clone(),
            user: user.name.clone(),
            user_type: types.into_iter().find(|of| is_user && fits(&user.data_type, *of))?,
            tenant: tenant?.clone(),
            users: users.clone(),
        })
    })
}

/// All of them.
pub(super) fn all(
    catalog: &Catalog,
    tenants: &TenantColumn,
    tables: &[Table<'_>],
) -> Vec<ProposedMembership> {
    tables.iter().filter_map(|(name, relation)| members(catalog, tenants, name, relation)).collect()
}

/// A table of users that no column and no foreign key gives to a tenant.
pub(super) fn question(
    name: &QualifiedName,
    memberships: &[ProposedMembership],
    mut between: Vec<Suggestion>,
) -> Proposed {
    let known: Vec<String> =
        memberships.iter().filter(|of| of.users == *name).map(|of| said(&of.table, name)).collect();
    between
        .push(Suggestion { meaning: "the system role alone reaches it, as at a login".to_owned(), ..deny() });
    if !memberships.iter().any(|of| of.users == *name) {
        between.push(adopted());
    }
    between.extend([
        exempt("the grants alone say who reads and writes it: grant columns, or none"),
        shared("every tenant reads every user's row, e-mails and password hashes too"),
    ]);
    let reason = if known.is_empty() {
        "its rows are users, and nothing says which tenants they belong to".to_owned()
    } else {
        format!("its rows are users, and {} says which tenants they belong to", known.join(" and "))
    };
    Proposed::undecided(Question::Users, between, reason)
}
