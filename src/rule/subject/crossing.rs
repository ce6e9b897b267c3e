//! Foreign keys that can lead from one tenant to another.

use super::Subject;
use crate::catalog::{ForeignKey, ReferentialAction};
use crate::error::Result;
use crate::ident::{Ident, QualifiedName};
use crate::policy::crossing::Sides;
use crate::policy::ddl::Unique;
use crate::policy::place::top;
use crate::policy::{Place, ddl};
use crate::rule::judge::Action;

/// A foreign key between tables of tenants that does not say that both rows are of one tenant.
pub(in crate::rule) struct Crossing<'a> {
    pub(in crate::rule) table: &'a QualifiedName,
    pub(in crate::rule) name: &'a Ident,
    pub(in crate::rule) key: &'a ForeignKey,
    /// The tenant columns, where both tables have one.
    pub(in crate::rule) sides: Option<Sides<'a>>,
    pub(in crate::rule) leads_to: Target,
}

/// What a foreign key leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rule) enum Target {
    /// A row of a tenant's.
    Row,
    /// A row of a tenant's or of everybody's.
    SharedRow,
    /// A tenant, by its own key.
    Tenant,
}

/// All of them; those of partitions that are their table's are left out.
pub(in crate::rule) fn crossings<'a>(subject: &Subject<'a>) -> Vec<Crossing<'a>> {
    let keys = subject.catalog.foreign_keys().filter(|(_, _, key)| key.enforced);
    keys.filter_map(|(table, name, key)| crossing(subject, table, name, key)).collect()
}

/// The foreign keys between tables of tenants that check nothing, and so tell nothing either.
pub(in crate::rule) fn unenforced<'a>(
    subject: &Subject<'a>,
) -> impl Iterator<Item = (&'a QualifiedName, &'a Ident, &'a ForeignKey)> {
    let keys = subject.catalog.foreign_keys().filter(|(_, _, key)| !key.enforced);
    keys.filter(|(table, _, key)| subject.holds_tenants(table) && subject.holds_tenants(&key.references))
}

fn crossing<'a>(
    subject: &Subject<'a>,
    table: &'a QualifiedName,
    name: &'a Ident,
    key: &'a ForeignKey,
) -> Option<Crossing<'a>> {
    let from = subject.place(table)?;
    let to = subject.place(&key.references)?;
    // Nobody whom policies bind writes the members.
    if matches!(from, Place::Members) || is_of_tree(subject, table, key) {
        return None;
    }
    let (own, referenced) = (subject.tenant_column(from), subject.tenant_column(to));
    let is_child = |place: &Place<'_>| matches!(place, Place::Child { .. });
    if (own.is_none() && !is_child(from)) || (referenced.is_none() && !is_child(to)) {
        return None;
    }
    // Its tenant alone says which row is meant.
    if own.is_some_and(|own| key.columns == [own.clone()]) || goes_along(from, to, name, key) {
        return None;
    }
    let sides = own.zip(referenced).map(|(own, referenced)| Sides { own, referenced });
    if sides.is_some_and(|sides| sides.are_in(key)) {
        return None;
    }
    let leads_to = match (to, referenced) {
        (Place::SharedRows { .. }, _) => Target::SharedRow,
        (_, Some(tenant)) if key.referenced_columns == [tenant.clone()] => Target::Tenant,
        _ => Target::Row,
    };
    Some(Crossing { table, name, key, sides, leads_to })
}

/// Which tenant is above which is what the tree says.
fn is_of_tree(subject: &Subject<'_>, table: &QualifiedName, key: &ForeignKey) -> bool {
    let Some(tree) = subject.manifest.tenancy.tenant_tree() else { return false };
    tree.table() == table && key.references == *table && key.columns == [tree.parent().clone()]
}

