//! Indexes.

use std::collections::HashMap;

use futures_util::future::try_join;
use tokio_postgres::Transaction;

use super::super::{Index, IndexColumn, IndexKey};
use super::building::Building;
use super::read::{Line, Oid, Query, rows};
use crate::error::Result;
use crate::ident::Ident;

const INDEXES: Query = Query { what: "the indexes", sql: include_str!("../../../sql/catalog/index.sql") };
const KEYS: Query =
    Query { what: "the keys of indexes", sql: include_str!("../../../sql/catalog/index_key.sql") };

pub(super) struct Indexes {
    /// Each under its own number, with its table's.
    indexes: HashMap<Oid, (Oid, Ident, Index)>,
}

enum Part {
    Key(IndexKey),
    Include(Ident),
}

pub(super) async fn read(transaction: &Transaction<'_>) -> Result<Indexes> {
    let (found, parts) = try_join(rows(transaction, INDEXES, index), rows(transaction, KEYS, part)).await?;
    let mut indexes: HashMap<Oid, (Oid, Ident, Index)> = found.into_iter().collect();
    for (oid, part) in parts {
        let Some((_, _, index)) = indexes.get_mut(&oid) else { continue };
        match part {
            Part::Key(key) => index.keys.push(key),
            Part::Include(column) => index.include.push(column),
        }
    }
    Ok(Indexes { indexes })
}

impl Indexes {
    pub(super) fn add_to(self, building: &mut Building) {
        for (table, name, index) in self.indexes.into_values() {
            if let Some(relation) = building.relation(table) {
                relation.indexes.insert(name, Box::new(index));
            }
        }
    }
}

fn index(row: &Line) -> Result<(Oid, (Oid, Ident, Index))> {
    let index = Index {
        method: row.text("amname")?,
        keys: Vec::new(),
        include: Vec::new(),
        unique: row.get("indisunique")?,
        without_overlaps: row.get("without_overlaps")?,
        nulls_not_distinct: row.get("nulls_not_distinct")?,
        immediate: row.get("indimmediate")?,
        valid: row.get("indisvalid")?,
        predicate: row.expr("predicate")?,
        inherited: row.get("inherited")?,
    };
    Ok((row.get("index")?, (row.get("relation")?, row.ident("relname")?, index)))
}

fn part(row: &Line) -> Result<(Oid, Part)> {
    let part = if row.get("include")? {
        Part::Include(row.ident("attname")?)
    } else {
        let column = match row.expr("expression")? {
            Some(expression) => IndexColumn::Expr(expression),
            None => IndexColumn::Column(row.ident("attname")?),
        };
        Part::Key(IndexKey { column, opclass: row.get("opclass")?, leakproof: row.get("leakproof")? })
    };
    Ok((row.get("index")?, part))
}
