//! The session that adopts.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_postgres::Client;

use super::event::{Event, Observer};
use super::record::{self, Record};
use super::settings::Settings;
use super::sql;
use crate::catalog::{Catalog, live};
use crate::error::{Error, Result};
use crate::ident::Ident;
use crate::plan::adopt::{Adoption, rights};
use crate::policy::manifest::Manifest;
use crate::policy::render::{Vars, render};

/// How long another tool is waited for. One that was killed is gone by then, with whatever it had the server do.
const PATIENCE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(100);

/// A session that adopts, and no other beside it in its database.
///
/// It needs a connection of its own, not one through a pooler that hands its transactions to whichever session is free.
#[derive(Debug)]
pub struct Adopter<'c> {
    pub(super) client: &'c mut Client,
    pub(super) support: Ident,
    pub(super) settings: Settings,
    /// How long locks can be waited for that are taken one after the other, without the server looking for a deadlock.
    pub(super) deadlock_timeout: Duration,
}

impl<'c> Adopter<'c> {
    /// Sets the session up, with settings that it keeps, and waits up to 10 seconds for another tool that is at work.
    ///
    /// # Errors
    ///
    /// Another tool is still at work; the error names its process. Or the connection was lost.
    pub async fn open(
        client: &'c mut Client,
        manifest: &Manifest,
        settings: Settings,
        observer: &mut Observer<'_>,
    ) -> Result<Self> {
        let support = manifest.tenancy.support().clone();
        let setting_up = |source| Error::script("setting the session up", source);
        client.query_typed(sql::SESSION, &[]).await.map_err(setting_up)?;
        // A server that cannot tell goes on with a long statement until it is done.
        if let Err(error) = client.query_typed(sql::CHECK_CONNECTION, &[]).await
            && error.as_db_error().is_none()
        {
            return Err(setting_up(error));
        }
        let row = client.query_typed_one(sql::DEADLOCK_TIMEOUT, &[]).await.map_err(setting_up)?;
        let millis: i64 = row.try_get("millis").map_err(setting_up)?;
        let deadlock_timeout = Duration::from_millis(u64::try_from(millis).unwrap_or_default());
        let adopter = Self { client, support, settings, deadlock_timeout };
        adopter.lock(observer).await?;
        Ok(adopter)
    }

    async fn lock(&self, observer: &mut Observer<'_>) -> Result<()> {
        let locking = |source| Error::script("looking for another tool at work", source);
        let vars = || Vars::default().text("support", self.support.as_str());
        let (lock, holder) = (render(sql::LOCK, &vars())?, render(sql::HOLDER, &vars())?);
        let begun = Instant::now();
        let mut said = false;
        loop {
            let row = self.client.query_typed_one(&lock, &[]).await.map_err(locking)?;
            if row.try_get("locked").map_err(locking)? {
                return Ok(());
            }
            let row = self.client.query_typed_opt(&holder, &[]).await.map_err(locking)?;
            let pid: Option<i32> = row.map(|row| row.try_get("pid")).transpose().map_err(locking)?;
            if !said {
                observer(Event::Waiting { pid });
                said = true;
            }
            if begun.elapsed() >= PATIENCE {
                let who = pid.map_or_else(String::new, |pid| format!(", as process {pid} of the server"));
                return Err(Error::adopt(format!(
                    "another tenantry adopt is at work in this database{who}; wait for its end"
                )));
            }
            sleep(POLL).await;
        }
    }

    /// The schema of the database as it is now.
    ///
    /// # Errors
    ///
    /// Those of [`live::load`].
    pub async fn catalog(&mut self) -> Result<Catalog> {
        Box::pin(live::load(self.client)).await
    }

    /// The adoption that has been begun and has not ended, if there is one.
    ///
    /// # Errors
    ///
    /// The role may not read the records, or the connection was lost.
    pub async fn unended(&self) -> Result<Option<Record>> {
        Ok(self.last().await?.filter(|record| !record.ended))
    }

    /// The adoption that was begun last, whether it has ended or not.
    ///
    /// # Errors
    ///
    /// The role may not read the records, or the connection was lost.
    pub async fn last(&self) -> Result<Option<Record>> {
        record::last(self.client, &self.support).await
    }

    /// Records an adoption, so that [`run`](Self::run) finds it.
    ///
    /// # Errors
    ///
    /// An adoption has been begun and has not ended; the role lacks rights, and the error says which; or the records cannot be
    /// written.
    pub async fn begin(&mut self, adoption: &Adoption) -> Result<Record> {
        if let Some(record) = self.unended().await? {
            return Err(Error::adopt(format!(
                "the adoption of {} has not ended; go on with it, or take it back, before another one",
                record.tables.join(", ")
            )));
        }
        let lacks = rights(adoption, &self.catalog().await?, &self.login().await?);
        if let Some(first) = lacks.first() {
            return Err(Error::adopt(first.what.clone()));
        }
        record::begin(self.client, adoption).await?;
        let begun = self.unended().await?;
        begun.ok_or_else(|| {
            Error::adopt("the adoption that was begun is not among the records; begin it again")
        })
    }

    /// The role that steps are run as.
    ///
    /// # Errors
    ///
    /// The connection was lost.
    pub async fn login(&self) -> Result<Ident> {
        login(self.client).await
    }

    /// Lets the next tool in.
    ///
    /// # Errors
    ///
    /// The connection was lost, which lets it in too.
    pub async fn close(self) -> Result<()> {
        let unlock = render(sql::UNLOCK, &Vars::default().text("support", self.support.as_str()))?;
        let done = self.client.query_typed(&unlock, &[]).await;
        done.map(drop).map_err(|source| Error::script("letting the next tool in", source))
    }
}

/// The role that a session runs as.
///
/// # Errors
///
/// The connection was lost.
pub async fn login(client: &Client) -> Result<Ident> {
    let asking = |source| Error::script("asking for the role", source);
    let row = client.query_typed_one(sql::LOGIN, &[]).await.map_err(asking)?;
    Ident::new(row.try_get::<_, String>("login").map_err(asking)?)
}
