//! A server that takes connections and statements away from those who use them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tenantry::Error;
use tokio::task::JoinHandle;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

/// How many operations begin between two faults. A connection that is taken away costs as much as a hundred of them.
const APART: usize = 200;

/// How long it is between two looks at how many have begun.
const PAUSE: Duration = Duration::from_millis(1);

const CANCEL: &str = "select pg_cancel_backend(pid) from backend";
const TERMINATE: &str = "select pg_terminate_backend(pid) from backend";

/// One of the app's backends that are at work.
const BACKEND: &str = "with backend as (select pid from pg_stat_activity
    where datname = current_database() and usename = 'tenantry_it_app' and state <> 'idle' order by random() limit 1) ";

/// Cancels and terminates backends of the app's until it is told to stop.
pub(super) struct Faults {
    task: JoinHandle<()>,
    stop: Arc<AtomicBool>,
    met: Arc<AtomicUsize>,
}

impl Faults {
    /// Begins, and goes on as the operations do.
    pub(super) fn start(admin: Client, begun: impl Fn() -> usize + Send + 'static) -> Self {
        let (stop, met) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&met));
        let task = tokio::spawn(async move {
            let faults = [format!("{BACKEND}{CANCEL}"), format!("{BACKEND}{TERMINATE}")];
            let mut due = 0;
            for fault in faults.iter().cycle() {
                while begun() < due {
                    if stopped.load(Ordering::Relaxed) {
                        return;
                    }
                    tokio::time::sleep(PAUSE).await;
                }
                due = begun() + APART;
                let met = admin.query(fault.as_str(), &[]).await.unwrap();
                counted.fetch_add(met.len(), Ordering::Relaxed);
            }
        });
        Self { task, stop, met }
    }

    /// Stops, and tells how many backends it met.
    pub(super) async fn stop(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.unwrap();
        self.met.load(Ordering::Relaxed)
    }

    /// Whether an error comes of a fault. A transaction has failed where it was a savepoint's ROLLBACK that was canceled, after
    /// which nobody asks.
    pub(super) fn explain(error: &Error) -> bool {
        let of_fault = [&SqlState::QUERY_CANCELED, &SqlState::IN_FAILED_SQL_TRANSACTION];
        error.is_connection_lost() || error.code().is_some_and(|code| of_fault.contains(&code))
    }
}
