//! Makes rows for tenants that are made up, with everything that such a row refers to.

use std::collections::{BTreeSet, HashMap};

use tokio_postgres::error::SqlState;

use super::check::{self, By};
use super::columns::{Fill, beside_keys, is_said, lists, overrides, shrink};
use super::made::{Known, Made, Row, Stop, Values};
use super::report::Aim;
use super::seat::{Answer, Binding, Seat, Seeded};
use super::tenants::{Tenants, Who};
use super::value::Random;
use crate::catalog::{ForeignKey, MatchType, Relation};
use crate::ident::{Ident, QualifiedName};
use crate::policy::{Membership, Place, Tree};

fn because<T>(reason: impl Into<String>) -> Made<T> {
    Err(Stop::Because(reason.into()))
}

/// Rows that are made in one transaction.
pub(crate) struct Scene<'a> {
    pub(crate) known: &'a Known<'a>,
    pub(crate) seat: &'a Seat,
    pub(crate) tenants: Tenants,
    pub(crate) random: Random,
    /// Whether the tenant of a row is bound while the row is made.
    pub(crate) binds: bool,
    /// Who else than the app role attempts act as.
    pub(crate) role: Option<Ident>,
    /// Which columns are said that could be NULL.
    pub(crate) fill: Fill,
    /// What another row of the bound tenant's would say, of the table that was tried last.
    pub(crate) new_of_own: Option<Values>,
    made: HashMap<(QualifiedName, Who, Fill), Row>,
    /// The tables whose rows are being made, the one that refers before the one that it refers to.
    under_way: Vec<QualifiedName>,
}

impl<'a> Scene<'a> {
    pub(crate) fn new(
        known: &'a Known<'a>,
        seat: &'a Seat,
        tenants: Tenants,
        seed: u64,
        binds: bool,
    ) -> Self {
        let (made, under_way) = (HashMap::new(), Vec::new());
        Self {
            known,
            seat,
            tenants,
            random: Random::new(seed),
            binds,
            role: None,
            fill: Fill::Keys,
            new_of_own: None,
            made,
            under_way,
        }
    }

    /// Goes on between two tenants that are there. Rows that were made are those of others.
    pub(crate) fn be_between(&mut self, own: String, other: String) {
        self.tenants = self.tenants.between(own, other);
        self.made.clear();
    }

    /// What is made of a session before something is tried.
    pub(crate) fn bound(&self, aim: Aim) -> Binding {
        Binding { role: self.role.clone(), ..self.tenants.bound(aim) }
    }

    /// A value as attempts have to bind it.
    pub(crate) fn value(&self, setting: &str, value: &str) -> crate::error::Result<String> {
        self.seat.value(setting, value, self.role.as_ref())
    }

    /// The row of a table that is somebody's, made when it is first asked for.
    pub(crate) async fn row(&mut self, table: &QualifiedName, who: Who) -> Made<Row> {
        self.row_with(table, who, &Values::new()).await
    }

    /// Another row of the same, with these values.
    pub(crate) async fn row_that_says(
        &mut self,
        table: &QualifiedName,
        who: Who,
        values: &Values,
    ) -> Made<Row> {
        self.under_way.push(table.clone());
        let row = Box::pin(self.make(table, who, values)).await;
        self.under_way.pop();
        row
    }

    /// A row of somebody's that nothing refers to yet, if there can be two.
    pub(crate) async fn another_row(&mut self, table: &QualifiedName, who: Who) -> Made<Row> {
        match self.row_that_says(table, who, &Values::new()).await {
            Err(Stop::Because(_)) => self.row(table, who).await,
            row => row,
        }
    }

