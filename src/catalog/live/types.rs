//! Types that somebody made.

use std::collections::BTreeSet;

use tokio_postgres::Transaction;

use super::super::{TypeKind, UserType};
use super::read::{Oid, Query, rows};
use crate::error::Result;
use crate::ident::QualifiedName;

const TYPES: Query = Query { what: "the types", sql: include_str!("../../../sql/catalog/type.sql") };

pub(super) async fn read(transaction: &Transaction<'_>) -> Result<Vec<(Oid, QualifiedName, UserType)>> {
    let types = rows(transaction, TYPES, |row| {
        let kind = match row.letter("typtype")? {
            // One of which only the name is known is a pseudo-type.
            'b' | 'p' => TypeKind::Base,
            'c' => TypeKind::Composite,
            'd' => TypeKind::Domain,
            'e' => TypeKind::Enum,
            'r' => TypeKind::Range,
            'm' => TypeKind::Multirange,
            other => return Err(row.unknown("typtype", other)),
        };
        let (owner, extension) = (row.ident("owner")?, row.ident_if_any("extname")?);
        let found = UserType { kind, owner, grants: BTreeSet::new(), extension };
        Ok((row.get("oid")?, row.qualified("nspname", "typname")?, found))
    });
    types.await
}
