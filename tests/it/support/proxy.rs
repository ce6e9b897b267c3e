//! A TCP proxy between pool and server that counts, edits and cuts what passes.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

/// How long a client has to be silent before the proxy takes it to be waiting for an answer. Only
/// the counting of flights uses it, and there it errs towards more flights, never fewer.
const SILENCE: Duration = Duration::from_millis(30);

pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    /// Whether answers are held back until the client waits for them.
    holding: AtomicBool,
    flights: AtomicUsize,
    /// The types of the messages that the client sent while answers were held back.
    said: Mutex<String>,
    /// Replacements of equal length, towards the server and towards the client.
    edits: Mutex<Vec<(Vec<u8>, Vec<u8>)>>,
    /// What the client may send last: the server gets it, and nobody hears the answer.
    last_words: Mutex<Option<Vec<u8>>>,
    kill: watch::Sender<()>,
}

/// What passed while answers were held back.
#[derive(Debug, PartialEq, Eq)]
pub struct Counts {
    /// How often the client sent and then waited.
    pub flights: usize,
    /// All that the client sent, each message by the letter of its type: `B`ind, `E`xecute, `S`ync,
    /// simple `Q`uery. The server says that it is ready after each Sync and each simple query.
    pub said: String,
}

/// What a test expects to be counted.
pub fn flights(flights: usize, said: &str) -> Counts {
    Counts { flights, said: said.to_owned() }
}

impl Proxy {
    pub async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let state = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let state = Arc::clone(&state);
                tokio::spawn(async move {
                    let Ok(server) = TcpStream::connect(server).await else { return };
                    let mut killed = state.kill.subscribe();
                    tokio::select! {
                        _ = relay(client, server, &state) => {}
                        _ = killed.changed() => {}
                    }
                });
            }
        });
        Self { address, shared, accepting }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Counts what passes while `work` runs. Nothing else may use the proxy meanwhile.
    pub async fn count<T>(&self, work: impl Future<Output = T>) -> (T, Counts) {
        let before = self.shared.flights.load(Ordering::SeqCst);
        self.shared.said.lock().unwrap().clear();
        self.shared.holding.store(true, Ordering::SeqCst);
        let value = work.await;
        self.shared.holding.store(false, Ordering::SeqCst);
        let flights = self.shared.flights.load(Ordering::SeqCst) - before;
        (value, Counts { flights, said: self.shared.said.lock().unwrap().clone() })
    }

    /// Replaces bytes wherever they pass, in either direction, with as many others.
    pub fn edit(&self, from: &str, to: &str) {
        assert_eq!(from.len(), to.len(), "an edit must not change the length of a message");
        self.shared.edits.lock().unwrap().push((from.into(), to.into()));
    }

    pub fn clear_edits(&self) {
        self.shared.edits.lock().unwrap().clear();
    }

    /// Cuts the connection once the client has said this and the server has got it.
    pub fn cut_after(&self, words: &str) {
        *self.shared.last_words.lock().unwrap() = Some(words.into());
    }

    pub fn never_cut(&self) {
        *self.shared.last_words.lock().unwrap() = None;
    }

    /// Cuts every connection now.
    pub fn cut_all(&self) {
        self.shared.kill.send_replace(());
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut_all();
    }
}

async fn relay(mut client: TcpStream, mut server: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut frames = Frames::default();
    let (mut sent, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut held = Vec::new();
    // A slow server answers one flight in several pieces, which are let go one by one.
    let mut sent_since_release = false;
    loop {
        let waits = async {
            if held.is_empty() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(SILENCE).await;
        };
        tokio::select! {
            // What the client has sent by now belongs to the flight, however late the timer is.
            biased;
            n = client.read(&mut sent) => {
                let n = n?;
                if n == 0 {
                    return Ok(());
                }
                sent_since_release = true;
                let bytes = &mut sent[..n];
                edit(shared, bytes);
                frames.count(bytes, shared);
                server.write_all(bytes).await?;
                let last_words = shared.last_words.lock().unwrap().clone();
                if last_words.is_some_and(|words| position(bytes, &words).is_some()) {
                    // The server goes through all that it got and then closes; its answers go nowhere.
                    server.shutdown().await?;
                    while timeout(Duration::from_secs(5), server.read(&mut answered)).await?? > 0 {}
                    return Ok(());
                }
            }
            n = server.read(&mut answered) => {
                let n = n?;
                if n == 0 {
                    client.write_all(&held).await?;
                    return Ok(());
                }
                let bytes = &mut answered[..n];
                edit(shared, bytes);
                if shared.holding.load(Ordering::SeqCst) {
                    held.extend_from_slice(bytes);
                } else {
                    client.write_all(bytes).await?;
                }
            }
            () = waits => {
                shared.flights.fetch_add(usize::from(sent_since_release), Ordering::SeqCst);
                sent_since_release = false;
                client.write_all(&held).await?;
                held.clear();
            }
        }
    }
}

fn edit(shared: &Shared, bytes: &mut [u8]) {
    for (from, to) in &*shared.edits.lock().unwrap() {
        while let Some(at) = position(bytes, from) {
            bytes[at..at + to.len()].copy_from_slice(to);
        }
    }
}

fn position(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// Follows the frontend's messages: one byte of type and four of length, but for the first.
#[derive(Default)]
struct Frames {
    started: bool,
    pending: Vec<u8>,
}

impl Frames {
    fn count(&mut self, bytes: &[u8], shared: &Shared) {
        self.pending.extend_from_slice(bytes);
        loop {
            let header = usize::from(self.started);
            let Some(length) = self.pending.get(header..header + 4) else { return };
            let length = header + u32::from_be_bytes(length.try_into().unwrap()) as usize;
            if self.pending.len() < length {
                return;
            }
            if self.started && shared.holding.load(Ordering::SeqCst) {
                shared.said.lock().unwrap().push(char::from(self.pending[0]));
            }
            self.started = true;
            self.pending.drain(..length);
        }
    }
}
