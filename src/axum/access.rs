//! Where a request says whom it is for.

use std::any::type_name;
use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use http::{HeaderName, HeaderValue, Method};

use super::scoped::Rejection;
use crate::error::{Error, Result};
use crate::pool::TenantPool;
use crate::tenant::{TenantContext, TenantId, TenantType};

/// Where a request says whom it is for. A part of the state of a router, for [`Scoped`](super::Scoped).
#[derive(Clone)]
pub struct TenantAccess {
    pool: TenantPool,
    find: Find,
    reads_only: bool,
}

type Find = Arc<dyn Fn(&Parts) -> Result<TenantContext, Rejection> + Send + Sync>;

/// A hop ahead of the service, such as a gateway, whose word counts: which request comes from it.
#[derive(Clone)]
pub struct TrustedHop(Arc<dyn Fn(&Parts) -> bool + Send + Sync>);

impl TenantAccess {
    /// The tenant of a claim that a middleware has put into the request's extensions once it has verified it.
    ///
    /// A request without the claim is answered with 401, and with 403 where `tenant` finds none in it. What `tenant` finds may be a
    /// [`TenantContext`] as well, with the user for one.
    pub fn by_claim<C, T>(pool: TenantPool, tenant: impl Fn(&C) -> Option<T> + Send + Sync + 'static) -> Self
    where
        C: Clone + Send + Sync + 'static,
        T: Into<TenantContext>,
    {
        let find = move |parts: &Parts| {
            let claim = parts.extensions.get::<C>().ok_or(Rejection::Unauthenticated)?;
            tenant(claim).map(Into::into).ok_or(Rejection::Forbidden)
        };
        Self { pool, find: Arc::new(find), reads_only: false }
    }

    /// The tenant that a trusted hop has named in a header, as its setting would have it ([`TenantId::as_setting`]).
    ///
    /// The hop has to take the header away from requests that come to it with one. A request from elsewhere, even with the header, is answered
    /// with 403; one without the header, or with more than one, or with a value that is no tenant of the type, with 401.
    ///
    /// # Errors
    ///
    /// The name is no name of a header ([`Error::is_usage`]).
    pub fn by_header(
        pool: TenantPool,
        header: &str,
        tenant_type: TenantType,
        hop: TrustedHop,
    ) -> Result<Self> {
        let name = HeaderName::try_from(header)
            .map_err(|_| Error::config(format!("{header:?} is no name of a header")))?;
        let find = move |parts: &Parts| {
            if !(hop.0)(parts) {
                return Err(Rejection::Forbidden);
            }
            let mut values = parts.headers.get_all(&name).into_iter();
            let value = values.next().filter(|_| values.next().is_none());
            let text = value.and_then(|value| value.to_str().ok()).ok_or(Rejection::Unauthenticated)?;
            let tenant = TenantId::of_setting(text, tenant_type).map_err(|_| Rejection::Unauthenticated)?;
            Ok(TenantContext::new(tenant))
        };
        Ok(Self { pool, find: Arc::new(find), reads_only: false })
    }

    /// The scopes of GET and HEAD requests only read ([`TenantContext::read_only`]), since HTTP has these methods change nothing, see
    /// [Safe Methods](https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1). Default: they can write as others can.
    ///
    /// So they can share connections ([`Sharing`](crate::Sharing)), and a handler that writes all the same is found by its first test.
    #[must_use]
    pub fn safe_methods_read_only(mut self) -> Self {
        self.reads_only = true;
        self
    }

    /// The pool of which it makes scopes.
    #[must_use]
    pub fn pool(&self) -> &TenantPool {
        &self.pool
    }

    /// Whom a request is for.
    pub(super) fn find(&self, parts: &Parts) -> Result<TenantContext, Rejection> {
        let context = (self.find)(parts)?;
        let reads = self.reads_only && matches!(parts.method, Method::GET | Method::HEAD);
        Ok(if reads { context.read_only() } else { context })
    }
}

impl TrustedHop {
    /// The hop that sends this secret in this header. It is compared without telling by the time how much of it was right.
    ///
    /// # Errors
    ///
    /// The name is no name of a header, or the secret is shorter than 16 bytes or cannot stand in a header ([`Error::is_usage`]).
    pub fn with_secret(header: &str, secret: &str) -> Result<Self> {
        let name = HeaderName::try_from(header)
            .map_err(|_| Error::config(format!("{header:?} is no name of a header")))?;
        if secret.len() < 16 || HeaderValue::from_str(secret).is_err() {
            return Err(Error::config(
                "the secret of a trusted hop has to have 16 bytes or more, of printable ASCII",
            ));
        }
        let secret = secret.to_owned();
        Ok(Self::when(move |parts| {
            let mut values = parts.headers.get_all(&name).into_iter();
            match (values.next(), values.next()) {
                (Some(value), None) => same(value.as_bytes(), secret.as_bytes()),
                _ => false,
            }
        }))
    }

    /// Any other way to tell, by the address of the peer for one, which axum's `ConnectInfo` has.
    pub fn when(is_trusted: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(is_trusted))
    }
}

/// Takes as long for any two of one length.
fn same(one: &[u8], other: &[u8]) -> bool {
    let differ = one.iter().zip(other).fold(0, |differ, (one, other)| differ | (one ^ other));
    one.len() == other.len() && std::hint::black_box(differ) == 0
}

impl fmt::Debug for TenantAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantAccess").field("pool", &self.pool).finish_non_exhaustive()
    }
}

impl fmt::Debug for TrustedHop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(type_name::<Self>())
    }
}

#[cfg(test)]
mod tests {
    use super::{TrustedHop, same};

    #[test]
    fn secrets_are_equal_or_not() {
        assert!(same(b"a secret of sixteen", b"a secret of sixteen"));
        assert!(!same(b"a secret of sixteen", b"a secret of sixteeN"));
        assert!(!same(b"a secret", b"a secret of sixteen") && !same(b"", b"a"));
    }

    #[test]
    fn a_secret_that_is_short_or_cannot_be_sent_is_refused_and_not_shown() {
        for secret in ["short", "0123456789\n0123456789"] {
            let error = TrustedHop::with_secret("x-gateway", secret).unwrap_err();
            assert!(error.is_usage() && !error.to_string().contains(secret), "{error}");
        }
        assert!(TrustedHop::with_secret("no header", "0123456789abcdef").unwrap_err().is_usage());
    }
}
