//! pgbench's own tables, made by `pgbench -i` and secured as they are: a branch is a tenant.
//!
//!     cargo run --example pgbench --features test-util
//!
//! Many tasks run pgbench's TPC-B transaction through tenantry; then pgbench itself tries, as the
//! same role but without a tenant.

// The examples share a module of which each uses a part.
#[allow(dead_code)]
mod common;

use std::time::Instant;

use common::AnyError;
use common::place::Place;
use common::terminal::{gets, holds, refused, title, tries};
use common::tpcb::{self, ACCOUNTS_PER_BRANCH};
use tenantry::policy::secure;
use tenantry::{TenantPool, TenantType, migrate, testing};

const BRANCHES: i32 = 4;
const TASKS: i32 = 32;
const TRANSFERS: i32 = 100;

#[tokio::main]
async fn main() -> std::process::ExitCode {
    common::run(async |place| pgbench(place).await).await
}

async fn pgbench(place: &mut Place) -> Result<(), AnyError> {
    let Some(program) = testing::program("pgbench")? else {
        gets(
            "pgbench is not on this machine; it comes with PostgreSQL's packages (on some systems as postgresql-contrib)",
        );
        return Ok(());
    };
    title("1. A schema that nobody here wrote");
    let tenancy = place.tenancy(TenantType::Integer)?;
    place.bootstrap(&tenancy).await?;
    tries(&format!("pgbench -i -s {BRANCHES}"));
    let made = place
        .command(&program, &place.admin_config()?)
        .args(["-i", "-q", "-s", &BRANCHES.to_string()])
        .output()?;
    if !made.status.success() {
        return Err(String::from_utf8_lossy(&made.stderr).into());
    }
    gets(&format!("{BRANCHES} branches, {} accounts", BRANCHES * ACCOUNTS_PER_BRANCH));
    let script = secure(&tenancy, &place.roles, &tpcb::tables(&place.schema)?)?;
    migrate::apply(&mut place.admin, &script).await?;
    holds("secured by its column bid: none added, none renamed");

    title("2. TPC-B through tenantry");
    let pool = TenantPool::builder_from_config(place.app_config()?)
        .tenant_type(TenantType::Integer)
        .system_config(place.system_config()?)
        .max_size(8)
        .build()
        .await?;
    let begun = Instant::now();
    let (done, stopped) = tpcb::transfer_from_many_tasks(&pool, BRANCHES, TASKS, TRANSFERS).await?;
    gets(&format!(
        "{done} transfers from {TASKS} tasks on 8 connections, {:.0} a second",
        f64::from(done) / begun.elapsed().as_secs_f64()
    ));
    holds(&format!("{stopped} more were for an account of another branch, and found no such account"));

    title("3. The books");
    for books in tpcb::books(&pool).await? {
        gets(&format!(
            "branch {}: {:>5} transfers, balance {:>8}",
            books.branch, books.transfers, books.balance
        ));
        if !books.add_up() {
            return Err(format!("the books do not add up: {books:?}").into());
        }
    }
    holds("branch, tellers, accounts and history agree, and nothing crossed");

    title("4. pgbench itself, as the same role, without a tenant");
    tries("pgbench -n -c 1 -t 1");
    let ran = place.command(&program, &place.app_config()?).args(["-n", "-c", "1", "-t", "1"]).output()?;
    if ran.status.success() {
        return Err("pgbench ran without a tenant".into());
    }
    let said = String::from_utf8_lossy(&ran.stderr);
    let line = said.lines().find(|line| line.contains("ERROR")).unwrap_or(said.trim());
    refused(&std::io::Error::other(line.trim().to_owned()));
    Ok(())
}
