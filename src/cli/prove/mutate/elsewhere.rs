//! A copy of a schema on a throwaway server, with the roles of the server that it is from.

use std::ffi::OsString;

use tokio_postgres::Client;

use super::transfer::{self, Variables};
use crate::cli::connect::Session;
use crate::cli::failure::{Failure, causes};
use crate::cli::server::Server;
use crate::ident::Ident;
use crate::policy::render::{Vars, render};
use crate::throwaway::{Address, Throwaway};

/// The database of the copy.
const DATABASE: &str = "tenantry_scratch";

/// A server that goes again.
pub(super) struct Elsewhere {
    server: Throwaway,
    app: Address,
}

impl Elsewhere {
    /// Starts the server that is wanted, and copies roles and schema of the database that the session is in.
    pub(super) async fn copy(session: &Session, wanted: &Server, app: &Ident) -> Result<Self, Failure> {
        let server = Throwaway::start(wanted.wanted()).await;
        let server = server.map_err(|trouble| Failure::database(trouble.to_string()))?;
        match fill(session, server.address(), app).await {
            Ok(app) => Ok(Self { server, app }),
            Err(failure) => {
                server.end().await;
                Err(failure)
            }
        }
    }

    /// A session of its superuser.
    pub(super) async fn connect(&self) -> Result<Client, Failure> {
        let opened = self.server.address().connect(DATABASE).await;
        opened.map(|(client, _)| client).map_err(|error| told("a session in the copy of the schema", &error))
    }

    /// A session of the app role's.
    pub(super) async fn login(&self) -> Result<Client, tokio_postgres::Error> {
        Ok(self.app.connect(DATABASE).await?.0)
    }

    pub(super) async fn end(self) {
        self.server.end().await;
    }
}

async fn fill(session: &Session, address: &Address, app: &Ident) -> Result<Address, Failure> {
    let failed = |error| told("the copy of the schema", &error);
    let (home, _) = address.connect(&address.home).await.map_err(failed)?;
    let database = Ident::known(DATABASE);
    let vars = Vars::default().name("database", &database);
    let sql = render(include_str!("../../../../sql/lint/database.sql"), &vars)?;
    home.batch_execute(&sql).await.map_err(failed)?;
    transfer::roles(session.way(), variables(address)).await?;
    let login = address.login(app.as_str(), &address.password);
    let vars = Vars::default().name("role", app).text("password", login.password.as_str());
    let sql = render(include_str!("../../../../sql/cli/scratch_login.sql"), &vars)?;
    home.batch_execute(&sql).await.map_err(failed)?;
    transfer::schema(session.way(), variables(address)).await?;
    Ok(login)
}

/// The superuser's login for programs of PostgreSQL's.
fn variables(address: &Address) -> Variables {
    let pairs: [(&'static str, OsString); 5] = [
        ("PGHOST", address.host.clone().into()),
        ("PGPORT", address.port.to_string().into()),
        ("PGUSER", address.user.clone().into()),
        ("PGPASSWORD", address.password.clone().into()),
        ("PGDATABASE", DATABASE.into()),
    ];
    pairs.into()
}

fn told(what: &str, error: &tokio_postgres::Error) -> Failure {
    Failure { causes: causes(error), ..Failure::database(format!("{what} failed")) }
}
