//! Sealed values for people who work in psql.

use std::time::Duration;

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row, Transaction};

use crate::error::{Error, NOT_SEALED, Result};
use crate::ident::SettingName;
use crate::policy::Membership;
use crate::policy::manifest::Manifest;
use crate::policy::render::{Vars, render};
use crate::seal::{SealKey, Sealer};

/// The longest that a token can hold: a working day.
pub(crate) const LONGEST: Duration = Duration::from_hours(12);

/// Who is to work as which tenant, and why.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) tenant: &'a str,
    /// Whom the tenant's policies are to take for a user, where there is a membership.
    pub(crate) user: Option<&'a str>,
    pub(crate) role: &'a str,
    pub(crate) lasts: Duration,
    pub(crate) reason: &'a str,
}

/// What such a session binds.
pub(crate) struct Token {
    pub(crate) settings: Vec<(SettingName, String)>,
    pub(crate) database: String,
    /// As ISO 8601 writes it.
    pub(crate) until: String,
}

/// Makes a token by a key that the database knows, for a tenant that there is. The server's log tells of it, and where accesses across
/// tenants are recorded, so does their table.
///
/// # Errors
///
/// The database does not know the key, or there is no such tenant or role; or it could not be recorded.
pub(crate) async fn token(
    client: &mut Client,
    manifest: &Manifest,
    key: &SealKey,
    request: Request<'_>,
) -> Result<Token> {
    let (tenancy, role) = (&manifest.tenancy, request.role);
    let transaction = client.transaction().await.map_err(failed)?;
    let of_type = || Vars::default().sql("type", tenancy.tenant_type().sql());
    let sql = render(include_str!("../../sql/seal/token.sql"), &of_type())?;
    let seconds = request.lasts.as_secs_f64();
    let params: [(&(dyn ToSql + Sync), Type); 3] =
        [(&role, Type::TEXT), (&request.tenant, Type::TEXT), (&seconds, Type::FLOAT8)];
    let asked = one(&transaction, &sql, &params).await?;
    let (login, database): (String, String) = (get(&asked, "login")?, get(&asked, "database")?);
    let (expires, role_exists): (i64, bool) = (get(&asked, "expires")?, get(&asked, "role_exists")?);
    let (tenant, until): (String, String) = (get(&asked, "tenant")?, get(&asked, "until")?);
    if !role_exists {
        return Err(Error::config(format!("there is no role {role} that could bind it; name it by --role")));
    }

    let expires = u64::try_from(expires).unwrap_or_default();
    let own = Sealer::new(key, tenancy.setting_name(), &login, &database)?.seal(&tenant, expires, None);
    bind(&transaction, tenancy.setting_name().as_str(), &own).await?;
    verified(&transaction, manifest, key, &tenant).await?;
    if let Some(tenants) = &manifest.tenants {
        let vars = of_type()
            .name("schema", tenants.table.schema())
            .name("table", tenants.table.name())
            .name("column", &tenants.column);
        let sql = render(include_str!("../../sql/seal/tenant.sql"), &vars)?;
        let known: bool = get(&one(&transaction, &sql, &[(&tenant, Type::TEXT)]).await?, "known")?;
        if !known {
            return Err(Error::config(format!("there is no such tenant in {}", tenants.table.plain())));
        }
    }

    let told = format!("seal token for tenant {tenant} as role {role} until {until}: {}", request.reason);
    bind(&transaction, "tenantry.seal_token", &format!("tenantry: {told}")).await?;
    transaction
        .batch_execute(&render(include_str!("../../sql/seal/log.sql"), &Vars::default())?)
        .await
        .map_err(failed)?;
    if let Some(table) = tenancy.system_access() {
        bind(&transaction, "tenantry.system_reason", &told).await?;
        let sql = render(
            include_str!("../../sql/seal/record.sql"),
            &Vars::default().name("support", tenancy.support()),
        )?;
        transaction
            .execute_typed(&sql, &[])
            .await
            .map_err(|source| Error::script(format!("recording the token in {}", table.plain()), source))?;
    }
    transaction.commit().await.map_err(failed)?;

    let mut settings = Vec::new();
    let user = tenancy.members().map(Membership::user_setting).zip(request.user);
    for (setting, value) in [(tenancy.setting_name(), tenant.as_str())].into_iter().chain(user) {
        let value = Sealer::new(key, setting, role, &database)?.seal(value, expires, None);
        settings.push((setting.clone(), value));
    }
    Ok(Token { settings, database, until })
}

/// Asks the database whether it takes what the key seals.
async fn verified(
    transaction: &Transaction<'_>,
    manifest: &Manifest,
    key: &SealKey,
    tenant: &str,
) -> Result<()> {
    let vars = Vars::default().name("support", manifest.tenancy.support());
    let asked =
        transaction.query_typed(&render(include_str!("../../sql/seal/verify.sql"), &vars)?, &[]).await;
    let unknown = || {
        Error::config(format!(
            "the database does not know key {}; tenantry seal keys lists those it knows",
            key.id()
        ))
    };
    match asked {
        Ok(rows) => {
            let found = rows.first().map(|row| get::<Option<String>>(row, "tenant")).transpose()?.flatten();
            if found.as_deref() == Some(tenant) { Ok(()) } else { Err(unknown()) }
        }
        Err(error) if error.code().is_some_and(|code| code.code() == NOT_SEALED) => Err(unknown()),
        Err(error) => Err(failed(error)),
    }
}

async fn bind(transaction: &Transaction<'_>, setting: &str, value: &str) -> Result<()> {
    let params: [(&(dyn ToSql + Sync), Type); 2] = [(&setting, Type::TEXT), (&value, Type::TEXT)];
    one(transaction, include_str!("../../sql/seal/bind.sql"), &params).await.map(drop)
}

async fn one(
    transaction: &Transaction<'_>,
    sql: &str,
    params: &[(&(dyn ToSql + Sync), Type)],
) -> Result<Row> {
    let rows = transaction.query_typed(sql, params).await.map_err(failed)?;
    rows.into_iter()
        .next()
        .ok_or_else(|| Error::config("the server gave no answer to what a token is made of"))
}

fn get<'r, T: tokio_postgres::types::FromSql<'r>>(row: &'r Row, column: &str) -> Result<T> {
    row.try_get(column).map_err(failed)
}

fn failed(source: tokio_postgres::Error) -> Error {
    Error::script("making a token", source)
}
