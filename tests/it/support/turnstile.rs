//! A TCP proxy that lets so many messages of the server's through and holds the rest, so that a test
//! can stop a client at each of them.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::tls;

/// What a client sends that wants TLS: the length, and a code as in a cancel request.
const TLS_REQUEST: [u8; 8] = (8_u64 << 32 | 80_877_103).to_be_bytes();
/// The code that a cancel request has where a start-up message has its protocol version.
const CANCEL_REQUEST: [u8; 4] = 80_877_102_u32.to_be_bytes();

pub struct Turnstile {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    /// How many more messages of the server's may pass, over all connections. `None`: any number.
    allowed: watch::Sender<Option<usize>>,
    /// How many connections have a message that may not pass.
    holding: watch::Sender<usize>,
    passed: AtomicUsize,
    holds_requests: watch::Sender<bool>,
    holds_cancels: watch::Sender<bool>,
    /// How many cancel requests have come, and how many of them the server has dealt with.
    cancels: watch::Sender<(usize, usize)>,
    kill: watch::Sender<()>,
}

impl Turnstile {
    pub async fn start(server: SocketAddr) -> Self {
        Self::with(server, None).await
    }

    /// One that ends the client's TLS itself, so that messages can be told apart here too: each
    /// that passes is a record of its own. Its own way to the server is without TLS.
    pub async fn start_with_tls(server: SocketAddr) -> Self {
        Self::with(server, Some(tls::acceptor())).await
    }

    async fn with(server: SocketAddr, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let state = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (state, tls) = (Arc::clone(&state), tls.clone());
                tokio::spawn(async move {
                    let mut killed = state.kill.subscribe();
                    tokio::select! {
                        // First, so that nothing passes that is allowed to after the cut.
                        biased;
                        _ = killed.changed() => {}
                        _ = take(client, server, tls, &state) => {}
                    }
                });
            }
        });
        Self { address, shared, accepting }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// From now on lets so many messages through and holds the next.
    pub fn allow(&self, messages: usize) {
        self.shared.allowed.send_replace(Some(messages));
    }

    /// Lets everything through.
    pub fn open(&self) {
        self.shared.allowed.send_replace(None);
    }

    /// Waits until a message is held.
    pub async fn holds(&self) {
        self.shared.holding.subscribe().wait_for(|connections| *connections > 0).await.unwrap();
    }

    /// How many messages have passed.
    pub fn passed(&self) -> usize {
        self.shared.passed.load(Ordering::SeqCst)
    }

    /// Makes what clients send late, cancel requests excepted: it waits here, or no longer does so.
    pub fn hold_requests(&self, hold: bool) {
        self.shared.holds_requests.send_replace(hold);
    }

    /// Makes cancel requests late: they wait here, or no longer do so.
    pub fn hold_cancels(&self, hold: bool) {
        self.shared.holds_cancels.send_replace(hold);
    }

    /// How many cancel requests have come.
    pub fn cancels(&self) -> usize {
        self.shared.cancels.borrow().0
    }

    /// Waits until so many cancel requests have come, ever.
    pub async fn cancels_came(&self, count: usize) {
        self.shared.cancels.subscribe().wait_for(|(came, _)| *came >= count).await.unwrap();
    }

    /// Waits until the server has dealt with each cancel request that came.
    pub async fn cancels_are_done(&self) {
        self.shared.cancels.subscribe().wait_for(|(came, done)| came == done).await.unwrap();
    }

    /// Cuts every connection now. What is held is lost.
    pub fn cut_all(&self) {
        self.shared.kill.send_replace(());
    }
}

impl Drop for Turnstile {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut_all();
    }
}

async fn take(
    mut client: TcpStream,
    server: SocketAddr,
    tls: Option<TlsAcceptor>,
    shared: &Shared,
) -> io::Result<()> {
    client.set_nodelay(true)?;
    let Some(tls) = tls else {
        let (from_client, to_client) = client.into_split();
        return relay(from_client, to_client, server, shared).await;
    };
    let mut first = [0; 8];
    client.read_exact(&mut first).await?;
    assert_eq!(first, TLS_REQUEST, "somebody comes without TLS");
    client.write_all(b"S").await?;
    let (from_client, to_client) = tokio::io::split(tls.accept(client).await?);
    relay(from_client, to_client, server, shared).await
}

