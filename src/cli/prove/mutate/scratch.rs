//! A copy of a schema, in a database of its own on the same server.

use std::hash::{BuildHasher, RandomState};

use tokio_postgres::Client;

use super::transfer;
use crate::cli::connect::{Session, Way};
use crate::cli::failure::{Failure, causes};
use crate::ident::Ident;
use crate::policy::render::{Vars, render};

/// A database that goes again.
pub(super) struct Scratch {
    name: Ident,
    way: Way,
}

impl Scratch {
    /// Copies the schema of the database that the session is in, without its rows. Copies that an earlier run could not drop
    /// go first.
    pub(super) async fn copy(session: &Session) -> Result<Self, Failure> {
        let client = &session.client;
        let failed = |error| refused("the copy of the schema", &error);
        let row =
            client.query_one(include_str!("../../../../sql/cli/scratch.sql"), &[]).await.map_err(failed)?;
        let left: Vec<String> = row.try_get("left_over").map_err(failed)?;
        for name in left {
            drop_database(client, &Ident::new(name)?).await?;
        }
        let number = RandomState::new().hash_one(std::process::id());
        let name = Ident::new(format!("tenantry_scratch_{number:016x}"))?;
        let text = |column: &str| row.try_get::<_, String>(column).map_err(failed);
        let (encoding, collate, ctype) = (text("encoding")?, text("collate")?, text("ctype")?);
        let vars = Vars::default()
            .name("name", &name)
            .text("encoding", encoding)
            .text("collate", collate)
            .text("ctype", ctype);
        let sql = render(include_str!("../../../../sql/cli/scratch_create.sql"), &vars)?;
        client.batch_execute(&sql).await.map_err(failed)?;
        let scratch = Self { way: session.way().to_database(name.as_str()), name };
        match transfer::schema(session.way(), scratch.way.environment()).await {
            Ok(()) => Ok(scratch),
            Err(failure) => {
                scratch.drop(session).await?;
                Err(failure)
            }
        }
    }

    /// The way into it by another login.
    pub(super) fn way_of(&self, way: &Way) -> Way {
        way.to_database(self.name.as_str())
    }

    pub(super) async fn connect(&self) -> Result<Client, Failure> {
        self.way.open().await.map_err(|error| refused("a session in the copy of the schema", &error))
    }

    pub(super) async fn drop(self, session: &Session) -> Result<(), Failure> {
        drop_database(&session.client, &self.name).await
    }
}

async fn drop_database(client: &Client, name: &Ident) -> Result<(), Failure> {
    let sql =
        render(include_str!("../../../../sql/cli/scratch_drop.sql"), &Vars::default().name("name", name))?;
    client.batch_execute(&sql).await.map_err(|error| refused("the end of the copy of the schema", &error))
}

fn refused(what: &str, error: &tokio_postgres::Error) -> Failure {
    Failure { causes: causes(error), ..Failure::database(format!("{what} failed")) }
}