    async fn row_with(&mut self, table: &QualifiedName, who: Who, fixed: &Values) -> Made<Row> {
        let key = (table.clone(), who, self.fill);
        let fits = |row: &&Row| {
            let holds = |(column, value): (&Ident, &Option<String>)| row.holds.get(column) == Some(value);
            fixed.iter().all(holds)
        };
        // Whoever refers to a row cares for nothing else in it.
        let others = Fill::ALL.map(|fill| (table.clone(), who, fill));
        let others = others.iter().filter(|_| !self.under_way.is_empty());
        if let Some(row) = std::iter::once(&key).chain(others).filter_map(|key| self.made.get(key)).find(fits)
        {
            return Ok(row.clone());
        }
        if self.under_way.contains(table) {
            return because(format!("its rows refer to {}, and so back to themselves", table.plain()));
        }
        self.under_way.push(table.clone());
        let row = Box::pin(self.make(table, who, fixed)).await;
        self.under_way.pop();
        let row = row?;
        self.made.insert(key, row.clone());
        Ok(row)
    }

    fn relation(&self, table: &QualifiedName) -> Made<&'a Relation> {
        match self.known.catalog.relations.get(table) {
            Some(relation) if relation.is_table() => Ok(relation),
            _ => because(format!("{} is no table", table.plain())),
        }
    }

    async fn make(&mut self, table: &QualifiedName, who: Who, fixed: &Values) -> Made<Row> {
        let relation = self.relation(table)?;
        self.others_to_ask(table, who).await?;
        let mut said = self.tenant_of(table, who);
        said.extend(fixed.clone());
        for (name, key) in &relation.foreign_keys {
            if self.must_refer(table, relation, name, key, &said) {
                self.refer(table, key, who, &mut said).await?;
            }
        }
        let mut free = BTreeSet::new();
        for column in &relation.columns {
            if said.contains_key(&column.name) || !is_said(relation, column, self.fill) {
                continue;
            }
            let value = self.known.types.value(&column.data_type, &mut self.random);
            if value.is_none() && !column.not_null {
                continue;
            }
            let Some(value) = value else {
                return because(format!(
                    "no value is known for column {} of type {} in {}",
                    column.name.plain(),
                    column.data_type,
                    table.plain()
                ));
            };
            said.insert(column.name.clone(), Some(value));
            free.insert(column.name.clone());
        }
        for key in relation.foreign_keys.values().filter(|key| key.references == *table) {
            for (column, referenced) in key.columns.iter().zip(&key.referenced_columns) {
                if relation.column(column).is_some_and(|of| of.not_null) && !said.contains_key(column) {
                    said.insert(column.clone(), said.get(referenced).cloned().flatten());
                }
            }
        }
        self.insert(table, relation, who, said, free).await
    }

    /// Makes the rows that policies ask for whose a row is: who is above whom, and who is a member.
    async fn others_to_ask(&mut self, table: &QualifiedName, who: Who) -> Made<()> {
        let tenancy = &self.known.manifest.tenancy;
        let asked = match self.known.places.relations.get(table) {
            Some(Place::Tree { .. }) => tenancy.tenant_tree().map(Tree::table),
            Some(Place::Membership { .. }) => tenancy.members().map(Membership::table),
            _ => None,
        };
        if let Some(asked) = asked.filter(|asked| *asked != table && who != Who::Nobody) {
            // The one above first.
            if who == Who::Below {
                self.row(asked, Who::Own).await?;
            }
            self.row(asked, who).await?;
        }
        Ok(())
    }

    /// What says whose a row is.
    fn tenant_of(&self, table: &QualifiedName, who: Who) -> Values {
        let mut said = Values::new();
        let tenancy = &self.known.manifest.tenancy;
        match self.known.places.relations.get(table) {
            Some(Place::Members) => {
                if let Some(members) = tenancy.members() {
                    said.insert(members.user().0.clone(), self.tenants.user(who));
                    said.insert(members.tenant().clone(), self.tenants.tenant(who));
                }
            }
            Some(place) => {
                if let Some(column) = place.tenant_column() {
                    said.insert(column.name.clone(), self.tenants.tenant(who));
                }
            }
            None => {}
        }
        if let Some(tree) = tenancy.tenant_tree().filter(|tree| tree.table() == table) {
            said.insert(tree.id().clone(), self.tenants.tenant(who));
            if who == Who::Below {
                // Which the one above is, is a foreign key as well perhaps.
                said.insert(tree.parent().clone(), self.tenants.tenant(Who::Own));
            }
        }
        said
    }

    /// Whether a row has to refer by a foreign key: one that would not be NULL, or that says whose the row is.
    fn must_refer(
        &self,
        table: &QualifiedName,
        relation: &Relation,
        name: &Ident,
        key: &ForeignKey,
        said: &Values,
    ) -> bool {
        if key.references == *table || !key.enforced {
            return false;
        }
        let is_way = matches!(self.known.places.relations.get(table),
            Some(Place::Child { name: way, .. }) if *way == name);
        let would_be = |column: &Ident| match said.get(column) {
            Some(value) => value.is_some(),
            None => relation.column(column).is_some_and(|of| of.not_null || of.default.is_some()),
        };
        let set = key.columns.iter().filter(|column| would_be(column)).count();
        is_way || set == key.columns.len() || (key.match_type == MatchType::Full && set > 0)
    }

    /// Whose row of a table serves one of somebody's: what holds nothing of tenants serves all.
    fn whose(&self, table: &QualifiedName, who: Who) -> Who {
        let place = self.known.places.relations.get(table);
        if place.is_some_and(Place::holds_tenants) { who } else { Who::Own }
    }

    /// Makes the row that another one refers to.
    async fn refer(
        &mut self,
        table: &QualifiedName,
        key: &ForeignKey,
        who: Who,
        said: &mut Values,
    ) -> Made<()> {
        let pairs = || key.columns.iter().zip(&key.referenced_columns);
        let fixed: Values = pairs()
            .filter_map(|(column, referenced)| Some((referenced.clone(), said.get(column)?.clone())))
            .collect();
        let whose = self.whose(&key.references, who);
        let parent = match self.row_with(&key.references, whose, &fixed).await {
            Err(Stop::Because(reason)) => {
                return because(format!(
                    "{} needs a row of {}: {reason}",
                    table.plain(),
                    key.references.plain()
                ));
            }
            parent => parent?,
        };
        for (column, referenced) in pairs() {
            said.insert(column.clone(), parent.holds.get(referenced).cloned().flatten());
        }
        Ok(())
    }

    /// Adds the row. Where a check refuses its values, others are tried that the check names.
    async fn insert(
        &mut self,
        table: &QualifiedName,
        relation: &Relation,
        who: Who,
        said: Values,
        free: BTreeSet<Ident>,
    ) -> Made<Row> {
        let binding = if self.binds { self.tenants.binding(who) } else { Binding::default() };
        let first = said.clone();
        let (mut tries, mut is_varied) = (check::Tries::new(said), false);
        // Keys last, since there are few small ones, and the next row needs another.
        let mut too_large = [beside_keys(relation, &free), free.clone()].into_iter();
        let mut reason = None;
        loop {
            let shown: Vec<&Ident> = self.shown(table, relation);
            let returning: Vec<String> = shown.iter().map(|column| format!("{column}::text")).collect();
            let (columns, values) = lists(relation, tries.values());
            let overriding =
                if overrides(relation, tries.values()) { " OVERRIDING SYSTEM VALUE" } else { "" };
            let returned =
                [vec!["tableoid::text".to_owned(), "ctid::text".to_owned()], returning].concat().join(", ");
            let text = if columns.is_empty() {
                format!("INSERT INTO {table} DEFAULT VALUES RETURNING {returned}")
            } else {
                format!("INSERT INTO {table} ({columns}){overriding} VALUES ({values}) RETURNING {returned}")
            };
            match self.seat.seed(&binding, &text).await? {
                Seeded::Row(row) => {
                    let mut row = row.into_iter();
                    let (Some(Some(oid)), Some(Some(ctid))) = (row.next(), row.next()) else {
                        return because(format!("a trigger kept a row from {}", table.plain()));
                    };
                    let holds = shown.into_iter().cloned().zip(row).collect();
                    let said = tries.into_values();
                    // What a check asked for stays, and what it lets pass together with other values.
                    let is_free = |name: &Ident| {
                        said.get(name) == first.get(name) && !check::is_checked(self.known, relation, name)
                    };
                    let free = free.into_iter().filter(is_free).collect();
                    return Ok(Row { table: oid, ctid, said, free, holds });
                }
                Seeded::Refused(answer) => {
                    let refused = format!("a row of {} was refused: {answer}", table.plain());
                    let Answer::Error { code, constraint, .. } = answer else { return because(refused) };
                    let known = self.known;
                    let candidates = |check: Option<&str>| check::candidates(known, table, relation, check);
                    let by = match code {
                        // Two columns that refer to one row may have to refer to two.
                        SqlState::CHECK_VIOLATION if !is_varied => {
                            is_varied = true;
                            reason = reason.or(Some(refused));
                            let named = check::referring(relation, constraint.as_deref());
                            for (column, value) in self.elsewhere(relation, who, named).await? {
                                tries.change(|said| drop(said.insert(column, value)));
                            }
                            continue;
                        }
                        SqlState::CHECK_VIOLATION => By::Check(constraint),
                        // What is computed from a number has no room for it.
                        SqlState::NUMERIC_VALUE_OUT_OF_RANGE if too_large.len() > 0 => {
                            let columns = too_large.next().unwrap_or_default();
                            tries.change(|said| shrink(relation, &columns, said, &mut self.random));
                            continue;
                        }
                        // A constant of a check on one column may be none of another's type.
                        code if tries.is_under_way() && code.code().starts_with("22") => By::Type,
                        SqlState::LOCK_NOT_AVAILABLE | SqlState::QUERY_CANCELED => {
                            return Err(Stop::Late(refused));
                        }
                        _ => return because(refused),
                    };
                    // What the check said is the reason, and not what the last candidate met.
                    let said = reason.get_or_insert(refused);
                    if !tries.next(&by, candidates) {
                        return because(said.clone());
                    }
                }
            }
        }
    }

    /// Makes other rows for foreign keys of one column to refer to, and says what these columns hold then.
    async fn elsewhere(
        &mut self,
        relation: &Relation,
        who: Who,
        columns: Vec<&Ident>,
    ) -> Made<Vec<(Ident, Option<String>)>> {
        let mut found = Vec::new();
        for column in columns {
            let key = relation.foreign_keys.values().find(|key| key.columns.iter().eq([column]));
            let Some(key) = key.filter(|key| !self.under_way.contains(&key.references)) else { continue };
            let holds_tenants =
                self.known.places.relations.get(&key.references).is_some_and(Place::holds_tenants);
            let whose = if holds_tenants { who } else { Who::Own };
            let parent = self.row_that_says(&key.references, whose, &Values::new()).await?;
            let referenced = key.referenced_columns.first();
            let value = referenced.and_then(|referenced| parent.holds.get(referenced)).cloned().flatten();
            found.push((column.clone(), value));
        }
        Ok(found)
    }

    /// The columns whose values are asked for: those of keys, and those that others refer to.
    fn shown(&self, table: &QualifiedName, relation: &'a Relation) -> Vec<&'a Ident> {
        let referring = self.known.catalog.relations.values().flat_map(|of| of.foreign_keys.values());
        let referred: BTreeSet<&Ident> = referring
            .filter(|key| key.references == *table)
            .flat_map(|key| &key.referenced_columns)
            .collect();
        let keys: BTreeSet<&Ident> = relation.keys.values().flat_map(|key| &key.columns).collect();
        let tenant = self.tenant_of(table, Who::Own);
        let wanted =
            |name: &Ident| referred.contains(name) || keys.contains(name) || tenant.contains_key(name);
        relation.columns.iter().map(|column| &column.name).filter(|name| wanted(name)).collect()
    }
}
