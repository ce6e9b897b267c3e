//! The keys of seals, in the database that verifies them.

use std::time::{Duration, SystemTime};

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use crate::error::{Error, Result, Step};
use crate::policy::Tenancy;
use crate::policy::render::{Vars, render};
use crate::seal::SealKey;

/// The keys that a database verifies seals with, see [`Seal`](crate::policy::Seal).
///
/// The role that the client is logged in as has to be the migrator of [`Roles`](crate::policy::Roles), or a superuser. Keys travel as
/// parameters, in the form that verifies, and no statement's text holds one.
///
/// To change the key of services that run: [`add`](Self::add) the new one, give it to the services, and [`retire`](Self::retire) the old one
/// once none of them seals with it.
///
/// ```no_run
/// use tenantry::SealKey;
/// use tenantry::migrate::SealKeys;
/// use tenantry::policy::Tenancy;
///
/// # async fn example(client: &tokio_postgres::Client) -> tenantry::Result<()> {
/// let key = SealKey::from_file("/run/secrets/tenant_seal")?;
/// SealKeys::new(client, &Tenancy::default()).add(&key).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct SealKeys<'a> {
    client: &'a Client,
    tenancy: &'a Tenancy,
}

/// A key as the database knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownKey {
    /// Its name, see [`SealKey::id`].
    pub id: String,
    /// Since when its seals hold.
    pub added_at: SystemTime,
    /// From when on they hold no longer, if somebody has said so.
    pub retires_at: Option<SystemTime>,
    /// Whether that is past.
    pub is_retired: bool,
}

impl<'a> SealKeys<'a> {
    /// The keys of this tenancy's support schema.
    pub fn new(client: &'a Client, tenancy: &'a Tenancy) -> Self {
        Self { client, tenancy }
    }

    /// Lets the database verify seals of a key. One that was to retire stays.
    ///
    /// # Errors
    ///
    /// The database has no keys, since its bootstrap has no [`Seal`](crate::policy::Seal), or the role may not add one.
    pub async fn add(self, key: &SealKey) -> Result<()> {
        let [inner, outer] = key.pads();
        let (id, inner, outer) = (key.id(), &inner[..], &outer[..]);
        let params: [(&(dyn ToSql + Sync), Type); 3] =
            [(&id, Type::TEXT), (&inner, Type::BYTEA), (&outer, Type::BYTEA)];
        self.run(include_str!("../../sql/seal/add.sql"), &params).await.map(drop)
    }

    /// Has seals of a key hold for so long and no longer. Returns whether the database knows such a key.
    ///
    /// # Errors
    ///
    /// As for [`add`](Self::add).
    pub async fn retire(self, id: &str, after: Duration) -> Result<bool> {
        let after = after.as_secs_f64();
        let params: [(&(dyn ToSql + Sync), Type); 2] = [(&id, Type::TEXT), (&after, Type::FLOAT8)];
        self.run(include_str!("../../sql/seal/retire.sql"), &params).await.map(|count| count > 0)
    }

    /// Takes those away that have retired, and returns how many they were.
    ///
    /// # Errors
    ///
    /// As for [`add`](Self::add).
    pub async fn forget(self) -> Result<u64> {
        self.run(include_str!("../../sql/seal/forget.sql"), &[]).await
    }

    /// All keys that are there, the oldest first.
    ///
    /// # Errors
    ///
    /// As for [`add`](Self::add).
    pub async fn list(self) -> Result<Vec<KnownKey>> {
        let sql = self.sql(include_str!("../../sql/seal/keys.sql"))?;
        let rows = self
            .client
            .query_typed(&sql, &[])
            .await
            .map_err(|source| Error::script("the keys of seals", source))?;
        rows.iter()
            .map(known)
            .collect::<Result<_, _>>()
            .map_err(|source| Error::server(Step::Statement, source))
    }

    async fn run(self, file: &str, params: &[(&(dyn ToSql + Sync), Type)]) -> Result<u64> {
        let done = self.client.execute_typed(&self.sql(file)?, params).await;
        done.map_err(|source| Error::script("the keys of seals", source))
    }

    fn sql(self, file: &str) -> Result<String> {
        render(file, &Vars::default().name("support", self.tenancy.support()))
    }
}

fn known(row: &Row) -> Result<KnownKey, tokio_postgres::Error> {
    let at = |seconds: f64| SystemTime::UNIX_EPOCH + Duration::try_from_secs_f64(seconds).unwrap_or_default();
    Ok(KnownKey {
        id: row.try_get(0)?,
        added_at: at(row.try_get(1)?),
        retires_at: row.try_get::<_, Option<f64>>(2)?.map(at),
        is_retired: row.try_get(3)?,
    })
}
