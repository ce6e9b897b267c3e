//! A small ERP for two trading companies, created, secured, filled and queried through tenantry.
//!
//!     cargo run --example quickstart --features test-util
//!
//! It starts a throwaway PostgreSQL, or uses the database that `DATABASE_URL` names, in a schema of
//! its own that is gone afterwards.

// The examples share a module of which each uses a part.
#[allow(dead_code)]
mod common;

use std::time::{Duration, Instant};

use common::AnyError;
use common::place::Place;
use common::terminal::{gets, holds, median, refused, title, tries};
use tenantry::policy::{ForeignKey, TenantTable, secure};
use tenantry::{TenantId, TenantPool, TenantType, migrate};
use tokio_postgres::NoTls;

/// An ordinary schema: nothing in it was made for tenantry.
const SCHEMA: &str = "
create table company (
    tenant_id uuid primary key,
    name text not null
);
create table customer (
    tenant_id uuid not null,
    id bigint generated always as identity primary key,
    name text not null
);
create table invoice (
    tenant_id uuid not null,
    id bigint generated always as identity primary key,
    customer_id bigint not null references customer,
    issued_on date not null
);
create table invoice_line (
    tenant_id uuid not null,
    id bigint generated always as identity primary key,
    invoice_id bigint not null references invoice,
    item text not null,
    quantity integer not null check (quantity > 0),
    unit_price numeric(12, 2) not null
);
";

const COMPANIES: [(&str, [u8; 16], i64); 2] =
    [("Padma Trading", *b"padma-trading-01", 1500), ("Meghna Imports", *b"meghna-imports-1", 1000)];

#[tokio::main]
async fn main() -> std::process::ExitCode {
    common::run(async |place| quickstart(place).await).await
}

async fn quickstart(place: &mut Place) -> Result<(), AnyError> {
    title("1. Secure the schema");
    create(place).await?;

    title("2. Open the pool");
    let pool = TenantPool::builder_from_config(place.app_config()?)
        .tenant_type(TenantType::Uuid)
        .system_config(place.system_config()?)
        .max_size(4)
        .build()
        .await?;
    tries("the same pool as the role that owns the database");
    match TenantPool::builder_from_config(place.admin_config()?).build().await {
        Err(error) if error.is_role_refused() => refused(&error),
        Err(error) => return Err(error.into()),
        Ok(_) => gets("this role is bound by the policies, so it may"),
    }

    title("3. Fill it, each company for itself");
    for (name, key, invoices) in COMPANIES {
        fill(&pool, name, TenantId::uuid(key), invoices).await?;
    }
    let [padma, meghna] = COMPANIES.map(|(_, key, _)| TenantId::uuid(key));

    isolation(&pool, &padma, &meghna).await?;
    without_tenant(place).await?;
    savepoint(&pool, &padma).await?;
    system(&pool).await?;
    cost(place, &pool, &padma).await
}

async fn create(place: &mut Place) -> Result<(), AnyError> {
    let tenancy = place.tenancy(TenantType::Uuid)?;
    place.bootstrap(&tenancy).await?;
    let schema = place.schema.clone();
    let create = format!("begin; set local search_path = {schema}; {SCHEMA} commit;");
    place.admin.batch_execute(&create).await?;
    let name = |table: &str| format!("{schema}.{table}");
    let tables = [
        TenantTable::new(&name("company"))?.unique([])?,
        TenantTable::new(&name("customer"))?.unique(["id"])?,
        TenantTable::new(&name("invoice"))?.unique(["id"])?.foreign_key(
            ForeignKey::new(["customer_id"], &name("customer"), ["id"])?
                .replaces("invoice_customer_id_fkey")?,
        ),
        TenantTable::new(&name("invoice_line"))?.foreign_key(
            ForeignKey::new(["invoice_id"], &name("invoice"), ["id"])?
                .replaces("invoice_line_invoice_id_fkey")?,
        ),
    ];
    let script = secure(&tenancy, &place.roles, &tables)?;
    migrate::apply(&mut place.admin, &script).await?;
    gets(&format!("4 tables, {} steps in one transaction, among them:", script.steps().len()));
    for step in script.steps().iter().filter(|step| step.what().contains("invoice_line")) {
        gets(&format!("  {}", step.what().replace(&format!("\"{schema}\"."), "")));
    }
    Ok(())
}

