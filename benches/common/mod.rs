//! What the benches share.

#![allow(dead_code, reason = "each bench uses a part of it")]

pub mod cpu;
pub mod fixture;
pub mod html;
pub mod pooled;
pub mod proxy;
pub mod report;
pub mod slices;
pub mod stats;
pub mod turns;
pub mod ways;

use std::path::Path;

use self::report::Report;

pub type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// A short run: `make bench-quick`, and every run that is not `cargo bench`, such as a test of all targets.
pub fn quick() -> bool {
    std::env::var_os("TENANTRY_BENCH_QUICK").is_some_and(|value| value != "0")
        || !std::env::args().any(|argument| argument == "--bench")
}

/// The versions of what every bench runs.
pub fn versions() -> Vec<String> {
    let lock = include_str!("../../Cargo.lock");
    let version = |name: &str| {
        let package = format!("name = \"{name}\"\nversion = \"");
        let version = lock.split(&package).nth(1)?.split('"').next()?;
        Some(format!("{name} {version}"))
    };
    ["tenantry", "tokio-postgres", "deadpool-postgres", "tokio"].into_iter().filter_map(version).collect()
}

/// Runs a bench in a task of a runtime with a worker for each core, as services run statements: the main
/// thread's own future is polled differently.
pub fn run<T: Send + 'static>(
    bench: impl Future<Output = Result<T, AnyError>> + Send + 'static,
) -> Result<T, AnyError> {
    tokio::runtime::Runtime::new()?.block_on(async { tokio::spawn(bench).await? })
}

/// Writes the file and says where it is.
pub fn save(report: &Report) -> Result<(), AnyError> {
    let path = report.write()?;
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    println!("\nwritten to {}", path.strip_prefix(here).unwrap_or(&path).display());
    Ok(())
}
