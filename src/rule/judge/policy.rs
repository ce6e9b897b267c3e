//! The policies of a table, judged.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use sqlparser::ast;

use super::condition::operands;
use super::fault::Fault;
use super::scope::Scope;
use super::uses::Uses;
use super::verdict::{Kinds, Verdict};
use super::world::{Truth, World, truth};
use super::{Eval, FUEL, Focus, Judge, strip};
use crate::catalog::{Column, Command, Expr, Grantee, Policy, Relation};
use crate::ident::{Ident, QualifiedName};
use crate::policy::Place;

/// A table that has policies.
#[derive(Debug)]
pub(in crate::rule) struct Judged<'a> {
    pub(in crate::rule) table: &'a QualifiedName,
    pub(in crate::rule) relation: &'a Relation,
    /// Its place, unless the manifest leaves that open.
    pub(in crate::rule) place: Option<Place<'a>>,
    /// Which kinds of rows it can have.
    pub(in crate::rule) kinds: Kinds,
    pub(in crate::rule) policies: Vec<JudgedPolicy<'a>>,
    /// The columns that say whose a row is, by the manifest.
    columns: Vec<&'a str>,
    column: Option<&'a Column>,
    /// What is wrong with each of its policies.
    pub(super) faults: OnceLock<Vec<Option<Fault>>>,
}

/// A policy, judged.
#[derive(Debug)]
pub(in crate::rule) struct JudgedPolicy<'a> {
    pub(in crate::rule) name: &'a Ident,
    pub(in crate::rule) policy: &'a Policy,
    pub(in crate::rule) using: Option<Condition<'a>>,
    pub(in crate::rule) check: Option<Condition<'a>>,
    /// Whether it can govern tenants' statements.
    pub(in crate::rule) for_app: bool,
    /// Whether it governs all of them.
    pub(in crate::rule) for_all_app: bool,
}

/// A condition, judged.
#[derive(Clone, Debug)]
pub(in crate::rule) struct Condition<'a> {
    /// The tree in the one spelling, where it is understood; one for all conditions that say the same.
    pub(in crate::rule) tree: Option<Arc<ast::Expr>>,
    pub(in crate::rule) truth: Truth,
    /// What can come of it if no literal is the tenant of a row.
    pub(in crate::rule) without_literals: Truth,
    /// Whether it demands that a column is what the session says of itself, such as its user.
    pub(in crate::rule) of_session: bool,
    pub(in crate::rule) uses: Arc<Uses<'a>>,
}

/// A tree and what it uses.
pub(super) type Tree<'a> = (Arc<ast::Expr>, Arc<Uses<'a>>);

/// What a statement does to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::rule) enum Action {
    Read,
    Insert,
    /// Which rows an UPDATE finds.
    Update,
    /// What they may become.
    Become,
    Delete,
}

impl Action {
    pub(in crate::rule) const ALL: [Self; 5] =
        [Self::Read, Self::Insert, Self::Update, Self::Become, Self::Delete];

    fn command(self) -> Command {
        match self {
            Self::Read => Command::Select,
            Self::Insert => Command::Insert,
            Self::Update | Self::Become => Command::Update,
            Self::Delete => Command::Delete,
        }
    }

    /// Whether WITH CHECK decides.
    pub(in crate::rule) fn checks(self) -> bool {
        matches!(self, Self::Insert | Self::Become)
    }
}

impl<'a> JudgedPolicy<'a> {
    pub(in crate::rule) fn covers(&self, action: Action) -> bool {
        self.policy.command == Command::All || self.policy.command == action.command()
    }

    /// The condition that decides. Without WITH CHECK it is USING.
    pub(in crate::rule) fn decides(&self, action: Action) -> Option<&Condition<'a>> {
        let using = self.using.as_ref();
        if action.checks() { self.check.as_ref().or(using) } else { using }
    }

    /// Its conditions, each with what stands before it.
    pub(in crate::rule) fn conditions(&self) -> impl Iterator<Item = (&'static str, &Condition<'a>)> {
        let using = self.using.iter().map(|condition| ("USING", condition));
        using.chain(self.check.iter().map(|condition| ("WITH CHECK", condition)))
    }
}

impl<'a> Judged<'a> {
    /// Whether its rows are told apart by tenant, and it is asked itself. The tenant column says so even where the manifest
    /// and the table contradict each other.
    pub(in crate::rule) fn holds_tenants(&self) -> bool {
        let holds = |place: &Place<'_>| place.holds_tenants() && !matches!(place, Place::Partition { .. });
        self.relation.is_table() && self.place.as_ref().map_or(self.column.is_some(), holds)
    }

