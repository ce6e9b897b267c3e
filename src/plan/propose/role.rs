//! Which roles there are for what.

use std::collections::BTreeMap;

use super::grant::held;
use super::{Hints, Table, count};
use crate::catalog::{Catalog, Privilege, Role};
use crate::ident::Ident;
use crate::plan::roles::{reachable, reaches, why_unbound};
use crate::policy::Roles;
use crate::policy::manifest::Problem;

/// The roles of a [`Proposal`](super::Proposal).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedRoles {
    /// What services log in as.
    pub app: ProposedRole,
    /// What owns the tables.
    pub owner: ProposedRole,
    /// What runs migrations.
    pub migrator: ProposedRole,
    /// What works across tenants.
    pub system: ProposedRole,
}

/// A role of a [`Proposal`](super::Proposal), or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedRole {
    /// Its name.
    pub name: Option<Ident>,
    /// Why it is this one, or what there is to choose from.
    pub reason: String,
}

impl ProposedRole {
    pub(super) fn some(name: &Ident, reason: impl Into<String>) -> Self {
        Self { name: Some(name.clone()), reason: reason.into() }
    }

    pub(super) fn none(reason: impl Into<String>) -> Self {
        Self { name: None, reason: reason.into() }
    }
}

/// What there is to look at.
struct Scene<'a> {
    catalog: &'a Catalog,
    tables: &'a [Table<'a>],
    /// Who owns tables, and how many.
    owners: BTreeMap<&'a Ident, usize>,
}

