//! A writer and a reader at full speed, each in transactions that bind their tenant, and what they notice.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio_postgres::{Client, Statement};

use crate::common::AnyError;
use crate::common::stats::{float, percentile};
use crate::erp::Erp;

/// Both work as this tenant: its entries are those whose number ends in it.
const TENANT: &str = "7";
/// Of so many statements one is kept for the percentiles.
const SAMPLED: usize = 16;

/// What a client noticed in a phase.
#[derive(Clone, Debug, Default)]
pub struct Phase {
    pub transactions: usize,
    pub failed: usize,
    pub longest: Duration,
    pub time: Duration,
    samples: Vec<f64>,
}

/// What a client noticed.
pub struct Measured {
    pub name: &'static str,
    pub phases: Vec<Phase>,
}

pub struct Clients {
    shared: Arc<Shared>,
    tasks: Vec<(&'static str, JoinHandle<()>)>,
}

struct Shared {
    stop: AtomicBool,
    phase: AtomicUsize,
    /// For each client its phases, and when the present one was entered.
    measured: [Mutex<Vec<Phase>>; 2],
    entered: Mutex<Instant>,
    /// How long each phase took.
    times: Mutex<Vec<Duration>>,
}

#[derive(Clone, Copy)]
enum Work {
    Write,
    Read,
}

impl Clients {
    pub async fn start(erp: &Erp, phases: usize) -> Result<Self, AnyError> {
        let phases_of = || Mutex::new(vec![Phase::default(); phases]);
        let shared = Arc::new(Shared {
            stop: AtomicBool::new(false),
            phase: AtomicUsize::new(0),
            measured: [phases_of(), phases_of()],
            entered: Mutex::new(Instant::now()),
            times: Mutex::new(vec![Duration::ZERO; phases]),
        });
        let mut tasks = Vec::new();
        for (at, (name, work)) in [("writer", Work::Write), ("reader", Work::Read)].into_iter().enumerate() {
            let client = erp.as_app().await?;
            let (shared, rows) = (Arc::clone(&shared), i64::from(erp.rows));
            tasks.push((name, tokio::spawn(work_on(client, work, rows, shared, at))));
        }
        Ok(Self { shared, tasks })
    }

    /// Forgets what was so far.
    pub fn reset(&self) {
        for measured in &self.shared.measured {
            let mut phases = locked(measured);
            let count = phases.len();
            *phases = vec![Phase::default(); count];
        }
        let mut times = locked(&self.shared.times);
        times.fill(Duration::ZERO);
        *locked(&self.shared.entered) = Instant::now();
    }

    /// From now on, everything is of this phase.
    pub fn enter(&self, phase: usize) {
        let before = self.shared.phase.swap(phase, Ordering::Relaxed);
        let mut entered = locked(&self.shared.entered);
        locked(&self.shared.times)[before] += entered.elapsed();
        *entered = Instant::now();
    }

    pub async fn end(self) -> Vec<Measured> {
        self.enter(self.shared.phase.load(Ordering::Relaxed));
        self.shared.stop.store(true, Ordering::Relaxed);
        let mut found = Vec::new();
        for ((name, task), measured) in self.tasks.into_iter().zip(&self.shared.measured) {
            let _ = task.await;
            let times = locked(&self.shared.times).clone();
            let mut phases = locked(measured).clone();
            for (phase, time) in phases.iter_mut().zip(times) {
                phase.time = time;
            }
            found.push(Measured { name, phases });
        }
        found
    }
}

fn locked<T>(of: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Phase {
    pub fn per_second(&self) -> f64 {
        float(self.transactions) / self.time.as_secs_f64().max(1e-9)
    }

    pub fn percentile(&self, share: f64) -> Option<f64> {
        percentile(&mut self.samples.clone(), share)
    }

    pub fn sum(phases: &[Self]) -> Self {
        let mut sum = Self::default();
        for phase in phases {
            sum.transactions += phase.transactions;
            sum.failed += phase.failed;
            sum.longest = sum.longest.max(phase.longest);
            sum.time += phase.time;
            sum.samples.extend(&phase.samples);
        }
        sum
    }
}

struct Statements {
    bind: Statement,
    insert: Statement,
    update: Statement,
    read: Statement,
}

impl Statements {
    async fn prepare(client: &Client) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            bind: client.prepare("SELECT set_config('app.tenant_id', $1, true)").await?,
            insert: client
                .prepare("INSERT INTO bench.entry (account_id, amount, note) VALUES ($1, $2, 'new')")
                .await?,
            update: client.prepare("UPDATE bench.entry SET amount = amount + 1 WHERE id = $1").await?,
            read: client.prepare("SELECT account_id, amount, note FROM bench.entry WHERE id = $1").await?,
        })
    }
}

async fn work_on(client: Client, work: Work, rows: i64, shared: Arc<Shared>, at: usize) {
    let mut seed: u64 = 1 + at as u64;
    let Ok(statements) = Statements::prepare(&client).await else { return };
    let mut turn = 0_usize;
    while !shared.stop.load(Ordering::Relaxed) {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let number = i64::try_from(seed >> 33).unwrap_or(0);
        // Of the tenant's own.
        let (entry, account) = (number % (rows / 10 - 1) * 10 + 7, number % 10_000 * 10 + 7);
        let mut times = [Duration::ZERO; 4];
        let done = transaction(&client, &statements, work, turn, (entry, account), &mut times).await;
        let phase = shared.phase.load(Ordering::Relaxed);
        let mut measured = locked(&shared.measured[at]);
        let measured = &mut measured[phase];
        measured.longest = measured.longest.max(times.into_iter().max().unwrap_or_default());
        if turn.is_multiple_of(SAMPLED) {
            measured.samples.push(times[2].as_secs_f64() * 1e6);
        }
        match done {
            Ok(()) => measured.transactions += 1,
            Err(error) => {
                eprintln!("a statement failed: {error:?}");
                measured.failed += 1;
            }
        }
        turn += 1;
    }
}

/// One transaction; the time of each statement is taken.
async fn transaction(
    client: &Client,
    statements: &Statements,
    work: Work,
    turn: usize,
    (entry, account): (i64, i64),
    times: &mut [Duration; 4],
) -> Result<(), tokio_postgres::Error> {
    let mut begun = Instant::now();
    let mut lap = |at: usize| {
        times[at] = begun.elapsed();
        begun = Instant::now();
    };
    client.batch_execute("BEGIN").await?;
    lap(0);
    let done = async {
        client.query_one(&statements.bind, &[&TENANT]).await?;
        lap(1);
        match work {
            Work::Read => client.query(&statements.read, &[&entry]).await.map(drop),
            Work::Write if turn.is_multiple_of(2) => {
                client.execute(&statements.insert, &[&account, &entry]).await.map(drop)
            }
            Work::Write => client.execute(&statements.update, &[&entry]).await.map(drop),
        }?;
        lap(2);
        Ok(())
    };
    let done = done.await;
    let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
    client.batch_execute(end).await?;
    lap(3);
    done
}
