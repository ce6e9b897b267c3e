//! A connection that sends many executions of a statement before a single Sync.
//!
//! Behind each Sync the server sends what it has and may wake the client, at several times the price of a
//! point lookup and at a price that changes with what the client just does. Drivers send a Sync with each
//! execution. Here the server gets Bind and Execute alone, as often as one likes, in one piece, and its
//! answers leave in full buffers.

use std::io::{Error, Read, Write};
use std::net::TcpStream;

use bytes::BytesMut;
use postgres_protocol::IsNull;
use postgres_protocol::authentication::sasl::{ChannelBinding, ScramSha256};
use postgres_protocol::message::backend::{ErrorResponseBody, Message};
use postgres_protocol::message::frontend;
use tokio_postgres::fallible_iterator::FallibleIterator;
use tokio_postgres::{Config, config::Host};

use crate::common::AnyError;

const BINARY: i16 = 1;
/// The oid of bigint.
const BIGINT: u32 = 20;

pub struct Wire {
    stream: TcpStream,
    received: BytesMut,
    /// The server's process.
    pid: i32,
}

/// Statements that wait to be sent.
#[derive(Default)]
pub struct Batch(BytesMut);

impl Batch {
    /// Prepares a statement whose parameters are all bigint. The empty name is the unnamed statement's.
    pub fn parse(&mut self, name: &str, sql: &str, parameters: usize) -> Result<(), AnyError> {
        Ok(frontend::parse(name, sql, std::iter::repeat_n(BIGINT, parameters), &mut self.0)?)
    }

    /// Executes a statement. All columns come as a driver asks for them, in binary.
    pub fn execute(&mut self, name: &str, values: &[i64]) -> Result<(), AnyError> {
        let value = |value: &i64, buffer: &mut BytesMut| {
            buffer.extend_from_slice(&value.to_be_bytes());
            Ok(IsNull::No)
        };
        frontend::bind("", name, [BINARY], values, value, [BINARY], &mut self.0)
            .map_err(|_| "a value does not fit a message")?;
        Ok(frontend::execute("", 0, &mut self.0)?)
    }
}

impl Wire {
    pub fn connect(url: &str) -> Result<Self, AnyError> {
        let config: Config = url.parse()?;
        let (Some(Host::Tcp(host)), Some(port)) = (config.get_hosts().first(), config.get_ports().first())
        else {
            return Err("the benches need a server that is reached by TCP".into());
        };
        let stream = TcpStream::connect((host.as_str(), *port))?;
        stream.set_nodelay(true)?;
        let mut wire = Self { stream, received: BytesMut::new(), pid: 0 };
        wire.log_in(&config)?;
        Ok(wire)
    }

    pub fn pid(&self) -> i32 {
        self.pid
    }

    fn log_in(&mut self, config: &Config) -> Result<(), AnyError> {
        let (user, password) = (config.get_user().unwrap_or_default(), config.get_password());
        let mut out = BytesMut::new();
        let database = config.get_dbname().unwrap_or_default();
        frontend::startup_message([("user", user), ("database", database)], &mut out)?;
        let mut scram = ScramSha256::new(password.unwrap_or_default(), ChannelBinding::unsupported());
        loop {
            self.stream.write_all(&out.split())?;
            match self.message()? {
                Message::AuthenticationSasl(_) => {
                    frontend::sasl_initial_response("SCRAM-SHA-256", scram.message(), &mut out)?;
                }
                Message::AuthenticationSaslContinue(body) => {
                    scram.update(body.data())?;
                    frontend::sasl_response(scram.message(), &mut out)?;
                }
                Message::AuthenticationSaslFinal(body) => scram.finish(body.data())?,
                Message::BackendKeyData(body) => self.pid = body.process_id(),
                Message::ReadyForQuery(_) => return Ok(()),
                Message::ErrorResponse(body) => return Err(said(&body)?.into()),
                _ => {}
            }
        }
    }

    /// Runs one command, or several, of SQL text.
    pub fn command(&mut self, sql: &str) -> Result<(), AnyError> {
        let mut out = BytesMut::new();
        frontend::query(sql, &mut out)?;
        self.stream.write_all(&out)?;
        self.answers().map(drop)
    }

    /// Sends a batch and a Sync, and returns how many rows came.
    pub fn run(&mut self, batch: Batch) -> Result<usize, AnyError> {
        let Batch(mut out) = batch;
        frontend::sync(&mut out);
        // A server that cannot get rid of its answers takes no more requests, so they are read meanwhile.
        let mut writer = self.stream.try_clone()?;
        let writing = std::thread::spawn(move || writer.write_all(&out));
        let rows = self.answers();
        writing.join().map_err(|_| "the batch was not sent")??;
        rows
    }

    fn answers(&mut self) -> Result<usize, AnyError> {
        let (mut rows, mut failed) = (0, None);
        loop {
            match self.message()? {
                Message::DataRow(_) => rows += 1,
                Message::ErrorResponse(body) => failed = Some(said(&body)?),
                Message::ReadyForQuery(_) => return failed.map_or(Ok(rows), |error| Err(error.into())),
                _ => {}
            }
        }
    }

    fn message(&mut self) -> Result<Message, AnyError> {
        loop {
            if let Some(message) = Message::parse(&mut self.received)? {
                return Ok(message);
            }
            let mut piece = [0; 1 << 16];
            match self.stream.read(&mut piece)? {
                0 => return Err("the server closed the connection".into()),
                n => self.received.extend_from_slice(&piece[..n]),
            }
        }
    }
}

/// The message of an error.
fn said(body: &ErrorResponseBody) -> Result<String, Error> {
    let message = body.fields().find(|field| Ok(field.type_() == b'M'))?;
    Ok(message.map(|field| String::from_utf8_lossy(field.value_bytes()).into_owned()).unwrap_or_default())
}
