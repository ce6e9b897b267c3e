//! Takes a migration for applied that a database has by another way, such as an adoption.

use tokio_postgres::{Client, Error as PgError};

use super::ledger::Ledger;
use super::login::Login;
use super::migration::Migration;
use super::migrator::Migrator;
use super::path::UsualPath;
use super::prepare;
use super::run;
use super::turn;
use crate::error::{Error, Result};

impl Migrator {
    /// Adds a migration to the ledger without running it, by the name of its file with or without `.sql`: the database has what
    /// it makes already, as after an online adoption. Returns whether it was not there before.
    ///
    /// Nothing looks whether the database has it.
    ///
    /// # Errors
    ///
    /// There is no such migration, or one before it has not been applied; those of [`Migrator::pending`]; somebody else changes
    /// the schema for longer than [`Migrator::wait`].
    pub async fn mark_applied<C, F>(&self, name: &str, connect: C) -> Result<bool>
    where
        C: Fn() -> F,
        F: Future<Output = Result<Client, PgError>>,
    {
        let mut client = connect().await.map_err(Error::connect)?;
        let usual = UsualPath::leave(&client).await?;
        let what = format!("tenantry migrate {}", Ledger::read(&client, &usual, self).await?.table());
        turn::take(&client, &what, self.options.wait, |_| {}).await?;
        let marked = self.mark(&mut client, &usual, name).await;
        turn::end(&client, &what).await;
        marked
    }

    async fn mark(&self, client: &mut Client, usual: &UsualPath, name: &str) -> Result<bool> {
        // What somebody else has done by now counts.
        let ledger = Ledger::read(client, usual, self).await?;
        let Some(migration) = self.find(name) else {
            return Err(Error::config(format!(
                "there is no migration {name:?} among the files; name one of them, such as V7__invoice"
            )));
        };
        let pending = ledger.pending(&self.migrations)?;
        if !pending.iter().any(|of| of.version() == migration.version()) {
            return Ok(false);
        }
        if let Some(before) = pending.first().filter(|of| of.version() < migration.version()) {
            return Err(Error::config(format!(
                "{} has not been applied, and comes before {}; apply it first, or take it for applied too",
                before.name(),
                migration.name()
            )));
        }
        let failed = |source| Error::script("asking for the server's version", source);
        let row =
            client.query_typed_one(include_str!("../../sql/pool/version.sql"), &[]).await.map_err(failed)?;
        let version: i32 = row.try_get(0).map_err(failed)?;
        let version = u32::try_from(version).unwrap_or_default();
        let login = Login::read(client, &self.manifest.roles, version).await?;
        let mut sent = prepare::ledger(&ledger, &login, &self.manifest.roles)?;
        sent.push(("adding to the ledger", ledger.add(migration)?));
        run::make(client, sent).await?;
        Ok(true)
    }

    fn find(&self, name: &str) -> Option<&Migration> {
        let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
        let name = name.strip_suffix(".sql").unwrap_or(name);
        self.migrations.iter().find(|migration| migration.name() == name)
    }
}
