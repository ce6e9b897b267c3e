//! The table that is printed and the JSON that is written.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use crate::work::AnyError;

pub struct Line {
    pub name: &'static str,
    pub variant: &'static str,
    pub delay_ms: f64,
    pub p50_us: f64,
    pub p99_us: f64,
    pub ratio_to_plain: f64,
    pub flights: Option<u64>,
}

pub fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)].as_secs_f64() * 1e6
}

pub fn print(lines: &[Line]) {
    for line in lines {
        let flights = line.flights.map_or_else(|| "-".to_owned(), |flights| flights.to_string());
        println!(
            "{:<24} {:>4} {:<30} {:>8.0} {:>8.0} {:>7} {:>6.2}",
            line.name, line.delay_ms, line.variant, line.p50_us, line.p99_us, flights, line.ratio_to_plain
        );
    }
}

pub fn write(lines: &[Line]) -> Result<PathBuf, AnyError> {
    let mut json = String::from("[\n");
    for (n, line) in lines.iter().enumerate() {
        let flights = line.flights.map_or_else(|| "null".to_owned(), |flights| flights.to_string());
        let end = if n + 1 == lines.len() { "" } else { "," };
        writeln!(
            json,
            r#"  {{"name": "{}", "variant": "{}", "delay_ms": {}, "clients": 1, "p50_us": {:.1}, "p99_us": {:.1}, "ratio_to_plain": {:.3}, "flights": {flights}, "server_cpu_us": null}}{end}"#,
            line.name, line.variant, line.delay_ms, line.p50_us, line.p99_us, line.ratio_to_plain
        )?;
    }
    json.push_str("]\n");
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/tenantry-bench");
    std::fs::create_dir_all(&folder)?;
    let file = folder.join("peers.json");
    std::fs::write(&file, json)?;
    Ok(file)
}
