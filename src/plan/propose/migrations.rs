//! Who runs the migrations, by what they have made so far.

use std::collections::{BTreeMap, BTreeSet};

use super::role::ProposedRole;
use crate::catalog::{Catalog, Relation, RelationKind};
use crate::ident::Ident;

/// Who is to run the migrations, of a [`Proposal`](super::Proposal).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedMigrations {
    /// The role, or why there is none.
    pub role: ProposedRole,
    /// Why policies do not bind the role, if they do not.
    pub unbound: Option<&'static str>,
}

/// The role that what is there belongs to. If it belongs to several, a person has to say which of them runs the migrations.
pub(super) fn find(catalog: &Catalog, schemas: &BTreeSet<Ident>) -> ProposedMigrations {
    let is_made = |relation: &Relation| {
        relation.extension.is_none() && relation.kind != RelationKind::Sequence && !relation.owner_is_assumed
    };
    let relations = catalog
        .relations
        .iter()
        .filter(|(name, relation)| schemas.contains(name.schema()) && is_made(relation))
        .map(|(_, relation)| &relation.owner);
    // Of functions only those matter that run with the rights of their owner.
    let functions = catalog
        .functions
        .iter()
        .filter(|(signature, function)| {
            schemas.contains(signature.name.schema())
                && function.security_definer
                && function.extension.is_none()
                && !function.owner_is_assumed
        })
        .map(|(_, function)| &function.owner);
    let mut owners: BTreeMap<&Ident, usize> = BTreeMap::new();
    for owner in relations.chain(functions) {
        *owners.entry(owner).or_default() += 1;
    }
    let mut found: Vec<(&Ident, usize)> = owners.into_iter().collect();
    found.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let none = |reason: String| ProposedMigrations { role: ProposedRole::none(reason), unbound: None };
    match found[..] {
        [] => none("nothing is there yet that tells who runs them".to_owned()),
        [(role, _)] => ProposedMigrations {
            role: ProposedRole::some(role, "owns what is there"),
            unbound: unbound(catalog, role),
        },
        _ => {
            let named = found.iter().map(|(role, count)| format!("{} ({count})", role.plain()));
            none(format!("what is there belongs to {}", named.collect::<Vec<_>>().join(", ")))
        }
    }
}

fn unbound(catalog: &Catalog, role: &Ident) -> Option<&'static str> {
    match catalog.roles.get(role) {
        Some(role) if role.superuser => Some("it is a superuser"),
        Some(role) if role.bypass_rls => Some("it has BYPASSRLS"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::catalog::replay::{Options, Source, replay};
    use crate::ident::Ident;
    use crate::plan::propose::{Facts, Hints, propose};

    fn found(sql: &str, assumed: bool) -> (Option<String>, String, bool) {
        let options =
            Options { role: Ident::known("deploy"), role_is_assumed: assumed, ..Options::default() };
        let catalog = replay(&[Source::new("a.sql", sql)], &options).catalog;
        let proposal = propose(&catalog, &Hints::default(), &Facts::default());
        let of = proposal.migrations;
        let toml = proposal_section(&propose(&catalog, &Hints::default(), &Facts::default()).to_toml());
        assert_eq!(toml.contains("bypass_rls = true"), of.unbound.is_some(), "{toml}");
        assert_eq!(toml.starts_with("[migrations]"), of.role.name.is_some(), "{toml}");
        (of.role.name.map(|name| name.plain()), of.role.reason, of.unbound.is_some())
    }

    fn proposal_section(toml: &str) -> String {
        let at = toml.find("[migrations]").unwrap();
        let from = toml[..at].rfind('\n').map_or(0, |at| at + 1);
        toml[from..].split("\n\n").next().unwrap().to_owned()
    }

    #[test]
    fn whoever_owns_all_that_is_there_runs_the_migrations() {
        let table = "create table t (tenant_id uuid not null);";
        let own = |name: &str, reason: &str, unbound| (Some(name.to_owned()), reason.to_owned(), unbound);
        let whole = "owns what is there";
        assert_eq!(found(table, false), own("deploy", whole, false));
        assert_eq!(
            found(&format!("create role deploy superuser; {table}"), false),
            own("deploy", whole, true)
        );
        assert_eq!(
            found(&format!("create role deploy bypassrls; {table}"), false),
            own("deploy", whole, true)
        );
        let two = format!("{table} create view v as table t; alter view v owner to other;");
        assert_eq!(
            found(&two, false),
            (None, "what is there belongs to deploy (1), other (1)".to_owned(), false)
        );
        // Functions without rights of their own tell nothing.
        let plain =
            "create function f() returns int language sql as 'select 1'; alter function f() owner to other;";
        assert_eq!(found(&format!("{table}{plain}"), false), own("deploy", whole, false));
        let definer = format!("{table}{plain} alter function f() security definer;");
        assert_eq!(found(&definer, false).0, None);
        let nothing = "nothing is there yet that tells who runs them".to_owned();
        assert_eq!(found(table, true), (None, nothing, false));
    }
}
