//! A TCP proxy that stops like a process that is stopped, and counts who is connected.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub struct Stall {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    /// Whether nothing passes.
    stopped: watch::Sender<bool>,
    /// Connections up to this number are forgotten: nothing passes on them any more, and nobody is told.
    forgotten: watch::Sender<usize>,
    /// How many are refused with SQLSTATE 57P03 before one passes.
    starting: AtomicUsize,
    /// How many are reset before one passes.
    resetting: AtomicUsize,
    accepted: AtomicUsize,
    open: AtomicUsize,
    most: AtomicUsize,
}

impl Stall {
    pub async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener, server)
    }

    pub fn on(listener: TcpListener, server: SocketAddr) -> Self {
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let state = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let number = state.accepted.fetch_add(1, Ordering::SeqCst) + 1;
                let open = state.open.fetch_add(1, Ordering::SeqCst) + 1;
                state.most.fetch_max(open, Ordering::SeqCst);
                let state = Arc::clone(&state);
                tokio::spawn(async move {
                    let _ = relay(client, server, number, &state).await;
                    state.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { address, shared, accepting }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    pub fn stop(&self, stopped: bool) {
        self.shared.stopped.send_replace(stopped);
    }

    /// Forgets all connections that are there now, as a load balancer does with idle ones.
    pub fn forget_all(&self) {
        self.shared.forgotten.send_replace(self.accepted());
    }

    /// Answers so many clients as a server that starts.
    pub fn is_starting_for(&self, clients: usize) {
        self.shared.starting.store(clients, Ordering::SeqCst);
    }

    /// Resets the connections of so many clients, as a server does that stops with those that it has not accepted yet.
    pub fn resets(&self, clients: usize) {
        self.shared.resetting.store(clients, Ordering::SeqCst);
    }

    /// How many clients have ever connected.
    pub fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// The most that were connected at a time.
    pub fn most(&self) -> usize {
        self.shared.most.load(Ordering::SeqCst)
    }
}

impl Drop for Stall {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Shared {
    async fn passes(&self, number: usize) {
        if *self.forgotten.borrow() >= number {
            std::future::pending::<()>().await;
        }
        let _ = self.stopped.subscribe().wait_for(|stopped| !stopped).await;
    }
}

async fn relay(mut client: TcpStream, server: SocketAddr, number: usize, shared: &Shared) -> io::Result<()> {
    let is_due = |left: &AtomicUsize| {
        left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    };
    if is_due(&shared.resetting) {
        return client.set_zero_linger();
    }
    if is_due(&shared.starting) {
        let length = client.read_u32().await? as usize;
        client.read_exact(&mut vec![0; length.saturating_sub(4)]).await?;
        let fields = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0";
        let length = u32::try_from(4 + fields.len()).unwrap().to_be_bytes();
        client.write_all(&[b"E", &length[..], fields].concat()).await?;
        return Ok(());
    }
    let mut server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut asked, mut answered) = ([0; 1 << 14], [0; 1 << 14]);
    loop {
        tokio::select! {
            n = client.read(&mut asked) => match n? {
                // Who leaves is let go, whether anything passes or not.
                0 => return Ok(()),
                n => {
                    tokio::select! {
                        () = shared.passes(number) => {}
                        n = closed(&client) => return n,
                    }
                    server.write_all(&asked[..n]).await?;
                }
            },
            n = server.read(&mut answered) => match n? {
                0 => return Ok(()),
                n => {
                    tokio::select! {
                        () = shared.passes(number) => {}
                        n = closed(&client) => return n,
                    }
                    client.write_all(&answered[..n]).await?;
                }
            },
        }
    }
}

/// Waits until the client has closed its side with nothing left to read.
async fn closed(client: &TcpStream) -> io::Result<()> {
    while client.peek(&mut [0; 1]).await? > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}
