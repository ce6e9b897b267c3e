//! Partitions by tenant, which policies do not prune before a statement runs.

use sqlparser::tokenizer::Token;

use crate::catalog::{Catalog, Partitioned, Relation, tokens};
use crate::ident::{Ident, QualifiedName};

/// From so many partitions on a statement takes more locks than `max_locks_per_transaction` reckons with by default: 64, one for
/// each partition and one for an index of each.
const MANY: usize = 32;

/// How many partitions each statement locks that does not name the tenant itself, where they are many.
///
/// A policy's tenant is known when the statement runs. By then it has been planned, and all partitions that it could need are
/// locked.
pub(crate) fn locked(
    catalog: &Catalog,
    partitioned: &Partitioned<'_>,
    name: &QualifiedName,
    tenant: &Ident,
) -> Option<usize> {
    let mut count = 0;
    let mut left = vec![name];
    while let Some(table) = left.pop() {
        let Some(relation) = catalog.relations.get(table) else { continue };
        if by_tenant(relation, tenant) {
            count += partitioned.below(table).len();
        } else {
            left.extend(partitioned.of(table));
        }
    }
    (count >= MANY).then_some(count)
}

fn by_tenant(relation: &Relation, tenant: &Ident) -> bool {
    let key = relation.partition_key.as_deref().and_then(tokens).unwrap_or_default();
    key.into_iter().any(|(token, _)| match token {
        Token::Word(word) if word.quote_style.is_some() => word.value == tenant.as_str(),
        Token::Word(word) => word.value.to_lowercase() == tenant.as_str(),
        _ => false,
    })
}