pub(super) fn find(
    catalog: &Catalog,
    hints: &Hints,
    tables: &[Table<'_>],
    problems: &mut Vec<Problem>,
) -> ProposedRoles {
    let mut owners: BTreeMap<&Ident, usize> = BTreeMap::new();
    for (_, relation) in tables {
        *owners.entry(&relation.owner).or_default() += 1;
    }
    let scene = Scene { catalog, tables, owners };
    let mut problem = |what: String| problems.push(Problem { line: None, what });
    let given = |hint: &Option<Ident>, option: &str| {
        hint.as_ref().map(|name| ProposedRole::some(name, format!("as {option} says{}", scene.absent(name))))
    };
    let app = given(&hints.app, "--app").unwrap_or_else(|| scene.app());
    let mut owner = given(&hints.owner, "--owner").unwrap_or_else(|| scene.owner());
    match &app.name {
        None => problem(format!("name the role that services log in as with --app: {}", app.reason)),
        Some(name) => {
            if let Some(why) = why_unbound(catalog, name) {
                problem(format!(
                    "role {} {why}; policies would not bind it; name another with --app",
                    name.plain()
                ));
            }
            if owner.name.as_ref() == Some(name) {
                problem(format!(
                    "role {} owns the tables and can drop their policies; make a role for services and name it with --app",
                    name.plain()
                ));
                owner = ProposedRole::none("services would log in as the owner");
            }
        }
    }
    let system = given(&hints.system, "--system").unwrap_or_else(|| scene.system());
    let migrator = scene.migrator(&owner, &[&app, &system]);
    let roles = ProposedRoles { app, owner, migrator, system };
    if let Err(error) = roles.check() {
        problem(error.to_string());
    }
    roles
}

impl ProposedRoles {
    /// Whether each has a purpose of its own.
    fn check(&self) -> crate::error::Result<()> {
        let Some(app) = &self.app.name else { return Ok(()) };
        let mut roles = match &self.owner.name {
            Some(owner) => Roles::new(owner.as_str(), app.as_str()),
            None => Roles::without_owner(app.as_str()),
        }?;
        if let Some(system) = &self.system.name {
            roles = roles.system(system.as_str())?;
        }
        if let Some(migrator) = &self.migrator.name {
            roles.migrator(migrator.as_str())?;
        }
        Ok(())
    }
}

impl<'a> Scene<'a> {
    fn absent(&self, name: &Ident) -> &'static str {
        let from_files = self.catalog.server_version.is_none();
        if from_files || self.catalog.roles.contains_key(name) { "" } else { "; it is not there yet" }
    }

    fn logins(&self) -> impl Iterator<Item = (&'a Ident, &'a Role)> {
        self.catalog.roles.iter().filter(|(_, role)| role.login)
    }

    fn app(&self) -> ProposedRole {
        let half = self.tables.len() / 2;
        let found: Vec<(&Ident, usize)> = self
            .logins()
            .filter(|(name, _)| {
                let reached = reachable(self.catalog, name);
                !reached
                    .iter()
                    .any(|role| why_unbound(self.catalog, role).is_some() || self.owners.contains_key(*role))
            })
            .map(|(name, _)| (name, self.writable(name)))
            .filter(|(_, writable)| *writable > half)
            .collect();
        match found[..] {
            [(name, writable)] => ProposedRole::some(
                name,
                format!("writes {writable} of {}", count(self.tables.len(), "table")),
            ),
            [] => {
                let owner = self.owners.keys().find(|name| self.role(name).is_some_and(|role| role.login));
                ProposedRole::none(match owner {
                    Some(owner) => format!(
                        "no role but {} writes most tables, and it owns them: an owner can drop policies",
                        owner.plain()
                    ),
                    None => "no role that can log in writes most tables".to_owned(),
                })
            }
            _ => {
                let names: Vec<&Ident> = found.iter().map(|(name, _)| *name).collect();
                ProposedRole::none(format!("{} write most tables", several(&names)))
            }
        }
    }

    /// How many tables a role may read and write.
    fn writable(&self, name: &Ident) -> usize {
        let roles = reachable(self.catalog, name);
        let needed = [Privilege::Select, Privilege::Insert, Privilege::Update];
        let may = |(_, relation): &&Table<'_>| {
            let held = held(relation, &roles);
            needed.iter().all(|privilege| held.contains(privilege))
        };
        self.tables.iter().filter(may).count()
    }

    fn role(&self, name: &Ident) -> Option<&'a Role> {
        self.catalog.roles.get(name)
    }

    fn owner(&self) -> ProposedRole {
        if self.catalog.roles.is_empty() {
            return ProposedRole::none("files do not say who owns the tables");
        }
        let owners: Vec<(&Ident, usize)> =
            self.owners.iter().map(|(name, tables)| (*name, *tables)).collect();
        match owners[..] {
            [] => ProposedRole::none("there are no tables"),
            [(name, tables)] => match self.role(name) {
                Some(role) if role.superuser => ProposedRole::none(format!(
                    "the tables belong to {}, a superuser; name a role for them, and a plan hands them over",
                    name.plain()
                )),
                Some(role) if role.login => ProposedRole::some(
                    name,
                    format!(
                        "owns {}; it can log in, which a role of this kind need not",
                        count(tables, "table")
                    ),
                ),
                _ => ProposedRole::some(name, format!("owns {}", count(tables, "table"))),
            },
            _ => {
                let owners: Vec<String> =
                    owners.iter().map(|(name, tables)| format!("{} ({tables})", name.plain())).collect();
                let owners = owners.join(", ");
                ProposedRole::none(format!(
                    "the tables belong to {owners}; name one, and a plan hands them over"
                ))
            }
        }
    }

    fn system(&self) -> ProposedRole {
        let bypasses = |(_, role): &(&Ident, &Role)| role.bypass_rls && !role.superuser;
        let found: Vec<&Ident> = self.logins().filter(bypasses).map(|(name, _)| name).collect();
        match found[..] {
            [] => ProposedRole::none("for work across tenants; no role has BYPASSRLS alone"),
            [name] => ProposedRole::some(name, "has BYPASSRLS"),
            _ => ProposedRole::none(format!("{} have BYPASSRLS", several(&found))),
        }
    }

    /// Who logs in to become the owner.
    fn migrator(&self, owner: &ProposedRole, others: &[&ProposedRole]) -> ProposedRole {
        let Some(owner) = &owner.name else {
            return ProposedRole::none("runs migrations, as a member of owner");
        };
        let is_other = |name: &Ident| others.iter().any(|role| role.name.as_ref() == Some(name));
        let found: Vec<&Ident> = self
            .logins()
            .filter(|(name, role)| !role.superuser && *name != owner && !is_other(name))
            .map(|(name, _)| name)
            .filter(|name| reaches(self.catalog, name, owner))
            .collect();
        match found[..] {
            [name] => ProposedRole::some(name, format!("is a member of {}", owner.plain())),
            _ => ProposedRole::none(format!("runs migrations, as a member of {}", owner.plain())),
        }
    }
}

/// How many roles are named where several could be the one.
const NAMED: usize = 4;

fn several(names: &[&Ident]) -> String {
    let mut shown: Vec<String> = names.iter().take(NAMED).map(|name| name.plain()).collect();
    if names.len() > NAMED {
        shown.push(format!("{} more", names.len() - NAMED));
    }
    shown.join(" and ")
}
