//! What verifies seals: the functions that policies call, the table of the keys, and the way there and back.

#[cfg(test)]
mod tests;

use super::draft::{Draft, Kind};
use super::policies::has_own_policies;
use super::resolver::given;
use super::step::{Lock, Work};
use crate::catalog::{Function, Grant, Grantee, Policy, Privilege, Relation, Signature};
use crate::error::Result;
use crate::ident::{Ident, QualifiedName};
use crate::policy::ddl::{self, Object, Privileges};
use crate::policy::granted::{granting_again, list};
use crate::policy::sealed::{self, Sealing, is_done_by, is_verifier};
use crate::policy::{Part, PartKind};

const SEALED: Kind =
    Kind { lock: Lock::None, work: Work::None, closes: "whoever can run SQL could bind any tenant" };

const BARE: Kind =
    Kind { lock: Lock::None, work: Work::None, closes: "services that seal could bind no tenant" };

const CHANGED: Kind = Kind {
    lock: Lock::None,
    work: Work::None,
    closes: "the function is not the one that the manifest asks for",
};

const KEYS: Kind =
    Kind { lock: Lock::AccessExclusive, work: Work::None, closes: "who reads the keys can seal any tenant" };

/// Has a part of the bootstrap that is there be as the manifest asks for it.
pub(super) fn changed(draft: &mut Draft<'_>, sealing: Option<&Sealing>, part: &Part) -> Result<()> {
    match &part.kind {
        PartKind::Function(name) => function(draft, sealing, name, &part.sql),
        PartKind::SealKey(table) => key_table(draft, sealing, table, &part.sql),
        _ => Ok(()),
    }
}

/// The function of a name, with what it takes.
pub(super) fn named<'a>(
    functions: impl IntoIterator<Item = (&'a Signature, &'a Function)>,
    name: &QualifiedName,
) -> Option<(&'a Signature, &'a Function)> {
    functions.into_iter().find(|(signature, _)| signature.name == *name)
}

fn function(draft: &mut Draft<'_>, sealing: Option<&Sealing>, name: &QualifiedName, sql: &str) -> Result<()> {
    let Some((signature, present)) = named(&draft.catalog.functions, name) else { return Ok(()) };
    let object = format!("function {}", name.plain());
    let wanted = sealing.and_then(|sealing| sealing.functions.get(signature));
    let Some(wanted) = wanted else {
        if name.name().as_str() == "tenant_id" && draft.tenancy.sealed().is_none() && is_sealed(present) {
            let up = [
                sql.to_owned(),
                ddl::owner(
                    Object::Routine(signature),
                    draft.catalog.schemas.get(name.schema()).map_or(&present.owner, |of| &of.owner),
                )?,
                ddl::comment_function(signature, None)?,
            ];
            let down = restored(signature, present, None)?;
            draft.push(object, "takes tenants without a seal", CHANGED, (up.join("\n\n"), down));
        }
        return Ok(());
    };
    let is_owned = present.owner == wanted.owner || !wanted.security_definer;
    if is_done_by(wanted, present) && is_owned {
        return Ok(());
    }
    let down = restored(signature, present, Some(wanted))?;
    let takes_bare = draft.tenancy.sealed().is_some_and(sealed::Seal::takes_bare);
    let (what, kind) = match (wanted.security_definer, takes_bare) {
        (false, _) => ("the function as the manifest has it", CHANGED),
        (true, true) => ("takes what is sealed, and what is not", BARE),
        (true, false) => ("takes what is sealed alone", SEALED),
    };
    draft.push(object, what, kind, (sql.to_owned(), down));
    Ok(())
}

/// Whether it is one that needs the rights of its owner, as none does that reads a setting alone.
fn is_sealed(function: &Function) -> bool {
    function.security_definer
}

/// Puts back what another function has taken the place of.
fn restored(signature: &Signature, present: &Function, by: Option<&Function>) -> Result<String> {
    let mut sql = vec![ddl::create_function(signature, present, true, None)?];
    if by.is_none_or(|by| by.owner != present.owner) {
        sql.push(if present.security_definer {
            given(signature, &present.owner)?
        } else {
            ddl::owner(Object::Routine(signature), &present.owner)?
        });
    }
    if by.is_none_or(|by| by.comment != present.comment) {
        sql.push(ddl::comment_function(signature, present.comment.as_deref())?);
    }
    let execute = Privileges::from([(Privilege::Execute, None)]);
    let by_all = |grant: &Grant| grant.grantee == Grantee::Public;
    if !present.grants.iter().any(by_all) {
        sql.push(ddl::revoke(Object::Routine(signature), &execute, &Grantee::Public)?);
    }
    Ok(sql.join("\n\n"))
}