async fn fill(pool: &TenantPool, name: &str, company: TenantId, invoices: i64) -> Result<(), AnyError> {
    let lines = pool
        .tenant(company)
        .transact(|tx| async move {
            // No statement names the company: the column's default takes it from the transaction.
            tx.execute("insert into company (name) values ($1)", &[&name]).await?;
            tx.execute(
                "insert into customer (name) select 'Customer ' || n from generate_series(1, 50) n",
                &[],
            )
            .await?;
            tx.execute(
                "insert into invoice (customer_id, issued_on)
                 select (select min(id) from customer) + n % 50, date '2026-01-01' + (n % 300)::integer
                 from generate_series(1, $1::bigint) n",
                &[&invoices],
            )
            .await?;
            tx.execute(
                "insert into invoice_line (invoice_id, item, quantity, unit_price)
                 select id, (array['jute', 'tea', 'rice', 'cement'])[n], 1 + id % 9, 120.50 * n + id % 100
                 from invoice, generate_series(1, 4) n",
                &[],
            )
            .await
        })
        .await?;
    gets(&format!("{name}: {invoices} invoices with {lines} lines"));
    Ok(())
}

const TOTALS: &str = "
select count(distinct i.id), to_char(sum(l.quantity * l.unit_price), 'FM999,999,999,990.00')
from invoice i join invoice_line l on l.invoice_id = i.id";

async fn isolation(pool: &TenantPool, padma: &TenantId, meghna: &TenantId) -> Result<(), AnyError> {
    title("4. The same query, two companies");
    for ((name, ..), company) in COMPANIES.iter().zip([padma, meghna]) {
        tries(&format!(
            "pool.tenant({}).query(\"select … from invoice join invoice_line …\")",
            name.to_lowercase().replace(' ', "_")
        ));
        let row = pool.tenant(company.clone()).query_one(TOTALS, &[]).await?;
        gets(&format!("{} invoices, BDT {}", row.get::<_, i64>(0), row.get::<_, &str>(1)));
    }

    title("5. Meghna's invoice, asked for by Padma");
    let invoice: i64 =
        pool.tenant(meghna.clone()).query_one("select max(id) from invoice", &[]).await?.get(0);
    tries(&format!("pool.tenant(padma).query(\"select … from invoice where id = {invoice}\")"));
    let found = pool.tenant(padma.clone()).query("select id from invoice where id = $1", &[&invoice]).await?;
    if !found.is_empty() {
        return Err("Padma sees an invoice of Meghna's".into());
    }
    holds("no rows: for Padma it does not exist");
    tries(&format!("pool.tenant(padma).execute(\"delete from invoice where id = {invoice}\")"));
    let deleted =
        pool.tenant(padma.clone()).execute("delete from invoice where id = $1", &[&invoice]).await?;
    holds(&format!("{deleted} rows deleted"));

    title("6. A customer for Meghna, made by Padma");
    tries("pool.tenant(padma).execute(\"insert into customer (tenant_id, name) values (meghna, …)\")");
    let plant = "insert into customer (tenant_id, name) values ($1::text::uuid, 'Planted')";
    let planted = pool.tenant(padma.clone()).execute(plant, &[&meghna.as_setting()]).await;
    refused(&expect_error(planted)?);
    tries("an invoice of Padma's for a customer of Meghna's");
    let customer: i64 =
        pool.tenant(meghna.clone()).query_one("select min(id) from customer", &[]).await?.get(0);
    let link = "insert into invoice (customer_id, issued_on) values ($1, current_date)";
    refused(&expect_error(pool.tenant(padma.clone()).execute(link, &[&customer]).await)?);
    Ok(())
}

fn expect_error<T>(outcome: tenantry::Result<T>) -> Result<tenantry::Error, AnyError> {
    outcome.err().ok_or_else(|| "this should have been refused".into())
}

