//! The words of the driver that this module goes by, provoked from the driver itself.

mod server;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::config::{SslMode, TargetSessionAttrs};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use tokio_postgres::types::Type;
use tokio_postgres::{Config, Error as PgError, NoTls};
use tokio_rustls::rustls::{CertificateError, Error as RustlsError};

use self::server::Server;
use super::connect::{Distrust, connect_reason, host_is_not_found};
use super::fault::{Fault, Mismatch};
use super::lost::connection_is_lost;
use super::{Error, reason};

fn has_types(error: &PgError, rust_type: &str, postgres_type: &str) -> bool {
    matches!(Mismatch::of(error), Mismatch::Types { rust, postgres } if rust == rust_type && postgres == postgres_type)
}

#[tokio::test]
async fn what_the_driver_stops_before_it_is_sent_is_told_by_its_words() {
    let server = Server::start(vec![]);
    let client = server.connect().await.unwrap();
    let statement = client.prepare("q $1").await.unwrap();
    let wrong = client.query(&statement, &[&"seven"]).await.unwrap_err();
    assert!(matches!(Fault::of(&wrong), Fault::Parameter(1)), "{wrong}");
    assert!(has_types(&wrong, "&str", "int4"));
    let few = client.query(&statement, &[]).await.unwrap_err();
    assert!(matches!(Fault::of(&few), Fault::ParameterCount { given: 0, expected: 1 }), "{few}");
    let many: Vec<_> = (0..70_000).map(|n| (n, Type::INT4)).collect();
    let many = client.query_typed_raw("q", many).await.err().unwrap();
    let nul = client.prepare("q\0").await.unwrap_err();
    for error in [&wrong, &few, &many, &nul] {
        assert!(Fault::of(error).is_of_the_caller() && !connection_is_lost(error), "{error}");
    }
    assert!(matches!((Fault::of(&many), Fault::of(&nul)), (Fault::Unwritable, Fault::Unwritable)));
}

#[tokio::test]
async fn what_the_driver_says_of_a_row_is_told_by_its_words() {
    let server = Server::start(vec![Some(7), None]);
    let client = server.connect().await.unwrap();
    let rows = client.query("q $1", &[&1]).await.unwrap();
    let wrong = rows[0].try_get::<_, &str>(0).unwrap_err();
    assert!(matches!(Fault::of(&wrong), Fault::Column(0)) && has_types(&wrong, "&str", "int4"), "{wrong}");
    let null = rows[1].try_get::<_, i32>(0).unwrap_err();
    assert!(matches!((Fault::of(&null), Mismatch::of(&null)), (Fault::Column(0), Mismatch::Null)));
    let missing = rows[0].try_get::<_, i32>("total").unwrap_err();
    assert!(matches!(Fault::of(&missing), Fault::NoColumn(name) if name == "total"));
    for (error, line) in [
        (
            wrong,
            "column 0, counted from 0, is of the PostgreSQL type int4, which does not convert to the Rust type &str; read it as one to which it does, or cast it in the statement",
        ),
        (null, "column 0, counted from 0, is NULL; read it as an Option"),
        (missing, "the row has no column \"total\""),
    ] {
        let error = Error::from(error);
        assert_eq!(error.to_string(), line);
        assert!(!error.is_connection_lost() && !error.is_in_doubt() && !error.is_usage());
    }
}

/// A row that is cut short, and an answer to another request.
#[tokio::test]
async fn what_cannot_be_decoded_is_no_lost_connection() {
    let server = Server::that_says(b"D\0\0\0\x0a\0\x01\0\0\0\x09");
    let client = server.connect().await.unwrap();
    let broken = client.query("q $1", &[&1]).await.unwrap_err();
    assert!(matches!(Fault::of(&broken), Fault::Unreadable), "{broken}");
    let server = Server::start(vec![]);
    let client = server.connect().await.unwrap();
    let other = client.copy_out("q").await.err().unwrap();
    assert!(matches!(Fault::of(&other), Fault::Unexpected), "{other}");
    assert!(!connection_is_lost(&broken) && !connection_is_lost(&other));
}

#[tokio::test]
async fn only_the_last_error_of_a_connection_loses_it() {
    for (fields, lost) in [
        (&b"SERROR\0VERROR\0C57P01\0Mm\0\0"[..], false),
        (b"SERROR\0VERROR\0C08006\0Mm\0\0", false),
        (b"SFEHLER\0VERROR\0C57P03\0Mm\0\0", false),
        (b"SFATAL\0VFATAL\0C57P01\0Mm\0\0", true),
        (b"SPANIK\0VPANIC\0CXX000\0Mm\0\0", true),
        // PgBouncer's own, in versions that know two severities and in those that know one.
        (b"SFATAL\0C08P01\0Mm\0\0", true),
        (b"SERROR\0C08P01\0Mm\0\0", true),
        (b"SERROR\0C22012\0Mm\0\0", false),
    ] {
        let server = Server::that_says(&server::message(b'E', fields));
        let client = server.connect().await.unwrap();
        let error = client.query("q $1", &[&1]).await.unwrap_err();
        assert_eq!(connection_is_lost(&error), lost, "{error:?}");
    }
}