/// Whose the keys are, who adds and retires them, and that nobody else sees one.
fn key_table(
    draft: &mut Draft<'_>,
    sealing: Option<&Sealing>,
    name: &QualifiedName,
    sql: &str,
) -> Result<()> {
    let (Some(Sealing { keys: wanted, .. }), Some(present)) = (sealing, draft.catalog.relations.get(name))
    else {
        return Ok(());
    };
    let object = format!("table {}", name.plain());
    if present.owner != wanted.owner || !present.row_security {
        let mut down = Vec::new();
        if present.owner != wanted.owner {
            down.push(ddl::owner(Object::Table(name), &present.owner)?);
        }
        if !present.row_security {
            down.push(ddl::row_security(name, false)?);
        }
        let what = format!("the keys are {}'s, row-level security is enabled", wanted.owner.plain());
        draft.push(object.clone(), what, KEYS, (sql.to_owned(), down.join("\n\n")));
    }
    if present.force_row_security {
        let sql = (ddl::force(name, false)?, ddl::force(name, true)?);
        draft.push(object.clone(), "row-level security is not forced", CHANGED_KEYS, sql);
    }
    grants(draft, &object, name, present, wanted)?;
    policies(draft, &object, name, present, wanted)
}

const CHANGED_KEYS: Kind = Kind { closes: "keys could not be read, added or retired", ..KEYS };

fn grants(
    draft: &mut Draft<'_>,
    object: &str,
    name: &QualifiedName,
    present: &Relation,
    wanted: &Relation,
) -> Result<()> {
    let of = |grant: &Grant| (grant.privilege, grant.column.clone());
    let mut grantees: Vec<&Grantee> =
        present.grants.iter().chain(&wanted.grants).map(|grant| &grant.grantee).collect();
    grantees.sort();
    grantees.dedup();
    for grantee in grantees.into_iter().filter(|grantee| **grantee != Grantee::Role(wanted.owner.clone())) {
        let held = |relation: &'_ Relation| -> Vec<Grant> {
            relation.grants.iter().filter(|grant| grant.grantee == *grantee).cloned().collect()
        };
        let (has, is_to_have) = (held(present), held(wanted));
        let excess: Vec<&Grant> = has.iter().filter(|grant| !is_to_have.contains(grant)).collect();
        // Taking a privilege on the table takes it on the columns too.
        let is_lost =
            |grant: &Grant| excess.iter().any(|of| of.column.is_none() && of.privilege == grant.privilege);
        let table = Object::Table(name);
        if !excess.is_empty() {
            let lost: Privileges<'_> =
                excess.iter().map(|grant| (grant.privilege, grant.column.as_ref())).collect();
            let again = has.iter().filter(|grant| excess.contains(grant) || is_lost(grant));
            let down = granting_again(table, &again, grantee)?.join("\n\n");
            let what = format!("no {} for {}", list(&lost), grantee.plain());
            draft.push(object, what, KEYS, (ddl::revoke(table, &lost, grantee)?, down));
        }
        let missing: Vec<(Privilege, Option<Ident>)> =
            is_to_have.iter().filter(|grant| !has.contains(grant) || is_lost(grant)).map(of).collect();
        if !missing.is_empty() {
            let given: Privileges<'_> =
                missing.iter().map(|(privilege, column)| (*privilege, column.as_ref())).collect();
            let what = format!("{} for {}", list(&given), grantee.plain());
            let sql = (ddl::grant(table, &given, grantee, false)?, ddl::revoke(table, &given, grantee)?);
            draft.push(object, what, CHANGED_KEYS, sql);
        }
    }
    Ok(())
}

