//! The session that adopts.

use std::time::Duration;

use tokio_postgres::Client;
use tokio_postgres::types::{ToSql, Type};

use super::event::{Event, Observer};
use super::record::{self, Record};
use super::settings::Settings;
use super::sql;
use super::tenant::TenantCheck;
use crate::catalog::{Catalog, live};
use crate::error::{Error, Result};
use crate::ident::Ident;
use crate::migrate::path::UsualPath;
use crate::migrate::send;
use crate::migrate::turn::{self, Waiting};
use crate::plan::adopt::{Adoption, rights};
use crate::policy::manifest::Manifest;
use crate::seal::SealKey;

/// How long another tool is waited for. One that was killed is gone by then, with whatever it had the server do.
const PATIENCE: Duration = Duration::from_secs(10);

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
    /// The `search_path` that triggers of the services' own expect.
    pub(super) usual_path: String,
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
        let usual = UsualPath::leave(client).await?;
        client.query_typed(sql::SESSION, &[]).await.map_err(setting_up)?;
        let usual_path = of_app(client, manifest).await?.unwrap_or(usual.path);
        send::watch_client(client).await;
        let row = client.query_typed_one(sql::DEADLOCK_TIMEOUT, &[]).await.map_err(setting_up)?;
        let millis: i64 = row.try_get("millis").map_err(setting_up)?;
        let deadlock_timeout = Duration::from_millis(u64::try_from(millis).unwrap_or_default());
        let adopter = Self { client, support, settings, deadlock_timeout, usual_path };
        adopter.lock(observer).await?;
        Ok(adopter)
    }

    async fn lock(&self, observer: &mut Observer<'_>) -> Result<()> {
        let mut said = false;
        let told = |Waiting { pid, .. }| {
            if !std::mem::replace(&mut said, true) {
                observer(Event::Waiting { pid });
            }
        };
        turn::take(self.client, &self.turn(), PATIENCE, told).await
    }

    /// What one tool can do at a time.
    fn turn(&self) -> String {
        format!("tenantry adopt in {}", self.support)
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

    /// The adoption of one of these tables, written as [`Record::tables`] has them, that was begun last and not taken back.
    ///
    /// # Errors
    ///
    /// The role may not read the records, or the connection was lost.
    pub async fn last_of(&self, tables: &[String]) -> Result<Option<Record>> {
        record::last_of(self.client, &self.support, tables).await
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

    /// What the table that has a row for each tenant says of one, given as the setting carries it.
    ///
    /// # Errors
    ///
    /// Those of [`TenantCheck::find`].
    pub async fn tenant(
        &mut self,
        manifest: &Manifest,
        catalog: &Catalog,
        tenant: &str,
        key: Option<&SealKey>,
    ) -> Result<TenantCheck> {
        TenantCheck::find(self.client, manifest, catalog, tenant, key).await
    }

    /// The session that it is.
    pub fn client(&mut self) -> &mut Client {
        self.client
    }

    /// Lets the next tool in.
    ///
    /// If the connection is lost, that lets it in too.
    pub async fn close(self) {
        turn::end(self.client, &self.turn()).await;
    }
}

/// The `search_path` that triggers of services expect: that of the app role in this database, if one is set, or else that of
/// the session.
///
/// # Errors
///
/// The connection was lost.
pub async fn usual_path(client: &Client, manifest: &Manifest) -> Result<String> {
    let usual = UsualPath::leave(client).await?;
    let of_app = of_app(client, manifest).await;
    let path = usual.path.clone();
    usual.back(client).await?;
    Ok(of_app?.unwrap_or(path))
}

async fn of_app(client: &Client, manifest: &Manifest) -> Result<Option<String>> {
    let looking = |source| Error::script("looking for the search_path of the app role", source);
    let app: [(&(dyn ToSql + Sync), Type); 1] = [(&manifest.roles.app_role().as_str(), Type::TEXT)];
    let row = client.query_typed_opt(sql::APP_PATH, &app).await.map_err(looking)?;
    row.map(|row| row.try_get("path")).transpose().map_err(looking)
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
