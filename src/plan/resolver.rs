//! The functions that find a tenant before one is bound, their role, and the columns that it reads.

use std::collections::BTreeSet;

use super::draft::{Draft, Kind};
use super::step::{Lock, Work};
use crate::catalog::{Function, Grant, Grantee, Privilege, Relation, Signature};
use crate::error::Result;
use crate::ident::{Ident, QualifiedName};
use crate::policy::ddl::{self, Object, Privileges};
use crate::policy::granted::{granting_again, list};
use crate::policy::resolver::{Lookup, columns, lookups, role};

const LOOKUP: Kind = Kind {
    lock: Lock::None,
    work: Work::None,
    closes: "services would look a tenant up by a role that policies do not bind",
};

const CHANGED: Kind = Kind {
    lock: Lock::None,
    work: Work::None,
    closes: "the function that finds tenants is not the one that the manifest asks for",
};

const WIDER: Kind = Kind {
    lock: Lock::None,
    work: Work::None,
    closes: "more could be read of all tenants than the manifest says",
};

pub(super) fn steps(draft: &mut Draft<'_>) -> Result<()> {
    let (lookups, _) = lookups(draft.manifest, draft.catalog);
    let role = role(draft.manifest);
    left_over(draft, &lookups, &role)?;
    reads(draft, &lookups, &role)?;
    for lookup in &lookups {
        function(draft, lookup)?;
    }
    beyond_the_migrator(draft, &lookups, &role);
    Ok(())
}

/// Who gives a function to the role, or replaces one of its, has to be a member of it, and nobody is.
fn beyond_the_migrator(draft: &mut Draft<'_>, lookups: &[Lookup<'_>], role: &Ident) {
    let is_there = |lookup: &Lookup<'_>| {
        let present = draft.catalog.functions.get(&lookup.signature);
        present.is_some_and(|of| lookup.is_done_by(of) && of.owner == *role)
    };
    let migrator = draft.manifest.roles.migrator_role();
    let Some(migrator) = migrator.filter(|_| !lookups.iter().all(is_there)) else { return };
    if draft.catalog.roles.get(migrator).is_none_or(|migrator| !migrator.superuser) {
        let what = format!(
            "is no member of {}, which resolvers belong to: have a superuser run this one",
            role.plain()
        );
        draft.remark_on(format!("role {}", migrator.plain()), what);
    }
}

/// Drops what the role owns and the manifest does not ask for any more.
fn left_over(draft: &mut Draft<'_>, lookups: &[Lookup<'_>], role: &Ident) -> Result<()> {
    let support = draft.manifest.tenancy.support();
    for (signature, present) in &draft.catalog.functions {
        let is_ours = present.owner == *role && signature.name.schema() == support;
        if is_ours && !lookups.iter().any(|lookup| lookup.signature == *signature) {
            let sql = (ddl::drop_function(signature)?, made(signature, present, role, None)?);
            draft.push(named(signature), "no resolver of the manifest is this one any more", WIDER, sql);
        }
    }
    Ok(())
}

/// What the role reads: the columns that resolvers name, in schemas that it may use.
fn reads(draft: &mut Draft<'_>, lookups: &[Lookup<'_>], role: &Ident) -> Result<()> {
    let (wanted, grantee) = (columns(lookups), Grantee::Role(role.clone()));
    let schemas: BTreeSet<&Ident> = wanted.keys().map(|table| table.schema()).collect();
    for name in schemas {
        let Some(schema) = draft.catalog.schemas.get(name) else { continue };
        let uses = |grant: &Grant| {
            grant.privilege == Privilege::Usage
                && (grant.grantee == grantee || grant.grantee == Grantee::Public)
        };
        if schema.grants.iter().any(uses) {
            continue;
        }
        let (object, usage) = (Object::Schema(name), Privileges::from([(Privilege::Usage, None)]));
        let sql = (ddl::grant(object, &usage, &grantee, false)?, ddl::revoke(object, &usage, &grantee)?);
        draft.push(
            format!("schema {}", name.plain()),
            format!("{} for {}", list(&usage), role.plain()),
            LOOKUP,
            sql,
        );
    }
    for (name, relation) in &draft.catalog.relations {
        let columns = wanted.get(name);
        let wanted: BTreeSet<&Ident> = columns.into_iter().flatten().copied().collect();
        columns_of(draft, (name, relation), &grantee, &wanted)?;
    }
    Ok(())
}

fn columns_of(
    draft: &mut Draft<'_>,
    (name, relation): (&QualifiedName, &Relation),
    grantee: &Grantee,
    wanted: &BTreeSet<&Ident>,
) -> Result<()> {
    let object = if relation.sequence.is_some() { Object::Sequence(name) } else { Object::Table(name) };
    let is_wanted = |grant: &&Grant| {
        let column = grant.column.as_ref().filter(|column| wanted.contains(column));
        column.is_some() && grant.privilege == Privilege::Select && !grant.grant_option
    };
    let held = relation.grants.iter().filter(|grant| grant.grantee == *grantee);
    let (kept, excess): (Vec<&Grant>, Vec<&Grant>) = held.partition(is_wanted);
    if !excess.is_empty() {
        let revoked: Privileges<'_> =
            excess.iter().map(|grant| (grant.privilege, grant.column.as_ref())).collect();
        // Taking a privilege on the table takes it on the columns too.
        let whole = excess.iter().any(|grant| grant.column.is_none() && grant.privilege == Privilege::Select);
        let again: Vec<&Grant> = excess.iter().chain(kept.iter().filter(|_| whole)).copied().collect();
        let down = granting_again(object, &again.into_iter(), grantee)?;
        let what = format!("no {} for {}", list(&revoked), grantee.plain());
        draft.push(name.plain(), what, WIDER, (ddl::revoke(object, &revoked, grantee)?, down.join("\n\n")));
        if whole {
            return granted(draft, name, grantee, wanted);
        }
    }
    let kept: BTreeSet<&Ident> = kept.iter().filter_map(|grant| grant.column.as_ref()).collect();
    granted(draft, name, grantee, &wanted.difference(&kept).copied().collect())
}

