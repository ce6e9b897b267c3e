//! The proof as a library call.

use std::time::Duration;

use tokio_postgres::{Client, Config, NoTls};

use super::mutate::{Mutations, MutationsEnded, mutate};
use super::report::Proof;
use super::run::{Ended, Sessions, Terms, run};
use crate::error::{Error, Result};
use crate::policy::manifest::{Manifest, Problem};
use crate::pool::TenantPool;
use crate::seal::SealKey;

/// A proof that is still to be made: whether the role of a pool reaches rows of other tenants. See [the module](super).
///
/// | knob | default |
/// |---|---|
/// | [`seeder`](Self::seeder) | the app role makes its own rows |
/// | [`statement_timeout`](Self::statement_timeout) | 5 s |
/// | [`lock_timeout`](Self::lock_timeout) | 1 s |
/// | [`plans`](Self::plans) | plans are not looked at |
/// | [`seal`](Self::seal) | tenants are bound without a seal |
#[derive(Debug)]
pub struct Isolation<'a> {
    pool: &'a TenantPool,
    manifest: &'a Manifest,
    seeder: Option<Config>,
    terms: Terms,
}

/// Begins a proof, by what a manifest declares, with the role by which this pool logs in.
#[must_use]
pub fn isolation<'a>(pool: &'a TenantPool, manifest: &'a Manifest) -> Isolation<'a> {
    Isolation { pool, manifest, seeder: None, terms: Terms::default() }
}

impl Isolation<'_> {
    /// Who makes the rows: a superuser, or a member of the app role and of one with BYPASSRLS. The connection is made without
    /// TLS. Default: the app role makes its own, where it can.
    #[must_use]
    pub fn seeder(mut self, config: Config) -> Self {
        self.seeder = Some(config);
        self
    }

    /// How long one attempt may take. Default: 5 s; resolution: one millisecond.
    #[must_use]
    pub fn statement_timeout(mut self, limit: Duration) -> Self {
        self.terms.patience.statement = limit;
        self
    }

    /// How long one attempt waits for a lock. Default: 1 s; resolution: one millisecond.
    #[must_use]
    pub fn lock_timeout(mut self, limit: Duration) -> Self {
        self.terms.patience.lock = limit;
        self
    }

    /// Looks at plans as well: whether a tenant's statements find its rows by the tenant, and ask for it once. Default: no.
    #[must_use]
    pub fn plans(mut self) -> Self {
        self.terms.plans = true;
        self
    }

    /// The key that tenants are sealed with; it is needed where policies take no others, see [`Seal`](crate::policy::Seal). Default: none.
    #[must_use]
    pub fn seal(mut self, key: SealKey) -> Self {
        self.terms.key = Some(key);
        self
    }

    /// Weakens the schema in one place at a time, and looks whether the proof notices. The seeder has to be a superuser.
    ///
    /// It runs in transactions that are rolled back, and takes the strongest locks there are: let it run on a copy.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run); or there is no seeder, or it is no superuser.
    pub async fn mutate(&self) -> Result<Mutations> {
        let Some(config) = &self.seeder else {
            return Err(Error::config("mutations are made by a superuser; name one with seeder"));
        };
        let client = connect(config).await?;
        match mutate(self.manifest, client, None, self.terms.clone(), &|_, _, _| {}).await? {
            MutationsEnded::Done(mutations) => Ok(mutations),
            MutationsEnded::Unsettled(problems) => Err(unsettled(problems)),
        }
    }

    /// Makes the proof, in connections of its own.
    ///
    /// # Errors
    ///
    /// No connection could be opened, or one was lost; the server is a read replica; the seeder cannot act as the app role, does not
    /// reach the rows of all tenants, or is a superuser in whose session code of the app role's may run; or the manifest does not settle whose rows every table holds. That something leaks is no error.
    pub async fn run(&self) -> Result<Proof> {
        let seeders = match &self.seeder {
            Some(config) => Some([connect(config).await?, connect(config).await?]),
            None => None,
        };
        // What drives the connection is let go with it.
        let (app, _driving) = match self.pool.connect_apart().await {
            Ok((client, driving)) => (Ok(client), Some(driving)),
            Err(error) => (Err(error), None),
        };
        let (never, _driving_never) = match seeders {
            None if app.is_ok() => {
                let (client, driving) = self.pool.connect_apart().await?;
                (Some(client), Some(driving))
            }
            _ => (None, None),
        };
        let sessions = Sessions { app, never, guard: Some(Ok(())), seeders };
        match run(self.manifest, sessions, self.terms.clone(), &|_| true, &|_, _, _| {}).await? {
            Ended::Proof(proof) => Ok(proof),
            Ended::Unsettled(problems) => Err(unsettled(problems)),
        }
    }
}

fn unsettled(problems: Vec<Problem>) -> Error {
    let lines: Vec<String> = problems.into_iter().map(|problem| problem.what).collect();
    Error::config(lines.join("; "))
}

async fn connect(config: &Config) -> Result<Client> {
    let (client, connection) = config.connect(NoTls).await.map_err(Error::connect)?;
    tokio::spawn(async move {
        // Whoever waits for an answer learns that the connection is gone.
        let _ = connection.await;
    });
    Ok(client)
}
