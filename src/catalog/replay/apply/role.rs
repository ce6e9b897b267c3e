//! Roles, their settings, and those of the database.

use super::super::defaults::renamed_grant;
use super::super::parse::grant::MemberOptions;
use super::super::parse::role::{AlterRole, CreateRole, RoleName, RoleOptions, SettingChange};
use super::super::state::{Followed, State};
use crate::catalog::{Function, Grantee, Membership, Relation, Role, Setting};
use crate::ident::Ident;

impl State {
    pub(super) fn create_role(&mut self, made: &CreateRole) -> Followed<()> {
        if self.catalog.roles.contains_key(&made.name) {
            return Err(format!("the role {} is already there", made.name));
        }
        let mut role = Role { inherit: true, login: made.login, ..Role::default() };
        change_options(&mut role, &made.options);
        self.catalog.roles.insert(made.name.clone(), role);
        self.add_members(&made.name, &made.options)
    }

    fn add_members(&mut self, name: &Ident, options: &RoleOptions) -> Followed<()> {
        for role in &options.in_roles {
            self.grant_role(role, name, MemberOptions::default());
        }
        for (members, admin) in [(&options.members, None), (&options.admins, Some(true))] {
            for member in members {
                let member = self.role_named(member)?;
                self.grant_role(name, &member, MemberOptions { admin, ..MemberOptions::default() });
            }
        }
        Ok(())
    }

    pub(super) fn alter_role(&mut self, change: &AlterRole) -> Followed<()> {
        match change {
            AlterRole::Options(role, options) => {
                let name = self.role_named(role)?;
                let role = self.catalog.roles.get_mut(&name);
                change_options(
                    role.ok_or_else(|| format!("the role {name} is not made by these files"))?,
                    options,
                );
                self.add_members(&name, options)?;
                self.follow_inherit(&name);
                Ok(())
            }
            AlterRole::Rename(from, to) => {
                self.rename_role(from, to);
                Ok(())
            }
            AlterRole::Setting { role, in_database, change } => {
                let role = role.as_ref().map(|role| self.role_named(role)).transpose()?;
                self.change_settings(role.as_ref(), *in_database, change)
            }
            AlterRole::Members { group, members, add } => {
                let group = self.role_named(group)?;
                for member in members {
                    if *add {
                        self.grant_role(&group, member, MemberOptions::default());
                    } else {
                        let _ = self.membership(&group, member);
                    }
                }
                Ok(())
            }
        }
    }

    /// Before PostgreSQL 16 it is the member that says whether it inherits, whenever it says it.
    fn follow_inherit(&mut self, member: &Ident) {
        let Some(role) = self.catalog.roles.get(member).filter(|_| self.version < 160_000) else { return };
        let inherit = role.inherit;
        let all = self.catalog.memberships.keys();
        for known in all.filter(|known| known.member == *member).cloned().collect::<Vec<_>>() {
            self.catalog.memberships.rekey(&known, &Membership { inherit, ..known.clone() });
        }
    }

    pub(super) fn alter_database(&mut self, change: Option<&SettingChange>) -> Followed<()> {
        match change {
            Some(change) => self.change_settings(None, true, change),
            None => Ok(()),
        }
    }

    fn change_settings(
        &mut self,
        role: Option<&Ident>,
        in_database: bool,
        change: &SettingChange,
    ) -> Followed<()> {
        let here = |setting: &Setting| setting.role.as_ref() == role && setting.in_database == in_database;
        // They are in the order of their roles.
        let first = Setting { role: role.cloned(), in_database, name: String::new(), value: String::new() };
        let found = self.catalog.settings.range(first..).map(|(setting, ())| setting);
        let found = found.take_while(|setting| here(setting)).cloned();
        let found: Vec<Setting> = found.collect();
        let (gone, new): (Vec<&Setting>, Option<Setting>) = match change {
            SettingChange::ResetAll => (found.iter().collect(), None),
            SettingChange::Reset(name) => {
                (found.iter().filter(|setting| setting.name == *name).collect(), None)
            }
            SettingChange::Set(name, value) => {
                let value = self.setting(name, value)?;
                let new = |value| Setting { role: role.cloned(), in_database, name: name.clone(), value };
                (found.iter().filter(|setting| setting.name == *name).collect(), value.map(new))
            }
        };
        for setting in gone {
            self.catalog.settings.remove(setting);
        }
        if let Some(setting) = new {
            self.catalog.settings.insert(setting, ());
        }
        Ok(())
    }

