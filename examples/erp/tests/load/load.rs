//! Companies at work, each with people of its own who ask one thing after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use crate::client::Client;
use crate::company::Company;
use crate::tally::Tally;

/// How long somebody rests who was not served: as long as the service says that they should.
const REST: Duration = Duration::from_secs(1);

/// How many requests in a row are to be answered with success until errors count as ended.
const IN_A_ROW: u32 = 3;

/// What people ask for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mix {
    /// What an office does.
    All,
    /// Invoices, one after the other.
    Writes,
}

/// A load that runs until it is ended.
pub struct Load {
    shared: Arc<Shared>,
    people: JoinSet<()>,
}

struct Shared {
    tally: Tally,
    is_over: AtomicBool,
    /// How often something has happened under the load.
    events: AtomicU64,
    /// How many successes in a row each person has had since.
    in_a_row: Vec<AtomicU32>,
}

impl Load {
    /// Has `people` of each company ask at an address, each as often as `every` says, or without a pause.
    pub fn start(
        address: &str,
        companies: &[Arc<Company>],
        people: usize,
        mix: Mix,
        every: Option<Duration>,
    ) -> Self {
        let shared = Arc::new(Shared {
            tally: Tally::default(),
            is_over: AtomicBool::new(false),
            events: AtomicU64::new(0),
            in_a_row: (0..companies.len() * people).map(|_| AtomicU32::new(0)).collect(),
        });
        let client = Client::of(address);
        let mut all = JoinSet::new();
        for person in 0..companies.len() * people {
            let (shared, client) = (Arc::clone(&shared), client.clone());
            let company = Arc::clone(&companies[person % companies.len()]);
            all.spawn(async move { shared.work(&company, &client, person, mix, every).await });
        }
        Self { shared, people: all }
    }

    pub fn tally(&self) -> &Tally {
        &self.shared.tally
    }

    /// From here on it counts whether errors have ended.
    pub fn has_happened(&self) {
        self.shared.events.fetch_add(1, Ordering::SeqCst);
        for in_a_row in &self.shared.in_a_row {
            in_a_row.store(0, Ordering::SeqCst);
        }
    }

    /// Waits until everybody is served again.
    pub async fn is_served(&self, limit: Duration) -> bool {
        let served = async {
            while self.shared.in_a_row.iter().any(|in_a_row| in_a_row.load(Ordering::SeqCst) < IN_A_ROW) {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(limit, served).await.is_ok()
    }

    /// Lets each have its answer.
    pub async fn end(self) -> Tally {
        self.shared.is_over.store(true, Ordering::SeqCst);
        self.people.join_all().await;
        Arc::try_unwrap(self.shared).map_or_else(|_| panic!("somebody works on"), |shared| shared.tally)
    }
}

impl Shared {
    async fn work(
        &self,
        company: &Company,
        client: &Client,
        person: usize,
        mix: Mix,
        every: Option<Duration>,
    ) {
        let mut pace = every.map(|every| {
            let mut pace = interval(every);
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            pace
        });
        let mut dice = Dice::new(person);
        while !self.is_over.load(Ordering::SeqCst) {
            if let Some(pace) = &mut pace {
                pace.tick().await;
            }
            let events = self.events.load(Ordering::SeqCst);
            let is_served = match mix {
                Mix::All => company.act(client, &self.tally, dice.next()).await,
                Mix::Writes => company.issue(client, &self.tally).await,
            };
            if !is_served {
                self.in_a_row[person].store(0, Ordering::SeqCst);
                sleep(REST).await;
            } else if events == self.events.load(Ordering::SeqCst) {
                self.in_a_row[person].fetch_add(1, Ordering::SeqCst);
            }
        }
    }
}

/// Numbers without an order that anybody sees, the same for a person in each run.
struct Dice(u64);

impl Dice {
    fn new(person: usize) -> Self {
        Self((person as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// xorshift.
    fn next(&mut self) -> u64 {
        for (left, by) in [(true, 13), (false, 7), (true, 17)] {
            self.0 ^= if left { self.0 << by } else { self.0 >> by };
        }
        self.0
    }
}

/// How many answers a second there were since a moment.
pub fn rate(answers: usize, since: Instant) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "there are not that many")]
    let answers = answers as f64;
    answers / since.elapsed().as_secs_f64()
}