async fn without_tenant(place: &Place) -> Result<(), AnyError> {
    title("7. No tenant at all, past the library");
    tries("psql -U app -c 'select * from invoice'");
    let (raw, connection) = place.app_config()?.connect(NoTls).await?;
    tokio::spawn(connection);
    let error = match raw.query("select * from invoice", &[]).await {
        Ok(_) => return Err("rows came without a tenant".into()),
        Err(error) => error,
    };
    match error.as_db_error() {
        Some(db) => refused(&std::io::Error::other(format!("{} ({})", db.message(), db.code().code()))),
        None => return Err(error.into()),
    }
    Ok(())
}

async fn savepoint(pool: &TenantPool, padma: &TenantId) -> Result<(), AnyError> {
    title("8. A savepoint");
    let mut tx = pool.tenant(padma.clone()).begin();
    let insert = "insert into customer (name) values ($1) returning id";
    let id: i64 = tx.query_one(insert, &[&"Karim Stores"]).await?.get(0);
    let sp = tx.savepoint().await?;
    tries("an invoice line with quantity 0, in a savepoint");
    let wrong = sp
        .execute(
            "insert into invoice_line (invoice_id, item, quantity, unit_price)
             select max(id), 'jute', 0, 1 from invoice",
            &[],
        )
        .await;
    refused(&expect_error(wrong)?);
    sp.rollback().await?;
    let kept = tx.query_one("select name from customer where id = $1", &[&id]).await?;
    holds(&format!("the transaction goes on: customer {:?} is still there", kept.get::<_, &str>(0)));
    tx.commit().await?;
    Ok(())
}

async fn system(pool: &TenantPool) -> Result<(), AnyError> {
    title("9. Across companies, through the one door for it");
    tries("pool.system(\"\")");
    refused(&expect_error(pool.system(""))?);
    tries("pool.system(\"monthly revenue report\")?.query(…)");
    let report = pool
        .system("monthly revenue report")?
        .query(
            "select c.name, count(distinct l.invoice_id),
                to_char(sum(l.quantity * l.unit_price), 'FM999,999,999,990.00')
             from company c join invoice_line l using (tenant_id) group by 1 order by 1",
            &[],
        )
        .await?;
    for row in report {
        gets(&format!(
            "{:<15} {:>5} invoices  BDT {:>13}",
            row.get::<_, &str>(0),
            row.get::<_, i64>(1),
            row.get::<_, &str>(2)
        ));
    }
    Ok(())
}

/// How often each statement is run. The two take turns, so that both meet the same machine.
const ROUNDS: usize = 1_000;

async fn cost(place: &Place, pool: &TenantPool, padma: &TenantId) -> Result<(), AnyError> {
    title("10. What it costs");
    let (plain, connection) = place.system_config()?.connect(NoTls).await?;
    tokio::spawn(connection);
    let id: i64 = pool.tenant(padma.clone()).query_one("select min(id) from invoice", &[]).await?.get(0);
    let unscoped =
        plain.prepare("select * from invoice where id = $1 and tenant_id = $2::text::uuid").await?;
    let scope = pool.tenant(padma.clone());
    let (mut plain_times, mut scoped_times) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        plain.query_one(&unscoped, &[&id, &padma.as_setting()]).await?;
        plain_times.push(begun.elapsed());
        let begun = Instant::now();
        scope.query_one("select * from invoice where id = $1", &[&id]).await?;
        scoped_times.push(begun.elapsed());
    }
    let (plain, scoped) = (median(&mut plain_times), median(&mut scoped_times));
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    gets(&format!("one invoice, plain, with a filter by hand   {:>6.0} µs", micros(plain)));
    gets(&format!(
        "one invoice, as the tenant                  {:>6.0} µs   {:.2} times the plain one",
        micros(scoped),
        micros(scoped) / micros(plain)
    ));
    gets(&format!("medians of {ROUNDS}, taken in turns, each in one flight to the server"));
    Ok(())
}
