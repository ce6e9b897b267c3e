//! The guard's look at the role of a pool that is in use.

use std::sync::Arc;

use tokio::time::timeout;
use tracing::debug;

use super::lease::Lease;
use super::object::Object;
use super::opener::GUARD_LIMIT;
use super::stock::Stock;

/// Has the guard look again, on a connection that has just come back.
pub(super) async fn run(object: Object) {
    let stock: Arc<Stock> = Arc::clone(Object::stock(&object));
    let lease = Arc::new(Lease::new(object, stock.opener.drain.clone()));
    let looked = timeout(GUARD_LIMIT, stock.opener.look(&lease)).await;
    match looked {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            lease.retire();
            stock.opener.refused(&stock, &error);
            if let Some(standby) = stock.opener.standby() {
                standby.failed(&stock, &error);
            }
            debug!(reason = %error, "the role of a pool could not be checked, or is refused");
        }
        Err(_) => debug!("the role of a pool could not be checked in time"),
    }
    // It goes back first, so that it is not looked at again.
    drop(lease);
    stock.role_is_known();
}
