//! Tables: whose their rows are.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

use super::answer::{adopted, columns, deny, exempt, shared, via};
use super::name::{is_users, means, weight};
use super::ways::{Because, Ground, Shortest, Step, Ways, pick};
use super::{
    Facts, Proposed, ProposedMembership, Question, Suggestion, Table, TenantColumn, count, said, users, whole,
};
use crate::catalog::{Catalog, Column, Relation};
use crate::ident::{Ident, QualifiedName};
use crate::policy::manifest::Class;
use crate::policy::place::{fits, ledger};

/// How many answers of one kind are named.
const NAMED: usize = 5;

struct Scene<'a> {
    catalog: &'a Catalog,
    tenants: &'a TenantColumn,
    ways: Ways<'a>,
    referring: HashMap<&'a QualifiedName, usize>,
    memberships: Vec<ProposedMembership>,
    /// Whether most tables know nothing of tenants yet.
    is_new: bool,
}

/// Classes every table, or names the question.
pub(super) fn place<'a>(
    catalog: &'a Catalog,
    tenants: &'a TenantColumn,
    facts: &'a Facts,
    tables: &[Table<'a>],
) -> BTreeMap<QualifiedName, Proposed> {
    let mut found: BTreeMap<QualifiedName, Proposed> = BTreeMap::new();
    let mut ground: HashMap<&QualifiedName, Ground> = HashMap::new();
    let mut odd: HashMap<&QualifiedName, String> = HashMap::new();
    for &(name, relation) in tables {
        if let Some(column) = odd_column(catalog, tenants, name, relation) {
            odd.insert(name, column);
        } else if let Some(proposed) = by_column(catalog, tenants, facts, name, relation) {
            match proposed.class() {
                "tenant" => drop(ground.insert(name, Ground::Sure)),
                "undecided" if proposed.may_hold_tenants() => drop(ground.insert(name, Ground::Perhaps)),
                _ => {}
            }
            found.insert(name.clone(), proposed);
        }
    }
    let ways = Ways::find(catalog, tables, &ground);
    let referring = ways.referring();
    let memberships = users::all(catalog, tenants, tables);
    let leads_there = |name: &QualifiedName| {
        found.get(name).is_some_and(Proposed::may_hold_tenants)
            || !matches!(ways.shortest(name), Shortest::None)
    };
    let is_new = 2 * tables.iter().filter(|(name, _)| leads_there(name)).count() < tables.len();
    let scene = Scene { catalog, tenants, ways, referring, memberships, is_new };
    for &(name, relation) in tables {
        if found.contains_key(name) {
            continue;
        }
        let proposed = match odd.remove(name) {
            Some(reason) => scene.with_odd_column(name, reason),
            None => scene.by_ways(name, relation),
        };
        found.insert(name.clone(), proposed);
    }
    found
}

/// What keeps a column with the tenant column's name from being one.
fn odd_column(
    catalog: &Catalog,
    tenants: &TenantColumn,
    name: &QualifiedName,
    relation: &Relation,
) -> Option<String> {
    if is_own(tenants, name) {
        return None;
    }
    let column = relation.column(&tenants.name)?;
    let called = column.name.plain();
    if !fits(&column.data_type, tenants.tenant_type) {
        let (found, wanted) = (&column.data_type, tenants.tenant_type.sql());
        return Some(format!("its {called} is of type {found}, and that of tenants is {wanted}"));
    }
    if column.generated.is_some() {
        return Some(format!("its {called} is computed from other columns"));
    }
    let (own, _) = tenants.own.as_ref()?;
    // One that refers to the tenant column of another table refers to a tenant.
    let is_elsewhere = |table: &&QualifiedName| {
        *table != own
            && catalog.relations.get(*table).is_none_or(|table| table.column(&tenants.name).is_none())
    };
    let mut single = relation.foreign_keys.values().filter(|key| key.columns == [column.name.clone()]);
    let elsewhere = single.find_map(|key| Some(whole(catalog, &key.references)).filter(is_elsewhere))?;
    Some(format!(
        "its {called} refers to {}, and that of tenants to {}",
        said(elsewhere, name),
        said(own, name)
    ))
}

fn is_own(tenants: &TenantColumn, name: &QualifiedName) -> bool {
    tenants.own.as_ref().is_some_and(|(own, _)| own == name)
}

/// What the columns of a table say of it, whatever it refers to.
fn by_column(
    catalog: &Catalog,
    tenants: &TenantColumn,
    facts: &Facts,
    name: &QualifiedName,
    relation: &Relation,
) -> Option<Proposed> {
    if let Some((table, key)) = &tenants.own
        && table == name
    {
        return Some(own(tenants, relation, name, key));
    }
    if let Some(runner) = ledger::runner(name.name().as_str(), relation) {
        let reason = format!("migration ledger of {runner}");
        return Some(Proposed::entry(Class::Exempt { reason: reason.clone() }, reason));
    }
    if let Some(column) = relation.column(&tenants.name) {
        return Some(with_column(catalog, tenants, facts, name, relation, column));
    }
    named_otherwise(catalog, tenants, relation)
}

