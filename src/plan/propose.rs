//! A first manifest for a database that has none.

mod adoption;
mod answer;
mod column;
mod grant;
mod guess;
mod migrations;
mod name;
mod role;
mod seal;
mod setting;
mod table;
mod users;
mod view;
mod ways;
mod write;

use std::collections::{BTreeMap, BTreeSet};

#[cfg(test)]
mod tests;

use crate::catalog::{Catalog, Privilege, Relation};
use crate::ident::{Ident, QualifiedName, SettingName};
use crate::policy::manifest::{Class, Problem};
use crate::policy::place::top;
use crate::tenant::TenantType;

pub use adoption::{AdoptFrom, ProposedAdoption};
pub use column::Candidate;
pub use guess::{Guess, guess};
pub use migrations::ProposedMigrations;
pub use role::{ProposedRole, ProposedRoles};
pub use seal::ProposedSeal;
pub use users::ProposedMembership;

/// What somebody knows of the database who asks for a proposal.
#[derive(Clone, Debug, Default)]
pub struct Hints {
    /// The schemas to govern. Empty: all but those of the system, of extensions, and the support schema.
    pub schemas: Vec<Ident>,
    /// The tenant column. Default: the one that plainly is.
    pub column: Option<Ident>,
    /// The setting that carries the tenant. Default: the one that the policies which are there read, or `app.tenant_id`.
    pub setting: Option<SettingName>,
    /// The schema of the functions that policies call. Default: `tenantry`.
    pub support_schema: Option<Ident>,
    /// What services log in as. Default: the role that plainly is.
    pub app: Option<Ident>,
    /// What owns the tables. Default: the role that does, if it is one.
    pub owner: Option<Ident>,
    /// The role for work across tenants. Default: the one with BYPASSRLS, if it is one.
    pub system: Option<Ident>,
}

/// What the rows say, of which a catalog knows nothing.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Of tables whose tenant column may be NULL: whether it is in any row. A table that is not here was not looked into.
    pub null_tenants: BTreeMap<QualifiedName, bool>,
}

/// A manifest in the making, with a reason for everything in it.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The tenant column, if one plainly is.
    pub column: Option<TenantColumn>,
    /// The columns that may be, the likeliest first.
    pub candidates: Vec<Candidate>,
    /// The setting that carries the tenant, where that is not the default.
    pub setting: Option<SettingName>,
    /// What says which users belong to which tenants, if one table does.
    pub membership: Option<ProposedMembership>,
    /// What verifies seals, where tenants are sealed.
    pub seal: Option<ProposedSeal>,
    /// The schema of the functions that policies call, where that is not the default.
    pub support_schema: Option<Ident>,
    /// The roles.
    pub roles: ProposedRoles,
    /// Who runs the migrations.
    pub migrations: ProposedMigrations,
    /// The schemas whose relations are governed.
    pub schemas: BTreeSet<Ident>,
    /// Every relation in them, sequences left out. Empty as long as the tenant column is not known.
    pub relations: BTreeMap<QualifiedName, Proposed>,
    /// How the tables that lack the tenant column get it, in order, if all that may be tenants' are. Empty where most tables have
    /// their tenants already.
    pub adoptions: Vec<ProposedAdoption>,
    /// What has to be settled, relations apart.
    pub problems: Vec<Problem>,
}

/// The tenant column, and the table in which its foreign keys meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantColumn {
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub tenant_type: TenantType,
    /// The tenants' own table and its key, where foreign keys tell.
    pub own: Option<(QualifiedName, Ident)>,
    /// Why it is this one.
    pub reason: String,
}

/// What is proposed for a relation, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposed {
    /// What it is to be.
    pub choice: Choice,
    /// Its tenant column, where that has another name.
    pub column: Option<Ident>,
    /// What the app role may do with it, where that is less than the class says.
    pub grants: Option<BTreeSet<Privilege>>,
    /// Why, in one short sentence.
    pub reason: String,
}

