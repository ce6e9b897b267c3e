//! What statements do to a database.

mod alter_column;
mod alter_table;
mod attach;
mod cascade;
mod column;
mod constraint;
mod drop;
mod foreign_key;
mod function;
mod grant;
pub(super) mod index;
mod inherit;
mod like;
mod not_null;
mod object;
mod observed;
mod owner;
mod partition;
mod policy;
mod relocate;
mod remove;
mod rename;
mod role;
mod schema;
mod sequence;
mod session;
mod table;
mod trigger;
mod types;
mod view;

use super::analyze::Place;
use super::depend::{Object, Part};
use super::state::{Followed, State};
use super::statement::Statement;
use crate::catalog::{Expr, Relation};
use crate::ident::{Ident, QualifiedName};

impl State {
    /// Applies one statement. What could not be followed is left in the notes, or is the error if nothing was.
    pub(super) fn apply(&mut self, statement: &Statement) -> Followed<()> {
        match statement {
            Statement::Session(session) => self.session(session),
            Statement::CreateSchema(made) => self.create_schema(made),
            Statement::AlterSchema(name, change) => self.alter_schema(name, change),
            Statement::CreateTable(made) => self.create_table(made),
            Statement::CreateTableAs(made) => self.create_table_as(made),
            Statement::CreateView(made) => self.create_view(made),
            Statement::CreateSequence { name, if_not_exists, life, options } => {
                self.create_sequence(name, *if_not_exists, *life, options)
            }
            Statement::CreateIndex(made) => self.create_index(made),
            Statement::AlterTable(altered) => self.alter_table(altered),
            Statement::CreatePolicy(name, table, made) => self.create_policy(name, table, made),
            Statement::AlterPolicy { name, table, change } => self.alter_policy(name, table, change),
            Statement::CommentOnPolicy { name, table, comment } => {
                self.comment_on_policy(name, table, comment.as_deref())
            }
            Statement::CommentOnFunction(name, comment) => {
                self.comment_on_function(name, comment.as_deref());
                Ok(())
            }
            Statement::CreateFunction(made) => self.create_function(made),
            Statement::CreateAggregate(made) => self.create_aggregate(made),
            Statement::AlterFunction(name, change) => self.alter_function(name, change),
            Statement::CreateTrigger(made) => self.create_trigger(made),
            Statement::RenameOnTable { trigger, name, table, to } => {
                self.rename_on_table(*trigger, name, table, to)
            }
            Statement::CreateRule(made) => self.create_rule(made),
            Statement::CreateType(name, made) => self.create_type(name, made),
            Statement::AlterType(name, change) => self.alter_type(name, change),
            Statement::CreateRole(made) => self.create_role(made),
            Statement::AlterRole(change) => self.alter_role(change),
            Statement::AlterDatabase(change) => self.alter_database(change.as_ref()),
            Statement::GrantPrivileges(grant) => self.grant_privileges(grant),
            Statement::GrantRoles(grant) => self.grant_roles(grant),
            Statement::AlterDefaults(change) => self.alter_defaults(change),
            Statement::CreateExtension(made) => self.create_extension(made),
            Statement::AlterExtension(name, change) => self.alter_extension(name, change),
            Statement::CreatePublication(name, published) => self.create_publication(name, published),
            Statement::AlterPublication(name, change) => self.alter_publication(name, change),
            Statement::ReassignOwned { from, to } => self.reassign_owned(from, to),
            Statement::Drop(drop) => self.drop_statement(drop),
            Statement::Select(query) => self.select(query),
            // What another statement runs is one of its own.
            Statement::Do(_)
            | Statement::Call(_)
            | Statement::Prepare(..)
            | Statement::Execute(_)
            | Statement::Explain(_)
            | Statement::Change { .. }
            | Statement::Nothing => Ok(()),
            Statement::Connect => {
                self.session.restart();
                Err("what follows is for whatever psql connects to here".to_owned())
            }
            Statement::Opaque(why) => Err((*why).to_owned()),
        }
    }

    /// Understands an expression that is part of something, and keeps in mind what it needs.
    fn expr(&mut self, text: &str, place: Place<'_>, target: Option<&str>, of: &Object) -> Expr {
        let (analyzed, note) = self.analyze(text, place, target);
        self.notes.extend(note);
        self.uses.add(of, analyzed.uses);
        analyzed.expr
    }

    /// Gives a part of one relation, copied to another, what the first needs.
    fn copy_uses(&mut self, part: Part, name: &Ident, from: &QualifiedName, to: &QualifiedName) {
        let needs = self.copied_uses(part, name, from, to);
        self.uses.add(&Object::Part(part, to.clone(), name.clone()), needs);
    }

    /// What a part of one relation needs, for its copy on another one.
    fn copied_uses(&self, part: Part, name: &Ident, from: &QualifiedName, to: &QualifiedName) -> Vec<Object> {
        let moved = |object: &Object| match object {
            Object::Relation(of) if of == from => Object::Relation(to.clone()),
            Object::Column(of, column) if of == from => Object::Column(to.clone(), column.clone()),
            other => other.clone(),
        };
        self.uses.of(&Object::Part(part, from.clone(), name.clone())).map(moved).collect()
    }
}

/// The expressions of a part of a relation.
fn exprs<'a>(relation: &'a mut Relation, part: Part, name: &Ident) -> Vec<&'a mut Expr> {
    match part {
        Part::Default => {
            let column = relation.columns.iter_mut().filter(|column| column.name == *name);
            let both = column.flat_map(|column| {
                let generated = column.generated.as_mut().map(|generated| &mut generated.expression);
                column.default.as_mut().into_iter().chain(generated)
            });
            both.collect()
        }
        Part::Check => relation.checks.get_mut(name).map(|check| &mut check.expression).into_iter().collect(),
        Part::Index => relation.indexes.get_mut(name).map(|of| index::exprs(of)).unwrap_or_default(),
        Part::Policy => {
            let policy = relation.policies.get_mut(name);
            policy
                .into_iter()
                .flat_map(|policy| policy.using.iter_mut().chain(&mut policy.with_check))
                .collect()
        }
        Part::Trigger => {
            relation.triggers.get_mut(name).and_then(|trigger| trigger.when.as_mut()).into_iter().collect()
        }
        Part::ForeignKey | Part::Rule => Vec::new(),
    }
}

/// Where the expressions of a part stand.
fn place(part: Part, table: &QualifiedName) -> Place<'_> {
    if part == Part::Trigger { Place::Trigger(table) } else { Place::On(table) }
}
