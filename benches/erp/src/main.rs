//! The ERP's page of invoices over HTTP, beside the same page written by hand: requests a second, in the same run.
//!
//!     make bench-erp
//!
//! Everything is the same but how the rows are had: the token and its check, the layers, the JSON, the clients, the number of connections.
//! Clients, services and the database share the cores of one machine, all of which are busy. So a request's time is what it takes of
//! them, and who has more connections is not always faster: each way is measured with pools of several sizes, and then all of them in
//! turns, each with the size that serves most. A ratio counts, never an absolute figure.
//!
//! What the ERP does beyond the filter by hand, since it is the ERP as it is: the server is told who asks (`app.user`, as in sqlx's way),
//! that the request only reads, and when it has to be done; tenants take turns, short reads share four of the connections, and what takes
//! long is told of. (Its metrics are left out, which none of the others has.) The filter by hand reads as a role that no policy binds, and
//! shows no other company's invoices because nobody has forgotten to write it.

#[path = "../../../examples/erp/examples/whole/parts/database.rs"]
mod database;
#[path = "../../../examples/erp/examples/whole/parts/keys.rs"]
#[allow(dead_code, reason = "nobody operates the service here")]
mod keys;
#[path = "../../common/stats.rs"]
#[allow(dead_code, reason = "other benches use the rest")]
mod stats;
#[path = "../../common/turns.rs"]
#[allow(dead_code, reason = "all clients of a way have a turn")]
mod turns;

mod by_hand;
mod clients;
mod companies;
mod served;

use std::path::PathBuf;
use std::time::Duration;

use clients::Clients;
use companies::Company;
use keys::SignIn;
use served::{Served, Way};
use stats::median;
use tenantry::testing::{self, Database};
use turns::Order;

pub type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// Connections of each pool.
const POOLS: [usize; 5] = [2, 4, 8, 16, 32];

/// How many connections all have where nobody chooses, as the ERP has by default.
const USUAL: usize = 16;

/// How many ask at once, each one page after the other.
const CLIENTS: usize = 32;

const COMPANIES: usize = 20;

/// How long a turn is, and how many each way has to find its size and to be compared. The first opens connections and prepares
/// statements, and does not count.
const TURN: Duration = Duration::from_millis(500);
const TRIALS: usize = 8;
const TURNS: usize = 40;

/// What is compared with what, and how much faster it has to be.
const REQUIRED: [(Way, Way, f64); 2] = [(Way::Erp, Way::ByHand, 1.0), (Way::Erp, Way::Sqlx, 1.5)];

/// A file of the ERP's package.
fn path(of_package: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/erp")).join(of_package)
}

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    tokio::spawn(compare()).await?
}

async fn compare() -> Result<(), AnyError> {
    let folder = std::env::temp_dir().join(format!("tenantry-bench-erp-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let sign_in = SignIn::new(&folder)?;
    let database = database::create().await?;
    let companies = companies::make(&database, &sign_in, COMPANIES).await?;
    let compared = Bench { database, sign_in, companies }.run().await;
    std::fs::remove_dir_all(&folder)?;
    compared
}

struct Bench {
    database: Database,
    sign_in: SignIn,
    companies: Vec<Company>,
}

/// Requests a second of each way, turn by turn.
struct PerSecond(Vec<Vec<f64>>);

impl PerSecond {
    fn median(&self, way: Way) -> f64 {
        median(self.0[way as usize].iter().copied()).unwrap_or_default()
    }

    /// The median of the ratios in the same turn.
    fn ratio(&self, way: Way, other: Way) -> f64 {
        let both = self.0[way as usize].iter().zip(&self.0[other as usize]);
        median(both.map(|(way, other)| way / other)).unwrap_or_default()
    }
}

impl Bench {
    async fn run(&self) -> Result<(), AnyError> {
        println!("{}", testing::server().await?.describe());
        println!("{CLIENTS} clients, {COMPANIES} companies, pages of 50 invoices");
        println!("medians of turns of {TURN:?}, in another order each time\n");
        let mut best = Way::ALL.map(|_| (0.0, USUAL));
        let head: String = Way::ALL.iter().map(|way| format!("{:>26}", way.short())).collect();
        println!("requests/s, and of the filter by hand\n{:<12}{head}", "connections");
        for connections in POOLS {
            let found = self.compare(Way::ALL.map(|_| connections), TRIALS).await?;
            let line = Way::ALL
                .map(|way| format!("{:>20.0}  {:.2}", found.median(way), found.ratio(way, Way::ByHand)));
            println!("{connections:<12}{}", line.concat());
            for way in Way::ALL {
                let best = &mut best[way as usize];
                if found.median(way) > best.0 {
                    *best = (found.median(way), connections);
                }
            }
        }
        let best = best.map(|(_, connections)| connections);
        for (said, sizes) in
            [("the size that serves most", best), ("16 connections", Way::ALL.map(|_| USUAL))]
        {
            println!("\neach with {said}, {TURNS} turns");
            println!("{:<48}{:>12}{:>12}  of the filter by hand", "", "connections", "requests/s");
            let found = self.compare(sizes, TURNS).await?;
            for way in Way::ALL {
                let (per_second, ratio) = (found.median(way), found.ratio(way, Way::ByHand));
                println!("{:<48}{:>12}{per_second:>12.0}  {ratio:.2}", way.name(), sizes[way as usize]);
            }
            for (way, other, required) in REQUIRED {
                let found = found.ratio(way, other);
                let verdict = if found >= required { "holds" } else { "falls short" };
                println!(
                    "{} / {}: {found:.2}, at least {required:.1} required: {verdict}",
                    way.name(),
                    other.name()
                );
            }
        }
        Ok(())
    }

    /// Serves each way with so many connections, and has each take so many turns.
    async fn compare(&self, connections: [usize; 4], turns: usize) -> Result<PerSecond, AnyError> {
        let mut served: Vec<Served> = Vec::new();
        for (way, connections) in Way::ALL.into_iter().zip(connections) {
            served.push(way.serve(connections, &self.database, &self.sign_in).await?);
        }
        let ways: Vec<_> =
            served.iter().map(|served| Clients::of(&served.address, &self.companies)).collect();
        served::are_the_same(&ways).await?;
        let mut order = Order::new(ways.len());
        let mut per_second = vec![Vec::new(); ways.len()];
        for turn in 0..=turns {
            for &way in order.shuffled() {
                let figure = ways[way].ask_for(TURN, CLIENTS).await?;
                if turn > 0 {
                    per_second[way].push(figure);
                }
            }
        }
        Ok(PerSecond(per_second))
    }
}
