//! Scopes out of HTTP requests, and HTTP answers out of errors, for services on [axum](https://docs.rs/axum) 0.8. Feature `axum`.
//!
//! Who a request is for is never guessed: [`TenantAccess`] says where the tenant stands, either in a claim that other code has verified, or in
//! a header that counts only from a hop that is trusted. [`Scoped`] is the extractor. [`Deadline`] bounds how long a request takes, and
//! with it each statement. [`Error`](crate::Error) answers for itself, see [`status`].
//!
//! ```no_run
//! use axum::Router;
//! use axum::extract::Extension;
//! use axum::routing::get;
//! use std::time::Duration;
//! use tenantry::axum::{Deadline, Scoped, TenantAccess};
//! use tenantry::{Result, TenantId, TenantPool};
//!
//! /// What a middleware has put there once it has verified a token.
//! #[derive(Clone)]
//! struct Claims {
//!     organization: TenantId,
//! }
//!
//! async fn invoices(Scoped(scope): Scoped) -> Result<String> {
//!     let row = scope.query_one("select count(*) from invoice", &[]).await?;
//!     Ok(format!("{} invoices", row.try_get::<_, i64>(0)?))
//! }
//!
//! fn routes(pool: TenantPool) -> Router {
//!     let access = TenantAccess::by_claim(pool, |claims: &Claims| Some(claims.organization.clone()));
//!     Router::new()
//!         .route("/invoices", get(invoices))
//!         .layer(Deadline::within(Duration::from_secs(5)))
//!         .with_state(access)
//! }
//! # let _ = Extension(());
//! ```

mod access;
mod deadline;
mod scoped;
mod status;

pub use self::access::{TenantAccess, TrustedHop};
pub use self::deadline::{Deadline, Deadlined};
pub use self::scoped::{Rejection, Scoped};
pub use self::status::status;