    /// The tenant column, unless the tenant is another row's.
    pub(in crate::rule) fn tenant_column(&self) -> Option<&'a Column> {
        self.column
    }

    /// The columns that say whose a row is: the tenant column, or those that lead to the parent.
    pub(in crate::rule) fn owning_columns(&self) -> Vec<&'a str> {
        match &self.place {
            Some(Place::Child { key, .. }) => key.columns.iter().map(Ident::as_str).collect(),
            _ => self.columns.clone(),
        }
    }

    /// What lets rows pass that are not the tenant's.
    pub(in crate::rule) fn verdict(&self, policy: &JudgedPolicy<'_>, action: Action) -> Verdict {
        match policy.decides(action) {
            Some(condition) => self.kinds.verdict(condition.truth, action),
            // A permissive policy without a condition lets nothing pass, a restrictive one everything.
            None => {
                self.kinds.verdict(if policy.policy.permissive { Truth::FALSE } else { Truth::TRUE }, action)
            }
        }
    }

    /// What the restrictive policies leave, whatever the permissive ones say: a row has to pass all of them.
    pub(in crate::rule) fn restricted(&self, action: Action) -> Truth {
        let restricts = |of: &&JudgedPolicy<'a>| !of.policy.permissive && of.for_all_app && of.covers(action);
        let conditions = self.policies.iter().filter(restricts).filter_map(|of| of.decides(action));
        conditions.fold(Truth::TRUE, |whole, condition| whole.and(condition.truth))
    }

    /// The restrictive policies that keep tenants apart, each by itself.
    pub(in crate::rule) fn floors(&self, action: Action) -> impl Iterator<Item = &JudgedPolicy<'a>> {
        self.policies.iter().filter(move |of| {
            let restricts = !of.policy.permissive && of.for_all_app && of.covers(action);
            restricts && of.decides(action).is_some() && self.verdict(of, action).is_bound()
        })
    }

    /// What a permissive policy lets a tenant do to rows that are not its own: by itself, and as far as no restrictive policy
    /// keeps it from that.
    pub(in crate::rule) fn opens(&self, policy: &JudgedPolicy<'_>) -> Opening {
        let mut opening = Opening::default();
        for action in Action::ALL.into_iter().filter(|action| policy.covers(*action)) {
            let Some(condition) = policy.decides(action) else { continue };
            let verdict = self.kinds.verdict(condition.truth, action);
            if !verdict.is_bound() {
                opening.all.push((action, verdict));
            }
            let verdict = self.kinds.verdict(condition.truth.and(self.restricted(action)), action);
            if !verdict.is_bound() {
                opening.now.push((action, verdict));
            }
        }
        opening
    }
}

/// What a policy lets a tenant do to rows that are not its own.
#[derive(Debug, Default)]
pub(in crate::rule) struct Opening {
    /// By itself.
    pub(in crate::rule) all: Vec<(Action, Verdict)>,
    /// In spite of the restrictive policies.
    pub(in crate::rule) now: Vec<(Action, Verdict)>,
}

