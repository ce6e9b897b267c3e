//! A service runs for weeks, and the schema changes under it: no row is read, and no parameter written,
//! by a description that is out of date.
//!
//! The matrix runs every statement at every place on every way, before and after every change. A call
//! after the change is right, or fails with an error that says so, and it is right from then on.

mod cache;
mod call;
mod cell;
mod change;
mod described;
mod flexible;
mod lane;
mod report;
mod unknown;

use std::sync::Arc;

use tenantry::{Strategy, testing};

use self::cell::Cell;
use self::lane::{Lane, PgBouncers, ROUTES};
use self::report::Report;
use crate::support::erp::Erp;
use crate::support::pgbouncer::PgBouncer;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_after_a_change_is_right_or_says_that_it_is_not() {
    let address = Erp::new().await.address();
    let pgbouncers = Arc::new(PgBouncers {
        unnamed: PgBouncer::start(address).await,
        named: PgBouncer::start_named(address).await,
    });
    testing::server().await.unwrap();
    let cells: Arc<Vec<Cell>> = Arc::new(Cell::all());
    let mut lanes = Vec::new();
    for route in ROUTES {
        for strategy in [Strategy::Implicit, Strategy::Explicit] {
            let (cells, pgbouncers) = (Arc::clone(&cells), Arc::clone(&pgbouncers));
            // Each has a runtime of its own, as each has a database of its own.
            lanes.push(tokio::task::spawn_blocking(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async { Lane::open(route, strategy, pgbouncers).await.run(&cells).await })
            }));
        }
    }
    let mut report = Report::default();
    for lane in lanes {
        report.merge(lane.await.unwrap());
    }
    report.conclude();
}
