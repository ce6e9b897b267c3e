//! How each new connection is opened, and what is done with it.

use tokio_postgres::Socket;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};

use super::{Given, TenantPoolBuilder};
use crate::pool::credentials::{CredentialProvider, Provider};
use crate::pool::setup::{Hook, Setup, SetupFuture};
use crate::wire::Connector;

impl TenantPoolBuilder {
    /// The TLS connector for connections and cancel requests. Default: none, which fails where the
    /// URL says `sslmode=require` or more.
    pub fn tls<T>(mut self, tls: T) -> Self
    where
        T: MakeTlsConnect<Socket> + Clone + Sync + Send + 'static,
        T::Stream: Sync + Send,
        T::TlsConnect: Sync + Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        self.connector = Connector::new(tls);
        self
    }

    /// Encrypts with rustls as the URL asks for it, each role's URL for itself: `sslmode`, `sslrootcert` (a file in PEM, or `system`), `sslcert`
    /// and `sslkey`, `sslcrl`, `sslsni` and the versions of TLS, [as libpq means them](https://www.postgresql.org/docs/current/libpq-ssl.html).
    /// Default: the connector of [`tls`](Self::tls), which this replaces.
    ///
    /// With `sslmode=require` anybody can take the server's place, unless `sslrootcert` is named; `verify-full` is what prevents it. The
    /// files of `~/.postgresql` count for a pool [`from_env`](crate::TenantPool::from_env) alone. All files are read when the pool is built.
    ///
    /// ```no_run
    /// # async fn example() -> tenantry::Result<()> {
    /// use tenantry::TenantPool;
    ///
    /// let url = "postgresql://erp_app@db.example/erp?sslmode=verify-full&sslrootcert=system";
    /// let pool = TenantPool::builder(url).rustls().build().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "rustls")]
    pub fn rustls(mut self) -> Self {
        self.connector = Connector::by_settings();
        self
    }

    /// Opens the system door, with settings that were gathered.
    pub(in crate::pool) fn system_given(mut self, given: Given) -> Self {
        self.system = Some(given);
        self
    }

    /// Asks a provider for the password of each new connection of the tenants' pool: for tokens that expire, and secrets that are
    /// rotated. Default: the URL's password. Both together are refused.
    ///
    /// The provider answers within [`connect_timeout`](Self::connect_timeout), or the connection fails with an error that says
    /// so, as it does when the provider fails ([`Error::is_connection_lost`](crate::Error::is_connection_lost)). If the server refuses the answer
    /// (SQLSTATE 28P01 or 28000), the provider is asked once more. Connections that are open stay so for their
    /// [`max_lifetime`](Self::max_lifetime), and [`TenantPool::refresh`](crate::TenantPool::refresh) retires them at once. Cancel requests need no
    /// password.
    ///
    /// ```no_run
    /// # async fn example() -> tenantry::Result<()> {
    /// use tenantry::{CredentialRequest, Credentials, PasswordFile, TenantPool};
    ///
    /// # async fn token_for(user: String) -> std::io::Result<String> { Ok(user) }
    /// let pool = TenantPool::builder("postgresql://erp_app@db/erp")
    ///     .credentials(|request: CredentialRequest| async move {
    ///         let token = token_for(request.user().unwrap_or_default().to_owned()).await?;
    ///         std::io::Result::Ok(Credentials::new(token))
    ///     })
    ///     .system_url("postgresql://erp_system@db/erp")
    ///     .system_credentials(PasswordFile::new("/run/secrets/erp_system_password"))
    ///     .build()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn credentials(mut self, provider: impl CredentialProvider) -> Self {
        self.credentials.tenants = Some(Provider::new(provider));
        self
    }

    /// The same for the system role, which [`system_url`](Self::system_url) names. Default: that URL's password.
    pub fn system_credentials(mut self, provider: impl CredentialProvider) -> Self {
        self.credentials.system = Some(Provider::new(provider));
        self
    }

    /// Sets each new connection up, of both pools, before anybody gets it. Default: nothing is done.
    ///
    /// The guard looks at the connection once more afterwards: a hook cannot preset a tenant or take on a role that policies do not bind.
    /// What has to be different for each tenant belongs to its [`TenantContext`](crate::TenantContext). A transaction that the hook leaves open is
    /// rolled back. Behind a pooler it is refused, since sessions are shared there: set it for the role
    /// ([`ALTER ROLE … SET`](https://www.postgresql.org/docs/current/sql-alterrole.html)).
    ///
    /// ```no_run
    /// # async fn example() -> tenantry::Result<()> {
    /// use tenantry::TenantPool;
    ///
    /// let pool = TenantPool::builder("postgresql://erp_app@localhost/erp")
    ///     .on_connect(|setup| Box::pin(async { setup.execute("set timezone = 'Asia/Dhaka'").await }))
    ///     .build()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_connect(
        mut self,
        hook: impl for<'a> Fn(&'a Setup<'a>) -> SetupFuture<'a> + Send + Sync + 'static,
    ) -> Self {
        self.options.hook = Some(Hook::new(hook));
        self
    }
}