impl<'a> Judge<'_, 'a> {
    /// Every table that has policies and is governed.
    pub(in crate::rule) fn judged(&self) -> Vec<Judged<'a>> {
        let relations = self.catalog().relations.iter().filter(|(name, relation)| {
            !relation.policies.is_empty()
                && self.subject.manifest.governs(name)
                && self.place(name).is_none_or(Place::is_governed)
        });
        relations.map(|(table, relation)| self.table(table, relation)).collect()
    }

    fn table(&self, table: &'a QualifiedName, relation: &'a Relation) -> Judged<'a> {
        // Most policies of a table say the same.
        let mut known: HashMap<&str, Condition<'a>> = HashMap::new();
        let mut conditioned = |expr: &'a Expr| {
            let condition = known.entry(expr.normal());
            condition.or_insert_with(|| self.conditioned(table, relation, expr)).clone()
        };
        let policies = relation.policies.iter().map(|(name, policy)| JudgedPolicy {
            name,
            policy,
            using: policy.using.as_ref().map(&mut conditioned),
            check: policy.with_check.as_ref().map(&mut conditioned),
            for_app: policy.roles.iter().any(|role| self.subject.is_app(role)),
            for_all_app: self.for_all_app(policy),
        });
        let policies = policies.collect();
        let columns = self.columns(table).into_iter().map(|(name, _)| name).collect();
        let kinds = self.kinds(table, relation);
        let place = self.place(table).cloned();
        let manifest = self.subject.manifest;
        let column = match &place {
            Some(place) => place.tenant_column(),
            None if manifest.entry(table).is_none() => relation.column(manifest.column(table)),
            None => None,
        };
        Judged { table, relation, place, kinds, policies, columns, column, faults: OnceLock::new() }
    }

    fn for_all_app(&self, policy: &Policy) -> bool {
        let named = |role: &Ident| policy.roles.contains(&Grantee::Role(role.clone()));
        policy.roles.contains(&Grantee::Public) || self.subject.app.iter().all(|role| named(role))
    }

    fn conditioned(&self, table: &QualifiedName, relation: &'a Relation, expr: &'a Expr) -> Condition<'a> {
        let Some((tree, uses)) = self.tree(expr) else {
            let unknown = Truth::UNKNOWN;
            return Condition {
                tree: None,
                truth: unknown,
                without_literals: unknown,
                of_session: false,
                uses: Arc::default(),
            };
        };
        Condition {
            truth: self.truth(table, relation, &tree, true),
            without_literals: self.truth(table, relation, &tree, false),
            of_session: self.says_session(table, relation, &tree),
            uses,
            tree: Some(tree),
        }
    }

    /// The tree of a condition, if it is understood, and what it uses.
    fn tree(&self, expr: &'a Expr) -> Option<Tree<'a>> {
        if let Some(known) = self.trees.borrow().get(expr.normal()) {
            return known.clone();
        }
        let tree = expr.normal_tree().map(|tree| {
            let uses = self.uses(&tree);
            (Arc::new(tree), Arc::new(uses))
        });
        self.trees.borrow_mut().insert(expr.normal(), tree.clone());
        tree
    }

    /// Whether the policies of a table keep tenants apart for whoever reads it.
    pub(super) fn confines(&self, table: &QualifiedName, relation: &'a Relation) -> bool {
        let kinds = self.kinds(table, relation);
        let reads = |policy: &&Policy| matches!(policy.command, Command::All | Command::Select);
        let confines = |policy: &&'a Policy| {
            let Some((tree, _)) = policy.using.as_ref().and_then(|expr| self.tree(expr)) else {
                return policy.permissive;
            };
            let truth = self.truth(table, relation, &tree, true);
            kinds.verdict(truth, Action::Read).is_bound() || self.says_session(table, relation, &tree)
        };
        let policies: Vec<&'a Policy> = relation.policies.values().filter(reads).collect();
        let floor =
            policies.iter().filter(|policy| !policy.permissive && self.for_all_app(policy)).any(confines);
        let for_app = |policy: &&&Policy| policy.roles.iter().any(|role| self.subject.is_app(role));
        floor || policies.iter().filter(|policy| policy.permissive).filter(for_app).all(confines)
    }

    /// Whether a condition demands that a column is what the session says of itself.
    fn says_session(&self, table: &QualifiedName, relation: &'a Relation, tree: &ast::Expr) -> bool {
        let fuel = std::cell::Cell::new(FUEL);
        let scope = Scope::table(table, relation);
        let focus = Focus { spot: (0, 0), columns: &[] };
        let eval = Eval { judge: self, scope: &scope, focus, literals: true, fuel: &fuel };
        let is_column =
            |of: &ast::Expr| matches!(strip(of), ast::Expr::Identifier(_) | ast::Expr::CompoundIdentifier(_));
        operands(tree, &ast::BinaryOperator::And).any(|of| match of {
            ast::Expr::BinaryOp { left, op: ast::BinaryOperator::Eq, right } => {
                (is_column(left) && eval.value(right).is_of_session())
                    || (is_column(right) && eval.value(left).is_of_session())
            }
            _ => false,
        })
    }

    /// Which kinds of rows a table can have.
    pub(super) fn kinds(&self, table: &QualifiedName, relation: &'a Relation) -> Kinds {
        let place = self.place(table);
        let column = relation.column(self.subject.manifest.column(table));
        // What is NOT VALID says nothing of the rows that are there, and what is NOT ENFORCED nothing of any.
        let checks = relation.checks.values().filter(|check| check.holds());
        let trees = checks.filter_map(|check| check.expression.normal_tree());
        let checks: Vec<Truth> = trees.map(|tree| self.truth(table, relation, &tree, true)).collect();
        let refused = |world: World| checks.iter().any(|check| check.at(world) == truth::FALSE);
        let is_text =
            column.is_some_and(|of| of.data_type == "text" || of.data_type.starts_with("character varying"));
        Kinds {
            free: column.is_some_and(|of| !of.not_null) && !refused(World::UnsetFree),
            blank: is_text && !refused(World::EmptyBlank),
            shared: matches!(place, Some(Place::SharedRows { .. })),
        }
    }
}
