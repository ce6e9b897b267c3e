//! The policies of each table: those of its shape, in the version that this release has of it.

use std::collections::BTreeMap;

use super::draft::{Draft, Kind};
use super::step::{Lock, Work};
use crate::catalog::replay::Policies;
use crate::catalog::{Column, Policy, Relation};
use crate::error::Result;
use crate::ident::{Ident, QualifiedName};
use crate::policy::ddl as sql;
use crate::policy::place::Place;
use crate::policy::{Child, Shape, TenantColumn};
use crate::tenant::TenantType;

const POLICIES: Kind = Kind {
    lock: Lock::AccessExclusive,
    work: Work::None,
    closes: "each tenant sees and changes the rows of all others",
};

const CHANGED: Kind = Kind {
    lock: Lock::AccessExclusive,
    work: Work::None,
    closes: "the policies are not those that the manifest and this release ask for",
};

const FORCE: Kind = Kind {
    lock: Lock::AccessExclusive,
    work: Work::None,
    closes: "policies are not asked, or not for the owner",
};

/// The names of policies that belong to this crate begin so.
const PREFIX: &str = "tenantry_";

pub(super) fn steps(draft: &mut Draft<'_>) -> Result<()> {
    let mut texts = Policies::default();
    for (name, relation, place) in draft.relations() {
        if let (Place::Exempt { .. }, Some(column)) = (&place, relation.column(draft.manifest.column(name))) {
            let column = column.name.as_str();
            draft.remark(
                name,
                format!("exempt, although it has column {column}: its grants alone say who sees what"),
            );
        }
        let Some(shape) = shape(draft, relation, &place)? else { continue };
        let (tenancy, roles) = (&draft.tenancy, &draft.manifest.roles);
        let wanted: BTreeMap<Ident, Policy> = texts
            .parse(&shape.policies(name, tenancy, roles)?)?
            .into_iter()
            .map(|(_, policy_name, policy)| (policy_name, policy))
            .collect();
        let (mut up, mut down) = (Vec::new(), Vec::new());
        for (policy_name, policy) in &wanted {
            let present = relation.policies.get(policy_name);
            if present != Some(policy) {
                replace(name, policy_name, present, policy, &mut up, &mut down)?;
            }
        }
        for (policy_name, policy) in &relation.policies {
            if policy_name.as_str().starts_with(PREFIX) && !wanted.contains_key(policy_name) {
                up.push(sql::drop_policy(name, policy_name)?);
                down.push(sql::create_policy(name, policy_name, policy)?);
            }
        }
        if !up.is_empty() {
            down.reverse();
            let (what, kind) = if has_own_policies(relation) {
                ("changed policies", CHANGED)
            } else {
                ("policies", POLICIES)
            };
            let what = format!("{what} of shape {}", shape.name().replace('_', " "));
            draft.push(name.plain(), what, kind, (up.join("\n\n"), down.join("\n\n")));
        }
        // After the policies, so that there is no moment in which the table shows nothing to anybody.
        enforce(draft, name, relation)?;
    }
    Ok(())
}

/// Whether this crate has made policies of it.
pub(super) fn has_own_policies(relation: &Relation) -> bool {
    relation.policies.keys().any(|policy| policy.as_str().starts_with(PREFIX))
}

/// Puts one policy in the place of another, in place where PostgreSQL can: command and kind of a policy are for good.
fn replace(
    table: &QualifiedName,
    name: &Ident,
    present: Option<&Policy>,
    wanted: &Policy,
    up: &mut Vec<String>,
    down: &mut Vec<String>,
) -> Result<()> {
    let Some(present) = present else {
        up.push(sql::create_policy(table, name, wanted)?);
        down.push(sql::drop_policy(table, name)?);
        return Ok(());
    };
    let alterable = present.permissive == wanted.permissive
        && present.command == wanted.command
        && present.using.is_some() == wanted.using.is_some()
        && present.with_check.is_some() == wanted.with_check.is_some();
    if !alterable {
        up.push(sql::drop_policy(table, name)?);
        up.push(sql::create_policy(table, name, wanted)?);
        down.push(sql::create_policy(table, name, present)?);
        down.push(sql::drop_policy(table, name)?);
        return Ok(());
    }
    let says_else = Policy { comment: None, ..present.clone() } != Policy { comment: None, ..wanted.clone() };
    if says_else {
        up.push(sql::alter_policy(table, name, wanted)?);
        down.push(sql::alter_policy(table, name, present)?);
    }
    if present.comment != wanted.comment {
        up.push(sql::comment_policy(table, name, wanted)?);
        down.push(sql::comment_policy(table, name, present)?);
    }
    Ok(())
}

fn enforce(draft: &mut Draft<'_>, name: &QualifiedName, relation: &Relation) -> Result<()> {
    let (mut up, mut down) = (Vec::new(), Vec::new());
    let mut what = Vec::new();
    if !relation.row_security {
        what.push("enabled");
        up.push(sql::row_security(name, true)?);
        down.push(sql::row_security(name, false)?);
    }
    if !relation.force_row_security {
        what.push("forced");
        up.push(sql::force(name, true)?);
        down.push(sql::force(name, false)?);
    }
    if !up.is_empty() {
        down.reverse();
        let what = format!("row-level security is {}", what.join(" and "));
        draft.push(name.plain(), what, FORCE, (up.join("\n\n"), down.join("\n\n")));
    }
    Ok(())
}

/// The shape of a table in its place; views, partitions and what is not governed have none.
fn shape(draft: &Draft<'_>, relation: &Relation, place: &Place<'_>) -> Result<Option<Shape>> {
    let of = |column: &Column| column_of(draft, column);
    Ok(Some(match place {
        Place::Tenant { column, direct: true } => Shape::Tenant(of(column)?.direct()),
        Place::Tenant { column, direct: false } => Shape::Tenant(of(column)?),
        Place::SharedRows { column } => Shape::SharedRows(of(column)?),
        Place::Tree { column } => Shape::Tree(of(column)?),
        Place::Membership { column } => Shape::Membership(of(column)?),
        Place::Child { key, .. } => {
            let columns = key.columns.iter().map(Ident::as_str);
            let keys = key.referenced_columns.iter().map(Ident::as_str);
            let child = Child::new(columns, &key.references.to_string(), keys)?;
            Shape::Child(match draft.places.get(&key.references) {
                Some(
                    Place::Tenant { column, .. } | Place::SharedRows { column } | Place::Tree { column },
                ) => child.tenant(of(column)?),
                _ => child,
            })
        }
        Place::Shared => Shape::Shared,
        Place::Members => Shape::Members,
        Place::Deny if relation.is_table() => Shape::Deny,
        Place::Deny | Place::Exempt { .. } | Place::Partition { .. } | Place::View | Place::Apart => {
            return Ok(None);
        }
    }))
}

fn column_of(draft: &Draft<'_>, column: &Column) -> Result<TenantColumn> {
    let named = TenantColumn::named(column.name.as_str())?;
    let is_text = draft.manifest.tenancy.tenant_type() == TenantType::Text;
    Ok(if is_text && column.data_type != "text" { named.as_text() } else { named })
}
