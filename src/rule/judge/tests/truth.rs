//! The judge against the truth: random conditions, asked of every row of a small domain.

use super::random::Random;
use super::{CURRENT, MANIFEST, SCHEMA};
use crate::catalog::Expr;
use crate::catalog::replay::{Options, Source, replay};
use crate::policy::manifest::Manifest;
use crate::rule::judge::{Action, Judge, Verdict};
use crate::rule::subject::Subject;

/// A condition that can be written and that can be computed.
#[derive(Clone, Debug)]
enum Node {
    Atom(usize),
    Not(Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Case(Box<Node>, Box<Node>, Box<Node>),
    Coalesce(Box<Node>, Box<Node>),
    IsTrue(Box<Node>),
    IsNotFalse(Box<Node>),
    IsNull(Box<Node>),
}

#[derive(Clone, Copy, Debug)]
enum Session {
    Unset,
    Empty,
    Bound(u8),
}

#[derive(Clone, Copy, Debug)]
struct Row {
    tenant: Option<u8>,
    other: Option<u8>,
    session: Session,
}

type Logic = Option<bool>;

fn equal(one: Option<u8>, other: Option<u8>) -> Logic {
    one.zip(other).map(|(one, other)| one == other)
}

impl Row {
    fn current(self) -> Option<u8> {
        if let Session::Bound(tenant) = self.session { Some(tenant) } else { None }
    }

