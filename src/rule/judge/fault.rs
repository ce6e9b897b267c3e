//! What is wrong with a permissive policy: one answer, so that one rule speaks of it.

use crate::rule::judge::{Action, Condition, Judged, JudgedPolicy, Opening, Verdict, names_column};
use crate::rule::record::Severity;

/// What is wrong with a permissive policy that lets rows pass which are not the tenant's.
///
/// The first that fits is the answer, and the rule of that name speaks while the others keep silent:
///
/// 1. [`Check`](Self::Check), `with-check-weaker`: USING is bound, so whatever is wrong is WITH CHECK's.
/// 2. [`Constant`](Self::Constant), `using-true`: nothing is asked of the row.
/// 3. [`Unknown`](Self::Unknown), `tenant-predicate-not-conjunctive`: only what is not looked into can say so.
/// 4. [`Literal`](Self::Literal), `literal-tenant`: of other tenants only those that the expression names.
/// 5. [`NotConjunctive`](Self::NotConjunctive), the rule of that name: the tenant column is asked about, but not always.
/// 6. [`Widening`](Self::Widening), `permissive-or-widening`: it is not, and a policy that does is widened.
/// 7. [`Unbound`](Self::Unbound), `tenant-column-unbound`: it is not, and no other policy does.
/// 8. [`Free`](Self::Free), `tenant-column-nullable`: only rows without a tenant; of shared rows that are written
///    `tenant-predicate-not-conjunctive` speaks.
/// 9. [`FailOpen`](Self::FailOpen), `guc-fail-open`: only while no tenant is bound.
/// 10. [`Blank`](Self::Blank), `text-tenant-empty-bucket`: only then, and only rows of an empty tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rule) enum Fault {
    Check,
    Constant,
    Unknown,
    FailOpen,
    Blank,
    Free,
    Literal,
    NotConjunctive,
    Widening,
    Unbound,
}

/// A permissive policy with what is wrong with it.
pub(in crate::rule) struct Faulty<'f, 'a> {
    pub(in crate::rule) table: &'f Judged<'a>,
    pub(in crate::rule) policy: &'f JudgedPolicy<'a>,
    pub(in crate::rule) fault: Fault,
    pub(in crate::rule) opening: Opening,
}

/// The policies of tenants' tables that one rule has to speak of.
pub(in crate::rule) fn faulty<'f, 'a>(
    judged: &'f [Judged<'a>],
    wanted: Fault,
) -> impl Iterator<Item = Faulty<'f, 'a>> {
    let tables = judged.iter().filter(|table| table.holds_tenants());
    tables.flat_map(move |table| {
        let faults = table.policies.iter().zip(table.faults());
        let of_it = faults.filter(move |(_, fault)| **fault == Some(wanted));
        of_it.filter_map(|(policy, _)| faulty_policy(table, policy))
    })
}

impl Judged<'_> {
    /// What is wrong with each of its policies. Each of several rules asks for those that it has to speak of.
    fn faults(&self) -> &[Option<Fault>] {
        self.faults.get_or_init(|| {
            let fault = |policy| faulty_policy(self, policy).map(|faulty| faulty.fault);
            self.policies.iter().map(fault).collect()
        })
    }
}

/// What is wrong with a permissive policy, if anything is.
pub(in crate::rule) fn faulty_policy<'f, 'a>(
    table: &'f Judged<'a>,
    policy: &'f JudgedPolicy<'a>,
) -> Option<Faulty<'f, 'a>> {
    if !policy.policy.permissive || !policy.for_app {
        return None;
    }
    let opening = table.opens(policy);
    let fault = fault(table, policy, &opening)?;
    Some(Faulty { table, policy, fault, opening })
}

fn fault(table: &Judged<'_>, policy: &JudgedPolicy<'_>, opening: &Opening) -> Option<Fault> {
    if opening.all.is_empty() {
        return None;
    }
    let by_check = |action: Action| action.checks() && policy.check.is_some();
    let by_using: Vec<Verdict> =
        opening.all.iter().filter(|(action, _)| !by_check(*action)).map(|(_, verdict)| *verdict).collect();
    let Some(using) = policy.using.as_ref().filter(|_| !by_using.is_empty()) else {
        return Some(Fault::Check);
    };
    if using.truth.is_constant_true() {
        return Some(Fault::Constant);
    }
    let all = |is: fn(&Verdict) -> bool| by_using.iter().all(is);
    if all(|verdict| verdict.is_unknown()) {
        return Some(Fault::Unknown);
    }
    if by_using.iter().any(|verdict| verdict.others) {
        return Some(others(table, policy, using, opening));
    }
    Some(if by_using.iter().any(|verdict| verdict.free) {
        Fault::Free
    } else if by_using.iter().any(|verdict| verdict.fails_open()) {
        Fault::FailOpen
    } else {
        Fault::Blank
    })
}

/// Rows of other tenants pass.
fn others(table: &Judged<'_>, policy: &JudgedPolicy<'_>, using: &Condition<'_>, opening: &Opening) -> Fault {
    if !table.kinds.verdict(using.without_literals, Action::Read).others {
        return Fault::Literal;
    }
    let names =
        |column: &str| using.tree.as_ref().is_some_and(|tree| names_column(tree, table.table, column));
    if table.owning_columns().iter().any(|column| names(column)) {
        return Fault::NotConjunctive;
    }
    let binds = |other: &JudgedPolicy<'_>, action: Action| {
        let says = other.decides(action).is_some_and(|condition| !condition.truth.is_never_true());
        other.policy.permissive
            && other.for_app
            && other.covers(action)
            && says
            && table.verdict(other, action).is_bound()
    };
    let widens =
        |action: Action| table.policies.iter().any(|other| other.name != policy.name && binds(other, action));
    if opening.all.iter().any(|(action, _)| widens(*action)) { Fault::Widening } else { Fault::Unbound }
}

impl Faulty<'_, '_> {
    /// The policy, for people.
    pub(in crate::rule) fn policy_name(&self) -> String {
        format!("policy {} of {}", self.policy.name.plain(), self.table.table.plain())
    }

    /// How much it matters: where restrictive policies keep tenants apart it is untidy and no more.
    pub(in crate::rule) fn severity(&self, open: Severity) -> Severity {
        if self.opening.now.is_empty() { Severity::Low } else { open }
    }

    /// A message, with what holds nevertheless.
    pub(in crate::rule) fn message(&self, what: &str) -> String {
        let floor = if self.opening.now.is_empty() {
            "; the restrictive policies keep tenants apart all the same"
        } else {
            ""
        };
        format!("{} {what}{floor}", self.policy_name())
    }

    /// What can be done to rows of others, for people.
    pub(in crate::rule) fn verbs(&self) -> String {
        let open = if self.opening.now.is_empty() { &self.opening.all } else { &self.opening.now };
        let mut verbs: Vec<&str> = open
            .iter()
            .map(|(action, _)| match action {
                Action::Read => "read",
                Action::Insert => "insert",
                Action::Update | Action::Become => "change",
                Action::Delete => "delete",
            })
            .collect();
        verbs.dedup();
        match verbs.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
            _ => verbs.concat(),
        }
    }
}
