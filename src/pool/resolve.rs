//! Who a caller is for, before anything is bound.

use std::error::Error as StdError;

use tokio_postgres::types::{FromSql, ToSql, Type};

use super::TenantPool;
use crate::error::{Error, Result};
use crate::ident::{Ident, QualifiedName};
use crate::tenant::TenantId;

impl TenantPool {
    /// Asks a resolver which tenant has a key, such as the host of a request or the token of a webhook. `None`: no tenant has it.
    ///
    /// A resolver is a function that `tenantry plan` makes from `[resolvers.NAME]` of the manifest. It is named as there, or with the
    /// schema where that is not `tenantry`, and takes the keys in the order of its `by`. The statement runs [unbound](Self::unbound), with
    /// the rights of the app role: whether a key is there is what it tells, one guess at a time, and nothing else of the table can be
    /// read by it. Whoever looks keys up for strangers should bound how often they may ask, as for a password.
    ///
    /// Further columns that a resolver returns are read by its name:
    /// `pool.unbound().query_opt("select * from tenantry.tenant_by_host($1)", &[&host])`.
    ///
    /// ```no_run
    /// # async fn example(pool: tenantry::TenantPool, host: &str) -> tenantry::Result<()> {
    /// if let Some(tenant) = pool.resolve("tenant_by_host", &[&host]).await? {
    ///     let rows = pool.tenant(tenant).query("select id, total from invoice", &[]).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`Statements`](crate::Statements). The name is none that PostgreSQL keeps, or the resolver returns something that is no
    /// tenant of the pool's type first ([`Error::is_usage`]). The server has no such resolver, or the role may not call it
    /// ([`Error::is_denied`]): the error says to apply a plan. It returned several rows, which no resolver of a plan's does
    /// ([`Error::is_row_count`]).
    pub async fn resolve(&self, resolver: &str, keys: &[&(dyn ToSql + Sync)]) -> Result<Option<TenantId>> {
        let function = if resolver.contains('.') {
            QualifiedName::parse(resolver)?
        } else {
            QualifiedName::new(Ident::known("tenantry"), Ident::new(resolver)?)
        };
        let numbers: Vec<String> = (1..=keys.len()).map(|number| format!("${number}")).collect();
        let sql = format!("select * from {function}({})", numbers.join(", "));
        let found = self.unbound().query_opt(&sql, keys).await;
        let Some(row) = found.map_err(|error| error.of_resolver(|| function.plain()))? else {
            return Ok(None);
        };
        let tenant: Option<Key> =
            row.try_get(0).map_err(|error| Error::column_at(0, row.columns(), error))?;
        let Some(Key(tenant)) = tenant else { return Ok(None) };
        let wanted = self.0.tenant_type;
        if !tenant.fits(wanted) {
            let kind = tenant.kind();
            return Err(Error::config(format!(
                "resolver {function} returns {kind} first; expected a tenant, and those of this pool are of type {wanted}"
            )));
        }
        Ok(Some(tenant))
    }
}

/// A tenant as a column holds it.
struct Key(TenantId);

impl<'a> FromSql<'a> for Key {
    fn from_sql(of: &Type, raw: &'a [u8]) -> std::result::Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(match *of {
            Type::UUID => TenantId::uuid(raw.try_into()?),
            Type::INT8 => TenantId::from(i64::from_sql(of, raw)?),
            Type::INT4 => TenantId::from(i32::from_sql(of, raw)?),
            _ => TenantId::text(<&str>::from_sql(of, raw)?)?,
        }))
    }

    fn accepts(of: &Type) -> bool {
        matches!(*of, Type::UUID | Type::INT8 | Type::INT4 | Type::TEXT | Type::VARCHAR)
    }
}