/// The tenants' own table.
fn own(tenants: &TenantColumn, relation: &Relation, name: &QualifiedName, key: &Ident) -> Proposed {
    if let Some(column) = relation.column(key)
        && !fits(&column.data_type, tenants.tenant_type)
    {
        let between = vec![deny(), exempt("not governed"), shared("every tenant reads all of it")];
        let (called, column_type) = (tenants.name.plain(), tenants.tenant_type.sql());
        let reason =
            format!("its {} is of type {}, and {called} is {column_type}", key.plain(), column.data_type);
        return Proposed::undecided(Question::OwnKey, between, reason);
    }
    let mut reason = "the tenants' own table: a row is a tenant".to_owned();
    let to_itself = relation.foreign_keys.values().find(|of| of.references == *name && of.columns.len() == 1);
    if let Some(parent) = to_itself.and_then(|of| of.columns.first()) {
        let _ = write!(
            reason,
            "; {} puts one above another: class tree with [tree] lets the upper see the lower",
            parent.plain()
        );
    }
    Proposed::entry(Class::Tenant { direct: false }, reason)
        .column(Some(key.clone()).filter(|key| *key != tenants.name))
}

fn with_column(
    catalog: &Catalog,
    tenants: &TenantColumn,
    facts: &Facts,
    name: &QualifiedName,
    relation: &Relation,
    column: &Column,
) -> Proposed {
    let called = column.name.plain();
    let tenant = Class::Tenant { direct: false };
    if column.not_null {
        return match users::members(catalog, tenants, name, relation) {
            Some(members) => Proposed::entry(
                tenant,
                format!(
                    "says which of {} belong to which tenant, as a [membership] can use it",
                    said(&members.users, name)
                ),
            ),
            None => Proposed::default("tenant", format!("{called} is not null")),
        };
    }
    let between = || {
        vec![
            Suggestion::new(tenant.clone(), "once every row has a tenant: the column becomes NOT NULL"),
            shared("rows without a tenant are everybody's to read"),
        ]
    };
    match facts.null_tenants.get(name) {
        Some(false) => Proposed::entry(
            tenant,
            format!("{called} may be NULL, but every row has one: it becomes NOT NULL"),
        ),
        Some(true) => {
            Proposed::undecided(Question::NullTenants, between(), format!("{called} is NULL in some rows"))
        }
        None => Proposed::undecided(
            Question::NullTenants,
            between(),
            format!("{called} may be NULL, and the rows were not looked into"),
        ),
    }
}

/// The tenant column by another name: one that is called a tenant and refers to the tenants' own table.
fn named_otherwise(catalog: &Catalog, tenants: &TenantColumn, relation: &Relation) -> Option<Proposed> {
    let (own, _) = tenants.own.as_ref()?;
    let is_named = |column: &Column| {
        weight(column.name.as_str()) >= 70 || means(column.name.as_str(), own.name().as_str())
    };
    let columns = to_own(catalog, tenants, relation);
    let [only] = columns.iter().filter(|column| is_named(column)).collect::<Vec<_>>()[..] else {
        return None;
    };
    only.not_null.then(|| {
        let reason = format!("its {} refers to the tenants' own table", only.name.plain());
        Proposed::entry(Class::Tenant { direct: false }, reason).column(Some(only.name.clone()))
    })
}

/// The columns that refer to the tenants' own table by its key.
fn to_own<'r>(catalog: &Catalog, tenants: &TenantColumn, relation: &'r Relation) -> Vec<&'r Column> {
    let Some((own, key)) = &tenants.own else { return Vec::new() };
    let refers = relation
        .foreign_keys
        .values()
        .filter(|of| whole(catalog, &of.references) == own && of.referenced_columns == [key.clone()]);
    refers
        .filter_map(|of| relation.column(of.columns.first()?))
        .filter(|column| fits(&column.data_type, tenants.tenant_type) && column.generated.is_none())
        .collect()
}

impl<'a> Scene<'a> {
    /// What a table without the tenant column is, by the tables that it refers to.
    fn by_ways(&self, name: &'a QualifiedName, relation: &'a Relation) -> Proposed {
        match self.ways.shortest(name) {
            Shortest::Sure(steps) => self.child(name, &steps, ""),
            Shortest::Perhaps(steps) => self.child(name, &steps, ", whose rows may be without a tenant"),
            Shortest::Nullable(steps) => {
                let columns: Vec<String> = steps.iter().take(NAMED).map(|step| columns(step)).collect();
                let mut between = self.suggestions(&steps);
                between.push(shared("everybody reads it, owner and system role write it"));
                between.push(exempt("not governed"));
                let reason = if steps.iter().any(|step| !step.always) {
                    format!("{} may be NULL", columns.join(" and "))
                } else {
                    format!("{} leads on by columns that may be NULL", columns.join(" and "))
                };
                Proposed::undecided(Question::NullableWays, between, reason)
            }
            Shortest::None => self.without_way(name, relation),
        }
    }