async fn relay(
    mut from_client: impl AsyncRead + Unpin,
    to_client: impl AsyncWrite + Unpin,
    server: SocketAddr,
    shared: &Shared,
) -> io::Result<()> {
    let server = TcpStream::connect(server).await?;
    server.set_nodelay(true)?;
    let (from_server, mut to_server) = server.into_split();
    // PgBouncer takes the first message as a whole only.
    let mut first = vec![0; 4];
    from_client.read_exact(&mut first).await?;
    first.resize(u32::from_be_bytes([first[0], first[1], first[2], first[3]]) as usize, 0);
    from_client.read_exact(&mut first[4..]).await?;
    if first[4..8] == CANCEL_REQUEST {
        return cancel(&first, from_client, from_server, to_server, shared).await;
    }
    to_server.write_all(&first).await?;
    tokio::select! {
        result = requests(from_client, to_server, shared) => result,
        result = answers(from_server, to_client, shared) => result,
    }
}

/// Hands on what the client sends, when it may pass.
async fn requests(
    mut client: impl AsyncRead + Unpin,
    mut server: OwnedWriteHalf,
    shared: &Shared,
) -> io::Result<()> {
    let mut holds = shared.holds_requests.subscribe();
    let mut bytes = vec![0; 8192];
    loop {
        let count = client.read(&mut bytes).await?;
        if count == 0 {
            return Ok(());
        }
        holds.wait_for(|hold| !hold).await.map_err(io::Error::other)?;
        server.write_all(&bytes[..count]).await?;
    }
}

/// Hands a cancel request on when it may pass, though its sender may have gone by then.
async fn cancel(
    request: &[u8],
    mut from_client: impl AsyncRead + Unpin,
    mut from_server: OwnedReadHalf,
    mut to_server: OwnedWriteHalf,
    shared: &Shared,
) -> io::Result<()> {
    shared.cancels.send_modify(|(came, _)| *came += 1);
    shared.holds_cancels.subscribe().wait_for(|hold| !hold).await.map_err(io::Error::other)?;
    to_server.write_all(request).await?;
    // The server closes the connection once it has sent the signal, without an answer. It has to
    // hear of a sender who does not wait for that.
    let mut answer = Vec::new();
    let leaves = async {
        let _ = from_client.read_to_end(&mut Vec::new()).await;
        let _ = to_server.shutdown().await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        _ = from_server.read_to_end(&mut answer) => {}
        () = leaves => {}
    }
    shared.cancels.send_modify(|(_, done)| *done += 1);
    Ok(())
}

/// Hands on the server's messages one by one, each when it may pass.
async fn answers(
    mut server: OwnedReadHalf,
    mut client: impl AsyncWrite + Unpin,
    shared: &Shared,
) -> io::Result<()> {
    let mut allowed = shared.allowed.subscribe();
    loop {
        // One byte of type and four of length, which counts itself.
        let mut message = vec![0; 5];
        server.read_exact(&mut message).await?;
        let length = 1 + u32::from_be_bytes([message[1], message[2], message[3], message[4]]) as usize;
        message.resize(length, 0);
        server.read_exact(&mut message[5..]).await?;
        while !shared.may_pass() {
            let _holding = Holding::begin(shared);
            allowed.changed().await.map_err(io::Error::other)?;
        }
        client.write_all(&message).await?;
        client.flush().await?;
        shared.passed.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
    }
}

impl Shared {
    /// Takes one of the messages that are allowed, if there is one left.
    fn may_pass(&self) -> bool {
        let mut may = true;
        self.allowed.send_if_modified(|left| match left {
            None => false,
            Some(0) => {
                may = false;
                false
            }
            Some(left) => {
                *left -= 1;
                true
            }
        });
        may
    }
}

struct Holding<'a>(&'a Shared);

impl<'a> Holding<'a> {
    fn begin(shared: &'a Shared) -> Self {
        shared.holding.send_modify(|connections| *connections += 1);
        Self(shared)
    }
}

impl Drop for Holding<'_> {
    fn drop(&mut self) {
        self.0.holding.send_modify(|connections| *connections -= 1);
    }
}
