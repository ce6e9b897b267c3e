//! `GRANT`, `REVOKE` and `ALTER DEFAULT PRIVILEGES`.

use std::collections::BTreeSet;

use super::super::cursor::Name;
use super::super::defaults::add;
use super::super::parse::grant::{
    AllOf, AlterDefaults, GrantOn, GrantPrivileges, GrantRoles, Granted, MemberOptions,
};
use super::super::state::{Followed, State};
use crate::catalog::{
    FunctionKind, Grant, Grantee, Membership, ObjectKind, Privilege, RelationKind, SERVER_FUNCTIONS,
    ServerGrant, ServerRight,
};
use crate::ident::{Ident, QualifiedName};

impl State {
    /// The privileges that there are on an object, which ALL means.
    fn all_of(&self, kind: ObjectKind) -> Vec<Privilege> {
        use Privilege as P;
        match kind {
            ObjectKind::Table => {
                let maintain = (self.version >= 170_000).then_some(P::Maintain);
                let all =
                    [P::Select, P::Insert, P::Update, P::Delete, P::Truncate, P::References, P::Trigger];
                all.into_iter().chain(maintain).collect()
            }
            ObjectKind::Sequence => vec![P::Usage, P::Select, P::Update],
            ObjectKind::Function => vec![P::Execute],
            ObjectKind::Type => vec![P::Usage],
            ObjectKind::Schema => vec![P::Usage, P::Create],
        }
    }

    /// The grants that a list of privileges means for some grantees.
    fn grants(
        &self,
        privileges: &[Granted],
        kind: ObjectKind,
        grantees: &BTreeSet<Grantee>,
        grant_option: bool,
    ) -> Vec<Grant> {
        let mut grants = Vec::new();
        for granted in privileges {
            let columns: Vec<Option<Ident>> = if granted.columns.is_empty() {
                vec![None]
            } else {
                granted.columns.iter().cloned().map(Some).collect()
            };
            let privileges = match granted.privilege {
                Some(privilege) => vec![privilege],
                None if granted.columns.is_empty() => self.all_of(kind),
                None => vec![Privilege::Select, Privilege::Insert, Privilege::Update, Privilege::References],
            };
            for (grantee, column) in
                grantees.iter().flat_map(|grantee| columns.iter().map(move |column| (grantee, column)))
            {
                grants.extend(privileges.iter().map(|privilege| Grant {
                    grantee: grantee.clone(),
                    privilege: *privilege,
                    column: column.clone(),
                    grant_option,
                }));
            }
        }
        grants
    }

    pub(super) fn grant_privileges(&mut self, grant: &GrantPrivileges) -> Followed<()> {
        let grantees =
            grant.grantees.iter().map(|role| self.grantee(role)).collect::<Followed<BTreeSet<_>>>()?;
        match &grant.on {
            GrantOn::Tables(names) | GrantOn::Sequences(names) => {
                for name in names {
                    match self.find(name) {
                        Ok(name) => self.grant_on_relation(grant, &name, &grantees)?,
                        Err(_) if is_of_server(name) => {}
                        Err(why) => self.note(why),
                    }
                }
            }
            GrantOn::Functions(names) => {
                for name in names {
                    match self.find_function(name) {
                        Ok(signature) => self.grant_on_function(grant, &signature, &grantees),
                        Err(_) if SERVER_FUNCTIONS.contains(&name.name.name.as_str()) => {
                            self.grant_on_server(grant, &name.name.name, &grantees);
                        }
                        Err(_) if is_of_server(&name.name) => {}
                        Err(why) => self.note(why),
                    }
                }
            }
            GrantOn::Schemas(names) => {
                for name in names {
                    self.assume_schema(name);
                    let grants = self.grants(&grant.privileges, ObjectKind::Schema, &grantees, grant.option);
                    if let Some(schema) = self.catalog.schemas.get_mut(name) {
                        change(&mut schema.grants, grant, grants, &schema.owner);
                    }
                }
            }
            GrantOn::Types(names) => {
                for name in names {
                    match self.find_type(name) {
                        Ok(name) => {
                            let grants =
                                self.grants(&grant.privileges, ObjectKind::Type, &grantees, grant.option);
                            if let Some(known) = self.catalog.types.get_mut(&name) {
                                change(&mut known.grants, grant, grants, &known.owner);
                            }
                        }
                        Err(_) if is_of_server(name) || self.is_brought(name) => {}
                        Err(why) => self.note(why),
                    }
                }
            }
            GrantOn::AllIn(of, schemas) => self.grant_on_all(grant, *of, schemas, &grantees)?,
            GrantOn::Other => {}
        }
        Ok(())
    }

