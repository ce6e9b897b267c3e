//! The functions that policies call.

use std::collections::BTreeMap;

use sqlparser::tokenizer::Token;

use crate::catalog::{Function, Signature, tokens};
use crate::rule::judge::{Called, Judged, JudgedPolicy};
use crate::rule::subject::Subject;

/// A function that is called, with a policy that calls it.
pub(in crate::rule) type Callee<'c, 'a> = (&'c Called<'a>, &'c Judged<'a>, &'c JudgedPolicy<'a>);

/// Every function that policies call themselves.
pub(in crate::rule) fn of_policies<'c, 'a>(
    subject: &'c Subject<'a>,
) -> BTreeMap<&'a Signature, Callee<'c, 'a>> {
    collect(subject, |_| true)
}

/// Every function that those policies call which can govern tenants' statements.
pub(in crate::rule) fn of_policies_for_app<'c, 'a>(
    subject: &'c Subject<'a>,
) -> BTreeMap<&'a Signature, Callee<'c, 'a>> {
    collect(subject, |policy| policy.for_app)
}

fn collect<'c, 'a>(
    subject: &'c Subject<'a>,
    counts: impl Fn(&JudgedPolicy<'a>) -> bool,
) -> BTreeMap<&'a Signature, Callee<'c, 'a>> {
    let mut found = BTreeMap::new();
    for table in subject.judged() {
        for policy in table.policies.iter().filter(|policy| counts(policy)) {
            for call in policy.conditions().flat_map(|(_, condition)| &condition.uses.calls) {
                found.entry(call.signature).or_insert((call, table, policy));
            }
        }
    }
    found
}

/// Whether a function's body finds the same things whatever the search path: it names none without its schema.
pub(in crate::rule) fn names_all_schemas(subject: &Subject<'_>, function: &Function) -> bool {
    let Some(found) = tokens(&function.body) else { return false };
    let known =
        |name: &str| !subject.relations_named(name).is_empty() || !subject.functions_named(name).is_empty();
    let words = found.iter().enumerate();
    !words.into_iter().any(|(at, (token, _))| match token {
        Token::Word(word) => known(&word.value) && (at == 0 || found[at - 1].0 != Token::Period),
        _ => false,
    })
}