fn policies(
    draft: &mut Draft<'_>,
    object: &str,
    name: &QualifiedName,
    present: &Relation,
    wanted: &Relation,
) -> Result<()> {
    let names: std::collections::BTreeSet<&Ident> =
        present.policies.keys().chain(wanted.policies.keys()).collect();
    for policy in names {
        let (is, is_to_be): (Option<&Policy>, Option<&Policy>) =
            (present.policies.get(policy), wanted.policies.get(policy));
        if is == is_to_be {
            continue;
        }
        let drop = |at: Option<&Policy>| at.map(|_| ddl::drop_policy(name, policy));
        let create = |at: Option<&Policy>| at.map(|at| ddl::create_policy(name, policy, at));
        let replaced = |from, to| drop(from).into_iter().chain(create(to)).collect::<Result<Vec<_>>>();
        let (up, down) = (replaced(is, is_to_be)?, replaced(is_to_be, is)?);
        let (what, kind) = match is_to_be {
            Some(_) => ("the policy of who adds and retires keys", CHANGED_KEYS),
            None => ("no other policy opens the keys", KEYS),
        };
        draft.push(object, format!("{what}, {}", policy.plain()), kind, (up.join("\n\n"), down.join("\n\n")));
    }
    Ok(())
}

/// What has to be said of the steps: who has to run them, and that a table of keys is empty when it is made, or is left over.
pub(super) fn remarks(draft: &mut Draft<'_>, sealing: Option<&Sealing>) {
    let keys = sealed::key_table(&draft.tenancy);
    let has_keys = draft.catalog.relations.contains_key(&keys);
    let object = format!("table {}", keys.plain());
    let Some(sealing) = sealing else {
        if has_keys {
            draft.remark_on(
                object,
                "nothing verifies seals by it without [seal]: drop it once no service seals any more",
            );
        }
        return;
    };
    if !has_keys {
        draft.remark_on(
            object,
            "it is made without a key, and services need one: add it with tenantry seal add",
        );
    }
    let catalog = draft.catalog;
    let is_there = |(signature, wanted): (&Signature, &Function)| {
        catalog.functions.get(signature).is_some_and(|of| is_done_by(wanted, of) && of.owner == wanted.owner)
    };
    if draft.tenancy.sealed().is_some_and(|seal| !seal.takes_bare()) && works_unsealed(draft) {
        let function = QualifiedName::new(keys.schema().clone(), Ident::known("tenant_id"));
        let what = "what services bind without a seal is refused from this plan on: give them their key, and set bare = true in [seal] first";
        draft.remark_on(format!("function {}", function.plain()), what);
    }
    let is_done = catalog.relations.get(&keys).is_some_and(|keys| keys.owner == sealing.sealer)
        && sealing.verifiers().all(is_there);
    let Some(migrator) = draft.manifest.roles.migrator_role().filter(|_| !is_done) else { return };
    if catalog.roles.get(migrator).is_none_or(|migrator| !migrator.superuser) {
        let what = format!(
            "is no member of {}, which keys and the functions that read them belong to: have a superuser run this one",
            sealing.sealer.plain()
        );
        draft.remark_on(format!("role {}", migrator.plain()), what);
    }
}

/// Whether policies take what is bound without a seal.
fn works_unsealed(draft: &Draft<'_>) -> bool {
    let tenant_id = QualifiedName::new(draft.tenancy.support().clone(), Ident::known("tenant_id"));
    match named(&draft.catalog.functions, &tenant_id) {
        Some((_, function)) => !is_sealed(function),
        None => draft.catalog.relations.values().any(has_own_policies),
    }
}

/// Drops the functions of seals that policies call no more.
pub(super) fn left_over(draft: &mut Draft<'_>) -> Result<()> {
    let tenancy = draft.tenancy.clone();
    if tenancy.sealed().is_some() {
        return Ok(());
    }
    let not_sealed = QualifiedName::new(tenancy.support().clone(), Ident::known("not_sealed"));
    for (signature, present) in &draft.catalog.functions {
        let is_called = signature.name.name().as_str() == "tenant_id" && tenancy.calls_a_function();
        let is_ours = is_verifier(&tenancy, signature, present) || signature.name == not_sealed;
        if is_ours && !is_called {
            let mut down = vec![ddl::create_function(signature, present, false, None)?];
            down.push(if present.security_definer {
                given(signature, &present.owner)?
            } else {
                ddl::owner(Object::Routine(signature), &present.owner)?
            });
            if present.comment.is_some() {
                down.push(ddl::comment_function(signature, present.comment.as_deref())?);
            }
            let sql = (ddl::drop_function(signature)?, down.join("\n\n"));
            let what = "nothing calls it without [seal]";
            draft.push(format!("function {}", signature.name.plain()), what, CHANGED, sql);
        }
    }
    Ok(())
}
