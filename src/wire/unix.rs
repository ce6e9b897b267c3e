//! Connections through a Unix socket, which the driver offers no place to wrap: it has no TLS there.

use std::future::Future;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::time::timeout;
use tokio_postgres::config::{SslMode, TargetSessionAttrs};
use tokio_postgres::{CancelToken, Client, Config, NoTls, SimpleQueryMessage};

use super::cancel::{self, Patient};
use super::connected::{Connected, FAREWELL, Kept, spawn};
use super::link::Link;
use super::statements::StatementMode;
use super::stream::Wire;
use crate::error::{Error, Kind, NO_WRITES, NOT_READ_ONLY, Refusal, Result, Step};

pub(super) async fn connect(
    config: &Config,
    path: &Path,
    mode: StatementMode,
    kept: Kept,
) -> Result<Connected> {
    let stream = open(config, path).await?;
    let link = Arc::new(Link::at_socket(path, mode));
    let mut config = config.clone();
    config.ssl_mode(SslMode::Disable);
    let stream = Wire::new(Patient::new(stream, FAREWELL), Arc::clone(&link), mode);
    let connected = config.connect_raw(stream, NoTls).await;
    let (client, connection) = connected.map_err(unconnected)?;
    let driving = spawn(connection, &link, kept);
    let connected = Connected { client, link, driving };
    if config.get_target_session_attrs() != TargetSessionAttrs::Any {
        suits(&connected.client, config.get_target_session_attrs()).await?;
    }
    Ok(connected)
}

pub(super) async fn cancel(config: &Config, path: &Path, token: CancelToken) -> Result<()> {
    let stream = Patient::new(open(config, path).await?, cancel::LIMIT);
    token.cancel_query_raw(stream, NoTls).await.map_err(|error| Error::server(Step::Cancel, error))
}

async fn open(config: &Config, path: &Path) -> Result<UnixStream> {
    let connecting = UnixStream::connect(path);
    within(config.get_connect_timeout(), connecting).await.map_err(|error| Error::from(Kind::Socket(error)))
}

/// TLS would make no difference.
fn unconnected(source: tokio_postgres::Error) -> Error {
    Error::from(Kind::Connect { source, plain: false })
}

async fn within<T>(limit: Option<&Duration>, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    match limit {
        Some(limit) => timeout(*limit, work).await?,
        None => work.await,
    }
}

/// Whether the server is the kind of server that is asked for.
async fn suits(client: &Client, wanted: TargetSessionAttrs) -> Result<()> {
    let answer = client.simple_query("SHOW transaction_read_only").await;
    let answer = answer.map_err(unconnected)?;
    let read_only = answer.iter().any(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0) == Some("on"),
        _ => false,
    });
    match (wanted, read_only) {
        (TargetSessionAttrs::ReadWrite, true) => Err(Error::from(Kind::Refused(Refusal(NO_WRITES)))),
        (TargetSessionAttrs::ReadOnly, false) => Err(Error::from(Kind::Refused(Refusal(NOT_READ_ONLY)))),
        _ => Ok(()),
    }
}
