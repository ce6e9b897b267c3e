//! A TCP proxy that makes the way longer, and counts flights.
//!
//! It runs on threads of its own, because a runtime's timer counts in milliseconds. Bytes are stamped
//! when they arrive and are passed on when their time has come. For one request at a time the thread sleeps
//! most of the delay and spends the rest looking at the clock, so what is added is exact to some microseconds.
//! Where many requests take all the time that the cores have, it only sleeps: a network needs no core either.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::AnyError;
use super::stats::median;

/// A sleep of the operating system may last this much longer than it was told to.
const OVERSLEEP: Duration = Duration::from_micros(200);
const PINGS: usize = 300;

/// How a proxy lets the time pass.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// To some microseconds, at the cost of a core.
    Exact,
    /// As exact as the operating system wakes it.
    #[allow(dead_code, reason = "not every bench takes all the time that there is")]
    Idle,
}

pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    one_way_nanos: AtomicU64,
    flights: AtomicUsize,
}

impl Proxy {
    /// A proxy that makes a round trip this much longer, its own work included, and what it was
    /// measured to add.
    pub fn start(
        server: &(String, u16),
        round_trip: Duration,
        pace: Pace,
    ) -> Result<(Self, Duration), AnyError> {
        let echo = echo()?;
        let trial = Self::open(&("127.0.0.1".to_owned(), echo), pace)?;
        trial.set(round_trip);
        let added = || Ok::<_, AnyError>(ping(trial.port)?.saturating_sub(ping(echo)?));
        // What the proxy itself takes, the two threads' waking up above all, counts towards the delay.
        let own_work = added()?.saturating_sub(round_trip);
        trial.set(round_trip.saturating_sub(own_work));
        let measured = added()?;
        let proxy = Self::open(server, pace)?;
        proxy.set(round_trip.saturating_sub(own_work));
        Ok((proxy, measured))
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// How often, so far, somebody has sent something after an answer.
    pub fn flights(&self) -> usize {
        self.shared.flights.load(Ordering::SeqCst)
    }

    fn set(&self, round_trip: Duration) {
        let one_way = u64::try_from(round_trip.as_nanos() / 2).unwrap_or(u64::MAX);
        self.shared.one_way_nanos.store(one_way, Ordering::SeqCst);
    }

    fn open(server: &(String, u16), pace: Pace) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let oversleep = match pace {
            Pace::Exact => OVERSLEEP,
            Pace::Idle => Duration::ZERO,
        };
        let shared = Arc::new(Shared::default());
        let (server, state) = (server.clone(), Arc::clone(&shared));
        let (under_way, due) = mpsc::channel();
        thread::spawn(move || deliver(due, oversleep));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // Whoever connects is told of a failure by a connection that ends.
                let _ = relay(client, &server, &state, &under_way);
            }
        });
        Ok(Self { port, shared })
    }
}

/// What is on its way. As all take the same time, they arrive in the order in which they were sent.
struct Parcel {
    leaves_at: Instant,
    to: Arc<TcpStream>,
    /// Nothing: nobody sends any more.
    bytes: Vec<u8>,
    /// Hears that an answer has left, if it is one.
    answered: Option<Arc<AtomicBool>>,
}

fn relay(
    client: TcpStream,
    server: &(String, u16),
    shared: &Arc<Shared>,
    under_way: &mpsc::Sender<Parcel>,
) -> io::Result<()> {
    let server = TcpStream::connect((server.0.as_str(), server.1))?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (client, server) = (Arc::new(client), Arc::new(server));
    // What is sent before any answer has come is one flight, in however many pieces.
    let answered = Arc::new(AtomicBool::new(true));
    let (asked, state) = (Arc::clone(&answered), Arc::clone(shared));
    let sent = move || {
        if asked.swap(false, Ordering::SeqCst) {
            state.flights.fetch_add(1, Ordering::SeqCst);
        }
        None
    };
    carry((Arc::clone(&client), Arc::clone(&server)), shared, under_way, sent);
    carry((server, client), shared, under_way, move || Some(Arc::clone(&answered)));
    Ok(())
}

/// Stamps the bytes of one direction as they arrive.
fn carry(
    (from, to): (Arc<TcpStream>, Arc<TcpStream>),
    shared: &Arc<Shared>,
    under_way: &mpsc::Sender<Parcel>,
    arrived: impl Fn() -> Option<Arc<AtomicBool>> + Send + 'static,
) {
    let (shared, under_way) = (Arc::clone(shared), under_way.clone());
    thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = (&*from).read(&mut buffer).unwrap_or_default();
            let one_way = Duration::from_nanos(shared.one_way_nanos.load(Ordering::SeqCst));
            let (leaves_at, answered) = (Instant::now() + one_way, if read > 0 { arrived() } else { None });
            let parcel = Parcel { leaves_at, to: Arc::clone(&to), bytes: buffer[..read].to_vec(), answered };
            if under_way.send(parcel).is_err() || read == 0 {
                return;
            }
        }
    });
}

/// Hands everything on when its time has come: one thread for all connections, because a core that many threads wait for comes
/// to each of them late.
fn deliver(due: mpsc::Receiver<Parcel>, oversleep: Duration) {
    for Parcel { leaves_at, to, bytes, answered } in due {
        wait_until(leaves_at, oversleep);
        if let Some(answered) = answered {
            answered.store(true, Ordering::SeqCst);
        }
        if bytes.is_empty() || (&*to).write_all(&bytes).is_err() {
            let _ = to.shutdown(Shutdown::Write);
        }
    }
}

fn wait_until(moment: Instant, oversleep: Duration) {
    loop {
        let left = moment.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        // Between two looks at the clock another thread may have the core: there are few cores, and the
        // server needs one.
        if left > oversleep { thread::sleep(left - oversleep) } else { thread::yield_now() }
    }
}

/// A server that sends back what it gets. Returns its port.
fn echo() -> io::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            thread::spawn(move || {
                let _ = client.set_nodelay(true);
                let mut byte = [0];
                while client.read_exact(&mut byte).and_then(|()| client.write_all(&byte)).is_ok() {}
            });
        }
    });
    Ok(port)
}

/// The median of round trips of one byte.
fn ping(port: u16) -> Result<Duration, AnyError> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    let mut times = Vec::with_capacity(PINGS);
    for _ in 0..PINGS {
        let begun = Instant::now();
        stream.write_all(&[1])?;
        stream.read_exact(&mut [0])?;
        times.push(begun.elapsed().as_secs_f64());
    }
    Ok(Duration::from_secs_f64(median(times).unwrap_or_default()))
}
