//! Processor time of the server's backends.

use std::fs;

/// Nanoseconds that these processes have run, of user and of system. None where the system does not tell,
/// or where the processes are on another machine.
pub fn nanos(pids: &[i32]) -> Option<u64> {
    pids.iter().map(|pid| of(*pid)).sum()
}

fn of(pid: i32) -> Option<u64> {
    // The scheduler's own count is exact. The one in `stat` is in hundredths of a second.
    let exact = fs::read_to_string(format!("/proc/{pid}/schedstat")).ok();
    let exact = exact.and_then(|text| text.split(' ').next()?.parse().ok());
    exact.or_else(|| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
        Some((ticks(11)? + ticks(12)?) * 10_000_000)
    })
}
