//! The model itself: plain data under PostgreSQL's names, without a server and without files.
//!
//! Everything is ordered and named rather than numbered, so that two models of one schema are equal.

mod constraint;
mod data_type;
mod expr;
mod index;
mod interval;
mod normal;
mod object;
mod relation;
mod routine;
mod security;
mod tokens;
mod user_type;
mod visit;

use std::collections::{BTreeMap, BTreeSet};

use crate::ident::{Ident, QualifiedName};

pub use constraint::{
    CheckConstraint, ExclusionConstraint, ForeignKey, KeyConstraint, MatchType, ReferentialAction,
};
pub use data_type::canonical as canonical_type;
pub use expr::Expr;
pub(crate) use expr::{parse, parser};
pub use index::{Index, IndexColumn, IndexKey};
pub(crate) use normal::{call, names_columns};
pub use object::{Object, Part};
pub use relation::{
    Column, Generated, Identity, PartitionOf, Persistence, Relation, RelationKind, SequenceInfo, View,
};
pub use routine::{
    Argument, Function, FunctionKind, Parallel, Rule, Signature, Trigger, TriggerEvent, TriggerTiming,
    Volatility,
};
pub use security::{
    Command, DefaultPrivileges, Grant, Grantee, Membership, ObjectKind, Policy, Privilege, Role, ServerGrant,
    ServerRight, Setting,
};
pub(crate) use security::{DML, SERVER_FUNCTIONS};

pub(crate) use tokens::tokens;
pub use user_type::{TypeKind, UserType};
pub(crate) use visit::{change_exprs, has_expr, has_relation, visit, visit_mut};

/// A database as its catalogs describe it, without the objects of the system's own schemas.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalog {
    /// `server_version_num`, such as 150018. `None` in a model that was read from files.
    pub server_version: Option<u32>,
    /// The database itself. `None` in a model that was read from files.
    pub database: Option<Database>,
    /// Every schema but `pg_catalog`, `information_schema`, and those of TOAST and temporary tables.
    pub schemas: BTreeMap<Ident, Schema>,
    /// Relations of every kind, sequences among them; indexes stand with their tables.
    pub relations: BTreeMap<QualifiedName, Relation>,
    /// Functions, procedures and aggregates.
    pub functions: BTreeMap<Signature, Function>,
    /// The types that somebody made.
    pub types: BTreeMap<QualifiedName, UserType>,
    /// The roles of the cluster but its predefined ones (`pg_…`). Empty where files do not make any.
    pub roles: BTreeMap<Ident, Role>,
    /// Who is a member of whom.
    pub memberships: BTreeSet<Membership>,
    /// What objects that are still to be made will grant.
    pub default_privileges: BTreeSet<DefaultPrivileges>,
    /// What `ALTER ROLE … SET` and `ALTER DATABASE … SET` have left.
    pub settings: BTreeSet<Setting>,
    /// Rights that reach past tables, given to others than superusers.
    pub server_grants: BTreeSet<ServerGrant>,
    /// The installed extensions.
    pub extensions: BTreeMap<Ident, Extension>,
    /// The publications of logical replication.
    pub publications: BTreeMap<Ident, Publication>,
}

/// A database, apart from what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// What it is called.
    pub name: Ident,
    /// The role that owns it, and is by that a member of `pg_database_owner`.
    pub owner: Ident,
    /// What others than its owner may do. PUBLIC may connect to a new one, and make temporary tables in it.
    pub grants: BTreeSet<Grant>,
}

/// A schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// The role that owns it.
    pub owner: Ident,
    /// What others than its owner may do.
    pub grants: BTreeSet<Grant>,
    /// The extension that it belongs to.
    pub extension: Option<Ident>,
}

/// An extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// The schema of its objects.
    pub schema: Ident,
}

/// A publication of logical replication.
#[derive(Clone, Debug, PartialEq)]
pub struct Publication {
    /// Whether it publishes every table, `FOR ALL TABLES`.
    pub all_tables: bool,
    /// The tables that it names, each with its row filter.
    pub tables: BTreeMap<QualifiedName, Option<Expr>>,
    /// The schemas whose tables it publishes.
    pub schemas: BTreeSet<Ident>,
}

impl Catalog {
    /// The partitions of a table, at every level, those of the first level first.
    #[must_use]
    pub fn partitions(&self, table: &QualifiedName) -> Vec<&QualifiedName> {
        let partitioned = |relation: &Relation| relation.kind == RelationKind::PartitionedTable;
        if self.relations.get(table).is_some_and(partitioned) {
            self.partitioned().below(table)
        } else {
            Vec::new()
        }
    }

    /// The partitions of all tables, for whoever asks for those of many.
    pub(crate) fn partitioned(&self) -> Partitioned<'_> {
        let mut tables: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (name, relation) in &self.relations {
            if let Some(of) = &relation.partition_of {
                tables.entry(&of.parent).or_default().push(name);
            }
        }
        Partitioned(tables)
    }

    /// The foreign keys of all tables, each with its table. Those of partitions are left out where they are their table's.
    pub fn foreign_keys(&self) -> impl Iterator<Item = (&QualifiedName, &Ident, &ForeignKey)> {
        self.relations.iter().flat_map(|(table, relation)| {
            let own = relation.foreign_keys.iter().filter(|(_, key)| !key.inherited);
            own.map(move |(name, key)| (table, name, &**key))
        })
    }
}

/// Tables, each with its own partitions.
#[derive(Debug)]
pub(crate) struct Partitioned<'a>(BTreeMap<&'a QualifiedName, Vec<&'a QualifiedName>>);

impl<'a> Partitioned<'a> {
    /// The partitions of a table, directly.
    pub(crate) fn of(&self, table: &QualifiedName) -> &[&'a QualifiedName] {
        self.0.get(table).map_or(&[], Vec::as_slice)
    }

    /// The partitions of a table and theirs in turn.
    pub(crate) fn below(&self, table: &QualifiedName) -> Vec<&'a QualifiedName> {
        let mut found = self.of(table).to_vec();
        let mut at = 0;
        while let Some(next) = found.get(at) {
            found.extend(self.of(next));
            at += 1;
        }
        found
    }
}
