//! A statement among those that run: what it says, what it has changed, and what holds then.

use super::change::Before;
use super::cursor::Name;
use super::located::Located;
use super::parse::session::Session;
use super::state::State;
use super::statement::Statement;
use crate::catalog::{Function, Membership, Relation, Role, Signature};
use crate::ident::{Ident, QualifiedName};

/// A statement that has been applied.
pub(crate) struct Step<'a> {
    /// Its place among all statements of all files.
    pub(crate) index: usize,
    pub(crate) located: &'a Located,
    /// What it says, unless it was not understood.
    pub(crate) statement: Option<&'a Statement>,
    pub(crate) transaction: Transaction,
    /// Whether it is a query whose answer nobody sees but the code that asks it.
    pub(crate) asked: bool,
    pub(super) effect: Effect<'a>,
}

/// What a statement has changed, and what it has left.
pub(super) struct Effect<'a> {
    before: &'a Before,
    state: &'a State,
    /// Looked up once, since many ask.
    relations: Vec<(&'a QualifiedName, Option<&'a Relation>, Option<&'a Relation>)>,
}

impl<'a> Effect<'a> {
    pub(super) fn new(before: &'a Before, state: &'a State) -> Self {
        let now = &state.catalog.relations;
        let relations = before.relations.iter();
        let relations = relations.map(|(name, before)| (name, before.as_ref(), now.get(name))).collect();
        Self { before, state, relations }
    }
}

/// The transaction that a statement runs in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Transaction {
    /// Statements with the same number are in one transaction.
    pub(crate) number: usize,
    /// How it began.
    pub(crate) kind: TransactionKind,
    /// Whether the file is run as one.
    of_file: bool,
}

/// How a transaction begins and ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TransactionKind {
    /// With the statement, which is alone in it.
    #[default]
    Statement,
    /// With `BEGIN` and `COMMIT` or `ROLLBACK`.
    Block,
    /// With the file, by whoever runs it.
    File,
}

impl Transaction {
    pub(super) fn start_file(&mut self, one_transaction: bool) {
        self.of_file = one_transaction;
        self.number += 1;
        self.kind = self.outside();
    }

    fn outside(&self) -> TransactionKind {
        if self.of_file { TransactionKind::File } else { TransactionKind::Statement }
    }

    /// Goes on to the transaction that the statement runs in, as far as that begins before it or with it.
    pub(super) fn before(&mut self, statement: Option<&Statement>) {
        if self.kind == TransactionKind::Statement {
            self.number += 1;
        }
        if let Some(Statement::Session(Session::Begin)) = statement
            && self.kind == TransactionKind::Statement
        {
            self.kind = TransactionKind::Block;
        }
    }

    /// Whether the transaction ends with the statement; then it goes on to the next one.
    pub(super) fn is_over(&mut self, statement: Option<&Statement>) -> bool {
        match statement {
            Some(Statement::Session(Session::Commit { chain } | Session::Rollback { chain })) => {
                self.number += 1;
                self.kind = if *chain { TransactionKind::Block } else { TransactionKind::Statement };
                false
            }
            _ => self.kind == TransactionKind::Statement,
        }
    }
}

impl<'a> Step<'a> {
    /// The relations that the statement has touched, each as it was before it and as it is now.
    pub(crate) fn relations(
        &self,
    ) -> impl Iterator<Item = (&'a QualifiedName, Option<&'a Relation>, Option<&'a Relation>)> {
        self.effect.relations.iter().copied()
    }

    /// The functions that the statement has touched, each as it was before it and as it is now.
    pub(crate) fn functions(
        &self,
    ) -> impl Iterator<Item = (&'a Signature, Option<&'a Function>, Option<&'a Function>)> {
        let (before, state) = (self.effect.before, self.effect.state);
        let functions = before.functions.iter();
        functions.map(|(name, before)| (name, before.as_ref(), state.catalog.functions.get(name)))
    }

    /// The relations that the statement gave another name or schema, each with its old name and its new one, in order.
    pub(crate) fn renamed(&self) -> &'a [(QualifiedName, QualifiedName)] {
        &self.effect.before.renamed
    }

    /// Whether the statement has given the name to a relation that was there under another one.
    pub(crate) fn is_new_name(&self, name: &QualifiedName) -> bool {
        self.effect.before.renamed.iter().any(|(_, to)| to == name)
    }

    /// A relation as it is now.
    pub(crate) fn relation(&self, name: &QualifiedName) -> Option<&'a Relation> {
        self.effect.state.catalog.relations.get(name)
    }

    /// The relation that a name means here.
    pub(crate) fn resolve(&self, name: &Name) -> Option<QualifiedName> {
        self.effect.state.find(name).ok()
    }

    /// All relations as they are now.
    pub(crate) fn all_relations(&self) -> impl Iterator<Item = (&'a QualifiedName, &'a Relation)> {
        self.effect.state.catalog.relations.iter()
    }

    /// A role, if the files make it.
    pub(crate) fn role(&self, name: &Ident) -> Option<&'a Role> {
        self.effect.state.catalog.roles.get(name)
    }

    /// Who is a member of whom.
    pub(crate) fn memberships(&self) -> impl Iterator<Item = &'a Membership> {
        self.effect.state.catalog.memberships.keys()
    }

    /// `current_user`.
    pub(crate) fn current_user(&self) -> &'a Ident {
        &self.effect.state.session.now.role
    }

    /// What a setting has been set to, by a name in lower case.
    pub(crate) fn setting(&self, name: &str) -> Option<&'a str> {
        self.effect.state.session.now.settings.get(name).map(String::as_str)
    }
}
