//! The database that files are run in: one of a throwaway server, or an empty one that somebody has made for it.

use tokio_postgres::Client;

use crate::catalog::{Catalog, live};
use crate::cli::args::Global;
use crate::cli::connect::{Session, Way};
use crate::cli::failure::{Failure, causes};
use crate::cli::output::Terminal;
use crate::cli::server::Server;
use crate::ident::Ident;
use crate::policy::render::{Vars, render};

/// A database, and the session of its superuser.
pub(super) struct Place {
    door: Door,
    pub(super) admin: Client,
    /// Who the superuser is.
    pub(super) role: Ident,
    /// The server's version, such as 18.1.
    pub(super) version: String,
    /// What is there before the files are run.
    pub(super) before: Catalog,
}

/// The way into it.
enum Door {
    #[cfg(unix)]
    Throwaway {
        server: crate::throwaway::Throwaway,
        database: Ident,
    },
    There(Way),
}

impl Place {
    /// Starts the server that is wanted, with a database of this name in it, or opens the one that is there.
    pub(super) async fn open(
        server: &Server,
        database: Ident,
        global: &Global,
        terminal: Terminal,
    ) -> Result<Self, Failure> {
        let (door, admin) = match server {
            Server::Url(url) => {
                let (client, way) =
                    Session::open(&global.server.at(url, "--server"), terminal).await?.into_client();
                (Door::There(way), client)
            }
            throwaway => start(throwaway, database).await?,
        };
        match Self::read(admin).await {
            Ok((admin, role, version, before)) => {
                let place = Self { door, admin, role, version, before };
                if let Some(why) = place.unfit(server) {
                    return Err(why);
                }
                Ok(place)
            }
            Err(failure) => {
                door.close().await;
                Err(failure)
            }
        }
    }

    async fn read(mut admin: Client) -> Result<(Client, Ident, String, Catalog), Failure> {
        let row = admin.query_one(include_str!("../../../sql/lint/login.sql"), &[]).await;
        let failed = |error| told("the server does not say who this is", &error);
        let row = row.map_err(failed)?;
        let role = Ident::new(row.try_get::<_, String>("role").map_err(failed)?)?;
        let version = row.try_get("version").map_err(failed)?;
        let before = Box::pin(live::load(&mut admin)).await?;
        Ok((admin, role, version, before))
    }

    /// Why files are not to be run here.
    fn unfit(&self, server: &Server) -> Option<Failure> {
        let Server::Url(_) = server else { return None };
        let before = &self.before;
        let database = before.database.as_ref().map_or_else(String::new, |database| database.name.plain());
        let relations = before.relations.iter().filter(|(_, of)| of.extension.is_none());
        let functions = before.functions.iter().filter(|(_, of)| of.extension.is_none());
        let types = before.types.iter().filter(|(_, of)| of.extension.is_none());
        let schemas = before.schemas.iter().filter(|(name, of)| {
            of.extension.is_none() && name.as_str() != "public" && !is_of_extension(before, name)
        });
        let first = relations
            .map(|(name, _)| format!("relation {}", name.plain()))
            .chain(functions.map(|(signature, _)| format!("function {}", signature.name.plain())))
            .chain(types.map(|(name, _)| format!("type {}", name.plain())))
            .chain(schemas.map(|(name, _)| format!("schema {}", name.plain())))
            .next();
        if let Some(first) = first {
            let line = format!("database {database} is not empty: it has {first}");
            let help = "lint --server runs the files and leaves what they make; name a database that was made for this and is \
                thrown away afterwards, or no URL, for a throwaway server";
            return Some(Failure::usage(line).help(help));
        }
        if !before.roles.get(&self.role).is_some_and(|role| role.superuser) {
            let line = format!("role {} is no superuser", self.role.plain());
            return Some(Failure::usage(line).help(
                "lint --server makes roles and runs the files as a role of the manifest's; name the superuser of a \
                 server that is thrown away afterwards",
            ));
        }
        None
    }

    /// Opens another session of the superuser.
    pub(super) async fn session(&self) -> Result<Client, Failure> {
        let opened = match &self.door {
            #[cfg(unix)]
            Door::Throwaway { server, database } => {
                server.address().connect(database.as_str()).await.map(|(client, _)| client)
            }
            Door::There(way) => way.open().await,
        };
        opened.map_err(|error| told("no further connection to the server", &error))
    }

    /// What is there now.
    pub(super) async fn now(&mut self) -> Result<Catalog, Failure> {
        Ok(Box::pin(live::load(&mut self.admin)).await?)
    }

    /// Runs a statement of ours as the superuser.
    pub(super) async fn run(&self, what: &str, sql: &str) -> Result<(), Failure> {
        self.admin.batch_execute(sql).await.map_err(|error| told(what, &error))
    }

    /// Stops the server and removes what it wrote, if it is a throwaway one.
    pub(super) async fn close(self) {
        drop(self.admin);
        self.door.close().await;
    }
}

impl Door {
    async fn close(self) {
        match self {
            #[cfg(unix)]
            Self::Throwaway { server, .. } => server.end().await,
            Self::There(_) => {}
        }
    }
}

fn is_of_extension(catalog: &Catalog, schema: &Ident) -> bool {
    catalog.extensions.values().any(|extension| extension.schema == *schema)
}

pub(super) fn told(what: impl Into<String>, error: &tokio_postgres::Error) -> Failure {
    Failure { causes: causes(error), ..Failure::database(what) }
}

#[cfg(unix)]
async fn start(server: &Server, database: Ident) -> Result<(Door, Client), Failure> {
    use crate::throwaway::Throwaway;

    let server =
        Throwaway::start(server.wanted()).await.map_err(|trouble| Failure::database(trouble.to_string()))?;
    let made = async {
        let address = server.address();
        let (home, _) = address.connect(&address.home).await?;
        let sql = render(
            include_str!("../../../sql/lint/database.sql"),
            &Vars::default().name("database", &database),
        );
        if database.as_str() != address.home {
            home.batch_execute(&sql.unwrap_or_default()).await?;
        }
        Ok::<_, tokio_postgres::Error>(address.connect(database.as_str()).await?.0)
    };
    match made.await {
        Ok(client) => Ok((Door::Throwaway { server, database }, client)),
        Err(error) => {
            server.end().await;
            Err(told("the throwaway server makes no database", &error))
        }
    }
}

#[cfg(not(unix))]
async fn start(_: &Server, _: Ident) -> Result<(Door, Client), Failure> {
    Err(Failure::usage("throwaway servers are started on Unix only")
        .help("name an empty database: --server=URL"))
}
