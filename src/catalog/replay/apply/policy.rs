//! Policies.

use std::collections::BTreeSet;

use super::super::cursor::Name;
use super::super::depend::{Object, Part};
use super::super::parse::policy::CreatedPolicy;
use super::super::parse::role::RoleName;
use super::super::state::{Followed, State};
use super::super::statement::AlterPolicy;
use crate::catalog::{Grantee, Policy};
use crate::ident::{Ident, QualifiedName};

impl State {
    pub(super) fn create_policy(&mut self, name: &Ident, table: &Name, made: &CreatedPolicy) -> Followed<()> {
        let table = self.find(table)?;
        if self.seen(&table)?.policies.contains_key(name) {
            return Err(format!("{table} has a policy {name} already"));
        }
        let roles = self.grantees(&made.roles)?;
        let of = |text: &Option<String>, state: &mut Self| {
            text.as_ref().map(|text| state.on(&table, Part::Policy, name, text))
        };
        let policy = Policy {
            permissive: made.permissive,
            command: made.command,
            roles,
            using: of(&made.using, self),
            with_check: of(&made.with_check, self),
            comment: None,
        };
        self.relation(&table)?.policies.insert(name.clone(), policy);
        Ok(())
    }

    fn grantees(&self, roles: &[RoleName]) -> Followed<BTreeSet<Grantee>> {
        roles.iter().map(|role| self.grantee(role)).collect()
    }

    fn policy(&mut self, table: &QualifiedName, name: &Ident) -> Followed<&mut Policy> {
        let found = self.relation(table)?.policies.get_mut(name);
        found.ok_or_else(|| format!("{table} has no policy {name}"))
    }

    pub(super) fn alter_policy(&mut self, name: &Ident, table: &Name, change: &AlterPolicy) -> Followed<()> {
        let table = self.find(table)?;
        self.policy(&table, name)?;
        match change {
            AlterPolicy::Rename(to) => {
                let policies = &mut self.relation(&table)?.policies;
                if policies.contains_key(to) {
                    return Err(format!("{table} has a policy {to} already"));
                }
                if let Some(policy) = policies.remove(name) {
                    policies.insert(to.clone(), policy);
                }
                let part = |name: &Ident| Object::Part(Part::Policy, table.clone(), name.clone());
                self.uses.rename(&part(name), &part(to));
            }
            AlterPolicy::Change { roles, using, with_check } => {
                if let Some(roles) = roles {
                    self.policy(&table, name)?.roles = self.grantees(roles)?;
                }
                self.uses.forget(&Object::Part(Part::Policy, table.clone(), name.clone()));
                if let Some(text) = using {
                    let using = self.on(&table, Part::Policy, name, text);
                    self.policy(&table, name)?.using = Some(using);
                }
                if let Some(text) = with_check {
                    let with_check = self.on(&table, Part::Policy, name, text);
                    self.policy(&table, name)?.with_check = Some(with_check);
                }
                // What stays needs what it needed. There each name has its schema.
                let policy = self.policy(&table, name)?;
                let (old_using, old_check) = (policy.using.clone(), policy.with_check.clone());
                let stays =
                    [old_using.filter(|_| using.is_none()), old_check.filter(|_| with_check.is_none())];
                for expr in stays.into_iter().flatten() {
                    self.on(&table, Part::Policy, name, expr.normal());
                }
            }
        }
        Ok(())
    }

    pub(super) fn comment_on_policy(
        &mut self,
        name: &Ident,
        table: &Name,
        comment: Option<&str>,
    ) -> Followed<()> {
        let table = self.find(table)?;
        // An empty one is none.
        self.policy(&table, name)?.comment = comment.filter(|comment| !comment.is_empty()).map(str::to_owned);
        Ok(())
    }
}
