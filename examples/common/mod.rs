//! What the examples share.

pub mod place;
pub mod terminal;
pub mod tpcb;

/// What an example fails with: shown as one line, with its causes below.
pub type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// The entry point of an example: runs it, tidies up whether it worked or not, and tells why it did not.
pub async fn run<F>(example: F) -> std::process::ExitCode
where
    F: AsyncFnOnce(&mut place::Place) -> Result<(), AnyError>,
{
    let mut place = match place::Place::open().await {
        Ok(place) => place,
        Err(error) => return terminal::failed(&*error),
    };
    let outcome = tokio::select! {
        outcome = example(&mut place) => outcome,
        _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
    };
    let tidied = place.close().await;
    match outcome.and(tidied) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => terminal::failed(&*error),
    }
}
