//! What the tenant costs: one statement run in several ways, in turns, on one server.
//!
//!     make bench-quick
//!
//! Each way is a ratio to the plain statement of the same run. An absolute time says nothing about
//! another machine.

use std::time::{Duration, Instant};

use tenantry::policy::{Bootstrap, Password, Roles, Tenancy, TenantTable, secure};
use tenantry::{Strategy, TenantId, TenantPool, TenantType, migrate, testing};
use tokio_postgres::{Client, NoTls};

type AnyError = Box<dyn std::error::Error + Send + Sync>;

const PASSWORD: &str = "bench";
const ROUNDS: usize = 3_000;
const WARM_UP: usize = 300;
const READ: &str = "select * from bench.item where id = $1";

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    // In a task, as services run statements: the main thread's own future is polled differently.
    tokio::spawn(compare()).await?
}

async fn compare() -> Result<(), AnyError> {
    let server = testing::server().await?;
    let database = server.database().await?;
    let mut admin = database.connect().await?;
    let roles = fill(&mut admin).await?;
    let tenant = TenantId::from(7_i64);

    // A filter by hand, no transaction, no tenant: what a service without tenants would do.
    let plain = connect(&database.url_as(&roles.1, PASSWORD)).await?;
    let filtered = plain.prepare("select * from bench.item where id = $1 and tenant_id = $2").await?;
    // The same tenants, bound the way most services bind them.
    let mut one_by_one = connect(&database.url_as(&roles.0, PASSWORD)).await?;
    let url = database.url_as(&roles.0, PASSWORD);
    let pool = |strategy| {
        let builder = TenantPool::builder(&url).tenant_type(TenantType::Bigint).max_size(1);
        builder.strategy(strategy).build()
    };
    let (explicit, set_local) = (pool(Strategy::Explicit).await?, pool(Strategy::ExplicitSetLocal).await?);

    let mut times: [Vec<Duration>; 4] = Default::default();
    for round in 0..WARM_UP + ROUNDS {
        let id = i64::try_from(round % 100)? * 100 + 7;
        let mut measured = [Duration::ZERO; 4];
        let begun = Instant::now();
        plain.query_one(&filtered, &[&id, &7_i64]).await?;
        measured[0] = begun.elapsed();
        let begun = Instant::now();
        awaited_one_by_one(&mut one_by_one, id).await?;
        measured[1] = begun.elapsed();
        for (pool, time) in [&explicit, &set_local].into_iter().zip(&mut measured[2..]) {
            let begun = Instant::now();
            pool.tenant(tenant.clone()).query_one(READ, &[&id]).await?;
            *time = begun.elapsed();
        }
        if round >= WARM_UP {
            times.iter_mut().zip(measured).for_each(|(times, time)| times.push(time));
        }
    }

    println!("{}", server.describe());
    println!("a point read, {ROUNDS} rounds in turns, p50 and p99 in µs\n");
    println!("{:<44} {:>7} {:>7} {:>7}", "", "p50", "p99", "ratio");
    let names = [
        "plain, filter by hand, no transaction",
        "BEGIN, set_config, query, COMMIT in turn",
        "tenantry, Explicit",
        "tenantry, ExplicitSetLocal",
    ];
    let mut base = 0.0;
    for (name, times) in names.iter().zip(&mut times) {
        times.sort_unstable();
        let micros = |at: usize| times[times.len() * at / 100].as_secs_f64() * 1e6;
        if base == 0.0 {
            base = micros(50);
        }
        println!("{name:<44} {:>7.0} {:>7.0} {:>7.2}", micros(50), micros(99), micros(50) / base);
    }
    Ok(())
}

async fn awaited_one_by_one(client: &mut Client, id: i64) -> Result<(), AnyError> {
    let transaction = client.transaction().await?;
    let bind = "select set_config('app.tenant_id', $1, true)";
    transaction.query_typed(bind, &[(&"7", tokio_postgres::types::Type::TEXT)]).await?;
    transaction.query_typed(READ, &[(&id, tokio_postgres::types::Type::INT8)]).await?;
    transaction.commit().await?;
    Ok(())
}

/// 10,000 rows of 100 tenants. Returns the names of the app role and the system role.
async fn fill(admin: &mut Client) -> Result<(String, String), AnyError> {
    let names = ["owner", "app", "system"].map(|role| format!("tenantry_bench_{role}"));
    let [owner, app, system] = &names;
    let tenancy = Tenancy::new(TenantType::Bigint);
    let roles = Roles::new(owner, app)?.system(system)?;
    let bootstrap = Bootstrap::new(tenancy.clone(), roles.clone())
        .app_password(Password::new(PASSWORD)?)
        .system_password(Password::new(PASSWORD)?);
    migrate::apply(admin, &bootstrap.script()?).await?;
    admin
        .batch_execute(
            "create schema bench;
             create table bench.item (tenant_id bigint, id bigint, name text);
             insert into bench.item select n % 100, n, 'item ' || n from generate_series(0, 9999) n;",
        )
        .await?;
    let table = TenantTable::new("bench.item")?.unique(["id"])?;
    migrate::apply(admin, &secure(&tenancy, &roles, &[table])?).await?;
    admin.batch_execute("vacuum analyze bench.item").await?;
    let [_, app, system] = names;
    Ok((app, system))
}

async fn connect(url: &str) -> Result<Client, AnyError> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}
