//! Whether a pool takes the role that is to be proved.

use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Config, Socket};

use crate::error::Result;
use crate::policy::manifest::Manifest;
use crate::pool::TenantPool;
use crate::seal::SealKey;

/// What the guard says of the role that logs in so. The outer error is that nobody could be asked.
pub(crate) async fn guard<T>(
    manifest: &Manifest,
    config: Config,
    tls: T,
    key: Option<&SealKey>,
) -> Result<Result<()>>
where
    T: MakeTlsConnect<Socket> + Clone + Sync + Send + 'static,
    T::Stream: Sync + Send,
    T::TlsConnect: Sync + Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    let pool = TenantPool::builder_from_config(config)
        .tls(tls)
        .setting(manifest.tenancy.setting_name().as_str())
        .tenant_type(manifest.tenancy.tenant_type())
        .max_size(1);
    let pool = match key {
        Some(key) if manifest.tenancy.sealed().is_some() => pool.seal(key.clone()),
        _ => pool,
    };
    match pool.build().await {
        Ok(_) => Ok(Ok(())),
        Err(error) if error.is_role_refused() => Ok(Err(error)),
        Err(error) => Err(error),
    }
}
