//! The server's version, schemas, extensions and publications.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{self, try_join3};
use tokio_postgres::Transaction;

use super::super::{Extension, Publication, Schema};
use super::read::{Oid, Query, rows};
use crate::error::Result;
use crate::ident::Ident;

const SETUP: Query =
    Query { what: "the server's version", sql: include_str!("../../../sql/catalog/setup.sql") };
const SCHEMAS: Query = Query { what: "the schemas", sql: include_str!("../../../sql/catalog/schema.sql") };
const EXTENSIONS: Query =
    Query { what: "the extensions", sql: include_str!("../../../sql/catalog/extension.sql") };
const PUBLICATIONS: Query =
    Query { what: "the publications", sql: include_str!("../../../sql/catalog/publication.sql") };
const TABLES: Query = Query {
    what: "the tables of publications",
    sql: include_str!("../../../sql/catalog/publication_table.sql"),
};
const PUBLISHED_SCHEMAS: Query = Query {
    what: "the schemas of publications",
    sql: include_str!("../../../sql/catalog/publication_schema.sql"),
};

/// Sets up the transaction and tells the server's version.
pub(super) async fn version(transaction: &Transaction<'_>) -> Result<u32> {
    let version = rows(transaction, SETUP, |row| {
        let version: &str = row.get("version")?;
        version.parse().map_err(|_| row.unknown("server_version_num", version))
    });
    Ok(version.await?.into_iter().next().unwrap_or_default())
}

pub(super) async fn schemas(transaction: &Transaction<'_>) -> Result<Vec<(Oid, Ident, Schema)>> {
    let schemas = rows(transaction, SCHEMAS, |row| {
        let schema = Schema {
            owner: row.ident("owner")?,
            grants: BTreeSet::new(),
            extension: row.ident_if_any("extname")?,
        };
        Ok((row.get("oid")?, row.ident("nspname")?, schema))
    });
    schemas.await
}

pub(super) async fn extensions(transaction: &Transaction<'_>) -> Result<BTreeMap<Ident, Extension>> {
    let extensions = rows(transaction, EXTENSIONS, |row| {
        Ok((row.ident("extname")?, Extension { schema: row.ident("nspname")? }))
    });
    Ok(extensions.await?.into_iter().collect())
}

pub(super) async fn publications(
    transaction: &Transaction<'_>,
    version: u32,
) -> Result<BTreeMap<Ident, Publication>> {
    let publications = rows(transaction, PUBLICATIONS, |row| {
        Ok((row.get::<Oid>("oid")?, row.ident("pubname")?, row.get("puballtables")?))
    });
    let tables = rows(transaction, TABLES, |row| {
        let table = row.qualified("nspname", "relname")?;
        Ok((row.get::<Oid>("publication")?, table, row.expr("filter")?))
    });
    let schemas = async {
        // Publications of schemas came with PostgreSQL 15.
        if version < 150_000 {
            return future::ready(Ok(Vec::new())).await;
        }
        rows(transaction, PUBLISHED_SCHEMAS, |row| {
            Ok((row.get::<Oid>("publication")?, row.ident("nspname")?))
        })
        .await
    };
    let (publications, tables, schemas) = try_join3(publications, tables, schemas).await?;
    let mut found: BTreeMap<Oid, (Ident, Publication)> = BTreeMap::new();
    for (oid, name, all_tables) in publications {
        let publication = Publication { all_tables, tables: BTreeMap::new(), schemas: BTreeSet::new() };
        found.insert(oid, (name, publication));
    }
    for (oid, table, filter) in tables {
        if let Some((_, publication)) = found.get_mut(&oid) {
            publication.tables.insert(table, filter);
        }
    }
    for (oid, schema) in schemas {
        if let Some((_, publication)) = found.get_mut(&oid) {
            publication.schemas.insert(schema);
        }
    }
    Ok(found.into_values().collect())
}