/// What a relation is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// What the defaults make of it, without an entry: `tenant`, `partition`, `view` or `apart`.
    Default(&'static str),
    /// What an entry says.
    Entry(Class),
    /// It takes a person to say.
    Undecided {
        /// What is to be answered.
        question: Question,
        /// The answers that there are, each as good as the others.
        between: Vec<Suggestion>,
    },
}

/// An answer to a [`Question`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The class.
    pub class: Class,
    /// The tenant column, where that has another name.
    pub column: Option<Ident>,
    /// What it would mean, in a few words.
    pub meaning: String,
    /// Whether the table lacks the column that the class asks for, so that `tenantry adopt` comes before a plan.
    pub is_adopted: bool,
}

/// Why a relation is undecided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// Rows have no tenant, or nobody has looked.
    NullTenants,
    /// The tenant column's name stands for something else.
    OtherColumn,
    /// It is the tenants' own table, and its key is of another type than the tenant column.
    OwnKey,
    /// Several columns refer to the tenants' own table.
    SeveralColumns,
    /// Several ways lead to tenants.
    SeveralWays,
    /// All ways to tenants go by columns that may be NULL.
    NullableWays,
    /// Its rows are users, of one tenant or of several.
    Users,
    /// No way leads to tenants, and their tables refer to it.
    Reference,
    /// Its foreign keys lead in a circle.
    Circle,
    /// It is part of a table that is undecided itself.
    Part,
    /// No way leads to tenants or from them.
    Alone,
    /// It takes no policy.
    NoPolicy,
}

impl Question {
    /// Whether rows of tenants are, or may be, in what it is about.
    fn is_of_tenants(self) -> bool {
        matches!(self, Self::NullTenants | Self::SeveralColumns | Self::SeveralWays | Self::NullableWays)
    }
}

impl Proposal {
    /// The relations that it takes a person to class.
    pub fn undecided(&self) -> impl Iterator<Item = (&QualifiedName, &Proposed)> {
        self.relations.iter().filter(|(_, proposed)| matches!(proposed.choice, Choice::Undecided { .. }))
    }

    /// Whether the text of it can be used as it is.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.problems.is_empty() && self.undecided().next().is_none()
    }
}

impl Proposed {
    /// The class, as a manifest writes it; what needs no entry has words of its own, see [`Choice::Default`].
    #[must_use]
    pub fn class(&self) -> &'static str {
        match &self.choice {
            Choice::Default(name) => name,
            Choice::Entry(class) => class.name(),
            Choice::Undecided { .. } => "undecided",
        }
    }

    fn new(choice: Choice, reason: impl Into<String>) -> Self {
        Self { choice, column: None, grants: None, reason: reason.into() }
    }

    fn default(name: &'static str, reason: impl Into<String>) -> Self {
        Self::new(Choice::Default(name), reason)
    }

    fn entry(class: Class, reason: impl Into<String>) -> Self {
        Self::new(Choice::Entry(class), reason)
    }

    fn undecided(question: Question, between: Vec<Suggestion>, reason: impl Into<String>) -> Self {
        Self::new(Choice::Undecided { question, between }, reason)
    }

    fn column(mut self, column: Option<Ident>) -> Self {
        self.column = column;
        self
    }

    /// Whether rows of a tenant are, or may be, in it.
    fn may_hold_tenants(&self) -> bool {
        match &self.choice {
            Choice::Default(name) => matches!(*name, "tenant" | "partition" | "view"),
            Choice::Entry(class) => matches!(class, Class::Tenant { .. } | Class::Child { .. }),
            Choice::Undecided { question, .. } => question.is_of_tenants(),
        }
    }
}

/// A table that is governed, partitions and members of extensions left out.
type Table<'a> = (&'a QualifiedName, &'a Relation);