    fn rename_role(&mut self, from: &Ident, to: &Ident) {
        if let Some(role) = self.catalog.roles.remove(from) {
            self.catalog.roles.insert(to.clone(), role);
        }
        let renamed = |role: Ident| if role == *from { to.clone() } else { role };
        for known in self.catalog.memberships.keys().cloned().collect::<Vec<_>>() {
            let (member, role) = (renamed(known.member.clone()), renamed(known.role.clone()));
            self.catalog.memberships.rekey(&known, &Membership { member, role, ..known.clone() });
        }
        for known in self.catalog.settings.keys().cloned().collect::<Vec<_>>() {
            let role = known.role.clone().map(renamed);
            self.catalog.settings.rekey(&known, &Setting { role, ..known.clone() });
        }
        self.defaults.rename_role(from, to);
        self.catalog.default_privileges = self.defaults.entries();
        let follow = |grants: &mut std::collections::BTreeSet<crate::catalog::Grant>| {
            let all = std::mem::take(grants);
            *grants = all.into_iter().map(|grant| renamed_grant(grant, from, to)).collect();
        };
        for schema in self.catalog.schemas.follow_all() {
            schema.owner = renamed(schema.owner.clone());
            follow(&mut schema.grants);
        }
        for known in self.catalog.types.follow_all() {
            known.owner = renamed(known.owner.clone());
            follow(&mut known.grants);
        }
        for function in self.catalog.functions.follow_all() {
            function.owner = renamed(function.owner.clone());
            follow(&mut function.grants);
        }
        let grantee = |role: Grantee| match role {
            Grantee::Role(role) => Grantee::Role(renamed(role)),
            Grantee::Public => Grantee::Public,
        };
        for relation in self.catalog.relations.follow_all() {
            relation.owner = renamed(relation.owner.clone());
            follow(&mut relation.grants);
            for policy in relation.policies.values_mut() {
                let roles = std::mem::take(&mut policy.roles);
                policy.roles = roles.into_iter().map(grantee).collect();
            }
        }
        for told in [&mut self.session.now, &mut self.session.after] {
            told.role = renamed(told.role.clone());
            told.user = renamed(told.user.clone());
        }
    }

    pub(super) fn drop_roles(&mut self, names: &[Ident], if_exists: bool) -> Followed<()> {
        for name in names {
            if self.catalog.roles.remove(name).is_none() {
                let unknown = format!("the role {name} is not made by these files");
                return if if_exists { Ok(()) } else { Err(unknown) };
            }
            let of_it = |known: &&Membership| known.role == *name || known.member == *name;
            for known in self.catalog.memberships.keys().filter(of_it).cloned().collect::<Vec<_>>() {
                self.catalog.memberships.remove(&known);
            }
            let of_it = |setting: &&Setting| setting.role.as_ref() == Some(name);
            for setting in self.catalog.settings.keys().filter(of_it).cloned().collect::<Vec<_>>() {
                self.catalog.settings.remove(&setting);
            }
        }
        Ok(())
    }

    /// `DROP OWNED BY`: what a role owns, and whatever it has been granted.
    pub(super) fn drop_owned(&mut self, roles: &[RoleName], cascade: bool) -> Followed<()> {
        for role in roles {
            let role = self.role_named(role)?;
            let mut objects = Vec::new();
            for (name, relation) in &self.catalog.relations {
                if relation.owner == role {
                    objects.push(super::super::depend::Object::Relation(name.clone()));
                }
            }
            for (signature, function) in &self.catalog.functions {
                if function.owner == role {
                    objects.push(super::super::depend::Object::Function(signature.clone()));
                }
            }
            let types = self.catalog.types.iter().filter(|(_, known)| known.owner == role);
            objects.extend(types.map(|(name, _)| super::super::depend::Object::Type(name.clone())));
            self.drop_objects(objects, cascade)?;
            let schemas: Vec<Ident> = self
                .catalog
                .schemas
                .iter()
                .filter(|(_, schema)| schema.owner == role)
                .map(|(name, _)| name.clone())
                .collect();
            self.drop_schemas(&schemas, true, cascade)?;
            self.forget_grants(&role);
        }
        Ok(())
    }

    fn forget_grants(&mut self, role: &Ident) {
        let grantee = Grantee::Role(role.clone());
        let named = |relation: &Relation| {
            relation.grants.iter().any(|grant| grant.grantee == grantee)
                || relation.policies.values().any(|policy| policy.roles.contains(&grantee))
        };
        for relation in self.catalog.relations.each_of(named) {
            relation.grants.retain(|grant| grant.grantee != grantee);
            // A policy that is for nobody else goes too.
            relation.policies.retain(|_, policy| {
                policy.roles.remove(&grantee);
                !policy.roles.is_empty()
            });
        }
        let named = |function: &Function| function.grants.iter().any(|grant| grant.grantee == grantee);
        for function in self.catalog.functions.each_of(named) {
            function.grants.retain(|grant| grant.grantee != grantee);
        }
        let named = |grants: &std::collections::BTreeSet<crate::catalog::Grant>| {
            grants.iter().any(|grant| grant.grantee == grantee)
        };
        for known in self.catalog.types.each_of(|known| named(&known.grants)) {
            known.grants.retain(|grant| grant.grantee != grantee);
        }
        for schema in self.catalog.schemas.each_of(|schema| named(&schema.grants)) {
            schema.grants.retain(|grant| grant.grantee != grantee);
        }
        self.defaults.forget(role);
        self.catalog.default_privileges = self.defaults.entries();
    }
}

fn change_options(role: &mut Role, options: &RoleOptions) {
    let changes = [
        (&mut role.superuser, options.superuser),
        (&mut role.bypass_rls, options.bypass_rls),
        (&mut role.replication, options.replication),
        (&mut role.create_role, options.create_role),
        (&mut role.create_db, options.create_db),
        (&mut role.login, options.login),
        (&mut role.inherit, options.inherit),
    ];
    for (attribute, said) in changes {
        *attribute = said.unwrap_or(*attribute);
    }
}
