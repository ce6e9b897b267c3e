//! pgbench's own tables, secured as they are, and its load on two branches at once.

#[path = "../../examples/common/tpcb.rs"]
mod tpcb;

use std::path::Path;
use std::process::{Command, Output};

use tenantry::policy::{Bootstrap, Password, Roles, Tenancy, secure};
use tenantry::testing::{self, Database};
use tenantry::{TenantPool, TenantType, migrate};
use tokio_postgres::{Client, Config};

use self::tpcb::{ACCOUNTS_PER_BRANCH, books, tables, transfer, transfer_from_many_tasks};

const OWNER: &str = "tenantry_pgbench_owner";
const APP: &str = "tenantry_pgbench_app";
const SYSTEM: &str = "tenantry_pgbench_system";
const PASSWORD: &str = "pgbench's password";

const BRANCHES: i32 = 2;
const TASKS: i32 = 24;
const TRANSFERS: i32 = 40;

/// Runs pgbench against a database, as the role of the URL.
fn pgbench(program: &Path, url: &str, arguments: &[&str]) -> Output {
    let config: Config = url.parse().unwrap();
    let password = std::str::from_utf8(config.get_password().unwrap_or_default()).unwrap();
    Command::new(program)
        .args(arguments)
        .env("PGHOST", "127.0.0.1")
        .env("PGPORT", config.get_ports()[0].to_string())
        .env("PGUSER", config.get_user().unwrap())
        .env("PGPASSWORD", password)
        .env("PGDATABASE", config.get_dbname().unwrap())
        .output()
        .unwrap()
}

async fn columns(admin: &Client) -> Vec<String> {
    let sql = "select format('%s.%s %s', table_name, column_name, data_type)
        from information_schema.columns where table_schema = 'public' order by table_name, ordinal_position";
    admin.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// Makes pgbench's tables and secures them; no column is added or renamed.
async fn secured(program: &Path, database: &Database, admin: &mut Client) {
    let made = pgbench(program, &database.url(), &["-i", "-q", "-s", &BRANCHES.to_string()]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let before = columns(admin).await;
    assert!(before.contains(&"pgbench_accounts.bid integer".to_owned()), "{before:?}");

    let tenancy = Tenancy::new(TenantType::Integer);
    let roles = Roles::new(OWNER, APP).unwrap().system(SYSTEM).unwrap();
    let password = || Password::new(PASSWORD).unwrap();
    let bootstrap =
        Bootstrap::new(tenancy.clone(), roles.clone()).app_password(password()).system_password(password());
    migrate::apply(admin, &bootstrap.script().unwrap()).await.unwrap();
    let script = secure(&tenancy, &roles, &tables("public").unwrap()).unwrap();
    migrate::apply(admin, &script).await.unwrap();
    assert_eq!(columns(admin).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tpcb_on_two_branches_keeps_their_books_apart() {
    let server = testing::server().await.unwrap();
    let Some(program) = testing::program("pgbench").unwrap() else {
        assert!(server.pid().is_none(), "a local server's binaries have no pgbench beside them");
        return;
    };
    let database = server.database().await.unwrap();
    let mut admin = database.connect().await.unwrap();
    secured(&program, &database, &mut admin).await;
    let pool = TenantPool::builder(&database.url_as(APP, PASSWORD))
        .tenant_type(TenantType::Integer)
        .system_url(&database.url_as(SYSTEM, PASSWORD))
        .max_size(8)
        .build()
        .await
        .unwrap();

    let (done, stopped) = transfer_from_many_tasks(&pool, BRANCHES, TASKS, TRANSFERS).await.unwrap();
    // One account in eight is of the other branch.
    assert_eq!((done, stopped), (TASKS * TRANSFERS * 7 / 8, TASKS * TRANSFERS / 8));
    let all = books(&pool).await.unwrap();
    assert_eq!(all.iter().map(|books| books.branch).collect::<Vec<_>>(), [1, 2]);
    for books in &all {
        assert!(books.add_up() && books.crossed == 0 && books.transfers > 0, "{books:?}");
    }
    assert_eq!(all.iter().map(|books| books.transfers).sum::<i64>(), i64::from(done));

    let of_two = ACCOUNTS_PER_BRANCH + 1;
    assert_eq!(transfer(&pool, 1, 1, of_two, 100).await.unwrap(), None);
    assert!(transfer(&pool, 2, 11, of_two, 100).await.unwrap().is_some());
    assert!(books(&pool).await.unwrap().iter().all(|books| books.add_up()));

    let ran = pgbench(&program, &database.url_as(APP, PASSWORD), &["-n", "-c", "1", "-t", "1"]);
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(!ran.status.success() && said.contains("no tenant"), "{said}");

    the_checker_sees_what_crosses(&admin, &pool, of_two).await;
}

/// Without the policies the same load crosses, and the same books show it.
async fn the_checker_sees_what_crosses(admin: &Client, pool: &TenantPool, of_two: i32) {
    for table in ["branches", "tellers", "accounts", "history"] {
        let off = format!("alter table public.pgbench_{table} disable row level security");
        admin.batch_execute(&off).await.unwrap();
    }
    assert!(transfer(pool, 1, 1, of_two, 100).await.unwrap().is_some(), "something else stopped it");
    let all = books(pool).await.unwrap();
    assert!(all.iter().any(|books| !books.add_up()), "{all:?}");
    assert!(all.iter().any(|books| books.crossed == 1), "{all:?}");
    let (_, stopped) = transfer_from_many_tasks(pool, BRANCHES, 2, 8).await.unwrap();
    assert_eq!(stopped, 0);
}
