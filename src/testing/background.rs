//! One runtime for work that belongs to no test: it lives as long as the process.
//!
//! Tests have a runtime each and share the server. A connection that one test opened would end with that test.

use std::future::{Future, pending};
use std::io;
use std::sync::OnceLock;
use std::thread;

use tokio::runtime::{Builder, Handle};

use super::error::{Result, TestError};

/// Runs a future on the runtime in the background and waits for what it yields.
pub(super) async fn run<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Result<T> {
    handle()?
        .spawn(future)
        .await
        .map_err(|source| TestError::io("work in the background failed", source.into()))
}

/// Runs a future on the runtime in the background; nobody waits for it.
pub(super) fn spawn(future: impl Future<Output = ()> + Send + 'static) {
    if let Ok(handle) = handle() {
        handle.spawn(future);
    }
}

fn handle() -> Result<&'static Handle> {
    static HANDLE: OnceLock<Result<Handle>> = OnceLock::new();
    let made = HANDLE.get_or_init(|| {
        start().map_err(|source| TestError::io("the runtime in the background did not start", source))
    });
    made.as_ref().map_err(Clone::clone)
}

fn start() -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    thread::Builder::new()
        .name("tenantry-testing".to_owned())
        .spawn(move || runtime.block_on(pending::<()>()))?;
    Ok(handle)
}
