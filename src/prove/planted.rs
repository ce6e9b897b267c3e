//! Code of the app role's that a proof would run in a superuser's session.
//!
//! Making rows fires triggers and calls what defaults, checks, indexes and policies name; looking through views and calling functions
//! runs more. Code can make the session act as its login again, so what the app role has written must not run where that is a
//! superuser.

use std::collections::BTreeSet;

use super::made::Known;
use super::target::words;
use crate::catalog::{Function, IndexColumn, Relation, Signature};
use crate::error::{Error, Result};
use crate::policy::reach::reachable;

/// Fails if the app role, or a role that it is a member of, owns a function that may be run.
pub(crate) fn refuse(known: &Known<'_>, superuser: &str) -> Result<()> {
    match planted(known).first() {
        None => Ok(()),
        Some((signature, function)) => Err(Error::config(format!(
            "{} belongs to {}, and {superuser} is a superuser, in whose session it may run: make rows as a member of the app role \
             and of one with BYPASSRLS, or change the owner of the function",
            signature.name.plain(),
            function.owner.plain(),
        ))),
    }
}

fn planted<'a>(known: &Known<'a>) -> Vec<(&'a Signature, &'a Function)> {
    let (catalog, app) = (known.catalog, known.manifest.roles.app_role());
    let roles = reachable(catalog, app);
    // Who has a superuser's rights already needs no trick.
    if roles.iter().any(|role| catalog.roles.get(*role).is_some_and(|role| role.superuser)) {
        return Vec::new();
    }
    let of_app = |function: &Function| function.extension.is_none() && roles.contains(&function.owner);
    let owned: Vec<_> = catalog.functions.iter().filter(|(_, function)| of_app(function)).collect();
    if owned.is_empty() {
        return owned;
    }
    let governed = |signature: &Signature| known.manifest.schemas.contains(signature.name.schema());
    let tables = known.places.relations.keys().filter_map(|name| catalog.relations.get(*name));
    let mut named: BTreeSet<String> = tables.flat_map(called).collect();
    // What one function calls, another one runs.
    let bodies = catalog.functions.iter().filter(|(signature, function)| {
        function.extension.is_none()
            && (governed(signature) || named.contains(signature.name.name().as_str()))
    });
    let inner: Vec<String> = bodies.filter_map(|(_, function)| words(&function.body)).flatten().collect();
    named.extend(inner);
    let runs = |signature: &Signature| governed(signature) || named.contains(signature.name.name().as_str());
    owned.into_iter().filter(|(signature, _)| runs(signature)).collect()
}

/// The names that a table's triggers and expressions may call.
fn called(table: &Relation) -> BTreeSet<String> {
    let triggers = table.triggers.values();
    let defaults = table.columns.iter().filter_map(|column| column.default.as_ref());
    let generated = table.columns.iter().filter_map(|column| column.generated.as_ref());
    let checks = table.checks.values().map(|check| &check.expression);
    let policies = table.policies.values().flat_map(|policy| [&policy.using, &policy.with_check]).flatten();
    let predicates = table.indexes.values().filter_map(|index| index.predicate.as_ref());
    let when = table.triggers.values().filter_map(|trigger| trigger.when.as_ref());
    let expressions = defaults
        .chain(generated.map(|generated| &generated.expression))
        .chain(checks)
        .chain(policies)
        .chain(predicates)
        .chain(when)
        .chain(table.indexes.values().flat_map(|index| &index.keys).filter_map(|key| match &key.column {
            IndexColumn::Expr(expression) => Some(expression),
            IndexColumn::Column(_) => None,
        }));
    let mut names: BTreeSet<String> =
        triggers.map(|trigger| trigger.function.name().as_str().to_owned()).collect();
    names.extend(expressions.filter_map(|expression| words(expression.as_str())).flatten());
    names
}
