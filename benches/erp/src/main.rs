//! The ERP's page of invoices over HTTP, beside the same page written by hand: requests a second, in the same run.
//!
//!     make bench-erp
//!
//! Everything is the same but how the rows are had: the token and its check, the layers, the JSON, the clients, the number of connections.
//! A ratio counts, never an absolute figure.

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
use served::Way;
use stats::median;
use tenantry::testing::{self, Database};
use turns::Order;

pub type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// Connections of each pool.
const POOL: usize = 16;

/// How many ask at once, each one page after the other.
const CLIENTS: usize = 32;

const COMPANIES: usize = 20;

/// How long a turn is, and how many each way has. The first opens connections and prepares statements, and does not count.
const TURN: Duration = Duration::from_millis(500);
const TURNS: usize = 20;

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
    let compared = measure(&database, &sign_in, &companies).await;
    std::fs::remove_dir_all(&folder)?;
    compared
}

async fn measure(database: &Database, sign_in: &SignIn, companies: &[Company]) -> Result<(), AnyError> {
    let mut ways = Vec::new();
    for way in Way::ALL {
        ways.push(Clients::of(&way.serve(database, sign_in).await?, companies));
    }
    served::are_the_same(&ways).await?;
    let mut order = Order::new(ways.len());
    let mut per_second = vec![Vec::new(); ways.len()];
    for turn in 0..=TURNS {
        for &way in order.shuffled() {
            let figure = ways[way].ask_for(TURN, CLIENTS).await?;
            if turn > 0 {
                per_second[way].push(figure);
            }
        }
    }
    println!("{}", testing::server().await?.describe());
    println!("{CLIENTS} clients, pools of {POOL} connections, {COMPANIES} companies, pages of 50 invoices");
    println!("medians of {TURNS} turns of {TURN:?} each, in another order each time\n");
    println!("{:<48} {:>10}  of the filter by hand", "", "requests/s");
    let of = |way: Way| &per_second[way as usize];
    let ratio = |way: Way, other: Way| {
        median(of(way).iter().zip(of(other)).map(|(way, other)| way / other)).unwrap_or_default()
    };
    for way in Way::ALL {
        let figure = median(of(way).iter().copied()).unwrap_or_default();
        println!("{:<48} {figure:>10.0}  {:.2}", way.name(), ratio(way, Way::ByHand));
    }
    println!();
    for (way, other, required) in REQUIRED {
        let found = ratio(way, other);
        let verdict = if found >= required { "holds" } else { "falls short" };
        println!("{} / {}: {found:.2}, at least {required:.1} required: {verdict}", way.name(), other.name());
    }
    Ok(())
}
