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
    terminal::show_log();
    let outcome = tokio::select! {
        outcome = example(&mut place) => outcome,
        _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
    };
    let errors: Vec<AnyError> = [outcome, place.close().await].into_iter().filter_map(Result::err).collect();
    errors
        .iter()
        .map(|error| terminal::failed(&**error))
        .next_back()
        .unwrap_or(std::process::ExitCode::SUCCESS)
}
