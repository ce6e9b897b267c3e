#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![deny(rustdoc::broken_intra_doc_links, rustdoc::private_intra_doc_links)]
#![warn(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    unused_qualifications,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::exit,
    clippy::dbg_macro,
    clippy::todo
)]
#![allow(clippy::module_name_repetitions, clippy::missing_panics_doc)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

#[cfg(feature = "axum")]
pub mod axum;
#[cfg(feature = "lint")]
pub mod catalog;
#[cfg(feature = "cli")]
pub mod cli;
mod conninfo;
mod error;
mod ident;
mod lex;
#[cfg(feature = "lint")]
mod markup;
#[cfg(feature = "migrate")]
pub mod migrate;
mod passfile;
#[cfg(feature = "lint")]
pub mod plan;
pub mod policy;
mod pool;
#[cfg(feature = "prove")]
pub mod prove;
#[cfg(feature = "lint")]
pub mod rule;
mod seal;
mod secret;
mod tenant;
#[cfg(all(unix, feature = "test-util"))]
pub mod testing;
// Each of the two that use it uses a part.
#[cfg(all(unix, any(feature = "cli", feature = "test-util")))]
#[cfg_attr(not(all(feature = "cli", feature = "test-util")), allow(dead_code))]
mod throwaway;
#[cfg(feature = "transfer")]
pub mod transfer;
mod wire;

pub use error::{Error, NO_TENANT, NOT_SEALED, Result};
pub use ident::{Ident, QualifiedName, SettingName};
#[cfg(feature = "serde")]
pub use pool::PoolSettings;
pub use pool::{
    Batch, BatchResult, CancelToken, Closed, Closing, CopyIn, CopyOut, CredentialFuture, CredentialProvider,
    CredentialRequest, Credentials, Cursor, EachTenant, Fairness, FromRow, Heard, InsertInto, Listener,
    NamedColumns, NamedValues, PasswordFile, PoolStatus, RowStream, Savepoint, Scope, Setup, SetupFuture,
    Sharing, Statement, Statements, Strategy, System, SystemScope, SystemTransaction, Tenant, TenantKey,
    TenantPool, TenantPoolBuilder, TenantScope, TenantTransaction, TenantVisibility, ToStatement,
    TraceCarrier, Transaction, TransactionBlock, Unbound, UnboundScope, read_column,
};
pub use seal::SealKey;
pub use tenant::{TenantContext, TenantId, TenantType, WalPosition};
pub use wire::StatementMode;

pub use tokio_postgres::error::{DbError, SqlState};
pub use tokio_postgres::types;
pub use tokio_postgres::{Column, Config, IsolationLevel, Row};
