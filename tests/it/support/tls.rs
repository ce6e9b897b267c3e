//! TLS as the tests speak it: an authority made for this process, a server with a certificate of
//! its, and a client that trusts nothing else.

use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use sha2::{Digest, Sha256};
use tenantry::testing::Server;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OnceCell;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector, client};

use super::eventually;

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// An authority that nobody knows, and the certificate that it gave to this machine.
struct Made {
    authority: CertificateDer<'static>,
    authority_pem: String,
    certificate: rcgen::Certificate,
    key: KeyPair,
}

static MADE: LazyLock<Made> = LazyLock::new(|| {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    Made { authority: authority.der().clone(), authority_pem: authority.pem(), certificate, key }
});

/// The authority, as a file holds it.
pub fn authority() -> &'static str {
    &MADE.authority_pem
}

/// A server on this machine that takes TLS on its port, and a Unix socket beside it. The tests that
/// want either share it.
pub async fn server() -> &'static Server {
    static SERVER: OnceCell<Server> = OnceCell::const_new();
    SERVER
        .get_or_init(async || {
            let server = Server::builder().start_local().await.unwrap();
            turn_on(&server).await;
            server
        })
        .await
}

/// Gives a server its certificate and has it take TLS.
pub async fn turn_on(server: &Server) {
    let admin = server.connect().await.unwrap();
    let data: String = admin.query_one("show data_directory", &[]).await.unwrap().get(0);
    write(Path::new(&data), "server.crt", &MADE.certificate.pem());
    write(Path::new(&data), "server.key", &MADE.key.serialize_pem());
    admin.batch_execute("alter system set ssl = on").await.unwrap();
    admin.batch_execute("select pg_reload_conf()").await.unwrap();
    // A session that is there already keeps the setting that it has seen until its next statement.
    eventually("the server takes TLS", async || {
        admin.query_one("show ssl", &[]).await.unwrap().get::<_, String>(0) == "on"
    })
    .await;
}

/// A server that lets a role in by its certificate alone, and the authority of such certificates.
pub async fn server_that_asks_for_certificates(role: &str) -> (Server, CertifiedIssuer<'static, KeyPair>) {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let server = Server::builder().start_local().await.unwrap();
    turn_on(&server).await;
    let admin = server.connect().await.unwrap();
    let data: String = admin.query_one("show data_directory", &[]).await.unwrap().get(0);
    let data = Path::new(&data);
    write(data, "clients.crt", &authority.pem());
    let rules = std::fs::read_to_string(data.join("pg_hba.conf")).unwrap();
    write(data, "pg_hba.conf", &format!("hostssl all {role} all cert\n{rules}"));
    admin.batch_execute("ALTER SYSTEM SET ssl_ca_file = 'clients.crt'").await.unwrap();
    admin.batch_execute(&format!("CREATE ROLE {role} LOGIN; SELECT pg_reload_conf()")).await.unwrap();
    // The server answers whoever comes after the reload by the new rules.
    eventually("the rules are read", async || {
        let sql = "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method = 'cert'";
        let read: i64 = admin.query_one(sql, &[]).await.unwrap().get(0);
        let ready: String = admin.query_one("show ssl_ca_file", &[]).await.unwrap().get(0);
        read == 1 && ready == "clients.crt"
    })
    .await;
    (server, authority)
}

/// Writes a file that belongs to whoever runs the server, and that nobody else can read.
pub fn write(data: &Path, name: &str, text: &str) {
    let path = data.join(name);
    std::fs::write(&path, text).unwrap();
    let owner = data.metadata().unwrap();
    chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
}

/// What a proxy ends TLS with, in the place of a server.
pub fn acceptor() -> TlsAcceptor {
    let chain = vec![MADE.certificate.der().clone()];
    let key = PrivateKeyDer::try_from(MADE.key.serialize_der()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// The driver's side: verifies the server's name and certificate, and binds SCRAM to the channel.
#[derive(Clone)]
pub struct Rustls(TlsConnector);

impl Rustls {
    /// Trusts the authority of the tests.
    pub fn new() -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(MADE.authority.clone()).unwrap();
        Self::trusting(roots)
    }

    /// Trusts nobody.
    pub fn distrustful() -> Self {
        Self::trusting(RootCertStore::empty())
    }

    fn trusting(roots: RootCertStore) -> Self {
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Self(TlsConnector::from(Arc::new(config)))
    }
}

impl<S> MakeTlsConnect<S> for Rustls
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Stream<S>;
    type TlsConnect = Connecting;
    type Error = tokio_rustls::rustls::pki_types::InvalidDnsNameError;

    fn make_tls_connect(&mut self, domain: &str) -> Result<Connecting, Self::Error> {
        let name = ServerName::try_from(domain.to_owned())?;
        Ok(Connecting { connector: self.0.clone(), name })
    }
}

pub struct Connecting {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl<S> TlsConnect<S> for Connecting
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Stream<S>;
    type Error = io::Error;
    type Future = BoxFuture<io::Result<Stream<S>>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move { self.connector.connect(self.name, stream).await.map(Stream) })
    }
}

pub struct Stream<S>(client::TlsStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Stream<S> {
    fn channel_binding(&self) -> ChannelBinding {
        let (_, session) = self.0.get_ref();
        match session.peer_certificates() {
            // RFC 5929 wants the hash of the signature, and the tests' certificates have SHA-256.
            Some([certificate, ..]) => {
                ChannelBinding::tls_server_end_point(Sha256::digest(certificate).to_vec())
            }
            _ => ChannelBinding::none(),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