    /// Without NULLIF.
    fn raw_is_empty(self) -> Logic {
        match self.session {
            Session::Unset => None,
            Session::Empty => Some(true),
            Session::Bound(_) => Some(false),
        }
    }
}

type Atom = (&'static str, fn(Row) -> Logic);

const ATOMS: [Atom; 19] = [
    ("tenant_id = CURRENT", |row| equal(row.tenant, row.current())),
    ("(SELECT CURRENT) = tenant_id", |row| equal(row.tenant, row.current())),
    ("tenant_id <> CURRENT", |row| equal(row.tenant, row.current()).map(|equal| !equal)),
    ("true", |_| Some(true)),
    ("false", |_| Some(false)),
    ("NULL::boolean", |_| None),
    ("status = 1", |row| equal(row.other, Some(1))),
    ("status IS NULL", |row| Some(row.other.is_none())),
    ("tenant_id IS NULL", |row| Some(row.tenant.is_none())),
    ("tenant_id IS NOT NULL", |row| Some(row.tenant.is_some())),
    ("tenant_id = tenant_id", |row| equal(row.tenant, row.tenant)),
    ("status = status", |row| equal(row.other, row.other)),
    ("CURRENT IS NULL", |row| Some(row.current().is_none())),
    ("current_setting('app.tenant_id', true) = ''", |row| row.raw_is_empty()),
    ("current_setting('app.tenant_id', true) IS NULL", |row| Some(row.raw_is_empty().is_none())),
    ("tenant_id IS NOT DISTINCT FROM CURRENT", |row| Some(row.tenant == row.current())),
    ("tenant_id = coalesce(CURRENT, tenant_id)", |row| equal(row.tenant, row.current().or(row.tenant))),
    ("tenant_id = 'a0000000-0000-0000-0000-000000000001'", |row| equal(row.tenant, Some(1))),
    ("tenant_id IN (CURRENT, 'a0000000-0000-0000-0000-000000000001')", |row| {
        or(equal(row.tenant, row.current()), equal(row.tenant, Some(1)))
    }),
];

fn or(one: Logic, other: Logic) -> Logic {
    match (one, other) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}

fn not(of: Logic) -> Logic {
    of.map(|of| !of)
}

impl Node {
    fn random(random: &mut Random, depth: usize) -> Self {
        let sub = |random: &mut Random| Box::new(Self::random(random, depth.saturating_sub(1)));
        match random.below(if depth == 0 { 1 } else { 14 }) {
            1 => Self::Not(sub(random)),
            2..=5 => Self::And(sub(random), sub(random)),
            6..=8 => Self::Or(sub(random), sub(random)),
            9 => Self::Case(sub(random), sub(random), sub(random)),
            10 => Self::Coalesce(sub(random), sub(random)),
            11 => Self::IsTrue(sub(random)),
            12 => Self::IsNotFalse(sub(random)),
            13 => Self::IsNull(sub(random)),
            _ => Self::Atom(random.below(ATOMS.len())),
        }
    }

    fn sql(&self) -> String {
        match self {
            Self::Atom(at) => ATOMS[*at].0.replace("CURRENT", CURRENT),
            Self::Not(of) => format!("NOT ({})", of.sql()),
            Self::And(one, other) => format!("({}) AND ({})", one.sql(), other.sql()),
            Self::Or(one, other) => format!("({}) OR ({})", one.sql(), other.sql()),
            Self::Case(when, then, otherwise) => {
                format!("CASE WHEN {} THEN {} ELSE {} END", when.sql(), then.sql(), otherwise.sql())
            }
            Self::Coalesce(one, other) => format!("coalesce({}, {})", one.sql(), other.sql()),
            Self::IsTrue(of) => format!("({}) IS TRUE", of.sql()),
            Self::IsNotFalse(of) => format!("({}) IS NOT FALSE", of.sql()),
            Self::IsNull(of) => format!("({}) IS NULL", of.sql()),
        }
    }

    fn holds(&self, row: Row) -> Logic {
        match self {
            Self::Atom(at) => ATOMS[*at].1(row),
            Self::Not(of) => not(of.holds(row)),
            Self::And(one, other) => not(or(not(one.holds(row)), not(other.holds(row)))),
            Self::Or(one, other) => or(one.holds(row), other.holds(row)),
            Self::Case(when, then, otherwise) => {
                if when.holds(row) == Some(true) {
                    then.holds(row)
                } else {
                    otherwise.holds(row)
                }
            }
            Self::Coalesce(one, other) => one.holds(row).or_else(|| other.holds(row)),
            Self::IsTrue(of) => Some(of.holds(row) == Some(true)),
            Self::IsNotFalse(of) => Some(of.holds(row) != Some(false)),
            Self::IsNull(of) => Some(of.holds(row).is_none()),
        }
    }
}

/// Whether other rows than the tenant's own pass: of others, without a tenant, while none is bound.
fn leaks(node: &Node) -> (bool, bool, bool) {
    let mut leaks = (false, false, false);
    for tenant in [None, Some(1), Some(2), Some(3)] {
        for other in [None, Some(1), Some(2)] {
            for session in [Session::Unset, Session::Empty, Session::Bound(1), Session::Bound(2)] {
                if node.holds(Row { tenant, other, session }) != Some(true) {
                    continue;
                }
                match (session, tenant) {
                    (Session::Bound(bound), Some(tenant)) => leaks.0 |= bound != tenant,
                    (Session::Bound(_), None) => leaks.1 = true,
                    _ => leaks.2 = true,
                }
            }
        }
    }
    leaks
}

/// Asks the judge about many conditions of one table.
fn judge(nodes: &[Node], mut see: impl FnMut(&Node, Verdict)) {
    let manifest = Manifest::parse(MANIFEST).unwrap();
    let column = Source::new("column.sql", "ALTER TABLE note ADD COLUMN status int;");
    let catalog = replay(&[Source::new("schema.sql", SCHEMA), column], &Options::default()).catalog;
    let (table, relation) =
        catalog.relations.iter().find(|(name, _)| name.name().as_str() == "note").unwrap();
    let subject = Subject::new(&catalog, &manifest);
    let judge = Judge::new(&subject);
    let kinds = judge.kinds(table, relation);
    for node in nodes {
        let tree = Expr::new(node.sql()).normal_tree().unwrap();
        see(node, kinds.verdict(judge.truth(table, relation, &tree, true), Action::Read));
    }
}

#[test]
fn what_lets_another_row_pass_is_never_called_bound() {
    let mut random = Random::new(7);
    let nodes: Vec<Node> = (0..1200).map(|_| Node::random(&mut random, 3)).collect();
    let (mut bound, mut open) = (0, 0);
    judge(&nodes, |node, verdict| {
        let (others, free, unbound) = leaks(node);
        let sql = node.sql();
        assert!(verdict.others || !others, "another tenant's row passes: {sql}");
        assert!(verdict.free || !free, "a row without a tenant passes: {sql}");
        let seen = verdict.unbound || verdict.free;
        assert!(seen || !unbound, "a row passes while no tenant is bound: {sql}");
        if verdict.is_bound() { bound += 1 } else { open += 1 }
    });
    // Otherwise nothing was tried.
    assert!(bound > 100 && open > 100, "{bound} {open}");
}

#[test]
fn what_demands_the_tenant_is_called_bound() {
    let mut random = Random::new(11);
    let own = || Box::new(Node::Atom(0));
    let mut nodes = Vec::new();
    for _ in 0..250 {
        let any = |random: &mut Random| Box::new(Node::random(random, 2));
        nodes.push(Node::And(own(), any(&mut random)));
        nodes.push(Node::And(any(&mut random), Box::new(Node::And(any(&mut random), own()))));
        let one = Box::new(Node::And(own(), any(&mut random)));
        let other = Box::new(Node::And(any(&mut random), own()));
        nodes.push(Node::Or(one, other));
    }
    judge(&nodes, |node, verdict| {
        assert_eq!(leaks(node), (false, false, false), "{}", node.sql());
        assert!(verdict.is_bound(), "{verdict:?}: {}", node.sql());
    });
}
