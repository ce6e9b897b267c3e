//! A TCP proxy between pool and server that keeps to itself what the server says.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

pub struct Swallower {
    port: u16,
    connections: Arc<Mutex<Vec<Shared>>>,
    accepting: tokio::task::JoinHandle<()>,
}

type Shared = Arc<Mutex<Does>>;

/// What becomes of the server's messages on one connection.
#[derive(Clone, Copy)]
enum Does {
    Pass,
    /// So many more times the server may say that it is ready; the next time is swallowed, and it alone.
    Swallow(usize),
    /// Nothing passes any more, in either direction.
    Silent,
}

impl Swallower {
    pub async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&connections);
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let does: Shared = Arc::new(Mutex::new(Does::Pass));
                all.lock().unwrap().push(Arc::clone(&does));
                tokio::spawn(async move {
                    let server = TcpStream::connect(server).await?;
                    let (from_client, to_client) = client.into_split();
                    let (from_server, to_server) = server.into_split();
                    // Either end closes both.
                    tokio::select! {
                        ended = requests(from_client, to_server, &does) => ended,
                        ended = answers(from_server, to_client, &does) => ended,
                    }
                });
            }
        });
        Self { port, connections, accepting }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Swallows one ReadyForQuery on the connections that there are now, once as many have passed.
    pub fn swallow(&self, after: usize) {
        self.tell(Does::Swallow(after));
    }

    /// Lets nothing pass any more on the connections that there are now, and does not close them.
    pub fn silence(&self) {
        self.tell(Does::Silent);
    }

    fn tell(&self, what: Does) {
        for does in &*self.connections.lock().unwrap() {
            *does.lock().unwrap() = what;
        }
    }
}

impl Drop for Swallower {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn is_silent(does: &Shared) -> bool {
    matches!(*does.lock().unwrap(), Does::Silent)
}

async fn requests(mut client: OwnedReadHalf, mut server: OwnedWriteHalf, does: &Shared) -> io::Result<()> {
    let mut bytes = vec![0; 1 << 16];
    loop {
        let n = client.read(&mut bytes).await?;
        if n == 0 {
            return Ok(());
        }
        if !is_silent(does) {
            server.write_all(&bytes[..n]).await?;
        }
    }
}

async fn answers(mut server: OwnedReadHalf, mut client: OwnedWriteHalf, does: &Shared) -> io::Result<()> {
    loop {
        let mut message = vec![0; 5];
        server.read_exact(&mut message).await?;
        let length = u32::from_be_bytes(message[1..5].try_into().unwrap()) as usize;
        message.resize(1 + length, 0);
        server.read_exact(&mut message[5..]).await?;
        let passes = {
            let mut does = does.lock().unwrap();
            match *does {
                Does::Silent => false,
                Does::Swallow(0) if message[0] == b'Z' => {
                    *does = Does::Pass;
                    false
                }
                Does::Swallow(more) if message[0] == b'Z' => {
                    *does = Does::Swallow(more - 1);
                    true
                }
                _ => true,
            }
        };
        if passes {
            client.write_all(&message).await?;
        }
    }
}
