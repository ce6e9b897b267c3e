//! The judge of policy expressions: whether a condition keeps tenants apart.
//!
//! It looks at trees, never at texts, so an expression means the same however it is spelt. For each kind of row (the tenant's
//! own, another's, one without a tenant) and each state of the session (a tenant is bound, the setting was never set, it is
//! empty) it asks what can come of a condition. What it does not understand can be anything, so what it calls bound is
//! bound, and what is true only if something says so that it cannot look into is told apart from what is true.

pub(in crate::rule) mod fault;
mod inline;
pub(in crate::rule) mod rewrite;

mod condition;
mod eval;
mod policy;
mod query;
mod routine;
mod scope;
#[cfg(test)]
mod tests;
mod uses;
mod verdict;
mod world;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use sqlparser::ast;

use super::subject::Subject;
use crate::catalog::{Catalog, Relation, Signature};
use crate::ident::{Ident, QualifiedName};
use crate::policy::{Place, Tenancy};
use crate::tenant::TenantType;
use eval::{Eval, Focus};
use scope::Scope;
use world::{Truth, value};

pub(super) use eval::arguments;
use policy::Tree;
pub(super) use policy::{Action, Condition, Judged, JudgedPolicy, Opening};
use routine::Routine;
pub(super) use routine::names_columns;
pub(super) use uses::{Called, is_column, names_column, walk};
pub(super) use verdict::Verdict;

/// How many parts of an expression are looked at. No expression that a person wrote has as many.
const FUEL: usize = 20_000;

/// Judges the expressions of one database.
pub(super) struct Judge<'j, 'a> {
    subject: &'j Subject<'a>,
    routines: RefCell<BTreeMap<&'a Signature, Routine>>,
    /// The tables of which it is known whether they keep tenants apart for whoever reads them.
    apart: RefCell<BTreeMap<QualifiedName, bool>>,
    /// The conditions by what they say: thousands of tables have a few among them.
    trees: RefCell<HashMap<&'a str, Option<Tree<'a>>>>,
    /// The expressions that functions are.
    bodies: RefCell<BTreeMap<&'a Signature, Option<Arc<ast::Expr>>>>,
    /// How many functions are looked into just now.
    depth: Cell<usize>,
}

impl<'j, 'a> Judge<'j, 'a> {
    pub(super) fn new(subject: &'j Subject<'a>) -> Self {
        Self {
            subject,
            routines: RefCell::default(),
            apart: RefCell::default(),
            trees: RefCell::default(),
            bodies: RefCell::default(),
            depth: Cell::new(0),
        }
    }

    fn catalog(&self) -> &'a Catalog {
        self.subject.catalog
    }

    fn tenancy(&self) -> &'a Tenancy {
        &self.subject.manifest.tenancy
    }

    /// Whether tenants are texts.
    fn is_text(&self) -> bool {
        self.tenancy().tenant_type() == TenantType::Text
    }

    fn is_tenant_setting(&self, name: &str) -> bool {
        name.eq_ignore_ascii_case(self.tenancy().setting_name().as_str())
    }

    /// Whether tenants' statements can run as a role.
    fn is_app(&self, role: &str) -> bool {
        self.subject.app.iter().any(|of| of.as_str() == role)
    }

    /// The columns that say whose the rows of a table are, each with what it holds in an own row.
    fn columns(&self, table: &QualifiedName) -> Vec<(&'a str, u8)> {
        let manifest = self.subject.manifest;
        let mut columns = vec![(manifest.column(table).as_str(), value::TENANT)];
        if let Some(tree) = self.tenancy().tenant_tree().filter(|tree| tree.table() == table) {
            columns.push((tree.id().as_str(), value::TENANT));
        }
        if let Some(members) = self.tenancy().members().filter(|members| members.table() == table) {
            columns.push((members.user().0.as_str(), value::SESSION));
            columns.push((members.tenant().as_str(), value::TENANT));
        }
        let known = self.catalog().relations.get(table);
        columns.retain(|(name, _)| {
            known.is_none_or(|relation| relation.columns.iter().any(|column| column.name.as_str() == *name))
        });
        columns
    }

    /// What can come of a condition of a table's policy, constraint or default.
    fn truth(
        &self,
        table: &QualifiedName,
        relation: &'a Relation,
        tree: &ast::Expr,
        literals: bool,
    ) -> Truth {
        let fuel = Cell::new(FUEL);
        let scope = Scope::table(table, relation);
        let columns = self.columns(table);
        let focus = Focus { spot: (0, 0), columns: &columns };
        Eval { judge: self, scope: &scope, focus, literals, fuel: &fuel }.condition(tree)
    }

    /// Whether whoever reads a table sees rows of the tenant alone.
    fn keeps_apart(&self, table: &QualifiedName) -> bool {
        if let Some(known) = self.apart.borrow().get(table) {
            return *known;
        }
        let Some(relation) = self.catalog().relations.get(table) else { return false };
        // Policies that ask each other show nothing: the server raises an error.
        self.apart.borrow_mut().insert(table.clone(), true);
        let apart = relation.row_security && self.confines(table, relation);
        self.apart.borrow_mut().insert(table.clone(), apart);
        apart
    }

    /// The place of a table, if it has one.
    fn place(&self, table: &QualifiedName) -> Option<&'j Place<'a>> {
        self.subject.places.relations.get(table)
    }
}

/// An expression without the parentheses around it.
pub(super) fn strip(mut expr: &ast::Expr) -> &ast::Expr {
    while let ast::Expr::Nested(inner) = expr {
        expr = inner;
    }
    expr
}

/// Whether columns say which row of a table is meant.
fn is_key(relation: &Relation, columns: &BTreeSet<&str>) -> bool {
    let all = |key: &[Ident]| !key.is_empty() && key.iter().all(|of| columns.contains(of.as_str()));
    let by_index = relation.indexes.values().filter(|index| index.unique && index.predicate.is_none());
    relation.keys.values().any(|key| all(&key.columns))
        || by_index
            .filter_map(|index| index.columns())
            .any(|of| of.iter().all(|of| columns.contains(of.as_str())))
}
