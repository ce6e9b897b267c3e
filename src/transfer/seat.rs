//! A transaction that reads or writes the rows of one tenant, and of no other.

use tokio_postgres::{Client, Error as PgError, Transaction};

use super::sql;
use super::table::Table;
use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::ident::Ident;
use crate::migrate::binder::Binder;
use crate::migrate::login::Login;
use crate::migrate::tenants::Roll;
use crate::policy::manifest::Manifest;
use crate::policy::render::{Vars, render};
use crate::seal::SealKey;

/// The tenant, and who acts for it.
#[derive(Clone, Debug)]
pub(super) struct Seat<'m> {
    manifest: &'m Manifest,
    pub(super) login: Login,
    /// As the server writes it.
    pub(super) tenant: String,
    /// What the setting is bound to.
    bound: String,
    roll: Option<Roll>,
}

impl<'m> Seat<'m> {
    /// Looks at who has logged in, and what binds the tenant.
    ///
    /// # Errors
    ///
    /// The tenant is no value of the tenants' type, or tenants are sealed and there is no key.
    pub(super) async fn new(
        client: &Client,
        manifest: &'m Manifest,
        catalog: &Catalog,
        tenant: &str,
        key: Option<&SealKey>,
    ) -> Result<Self> {
        let login = Login::read(client, &manifest.roles, catalog.server_version.unwrap_or_default()).await?;
        let vars = Vars::default().sql("type", manifest.tenancy.tenant_type().sql());
        let row = client.query_one(&render(sql::CANONICAL, &vars)?, &[&tenant]).await;
        let tenant: String = row.and_then(|row| row.try_get(0)).map_err(failed("reading the tenant"))?;
        let binder = Binder::of(client, &manifest.tenancy, key).await?;
        let bound = binder.value(&tenant).into_owned();
        Ok(Self { manifest, login, tenant, bound, roll: Roll::find(manifest, catalog).ok() })
    }

    /// Becomes the role that policies bind, and binds the tenant, for the rest of the transaction.
    pub(super) async fn bind(&self, transaction: &Transaction<'_>) -> Result<()> {
        if let Some(role) = self.login.for_tenant(&self.manifest.roles)? {
            self.become_role(transaction, role).await?;
        }
        let bind = include_str!("../../sql/seal/bind.sql");
        let setting = self.manifest.tenancy.setting_name().as_str();
        transaction.query(bind, &[&setting, &self.bound]).await.map_err(failed("binding the tenant"))?;
        Ok(())
    }

    /// Becomes the role that reaches the rows of all tenants, for the rest of the transaction.
    pub(super) async fn become_system(&self, transaction: &Transaction<'_>) -> Result<()> {
        match self.login.for_system(&self.manifest.roles)? {
            Some(role) => self.become_role(transaction, role).await,
            None => Ok(()),
        }
    }

    async fn become_role(&self, transaction: &Transaction<'_>, role: &Ident) -> Result<()> {
        let vars = Vars::default().sql("local", "LOCAL").name("role", role);
        let sql = render(include_str!("../../sql/migrate/become.sql"), &vars)?;
        transaction.batch_execute(&sql).await.map_err(failed("becoming the role that does it"))
    }

    /// Texts come as every server reads them, and policies are asked.
    pub(super) async fn write_plainly(transaction: &Transaction<'_>) -> Result<()> {
        transaction.batch_execute(sql::TEXTS).await.map_err(failed("setting the session up"))
    }

    /// Makes sure that policies bind the role that has been taken on.
    ///
    /// # Errors
    ///
    /// They do not on some table: what it reads or writes there would be everybody's.
    pub(super) async fn check_bound(&self, transaction: &Transaction<'_>, tables: &[Table]) -> Result<()> {
        let names: Vec<String> = tables.iter().map(|table| table.name().to_string()).collect();
        let rows =
            transaction.query(sql::UNBOUND, &[&names]).await.map_err(failed("looking for policies"))?;
        let Some(row) = rows.first() else { return Ok(()) };
        let first: String = row.try_get(0).map_err(failed("looking for policies"))?;
        let more = match rows.len() {
            1 => String::new(),
            of => format!(" and {} more", of - 1),
        };
        Err(Error::lacks_role(format!(
            "policies do not bind the role that is to see the tenant's rows alone, on {first}{more}; apply tenantry plan"
        )))
    }

    /// Makes sure that there is such a tenant. Whether a table has a row for each tenant, and so says it.
    pub(super) async fn check_known(&self, transaction: &Transaction<'_>) -> Result<bool> {
        let Some(roll) = &self.roll else { return Ok(false) };
        let (table, column) = roll.place();
        let vars = Vars::default()
            .name("schema", table.schema())
            .name("table", table.name())
            .name("column", column)
            .sql("type", self.manifest.tenancy.tenant_type().sql());
        let sql = render(include_str!("../../sql/seal/tenant.sql"), &vars)?;
        let row = transaction.query_one(&sql, &[&self.tenant]).await;
        let is_known: bool = row.and_then(|row| row.try_get(0)).map_err(failed("looking for the tenant"))?;
        if is_known {
            return Ok(true);
        }
        Err(Error::config(format!("{} has no row for that tenant", table.plain())))
    }

    /// A statement about the tenant's rows of a table.
    pub(super) fn about_own<'a>(&self, table: &'a Table, vars: Vars<'a>, file: &str) -> Result<String> {
        table.about_own(&self.tenant, self.manifest.tenancy.tenant_type(), vars, file)
    }

    /// How many rows of a table are the tenant's, by what the policies show.
    pub(super) async fn count(&self, transaction: &Transaction<'_>, table: &Table) -> Result<u64> {
        let sql = self.about_own(table, Vars::default(), sql::ROWS)?;
        let counting = || failed(&format!("counting the rows of {}", table.name().plain()));
        let row = transaction.query_one(&sql, &[]).await.map_err(counting())?;
        let rows: i64 = row.try_get(0).map_err(counting())?;
        Ok(u64::try_from(rows).unwrap_or_default())
    }
}

/// An error of the server's, with what was being done.
pub(super) fn failed(what: &str) -> impl FnOnce(PgError) -> Error + use<> {
    let what = what.to_owned();
    |source| Error::script(what, source)
}