/// Proposes a manifest for a database.
///
/// What the catalog does not plainly say is left to people: it becomes a problem, or a relation of which the proposal names
/// the question and the answers.
#[must_use]
pub fn propose(catalog: &Catalog, hints: &Hints, facts: &Facts) -> Proposal {
    let mut problems = Vec::new();
    let schemas = schemas(catalog, hints, &mut problems);
    let tables = tables(catalog, &schemas);
    let (candidates, found) = column::find(catalog, hints, &tables);
    let column = found.map_err(|problem| problems.push(problem)).ok();
    let roles = role::find(catalog, hints, &tables, &mut problems);
    let mut relations = BTreeMap::new();
    let mut adoptions = Vec::new();
    if let Some(column) = &column {
        relations = table::place(catalog, column, facts, &tables);
        adoptions = adoption::plan(&tables, &relations);
        view::place(catalog, &schemas, &mut relations);
        grant::narrow(catalog, &roles, &mut relations);
    }
    let setting = match &hints.setting {
        Some(setting) => Some(setting.clone()),
        None => setting::find(catalog, &tables, column.as_ref())
            .map_err(|problem| problems.push(problem))
            .unwrap_or_default(),
    };
    let mut memberships =
        column.as_ref().map(|column| users::all(catalog, column, &tables)).unwrap_or_default();
    let membership = memberships.pop().filter(|_| memberships.is_empty());
    problems.sort();
    let support_schema = hints.support_schema.clone();
    let seal = seal::find(catalog, support_schema.as_ref());
    let migrations = migrations::find(catalog, &schemas);
    Proposal {
        column,
        candidates,
        setting,
        membership,
        seal,
        support_schema,
        roles,
        migrations,
        schemas,
        relations,
        adoptions,
        problems,
    }
}

/// The tables whose tenant column may be NULL, each with the column: whether it is, the rows say, and [`Facts`] take it from
/// there. None as long as the tenant column is not known.
#[must_use]
pub fn nullable_tenant_columns(catalog: &Catalog, hints: &Hints) -> Vec<(QualifiedName, Ident)> {
    let tables = tables(catalog, &schemas(catalog, hints, &mut Vec::new()));
    let Ok(found) = column::find(catalog, hints, &tables).1 else { return Vec::new() };
    let nullable =
        |(_, relation): &Table<'_>| relation.column(&found.name).is_some_and(|column| !column.not_null);
    tables.into_iter().filter(nullable).map(|(name, _)| (name.clone(), found.name.clone())).collect()
}

fn schemas(catalog: &Catalog, hints: &Hints, problems: &mut Vec<Problem>) -> BTreeSet<Ident> {
    let support = hints.support_schema.as_ref().map_or("tenantry", Ident::as_str);
    if hints.schemas.is_empty() {
        let own = catalog.schemas.iter().filter(|(_, schema)| schema.extension.is_none());
        return own.map(|(name, _)| name.clone()).filter(|name| name.as_str() != support).collect();
    }
    for name in hints.schemas.iter().filter(|name| !catalog.schemas.contains_key(*name)) {
        let what = format!("schema {} is not in the database; take it out of --schema", name.plain());
        problems.push(Problem { line: None, what });
    }
    hints.schemas.iter().cloned().collect()
}

fn tables<'a>(catalog: &'a Catalog, schemas: &BTreeSet<Ident>) -> Vec<Table<'a>> {
    let is_own = |(name, relation): &Table<'a>| {
        schemas.contains(name.schema())
            && relation.is_table()
            && relation.extension.is_none()
            && relation.partition_of.is_none()
    };
    catalog.relations.iter().filter(is_own).collect()
}

/// What a table or column is called beside those of a schema: without the schema where it is the same.
fn said(name: &QualifiedName, beside: &QualifiedName) -> String {
    if name.schema() == beside.schema() { name.name().plain() } else { name.plain() }
}

/// How many there are of something: `1 table`, `2 tables`.
fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// The relation under which a reference to a table counts: the partitioned table for a partition.
fn whole<'a>(catalog: &'a Catalog, name: &'a QualifiedName) -> &'a QualifiedName {
    top(catalog, name).unwrap_or(name)
}
