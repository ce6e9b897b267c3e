//! What a scoped statement costs the client beyond tokio-postgres's own work, in steady state and on one
//! thread: allocations, bytes, and, where valgrind is installed, instructions.
//!
//!     make bench-overhead
//!
//! Counts do not depend on the machine's load. The server's work is not among them.

mod common;
#[path = "overhead/counting.rs"]
mod counting;
#[path = "overhead/instructions.rs"]
mod instructions;
#[path = "overhead/watched.rs"]
mod watched;

use common::fixture::{Fixture, STRATEGIES, TENANT, connect, tenant_pool};
use common::pooled::deadpool;
use common::report::{Report, Row};
use common::stats::float;
use common::ways::Step;
use common::{AnyError, quick, save, versions};
use counting::Counting;
use deadpool_postgres::Pool;
use tenantry::testing::Server;
use tenantry::{TenantContext, TenantId, TenantPool};
use tokio_postgres::{Client, Statement};
use tracing::subscriber::DefaultGuard;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const ITERATIONS: usize = 2_000;
const WARM_UP: usize = 200;

/// What is counted.
enum Way {
    /// The driver alone: a client, a prepared statement.
    Driver(Client, Statement),
    /// The driver with a pool and a statement cache, as services have them.
    Pool(Pool),
    /// A scope, made and dropped, without a statement.
    Scope(TenantPool),
    Scoped(TenantPool),
    /// The same with a context that only reads.
    ReadOnly(TenantPool),
    /// The same with spans and metrics, as long as somebody listens.
    Watched {
        pool: TenantPool,
        _listens: DefaultGuard,
    },
}

/// Names of the ways, in the order of the report.
const DRIVER: &str = "tokio-postgres, prepared";
const POOL: &str = "the same through deadpool";
const SCOPE: &str = "tenantry, a scope alone";
const WATCHED: &str = "tenantry, Implicit, watched";
const READ_ONLY: &str = "tenantry, read-only";
const BESIDE: &str = "tenantry, Implicit, with a replica";
const REPLICA: &str = "tenantry, read-only, on a replica";

fn names() -> Vec<&'static str> {
    let strategies = STRATEGIES.iter().map(|(name, _)| *name);
    let names = [DRIVER, POOL, SCOPE].into_iter().chain(strategies);
    names.chain([WATCHED, READ_ONLY, BESIDE, REPLICA]).collect()
}

fn main() -> Result<(), AnyError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if let Some(only) = instructions::child() {
        return runtime.block_on(async {
            let mut way = Way::open(&only.way, &only.urls).await?;
            way.repeat(WARM_UP + only.iterations).await
        });
    }
    let report = runtime.block_on(count())?;
    println!("\n{}{}", report.heading(), report.table());
    println!("{}", runtime.block_on(watched::compare())?);
    save(&report)
}

async fn count() -> Result<Report, AnyError> {
    let fixture = Fixture::new().await?;
    let standby = Server::builder().start_standby(fixture.server).await?;
    let app = fixture.app_url("bench");
    let replica = app.replace(&format!(":{}/", fixture.server.port()), &format!(":{}/", standby.port()));
    let urls = [app, fixture.plain_url("bench"), replica];
    let mut rows: Vec<Row> = Vec::new();
    for name in names() {
        let mut way = Way::open(name, &urls).await?;
        way.repeat(WARM_UP).await?;
        let before = counting::counts();
        way.repeat(ITERATIONS).await?;
        let after = counting::counts();
        let each = |at: usize| float(after[at] - before[at]) / float(ITERATIONS);
        let mut more = vec![("allocs", each(0)), ("bytes", each(1))];
        if let Some(instructions) = instructions::of(name, &urls)? {
            more.push(("instrs", instructions));
        }
        let beyond: Vec<_> = match rows.get(1) {
            Some(Row { more: pool, .. }) if name != SCOPE => {
                let beyond = more.iter().zip(pool).map(|((name, own), (_, pool))| (beyond(name), own - pool));
                beyond.collect()
            }
            _ => Vec::new(),
        };
        more.extend(beyond);
        rows.push(Row {
            name: "point read".to_owned(),
            variant: name.to_owned(),
            clients: 1,
            more,
            ..Row::default()
        });
    }
    let instructions = match instructions::valgrind() {
        true => "instructions by callgrind: N and 2 N iterations, subtracted",
        false => "valgrind is not installed, so no instructions are counted",
    };
    Ok(Report {
        bench: "overhead",
        compared: format!(
            "what one point read costs the client, mean of {ITERATIONS} on one thread, the connection's task \
             included; columns with +: beyond the driver with a pool. {instructions}"
        ),
        versions: versions(),
        server: fixture.server.describe(),
        quick: quick(),
        settings: vec![("iterations".to_owned(), ITERATIONS.to_string())],
        rows,
    })
}

fn beyond(name: &str) -> &'static str {
    match name {
        "allocs" => "+allocs",
        "bytes" => "+bytes",
        _ => "+instrs",
    }
}

impl Way {
    async fn open(name: &str, [app, plain, replica]: &[String; 3]) -> Result<Self, AnyError> {
        let tenants = |strategy| tenant_pool(app, strategy).max_size(1).build();
        let (_, implicit) = STRATEGIES[STRATEGIES.len() - 1];
        match name {
            DRIVER => {
                let client = connect(plain).await?;
                let statement = client.prepare(Step::Point.filtered()).await?;
                Ok(Self::Driver(client, statement))
            }
            POOL => Ok(Self::Pool(deadpool(plain, 1)?)),
            WATCHED => {
                let pool = watched::pool(app).await?;
                Ok(Self::Watched { pool, _listens: watched::listen() })
            }
            SCOPE => Ok(Self::Scope(tenants(STRATEGIES[0].1).await?)),
            READ_ONLY => Ok(Self::ReadOnly(tenants(implicit).await?)),
            BESIDE => {
                Ok(Self::Scoped(tenant_pool(app, implicit).max_size(1).replica_url(replica).build().await?))
            }
            REPLICA => {
                Ok(Self::ReadOnly(tenant_pool(app, implicit).max_size(1).replica_url(replica).build().await?))
            }
            _ => {
                let (_, strategy) = STRATEGIES.iter().find(|(own, _)| *own == name).ok_or("no such way")?;
                Ok(Self::Scoped(tenants(*strategy).await?))
            }
        }
    }

    async fn repeat(&mut self, iterations: usize) -> Result<(), AnyError> {
        let tenant = TenantId::from(TENANT);
        let id = 11_i64;
        for _ in 0..iterations {
            match self {
                Self::Driver(client, statement) => {
                    client.query_one(&*statement, &[&id, &TENANT]).await?;
                }
                Self::Pool(pool) => {
                    let client = pool.get().await?;
                    let statement = client.prepare_cached(Step::Point.filtered()).await?;
                    client.query_one(&statement, &[&id, &TENANT]).await?;
                }
                Self::Scope(pool) => drop(std::hint::black_box(pool.tenant(tenant.clone()))),
                Self::Scoped(pool) | Self::Watched { pool, .. } => {
                    pool.tenant(tenant.clone()).query_one(Step::Point.scoped(), &[&id]).await?;
                }
                Self::ReadOnly(pool) => {
                    let reads = TenantContext::new(tenant.clone()).read_only();
                    pool.tenant(reads).query_one(Step::Point.scoped(), &[&id]).await?;
                }
            }
        }
        Ok(())
    }
}
