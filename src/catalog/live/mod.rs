//! Reads a schema from a server.
//!
//! Everything comes from one snapshot, by queries that are sent together. Each file here reads one part of the model
//! and knows the queries for it; `read` knows how, and `building` puts the parts together.

mod building;
mod constraints;
mod indexes;
mod read;
mod relations;
mod routines;
mod security;
mod server;
mod types;

use futures_util::future::{try_join, try_join3, try_join5};
use tokio_postgres::{Client, IsolationLevel};

use self::building::Building;
use super::Catalog;
use crate::error::{Error, Result, Step};

/// Reads the schema of the database that the client is connected to.
///
/// It takes one transaction, which reads only and sees one moment. A role needs no more than every role has unless it
/// was taken away: to read the tables of `pg_catalog`.
///
/// The server writes expressions with the names of the present, rather than of that moment. While another session
/// changes the schema, what is read can therefore be of both, or an error.
///
/// # Errors
///
/// The connection was lost; or the role may not read a part, and the error names it and what is missing.
///
/// ```no_run
/// use tenantry::catalog::live;
///
/// # async fn example(client: &mut tokio_postgres::Client) -> tenantry::Result<()> {
/// let catalog = live::load(client).await?;
/// for (name, relation) in &catalog.relations {
///     println!("{name}: {} policies", relation.policies.len());
/// }
/// # Ok(())
/// # }
/// ```
pub async fn load(client: &mut Client) -> Result<Catalog> {
    let begin = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
    let transaction = begin.start().await.map_err(|source| Error::server(Step::Begin, source))?;
    let version = server::version(&transaction).await?;
    // They are sent in this order, each before the first is answered.
    let parts = Box::pin(try_join3(
        try_join5(
            relations::read(&transaction),
            constraints::read(&transaction),
            indexes::read(&transaction),
            routines::functions(&transaction),
            routines::on_relations(&transaction),
        ),
        try_join5(
            security::on_objects(&transaction),
            security::roles(&transaction),
            server::schemas(&transaction),
            server::extensions(&transaction),
            server::publications(&transaction, version),
        ),
        try_join(types::read(&transaction), security::server_grants(&transaction, version)),
    ));
    let (
        (relations, constraints, indexes, functions, on_relations),
        (on_objects, roles, schemas, extensions, publications),
        (types, server_grants),
    ) = parts.await?;
    transaction.commit().await.map_err(|source| Error::server(Step::Commit, source))?;

    let mut building = Building::new(schemas, relations.relations, functions, types);
    relations.parts.add_to(&mut building);
    constraints.add_to(&mut building);
    indexes.add_to(&mut building);
    on_relations.add_to(&mut building);
    on_objects.add_to(&mut building);
    let mut catalog = building.finish();
    catalog.server_version = Some(version);
    catalog.server_grants = server_grants;
    catalog.extensions = extensions;
    catalog.publications = publications;
    roles.add_to(&mut catalog);
    Ok(catalog)
}
