//! Criterion's HTML report of samples that were taken in turns.
//!
//! Criterion measures one way after the other, and between two of them a machine drifts by more than
//! the ways differ. So it is handed the samples that are there already. What it calls an iteration is
//! one of them, in the order in which they were taken.

use std::time::Duration;

use criterion::{Criterion, SamplingMode};

use super::AnyError;
use super::stats::{float, median};

/// Means of successive samples, of which criterion draws its distributions.
const POINTS: usize = 50;

/// The samples of a way, in microseconds.
pub struct Sampled {
    /// What is compared, a part of the report for each.
    pub group: String,
    pub variant: String,
    pub samples: Vec<f64>,
}

/// Writes `target/criterion/report/index.html`.
pub fn write(sampled: &[Sampled]) -> Result<(), AnyError> {
    let mut criterion = Criterion::default().configure_from_args().nresamples(2_000);
    for Sampled { group, variant, samples } in sampled {
        let Some(usual) = median(samples.iter().copied()) else { continue };
        let per_point = samples.len().div_ceil(POINTS);
        let mut group = criterion.benchmark_group(group);
        // These lengths make criterion ask once to warm up and then for all samples.
        group
            .sampling_mode(SamplingMode::Flat)
            .sample_size(POINTS)
            .warm_up_time(Duration::from_nanos(1))
            .measurement_time(micros(usual * float(per_point * POINTS) * 0.999));
        let mut left = samples.iter().cycle();
        let mut warm = false;
        group.bench_function(variant, |bencher| {
            bencher.iter_custom(|iterations| {
                if !std::mem::replace(&mut warm, true) {
                    return micros(usual * float(usize::try_from(iterations).unwrap_or(1)));
                }
                micros((0..iterations).filter_map(|_| left.next()).sum())
            });
        });
        group.finish();
    }
    Ok(())
}

fn micros(micros: f64) -> Duration {
    Duration::from_secs_f64(micros / 1e6)
}
