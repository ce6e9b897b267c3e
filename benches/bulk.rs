//! What it costs to insert many rows under a policy, beside COPY into a table that has none.
//!
//!     cargo bench --features test-util --bench bulk

mod common;

use std::pin::pin;
use std::time::{Duration, Instant};

use common::fixture::{Fixture, TENANT, connect, roles};
use common::report::{Report, Row};
use common::stats::percentile;
use common::turns::{Contest, in_turns};
use common::{AnyError, quick, save, versions};
use tenantry::policy::{Tenancy, TenantTable, secure};
use tenantry::types::{ToSql, Type};
use tenantry::{TenantId, TenantPool, TenantType, migrate};
use tokio_postgres::Client;
use tokio_postgres::binary_copy::BinaryCopyInWriter;

/// The same columns and the same unique key, with and without a tenant.
const TABLES: &str = "
    create table bench.load (tenant_id bigint, id bigint, number text, total bigint);
    create table bench.plain_load (id bigint unique, number text, total bigint);
    grant insert on bench.plain_load to tenantry_bench_system;
";

const COPY: &str = "copy bench.plain_load (id, number, total) from stdin (format binary)";

/// How many rows a chunk has; the second is the default.
const CHUNKS: [usize; 3] = [100, 1_000, 10_000];

struct Loaded {
    id: i64,
    number: String,
    total: i64,
}

struct Loads {
    rows: Vec<Loaded>,
    admin: Client,
    plain: Client,
    pool: TenantPool,
}

fn main() -> Result<(), AnyError> {
    let report = common::run(compare())?;
    println!("\n{}{}", report.heading(), report.table());
    save(&report)
}

async fn compare() -> Result<Report, AnyError> {
    let fixture = Fixture::new().await?;
    let (count, rounds) = if quick() { (20_000, 5) } else { (100_000, 21) };
    let mut admin = fixture.database.connect().await?;
    admin.batch_execute(TABLES).await?;
    let tables = [TenantTable::new("bench.load")?.unique(["id"])?];
    migrate::apply(&mut admin, &secure(&Tenancy::new(TenantType::Bigint), &roles()?, &tables)?).await?;
    let row = |id: i64| Loaded { id, number: format!("2026-{id:07}"), total: id * 7 % 100_003 };
    let mut loads = Loads {
        rows: (0..count).map(row).collect(),
        admin,
        plain: connect(&fixture.plain_url("bulk_plain")).await?,
        pool: TenantPool::builder(&fixture.app_url("bulk")).tenant_type(TenantType::Bigint).build().await?,
    };
    let samples = in_turns(&mut loads, 1 + CHUNKS.len(), 2, rounds).await?;
    let mut reference = None;
    let mut rows = Vec::new();
    for (way, mut samples) in samples.into_iter().enumerate() {
        let p50_us = percentile(&mut samples, 0.5);
        let reference = *reference.get_or_insert(p50_us);
        rows.push(Row {
            name: format!("{count} rows"),
            variant: match way.checked_sub(1) {
                None => "plain, COPY of the binary format".to_owned(),
                Some(at) => format!("tenantry, insert_into in chunks of {}", CHUNKS[at]),
            },
            clients: 1,
            p50_us,
            p99_us: percentile(&mut samples, 0.99),
            ratio_to_plain: reference.and_then(|reference| Some(p50_us? / reference)),
            ..Row::default()
        });
    }
    let mut settings = vec![("rounds".to_owned(), rounds.to_string())];
    settings.extend(fixture.settings().await?);
    Ok(Report {
        bench: "bulk",
        compared: "rows of a bigint, a text and another bigint with a unique key, into an empty table and one transaction, in turns; \
                   plain is COPY into a table without tenants and policies, which the server refuses under policies"
            .to_owned(),
        versions: versions(),
        server: fixture.server.describe(),
        quick: quick(),
        settings,
        rows,
    })
}

impl Contest for Loads {
    async fn turn(&mut self, way: usize, _round: usize) -> Result<Duration, AnyError> {
        self.admin.batch_execute("truncate bench.load, bench.plain_load").await?;
        let started = Instant::now();
        let inserted = match way.checked_sub(1) {
            None => copy(&self.plain, &self.rows).await?,
            Some(at) => {
                let scope = self.pool.tenant(TenantId::from(TENANT));
                let into = scope.insert_into("bench.load", ["id", "number", "total"]).chunk_size(CHUNKS[at]);
                into.rows(
                    self.rows.iter().map(|row| [&row.id as &(dyn ToSql + Sync), &row.number, &row.total]),
                )
                .await?
            }
        };
        let took = started.elapsed();
        let wanted = u64::try_from(self.rows.len())?;
        if inserted == wanted { Ok(took) } else { Err(format!("{inserted} of {wanted} rows").into()) }
    }
}

async fn copy(client: &Client, rows: &[Loaded]) -> Result<u64, AnyError> {
    let sink = client.copy_in(COPY).await?;
    let mut writer = pin!(BinaryCopyInWriter::new(sink, &[Type::INT8, Type::TEXT, Type::INT8]));
    for row in rows {
        writer.as_mut().write(&[&row.id, &row.number, &row.total]).await?;
    }
    Ok(writer.finish().await?)
}
