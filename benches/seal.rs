//! What a seal costs: the same work with tenants that are bound bare and with sealed ones, in turns, on one server.
//!
//!     cargo bench --features test-util --bench seal
//!
//! Two databases with the same rows. A seal is verified once for each table of a statement, so a point read shows all of its cost, and a
//! scan of 500,000 rows that it is not verified for each row. `cpu` is the processor time of the server's process.

mod common;

use std::hint::black_box;
use std::time::{Duration, Instant};

use common::cpu;
use common::fixture::{Fixture, TENANT, tenant_pool};
use common::proxy::{Pace, Proxy};
use common::report::{Report, Row};
use common::stats::{float, median, percentile};
use common::turns::{Contest, in_turns};
use common::{AnyError, quick, save, versions};
use tenantry::policy::Seal;
use tenantry::{SealKey, SettingName, Strategy, TenantId, TenantPool};

const SECRET: &str = "a secret of the benches, 32 bytes and more";

/// One table, three tables, and 500,000 rows of two tenants, which no index serves, by one process and by several.
const WORKS: [(&str, &str); 4] = [
    ("point read", "select name from bench.item where id = $1"),
    (
        "join of 3 tables",
        "select i.name, s.quantity, (select count(*) from bench.entry e where e.item_id = i.id)
         from bench.item i join bench.stock s on s.item_id = i.id where i.id = $1",
    ),
    ("scan of 500,000 rows", "select count(*) from bench.long where note = $1::bigint::text"),
    // Its workers load what the leader has loaded, which is PL/pgSQL where a seal was verified.
    ("the same, in parallel", "select count(*) from bench.wide where note = $1::bigint::text"),
];

const WIDE: &str = "create table bench.wide (tenant_id bigint, id bigint, note text);
    insert into bench.wide select 7 + g % 2, g, 'note ' || g from generate_series(1, 500000) g;
    create table bench.long with (parallel_workers = 0) as select * from bench.wide;
    analyze bench.wide, bench.long";

/// At this delay of a round trip, in microseconds: how many works from the first on, and how many rounds.
const LOADS: [(u32, usize, usize); 2] = [(0, WORKS.len(), 2_000), (1_000, 1, 300)];

/// How often one work of 500,000 rows is run.
const SCANS: usize = 60;

/// How many tenants are sealed one after the other, to time one.
const SEALS: u32 = 200_000;

struct Way {
    fixture: Fixture,
    application: String,
    pool: TenantPool,
    /// It ends with this value.
    _proxy: Option<Proxy>,
}

impl Way {
    async fn open(is_sealed: bool, delay_us: u32) -> Result<Self, AnyError> {
        let seal = is_sealed.then(Seal::new);
        let fixture = Fixture::with(seal, Some((WIDE, &["bench.wide", "bench.long"]))).await?;
        let application = format!("seal_{is_sealed}_{delay_us}");
        let (mut url, mut proxy) = (fixture.app_url(&application), None);
        if delay_us > 0 {
            let delay = Duration::from_micros(delay_us.into());
            let (started, _) = Proxy::start(&fixture.address()?, delay, Pace::Exact)?;
            url = fixture.through(&url, started.port())?;
            proxy = Some(started);
        }
        let mut builder = tenant_pool(&url, Strategy::Implicit).max_size(1);
        if is_sealed {
            let key = SealKey::new(SECRET)?;
            let admin = fixture.database.connect().await?;
            tenantry::migrate::SealKeys::new(&admin, &common::fixture::tenancy(seal)).add(&key).await?;
            builder = builder.seal(key);
        }
        Ok(Self { fixture, application, pool: builder.build().await?, _proxy: proxy })
    }

    async fn run(&self, sql: &str, round: usize) -> Result<(), AnyError> {
        let id = i64::try_from(round)? * 13 % 900;
        let rows = self.pool.tenant(TenantId::from(TENANT)).query(sql, &[&id]).await?;
        if rows.len() == 1 { Ok(()) } else { Err(format!("{sql} met {} rows", rows.len()).into()) }
    }

    async fn cpu(&self) -> Result<u64, AnyError> {
        let backends = self.fixture.backends(&self.application).await?;
        cpu::nanos(&backends).ok_or_else(|| "the server's processes are not on this machine".into())
    }
}

struct Ways {
    ways: Vec<Way>,
    sql: &'static str,
}

impl Contest for Ways {
    async fn turn(&mut self, way: usize, round: usize) -> Result<Duration, AnyError> {
        let begun = Instant::now();
        self.ways[way].run(self.sql, round).await?;
        Ok(begun.elapsed())
    }
}

fn main() -> Result<(), AnyError> {
    let report = common::run(compare())?;
    println!("\n{}{}", report.heading(), report.table());
    println!("one seal, on the client: {:.2} µs, the median of 20 runs\n", client()?);
    save(&report)
}

async fn compare() -> Result<Report, AnyError> {
    let mut rows = Vec::new();
    let mut server = String::new();
    for (delay_us, works, rounds) in LOADS {
        let ways = vec![Way::open(false, delay_us).await?, Way::open(true, delay_us).await?];
        server = ways[0].fixture.server.describe();
        let mut contest = Ways { ways, sql: "" };
        for (name, sql) in WORKS.into_iter().take(works) {
            contest.sql = sql;
            let rounds = if name.starts_with("point") || name.starts_with("join") { rounds } else { SCANS };
            let rounds = if quick() { rounds / 10 } else { rounds };
            in_turns(&mut contest, 2, rounds / 10 + 10, 1).await?;
            let before = [contest.ways[0].cpu().await?, contest.ways[1].cpu().await?];
            let samples = in_turns(&mut contest, 2, 0, rounds).await?;
            let mut reference = None;
            for ((way, mut samples), before) in ["bare", "sealed"].into_iter().zip(samples).zip(before) {
                let at = usize::from(way == "sealed");
                let spent = contest.ways[at].cpu().await? - before;
                let cpu_us = float(usize::try_from(spent)?) / 1e3 / float(rounds);
                let p50_us = percentile(&mut samples, 0.5);
                let (first_p50, first_cpu) = *reference.get_or_insert((p50_us, cpu_us));
                rows.push(Row {
                    name: name.to_owned(),
                    variant: way.to_owned(),
                    delay_us,
                    clients: 1,
                    p50_us,
                    p99_us: percentile(&mut samples, 0.99),
                    ratio_to_plain: p50_us.zip(first_p50).map(|(own, first)| own / first),
                    more: vec![("cpu_us", cpu_us), ("cpu_ratio", cpu_us / first_cpu)],
                    ..Row::default()
                });
            }
        }
    }
    Ok(Report {
        bench: "seal",
        compared: "one statement of a tenant that is bound bare, and of a sealed one, in turns, one connection each; the \
                   reference is the bare one"
            .to_owned(),
        versions: versions(),
        server,
        quick: quick(),
        settings: Vec::new(),
        rows,
    })
}

/// Microseconds for one seal, all that the key, the role and the database have to do with it included.
fn client() -> Result<f64, AnyError> {
    let (key, setting, tenant) =
        (SealKey::new(SECRET)?, SettingName::new("app.tenant_id")?, TenantId::from(TENANT));
    let mut runs = Vec::new();
    for _ in 0..20 {
        let begun = Instant::now();
        for _ in 0..SEALS / 20 {
            black_box(key.token(&setting, "erp_app", "erp", black_box(&tenant), Duration::from_mins(2))?);
        }
        runs.push(begun.elapsed().as_secs_f64() * 1e6 / f64::from(SEALS / 20));
    }
    Ok(median(runs).unwrap_or_default())
}
