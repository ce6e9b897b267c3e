//! The check of a connection that was idle for long, which a load balancer or a firewall may have
//! forgotten without a word.

use std::time::Duration;

use tokio::time::timeout;
use tracing::debug;

use super::coming::Coming;
use super::object::Object;

/// How long the answer to an empty Sync may take.
const LIMIT: Duration = Duration::from_secs(1);

/// Checks a connection for whoever waits longest.
///
/// What has been idle as long as one that does not answer goes with it, so that nobody waits for one
/// check after the other. It goes on when its caller has given up, so that the next one profits.
pub(super) async fn run(object: Object, mut coming: Coming) {
    let (stock, _) = coming.begin();
    let since = object.idle_since;
    if let Ok(Ok(())) = timeout(LIMIT, object.check_connection()).await {
        return;
    }
    if let Some(client) = Object::take(object) {
        client.cut();
    }
    let others = stock.cut_idle_since(since);
    debug!(others, "an idle connection did not answer; it and those that were idle as long are closed");
}
