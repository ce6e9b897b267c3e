//! Relations, their columns and how they hang together.

use std::collections::BTreeMap;

use futures_util::future::try_join4;
use tokio_postgres::Transaction;

use super::super::{
    Column, Generated, Identity, PartitionOf, Persistence, Relation, RelationKind, SequenceInfo, View,
};
use super::building::Building;
use super::read::{Line, Oid, Query, rows};
use crate::error::Result;
use crate::ident::QualifiedName;

const RELATIONS: Query =
    Query { what: "the relations", sql: include_str!("../../../sql/catalog/relation.sql") };
const COLUMNS: Query = Query { what: "the columns", sql: include_str!("../../../sql/catalog/column.sql") };
const PARENTS: Query =
    Query { what: "partitions and heirs", sql: include_str!("../../../sql/catalog/parent.sql") };
const SEQUENCES: Query =
    Query { what: "the columns of sequences", sql: include_str!("../../../sql/catalog/sequence.sql") };

pub(super) struct Relations {
    pub(super) relations: Vec<(Oid, QualifiedName, Relation)>,
    pub(super) parts: Parts,
}

pub(super) struct Parts {
    columns: Vec<(Oid, Column)>,
    parents: Vec<(Oid, Parent)>,
    sequences: Vec<(Oid, SequenceInfo)>,
}

enum Parent {
    Partitioned(PartitionOf),
    Inherited(QualifiedName),
}

pub(super) async fn read(transaction: &Transaction<'_>) -> Result<Relations> {
    let (relations, columns, parents, sequences) = try_join4(
        rows(transaction, RELATIONS, relation),
        rows(transaction, COLUMNS, column),
        rows(transaction, PARENTS, parent),
        rows(transaction, SEQUENCES, sequence),
    )
    .await?;
    Ok(Relations { relations, parts: Parts { columns, parents, sequences } })
}

impl Parts {
    pub(super) fn add_to(self, building: &mut Building) {
        for (oid, column) in self.columns {
            if let Some(relation) = building.relation(oid) {
                relation.columns.push(column);
            }
        }
        building.relations().for_each(|relation| relation.columns.shrink_to_fit());
        for (oid, parent) in self.parents {
            let Some(relation) = building.relation(oid) else { continue };
            match parent {
                Parent::Partitioned(of) => relation.partition_of = Some(of),
                Parent::Inherited(name) => relation.inherits.push(name),
            }
        }
        for (oid, sequence) in self.sequences {
            if let Some(relation) = building.relation(oid) {
                relation.sequence = Some(sequence);
            }
        }
    }
}

fn relation(row: &Line) -> Result<(Oid, QualifiedName, Relation)> {
    let kind = match row.letter("relkind")? {
        'r' => RelationKind::Table,
        'p' => RelationKind::PartitionedTable,
        'v' => RelationKind::View,
        'm' => RelationKind::MaterializedView,
        'f' => RelationKind::ForeignTable,
        'S' => RelationKind::Sequence,
        other => return Err(row.unknown("relkind", other)),
    };
    let mut relation = Relation::new(kind, row.ident("owner")?);
    if row.get("unlogged")? {
        relation.persistence = Persistence::Unlogged;
    }
    relation.row_security = row.get("relrowsecurity")?;
    relation.force_row_security = row.get("relforcerowsecurity")?;
    relation.options = settings(row, "reloptions")?;
    relation.partition_key = row.get("partition_key")?;
    relation.extension = row.ident_if_any("extname")?;
    match kind {
        RelationKind::View | RelationKind::MaterializedView => relation.view = Some(View::default()),
        RelationKind::Sequence => relation.sequence = Some(SequenceInfo::default()),
        _ => {}
    }
    Ok((row.get("oid")?, row.qualified("nspname", "relname")?, relation))
}

/// An array of `name=value`.
pub(super) fn settings(row: &Line, column: &str) -> Result<BTreeMap<String, String>> {
    let written: Option<Vec<&str>> = row.get(column)?;
    let pair = |setting: &str| {
        let (name, value) = setting.split_once('=').unwrap_or((setting, ""));
        (name.to_lowercase(), value.to_owned())
    };
    Ok(written.unwrap_or_default().into_iter().map(pair).collect())
}

fn column(row: &Line) -> Result<(Oid, Column)> {
    let expression = row.expr("expression")?;
    let stored = match row.letter("attgenerated")? {
        '\0' => None,
        's' => Some(true),
        'v' => Some(false),
        other => return Err(row.unknown("attgenerated", other)),
    };
    let (default, generated) = match (stored, expression) {
        (Some(stored), Some(expression)) => (None, Some(Generated { expression, stored })),
        (_, default) => (default, None),
    };
    let identity = match row.letter("attidentity")? {
        '\0' => None,
        'a' => Some(Identity::Always),
        'd' => Some(Identity::ByDefault),
        other => return Err(row.unknown("attidentity", other)),
    };
    let column = Column {
        name: row.ident("attname")?,
        data_type: row.text("type")?,
        not_null: row.get("attnotnull")?,
        not_null_unvalidated: None,
        default,
        generated,
        identity,
        inherited: row.get("inherited")?,
    };
    Ok((row.get("relation")?, column))
}

fn parent(row: &Line) -> Result<(Oid, Parent)> {
    let parent = row.qualified("parent_schema", "parent_name")?;
    let parent = if row.get("relispartition")? {
        Parent::Partitioned(PartitionOf { parent, bound: row.text("bound")? })
    } else {
        Parent::Inherited(parent)
    };
    Ok((row.get("relation")?, parent))
}

fn sequence(row: &Line) -> Result<(Oid, SequenceInfo)> {
    let owned_by = Some((row.qualified("table_schema", "table_name")?, row.ident("attname")?));
    Ok((row.get("relation")?, SequenceInfo { owned_by, identity: row.get("identity")? }))
}