    /// Whether a type is the server's own or an extension's, whose grants are no part of the model.
    fn is_brought(&self, name: &Name) -> bool {
        super::super::types::builtin(name.name.as_str()).is_some() || self.extension_type(name).is_some()
    }

    fn grant_on_relation(
        &mut self,
        grant: &GrantPrivileges,
        name: &QualifiedName,
        grantees: &BTreeSet<Grantee>,
    ) -> Followed<()> {
        let sequence = self.seen(name)?.kind == RelationKind::Sequence;
        let kind = if sequence { ObjectKind::Sequence } else { ObjectKind::Table };
        let grants = self.grants(&grant.privileges, kind, grantees, grant.option);
        let relation = self.relation(name)?;
        change(&mut relation.grants, grant, grants, &relation.owner);
        Ok(())
    }

    fn grant_on_function(
        &mut self,
        grant: &GrantPrivileges,
        signature: &crate::catalog::Signature,
        grantees: &BTreeSet<Grantee>,
    ) {
        let grants = self.grants(&grant.privileges, ObjectKind::Function, grantees, grant.option);
        if let Some(function) = self.catalog.functions.get_mut(signature) {
            change(&mut function.grants, grant, grants, &function.owner);
        }
    }

    fn grant_on_server(&mut self, grant: &GrantPrivileges, function: &Ident, grantees: &BTreeSet<Grantee>) {
        for grantee in grantees {
            let right = ServerRight::Execute(function.clone());
            let of = ServerGrant { grantee: grantee.clone(), right };
            if grant.revoke {
                self.catalog.server_grants.remove(&of);
            } else {
                self.catalog.server_grants.insert(of);
            }
        }
    }

    fn grant_on_all(
        &mut self,
        grant: &GrantPrivileges,
        of: AllOf,
        schemas: &[Ident],
        grantees: &BTreeSet<Grantee>,
    ) -> Followed<()> {
        let functions = [FunctionKind::Function, FunctionKind::Aggregate, FunctionKind::Window];
        let all = [&functions[..], &[FunctionKind::Procedure]].concat();
        let kinds: &[FunctionKind] = match of {
            AllOf::Tables | AllOf::Sequences => {
                let wanted = |(name, relation): &(&QualifiedName, &crate::catalog::Relation)| {
                    let sequence = relation.kind == RelationKind::Sequence;
                    schemas.contains(name.schema()) && sequence == (of == AllOf::Sequences)
                };
                let names = self.catalog.relations.iter().filter(wanted).map(|(name, _)| name.clone());
                for name in names.collect::<Vec<_>>() {
                    self.grant_on_relation(grant, &name, grantees)?;
                }
                return Ok(());
            }
            AllOf::Functions => &functions,
            AllOf::Procedures => &[FunctionKind::Procedure],
            AllOf::Routines => &all,
        };
        for signature in self.functions_in(schemas, kinds) {
            self.grant_on_function(grant, &signature, grantees);
        }
        Ok(())
    }

