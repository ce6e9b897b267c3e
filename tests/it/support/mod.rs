//! What the tests share.

pub mod erp;
pub mod expected;
pub mod interrupt;
pub mod kept;
pub mod log;
pub mod pgbouncer;
pub mod proxy;
pub mod random;
pub mod route;
pub mod spans;
pub mod swallower;
pub mod tls;
pub mod turnstile;
pub mod version;

use std::time::{Duration, Instant};

/// Waits for something to become true, and fails loudly when it does not.
pub async fn eventually<F>(what: &str, mut holds: impl FnMut() -> F)
where
    F: Future<Output = bool>,
{
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut pause = Duration::from_micros(500);
    while !holds().await {
        assert!(Instant::now() < deadline, "waited 30 s in vain: {what}");
        tokio::time::sleep(pause).await;
        pause = (2 * pause).min(Duration::from_millis(10));
    }
}