/// Whether a key of a child leads where its way does, to the same row or another child of it.
fn goes_along(from: &Place<'_>, to: &Place<'_>, name: &Ident, key: &ForeignKey) -> bool {
    let Place::Child { name: way_name, key: way } = from else { return false };
    if *way_name == name {
        return true;
    }
    let same = |own: &Ident, meant: &Ident| {
        let mut pairs = key.columns.iter().zip(&key.referenced_columns);
        pairs.any(|(column, referenced)| column == own && referenced == meant)
    };
    let mut steps = way.columns.iter().zip(&way.referenced_columns);
    match to {
        Place::Child { key: other, .. } if other.references == way.references => steps.all(|(own, meant)| {
            let mut others = other.columns.iter().zip(&other.referenced_columns);
            others.any(|(column, parent)| parent == meant && same(own, column))
        }),
        _ => key.references == way.references && steps.all(|(own, meant)| same(own, meant)),
    }
}

impl Crossing<'_> {
    /// Whether a row that refers to another tenant's can only have been written by the tenant whose row it is: policies say so of
    /// all that tenants add and change. Whoever wrote it then loses a row of its own, and nobody else does.
    pub(in crate::rule) fn is_of_its_writer(&self, subject: &Subject<'_>) -> bool {
        let table = top(subject.catalog, self.table).unwrap_or(self.table);
        let Some(judged) = subject.judged_table(table).filter(|judged| judged.relation.row_security) else {
            return false;
        };
        [Action::Insert, Action::Become].into_iter().all(|action| {
            let opens =
                judged.policies.iter().filter(|of| of.policy.permissive && of.for_app && of.covers(action));
            let mut opens = opens.peekable();
            opens.peek().is_some()
                && (judged.floors(action).next().is_some()
                    || opens.all(|of| judged.verdict(of, action).is_bound()))
        })
    }

    /// What happens to rows of the table when the row that they refer to is deleted or changed, if anything.
    pub(in crate::rule) fn cascade(&self) -> Option<&'static str> {
        let does = |action| match action {
            ReferentialAction::NoAction | ReferentialAction::Restrict => None,
            ReferentialAction::Cascade => Some("changes"),
            ReferentialAction::SetNull => Some("sets columns to NULL in"),
            ReferentialAction::SetDefault => Some("sets columns to their defaults in"),
        };
        match self.key.on_delete {
            ReferentialAction::Cascade => Some("deletes"),
            action => does(action).or_else(|| does(self.key.on_update)),
        }
    }

    /// Puts a key with both tenant columns in its place, where there can be one.
    pub(in crate::rule) fn replaced(&self, subject: &Subject<'_>) -> Option<Result<String>> {
        let both = [self.table, &self.key.references].map(|name| subject.places.relations.get(name));
        let [Some(Place::Tenant { .. }), Some(Place::Tenant { .. })] = both else { return None };
        let sides = self.sides.filter(|sides| sides.obstacle(subject.catalog, self.key).is_none())?;
        Some(self.with(subject, sides))
    }

    fn with(&self, subject: &Subject<'_>, sides: Sides<'_>) -> Result<String> {
        let new = sides.added_to(self.key);
        let parent = &new.references;
        let columns: Vec<&Ident> = new.referenced_columns.iter().collect();
        let relation = |name| subject.catalog.relations.get(name);
        let mut sql = Vec::new();
        if !relation(parent).is_some_and(|of| of.indexes.values().any(|index| index.is_referenced_by(&new))) {
            let parts = columns.iter().map(|column| column.as_str());
            let parts: Vec<&str> =
                std::iter::once(parent.name().as_str()).chain(parts).chain(["key"]).collect();
            let name = Ident::joined(&parts);
            sql.push(match Unique::referenced_by(&new) {
                Unique::Values => ddl::unique_if_missing(parent, &name, &columns)?,
                Unique::Periods => ddl::without_overlaps(parent, &name, &columns)?,
            });
        }
        // Under FORCE the new key would be checked against those rows alone that the owner sees.
        let mut forced = vec![self.table, parent];
        forced.dedup();
        forced.retain(|name| relation(name).is_some_and(|of| of.force_row_security));
        for name in &forced {
            sql.push(ddl::force(name, false)?);
        }
        sql.push(ddl::foreign_key(self.table, self.name, &new)?);
        for name in &forced {
            sql.push(ddl::force(name, true)?);
        }
        Ok(sql.join("\n"))
    }
}
