//! Instructions, counted by callgrind in a process of this same program. It runs a way N times and
//! 2 N times: the difference is free of what starting and connecting take.

use std::env;
use std::process::{Command, Stdio};

use crate::AnyError;
use crate::common::stats::float;

const ITERATIONS: usize = 500;

const WAY: &str = "TENANTRY_BENCH_OVERHEAD_WAY";
const COUNT: &str = "TENANTRY_BENCH_OVERHEAD_ITERATIONS";
const URLS: [&str; 3] =
    ["TENANTRY_BENCH_OVERHEAD_APP", "TENANTRY_BENCH_OVERHEAD_PLAIN", "TENANTRY_BENCH_OVERHEAD_REPLICA"];

/// What a process under callgrind is to do.
pub struct Child {
    pub way: String,
    pub iterations: usize,
    pub urls: [String; 3],
}

/// Whether this process is one.
pub fn child() -> Option<Child> {
    let [app, plain, replica] = URLS.map(|name| env::var(name).ok());
    Some(Child {
        way: env::var(WAY).ok()?,
        iterations: env::var(COUNT).ok()?.parse().ok()?,
        urls: [app?, plain?, replica?],
    })
}

pub fn valgrind() -> bool {
    let asked =
        Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}

/// The instructions of one iteration. None where valgrind is not there.
pub fn of(way: &str, urls: &[String; 3]) -> Result<Option<f64>, AnyError> {
    if !valgrind() {
        return Ok(None);
    }
    let (once, twice) = (total(way, urls, ITERATIONS)?, total(way, urls, 2 * ITERATIONS)?);
    Ok(Some(float(twice.saturating_sub(once)) / float(ITERATIONS)))
}

fn total(way: &str, urls: &[String; 3], iterations: usize) -> Result<usize, AnyError> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .env(WAY, way)
        .env(COUNT, iterations.to_string())
        .envs(URLS.iter().zip(urls))
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok());
    match collected {
        Some(instructions) if output.status.success() => Ok(instructions),
        _ => Err(format!("callgrind did not count: {said}").into()),
    }
}
