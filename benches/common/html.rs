//! Criterion's HTML report of samples that were taken in turns.
//!
//! Criterion measures one way after the other, and between two of them a machine drifts by more than
//! the ways differ. So it is handed the samples that are there already: each point of its report is the
//! mean of successive ones.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs};

use criterion::{Criterion, SamplingMode};
use serde_json::{Value, json};

use super::AnyError;
use super::report::folder;
use super::stats::{float, median};

/// How many points criterion draws its distributions of.
const POINTS: usize = 50;
/// Names the file of the samples to the process that makes the report.
const SAMPLES: &str = "TENANTRY_BENCH_SAMPLES";

/// The samples of a way, in microseconds.
pub struct Sampled {
    /// What is compared, a part of the report for each.
    pub group: String,
    pub variant: String,
    pub samples: Vec<f64>,
}

/// Keeps the samples in a file beside the results and makes the report.
///
/// Criterion has much to say while it works, of times and of earlier runs, and cannot be told not to.
/// So it works in a process of this same program, which nobody listens to.
pub fn write(bench: &str, sampled: &[Sampled]) -> Result<(), AnyError> {
    let path = folder().join(format!("{bench}.samples.json"));
    fs::create_dir_all(folder())?;
    let ways = sampled.iter().map(|way| json!([way.group, way.variant, way.samples]));
    fs::write(&path, Value::from_iter(ways).to_string())?;
    let status = Command::new(env::current_exe()?)
        .arg("--bench")
        .env(SAMPLES, &path)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    if status.success() { Ok(()) } else { Err("criterion made no report".into()) }
}

/// Whether this process is the one that makes the report. If so, it has made it.
pub fn is_written() -> Result<bool, AnyError> {
    let Some(path) = env::var_os(SAMPLES).map(PathBuf::from) else { return Ok(false) };
    let ways: Vec<(String, String, Vec<f64>)> = serde_json::from_str(&fs::read_to_string(path)?)?;
    let mut criterion = Criterion::default().configure_from_args().nresamples(2_000);
    for (group, variant, samples) in ways {
        let Some(usual) = median(samples.iter().copied()) else { continue };
        let points: Vec<f64> = samples.chunks(samples.len().div_ceil(POINTS)).map(mean).collect();
        let mut points = points.iter().cycle();
        let mut warm = false;
        let mut group = criterion.benchmark_group(group);
        // How often criterion would run a way depends on the clock, and does not matter: every call
        // after the one that warms up is a point.
        group
            .sampling_mode(SamplingMode::Flat)
            .sample_size(POINTS)
            .warm_up_time(Duration::from_nanos(1))
            .measurement_time(Duration::from_millis(1));
        group.bench_function(variant, |bencher| {
            bencher.iter_custom(|iterations| {
                let point = if warm { points.next().copied() } else { None };
                warm = true;
                let iterations = usize::try_from(iterations).unwrap_or(usize::MAX);
                Duration::from_secs_f64(point.unwrap_or(usual) / 1e6 * float(iterations))
            });
        });
        group.finish();
    }
    criterion.final_summary();
    Ok(true)
}

fn mean(samples: &[f64]) -> f64 {
    samples.iter().sum::<f64>() / float(samples.len())
}