/// A stream that breaks at the first read.
struct Broken;

impl AsyncRead for Broken {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
    }
}

impl AsyncWrite for Broken {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl TlsStream for Broken {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

/// What fails to encrypt, in a client's words.
struct Failing(Option<RustlsError>, &'static str);

impl<S> TlsConnect<S> for Failing {
    type Stream = Broken;
    type Error = io::Error;
    type Future = std::future::Ready<io::Result<Broken>>;

    fn connect(self, _: S) -> Self::Future {
        std::future::ready(Err(match self.0 {
            Some(error) => io::Error::new(io::ErrorKind::InvalidData, error),
            None => io::Error::other(self.1),
        }))
    }
}

#[tokio::test]
async fn the_ends_of_a_connection_are_told_by_the_drivers_words() {
    let mut config = Config::new();
    config.user("u");
    let broken = config.connect_raw(Broken, NoTls).await.err().unwrap();
    assert!(matches!(Fault::of(&broken), Fault::Io), "{broken}");
    let closed = config.connect_raw(tokio::io::empty(), NoTls).await.err().unwrap();
    assert!(matches!(Fault::of(&closed), Fault::Closed), "{closed}");
    let unknown =
        "postgresql://u@nowhere.invalid".parse::<Config>().unwrap().connect(NoTls).await.err().unwrap();
    assert!(matches!(Fault::of(&unknown), Fault::Connect), "{unknown}");
    assert!([&broken, &closed, &unknown].into_iter().all(connection_is_lost));
    let source = std::error::Error::source(&unknown).unwrap().downcast_ref().unwrap();
    assert!(host_is_not_found(source), "{source}");
    assert!(connect_reason(&unknown, true).starts_with("the name of the host is not known; check the host"));
    let bare = "host=a,b hostaddr=127.0.0.1".parse::<Config>().unwrap().connect(NoTls).await.err().unwrap();
    assert!(matches!(Fault::of(&bare), Fault::Config), "{bare}");
    assert_eq!(connect_reason(&bare, true), "host and hostaddr name a different number of servers");
}

#[tokio::test]
async fn a_server_that_is_not_the_kind_that_is_asked_for_is_named_as_such() {
    for (attrs, answer, words) in [
        (TargetSessionAttrs::ReadWrite, "on", "it takes no writes, a standby for one"),
        (TargetSessionAttrs::ReadOnly, "off", "it takes writes"),
    ] {
        let port = server::shows(answer).await;
        let mut config = Config::new();
        config.user("u").host("127.0.0.1").port(port).target_session_attrs(attrs);
        let error = config.connect(NoTls).await.err().unwrap();
        assert!(connect_reason(&error, true).starts_with(words), "{error:?}");
    }
}

#[tokio::test]
async fn what_a_client_has_against_a_certificate_is_told_by_its_words() {
    let certificate = |error| Failing(Some(RustlsError::InvalidCertificate(error)), "");
    let openssl = |text| Failing(None, text);
    for (failing, distrust) in [
        (certificate(CertificateError::UnknownIssuer), Distrust::Issuer),
        (certificate(CertificateError::BadSignature), Distrust::Issuer),
        (certificate(CertificateError::NotValidForName), Distrust::Name),
        (certificate(CertificateError::Expired), Distrust::Certificate),
        (
            openssl("certificate verify failed: (self-signed certificate in certificate chain)"),
            Distrust::Issuer,
        ),
        (openssl("certificate verify failed: (unable to get local issuer certificate)"), Distrust::Issuer),
        (openssl("certificate verify failed: (hostname mismatch)"), Distrust::Name),
        (openssl("certificate verify failed: (certificate has expired)"), Distrust::Certificate),
    ] {
        let (near, mut far) = tokio::io::duplex(64);
        tokio::io::AsyncWriteExt::write_all(&mut far, b"S").await.unwrap();
        let mut config = Config::new();
        config.user("u").host("h").ssl_mode(SslMode::Require);
        let error = config.connect_raw(near, failing).await.err().unwrap();
        assert!(matches!(Fault::of(&error), Fault::Tls), "{error}");
        assert!(connect_reason(&error, false).starts_with(distrust.words()), "{error:?}");
    }
}

#[tokio::test]
async fn a_text_of_two_statements_is_told_by_the_servers_routine() {
    let fields = b"SERROR\0VERROR\0C42601\0Mm\0Rexec_parse_message\0\0";
    let server = Server::that_says(&server::message(b'E', fields));
    let error = server.connect().await.unwrap().query("q $1", &[&1]).await.unwrap_err();
    assert!(reason(&error).starts_with("the text holds more than one statement"), "{}", reason(&error));
}