    /// What a table is whose column of the tenant column's name is something else.
    fn with_odd_column(&self, name: &'a QualifiedName, reason: String) -> Proposed {
        let mut between = match self.ways.shortest(name) {
            Shortest::Sure(steps) | Shortest::Perhaps(steps) | Shortest::Nullable(steps) => {
                self.suggestions(&steps)
            }
            Shortest::None => Vec::new(),
        };
        between.push(exempt("not governed"));
        between.push(deny());
        Proposed::undecided(Question::OtherColumn, between, reason)
    }

    fn suggestions(&self, steps: &[&Step<'a>]) -> Vec<Suggestion> {
        steps.iter().take(NAMED).filter_map(|step| self.through(step)).collect()
    }

    fn child(&self, name: &QualifiedName, steps: &[&Step<'a>], but: &str) -> Proposed {
        let picked = pick(steps).and_then(|(step, because)| Some((step, because, self.through(step)?)));
        let Some((step, because, suggestion)) = picked else {
            let between = self.suggestions(steps);
            let all_own = between.iter().all(|of| of.column.is_some());
            let question = if all_own { Question::SeveralColumns } else { Question::SeveralWays };
            let ways: Vec<String> = steps
                .iter()
                .take(NAMED)
                .map(|step| format!("by {} to {}", columns(step), said(step.to, name)))
                .collect();
            return Proposed::undecided(question, between, ways.join(", or "));
        };
        let because = match because {
            Because::Only => "",
            Because::Key => ", which is its key",
            Because::Deleted => ", with which it is deleted",
            Because::Named => ", after which it is named",
            Because::Fewest => ", by the fewest columns",
        };
        let reason = format!("{}{because}{but}{}", suggestion.meaning, self.onward(step));
        Proposed::entry(suggestion.class, reason).column(suggestion.column)
    }

    /// The way from where a step leads, in words.
    fn onward(&self, step: &Step<'a>) -> String {
        let mut text = String::new();
        let mut at = step.to;
        while let Shortest::Sure(steps) | Shortest::Perhaps(steps) = self.ways.shortest(at) {
            let Some((next, _)) = pick(&steps) else { break };
            let _ = write!(text, ", on to {}", said(next.to, step.from));
            at = next.to;
        }
        text
    }

    /// The class that a step stands for, if a manifest can name the step.
    fn through(&self, step: &Step<'a>) -> Option<Suggestion> {
        let meaning = format!("by {} to {}", columns(step), said(step.to, step.from));
        if let [column] = step.key.columns.as_slice()
            && to_own(self.catalog, self.tenants, step.relation).iter().any(|own| own.name == *column)
        {
            let class = Class::Tenant { direct: false };
            return Some(Suggestion { column: Some(column.clone()), ..Suggestion::new(class, meaning) });
        }
        let class = Class::Child { via: via(step)? };
        Some(Suggestion::new(class, meaning))
    }

    fn without_way(&self, name: &'a QualifiedName, relation: &Relation) -> Proposed {
        let mut between = Vec::new();
        let called = |column: &&Column| {
            weight(column.name.as_str()) >= 70 && fits(&column.data_type, self.tenants.tenant_type)
        };
        if let Some(column) = relation.columns.iter().find(called) {
            let column = Some(column.name.clone());
            let meaning = "the tenant's, if this column holds the tenant".to_owned();
            between.push(Suggestion { column, ..Suggestion::new(Class::Tenant { direct: false }, meaning) });
        }
        if is_users(name.name().as_str()) {
            return users::question(name, &self.memberships, between);
        }
        if self.is_new {
            between.push(adopted());
        }
        between.push(shared("everybody reads it, owner and system role write it"));
        if !self.is_new {
            between.push(adopted());
        }
        between.push(exempt("not governed: the grants alone say who reads and writes"));
        let referring = self.referring.get(name).copied().unwrap_or_default();
        let refers = if referring == 1 { "refers" } else { "refer" };
        let by = if referring > 0 {
            format!("{} of tenants {refers} to it", count(referring, "table"))
        } else {
            String::new()
        };
        if let Some(circle) = self.ways.circle(name) {
            let circle: Vec<String> = circle.iter().map(|of| said(of, name)).collect();
            let by = if by.is_empty() { by } else { format!("{by}; ") };
            let reason = format!("{by}it refers in a circle: {}", circle.join(" → "));
            return Proposed::undecided(Question::Circle, between, reason);
        }
        if referring > 0 {
            return Proposed::undecided(Question::Reference, between, by);
        }
        let steps = self.ways.from(name).iter().filter(|step| step.always);
        let whole: BTreeSet<String> = steps.map(|step| said(step.to, name)).collect();
        if !whole.is_empty() {
            let whole: Vec<String> = whole.into_iter().take(NAMED).collect();
            let reason = format!("every row refers to {}", whole.join(" and "));
            return Proposed::undecided(Question::Part, between, reason);
        }
        between.push(deny());
        Proposed::undecided(Question::Alone, between, "no row has to refer to another table")
    }
}