fn granted(
    draft: &mut Draft<'_>,
    name: &QualifiedName,
    grantee: &Grantee,
    columns: &BTreeSet<&Ident>,
) -> Result<()> {
    if columns.is_empty() {
        return Ok(());
    }
    let object = Object::Table(name);
    let select: Privileges<'_> = columns.iter().map(|column| (Privilege::Select, Some(*column))).collect();
    let sql = (ddl::grant(object, &select, grantee, false)?, ddl::revoke(object, &select, grantee)?);
    draft.push(name.plain(), format!("{} for {}", list(&select), grantee.plain()), LOOKUP, sql);
    Ok(())
}

fn function(draft: &mut Draft<'_>, lookup: &Lookup<'_>) -> Result<()> {
    let Lookup { signature, function: wanted, .. } = lookup;
    let Some(present) = draft.catalog.functions.get(signature) else {
        let by: Vec<String> = lookup.resolver.by.iter().map(ToString::to_string).collect();
        let returns: Vec<String> = lookup.resolver.returns.iter().map(Ident::plain).collect();
        let app = draft.manifest.roles.app_role().plain();
        let what = format!("gives {app} {} by {}", returns.join(", "), by.join(", "));
        let sql = (made(signature, wanted, &wanted.owner, ONE)?, ddl::drop_function(signature)?);
        draft.push(named(signature), what, LOOKUP, sql);
        return Ok(());
    };
    if !lookup.is_called_as(present) {
        // The server puts no function in the place of one that gives other columns.
        let drop = ddl::drop_function(signature)?;
        let (up, down) =
            (made(signature, wanted, &wanted.owner, ONE)?, made(signature, present, &wanted.owner, None)?);
        let sql = (format!("{drop}\n\n{up}"), format!("{drop}\n\n{down}"));
        draft.push(named(signature), "the resolver as the manifest has it", CHANGED, sql);
        return Ok(());
    }
    if !lookup.is_done_by(present) {
        let replaced = |function, rows| ddl::create_function(signature, function, true, rows);
        let sql = (replaced(wanted, ONE)?, replaced(present, None)?);
        draft.push(named(signature), "the resolver as the manifest has it", CHANGED, sql);
    }
    if present.owner != wanted.owner {
        let sql = (given(signature, &wanted.owner)?, ddl::owner(Object::Routine(signature), &present.owner)?);
        draft.push(named(signature), format!("owner is {}", wanted.owner.plain()), CHANGED, sql);
    }
    callers(draft, signature, present, wanted)
}

/// What the planner is to expect.
const ONE: Option<u32> = Some(1);

/// Who may call it: the app role, and nobody else.
fn callers(
    draft: &mut Draft<'_>,
    signature: &Signature,
    present: &Function,
    wanted: &Function,
) -> Result<()> {
    let object = Object::Routine(signature);
    let execute = Privileges::from([(Privilege::Execute, None)]);
    let others = present
        .grants
        .difference(&wanted.grants)
        .filter(|grant| grant.grantee != Grantee::Role(wanted.owner.clone()));
    for grant in others {
        let down = granting_again(object, &std::iter::once(grant), &grant.grantee)?.join("\n\n");
        let what = format!("no EXECUTE for {}", grant.grantee.plain());
        draft.push(named(signature), what, WIDER, (ddl::revoke(object, &execute, &grant.grantee)?, down));
    }
    for grant in wanted.grants.difference(&present.grants) {
        let sql = (
            ddl::grant(object, &execute, &grant.grantee, false)?,
            ddl::revoke(object, &execute, &grant.grantee)?,
        );
        draft.push(named(signature), format!("EXECUTE for {}", grant.grantee.plain()), LOOKUP, sql);
    }
    Ok(())
}

/// Makes a function with its grants and its owner, `role` perhaps.
fn made(signature: &Signature, function: &Function, role: &Ident, rows: Option<u32>) -> Result<String> {
    let (object, execute) = (Object::Routine(signature), Privileges::from([(Privilege::Execute, None)]));
    let mut sql = vec![ddl::create_function(signature, function, false, rows)?];
    if !function.grants.iter().any(|grant| grant.grantee == Grantee::Public) {
        sql.push(ddl::revoke(object, &execute, &Grantee::Public)?);
    }
    for grant in function.grants.iter().filter(|grant| grant.grantee != Grantee::Public) {
        sql.push(ddl::grant(object, &execute, &grant.grantee, grant.grant_option)?);
    }
    sql.push(match &function.owner {
        owner if owner == role => given(signature, role)?,
        other => ddl::owner(object, other)?,
    });
    Ok(sql.join("\n\n"))
}

/// Gives a function to the role, which needs CREATE on the schema for that, and has it no longer.
pub(super) fn given(signature: &Signature, owner: &Ident) -> Result<String> {
    let (schema, create) =
        (Object::Schema(signature.name.schema()), Privileges::from([(Privilege::Create, None)]));
    let grantee = Grantee::Role(owner.clone());
    let parts = [
        ddl::grant(schema, &create, &grantee, false)?,
        ddl::owner(Object::Routine(signature), owner)?,
        ddl::revoke(schema, &create, &grantee)?,
    ];
    Ok(parts.join("\n\n"))
}

fn named(signature: &Signature) -> String {
    format!("function {}({})", signature.name.plain(), signature.arguments.join(", "))
}