    pub(super) fn alter_defaults(&mut self, change: &AlterDefaults) -> Followed<()> {
        let Some(kind) = change.kind else { return Ok(()) };
        let grantees =
            change.grantees.iter().map(|role| self.grantee(role)).collect::<Followed<BTreeSet<_>>>()?;
        let roles = if change.roles.is_empty() {
            vec![self.role()]
        } else {
            change.roles.iter().map(|role| self.role_named(role)).collect::<Followed<Vec<_>>>()?
        };
        let schemas: Vec<Option<Ident>> = if change.schemas.is_empty() {
            vec![None]
        } else {
            change.schemas.iter().cloned().map(Some).collect()
        };
        let grants = self.grants(&change.privileges, kind, &grantees, change.option);
        for role in &roles {
            for schema in &schemas {
                let place = (role.clone(), schema.clone(), kind);
                self.defaults.change(place, |entry| {
                    for grant in &grants {
                        if change.revoke {
                            revoke(entry, grant, change.option);
                        } else {
                            add(entry, grant);
                        }
                    }
                });
            }
        }
        self.catalog.default_privileges = self.defaults.entries();
        Ok(())
    }

    pub(super) fn grant_roles(&mut self, grant: &GrantRoles) -> Followed<()> {
        for member in &grant.members {
            let member = self.role_named(member)?;
            for role in &grant.roles {
                if grant.revoke {
                    self.revoke_role(role, &member, grant.options);
                } else {
                    self.grant_role(role, &member, grant.options);
                }
            }
        }
        Ok(())
    }

    pub(super) fn grant_role(&mut self, role: &Ident, member: &Ident, options: MemberOptions) {
        let known = self.membership(role, member);
        let inherits = self.catalog.roles.get(member).is_none_or(|role| role.inherit);
        let (admin, inherit, set) =
            known.map_or((false, inherits, true), |known| (known.admin, known.inherit, known.set));
        let membership = Membership {
            member: member.clone(),
            role: role.clone(),
            admin: options.admin.unwrap_or(admin),
            inherit: options.inherit.unwrap_or(inherit),
            set: options.set.unwrap_or(set),
        };
        self.catalog.memberships.insert(membership, ());
    }

    fn revoke_role(&mut self, role: &Ident, member: &Ident, options: MemberOptions) {
        let Some(known) = self.membership(role, member) else { return };
        if options != MemberOptions::default() {
            let membership = Membership {
                admin: options.admin.unwrap_or(known.admin),
                inherit: options.inherit.unwrap_or(known.inherit),
                set: options.set.unwrap_or(known.set),
                ..known
            };
            self.catalog.memberships.insert(membership, ());
        }
    }

    /// Takes a membership out of the model.
    pub(super) fn membership(&mut self, role: &Ident, member: &Ident) -> Option<Membership> {
        // They are in the order of their members and roles.
        let (member, role) = (member.clone(), role.clone());
        let first = Membership { member, role, admin: false, inherit: false, set: false };
        let found = self.catalog.memberships.range(&first..).next()?.0.clone();
        if (&found.member, &found.role) != (&first.member, &first.role) {
            return None;
        }
        self.catalog.memberships.remove(&found);
        Some(found)
    }
}

/// Whether something that no file makes is the server's own, whose grants are no part of the model.
fn is_of_server(name: &Name) -> bool {
    match &name.schema {
        Some(schema) => super::super::state::is_of_server(schema),
        None => name.name.as_str().starts_with("pg_") || name.name.as_str().starts_with("lo_"),
    }
}

fn change(held: &mut BTreeSet<Grant>, statement: &GrantPrivileges, grants: Vec<Grant>, owner: &Ident) {
    let owner = Grantee::Role(owner.clone());
    for grant in grants {
        if grant.grantee == owner {
            continue;
        }
        if statement.revoke { revoke(held, &grant, statement.option) } else { add(held, &grant) }
    }
}

/// Takes a grant away, or its grant option alone. What is taken of a table is taken of its columns.
fn revoke(held: &mut BTreeSet<Grant>, taken: &Grant, option_only: bool) {
    let is_it = |grant: &Grant| {
        grant.grantee == taken.grantee
            && grant.privilege == taken.privilege
            && (taken.column.is_none() || grant.column == taken.column)
    };
    let all = std::mem::take(held);
    let kept = all.into_iter().filter_map(|grant| match (is_it(&grant), option_only) {
        (false, _) => Some(grant),
        (true, true) => Some(Grant { grant_option: false, ..grant }),
        (true, false) => None,
    });
    *held = kept.collect();
}
