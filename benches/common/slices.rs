//! Many clients at once, for slices of time in turns: in each round every way has the machine for a
//! moment, in another order than in the round before.

use std::future::Future;
use std::time::{Duration, Instant};

use super::AnyError;
use super::cpu;
use super::report::Row;
use super::stats::{float, median, percentile};
use super::turns::Order;

pub trait Requests: Clone + Send + Sync + 'static {
    /// Serves one request of one client.
    fn request(&self, seed: usize) -> impl Future<Output = Result<(), AnyError>> + Send;

    /// Whether the time of this request counts.
    fn counts(&self, _seed: usize) -> bool {
        true
    }
}

/// One way, and the server's processes that work for it, where they are known.
pub struct Way<R> {
    pub name: &'static str,
    pub requests: R,
    pub backends: Vec<i32>,
}

/// What one way did in one slice.
struct Slice {
    per_second: f64,
    p50_us: f64,
    p99_us: f64,
    served: usize,
    cpu_nanos: Option<u64>,
}

/// Runs the ways in turns and returns a row for each: medians over the slices; for the ratios, medians
/// of the ratios to the first way's slice of the same round.
pub async fn in_slices<R: Requests>(
    ways: &[Way<R>],
    clients: usize,
    rounds: usize,
    length: Duration,
) -> Result<Vec<Row>, AnyError> {
    let mut slices: Vec<Vec<Slice>> = ways.iter().map(|_| Vec::new()).collect();
    let mut order = Order::new(ways.len());
    for round in 0..=rounds {
        for &at in order.shuffled() {
            let slice = run(&ways[at], clients, length).await?;
            // The first round opens connections and prepares statements.
            if round > 0 {
                slices[at].push(slice);
            }
        }
    }
    let plain = &slices[0];
    let rows = ways.iter().zip(&slices).map(|(way, slices)| {
        let of = |figure: fn(&Slice) -> f64| median(slices.iter().map(figure));
        let against = |figure: fn(&Slice) -> f64| {
            median(slices.iter().zip(plain).map(|(slice, plain)| figure(slice) / figure(plain)))
        };
        let served = float(slices.iter().map(|slice| slice.served).sum());
        let cpu_nanos: Option<u64> = slices.iter().map(|slice| slice.cpu_nanos).sum();
        let cpu_micros = cpu_nanos.and_then(|nanos| usize::try_from(nanos / 1000).ok()).map(float);
        Row {
            variant: way.name.to_owned(),
            clients,
            p50_us: of(|slice| slice.p50_us),
            p99_us: of(|slice| slice.p99_us),
            ratio_to_plain: against(|slice| slice.p50_us),
            server_cpu_us: cpu_micros.map(|micros| micros / served),
            more: vec![
                ("per_s", of(|slice| slice.per_second).unwrap_or_default()),
                ("per_s_ratio", against(|slice| slice.per_second).unwrap_or_default()),
            ],
            ..Row::default()
        }
    });
    Ok(rows.collect())
}

async fn run<R: Requests>(way: &Way<R>, clients: usize, length: Duration) -> Result<Slice, AnyError> {
    let cpu = || if way.backends.is_empty() { None } else { cpu::nanos(&way.backends) };
    let (cpu_before, begun) = (cpu(), Instant::now());
    let ends = begun + length;
    let mut tasks = Vec::with_capacity(clients);
    for client in 0..clients {
        let requests = way.requests.clone();
        tasks.push(tokio::spawn(async move {
            let (mut times, mut served) = (Vec::new(), 0);
            loop {
                let begun = Instant::now();
                if begun >= ends {
                    return Ok::<_, AnyError>(times);
                }
                let seed = client * 31 + served;
                requests.request(seed).await?;
                served += 1;
                if requests.counts(seed) {
                    times.push(begun.elapsed().as_secs_f64() * 1e6);
                }
            }
        }));
    }
    let mut times = Vec::new();
    for task in tasks {
        times.append(&mut task.await??);
    }
    let seconds = begun.elapsed().as_secs_f64();
    let cpu_nanos = cpu_before.zip(cpu()).map(|(before, after)| after.saturating_sub(before));
    Ok(Slice {
        per_second: float(times.len()) / seconds,
        served: times.len(),
        p50_us: percentile(&mut times, 0.5).unwrap_or_default(),
        p99_us: percentile(&mut times, 0.99).unwrap_or_default(),
        cpu_nanos,
    })
}
