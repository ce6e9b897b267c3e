//! Work across tenants: what the log says of it, and the table in which it is recorded.

use bytes::Bytes;
use futures_util::TryStreamExt;
use tenantry::policy::Bootstrap;
use tenantry::{Batch, Error, Strategy, TenantPool, TenantPoolBuilder, migrate};
use tokio_postgres::Client;
use tracing::Level;

use super::{DIVISION, FAILS, code};
use crate::support::erp::{Erp, SYSTEM, open_accounts, roles, tenancy, tenant};
use crate::support::log::Log;

const TABLE: &str = "tenantry.system_access";
const IDS: &str = "select id from erp.account order by id";
const ALL: &str = "update erp.account set balance = balance + 1";
const COPY: &str = "copy (select id from erp.account) to stdout";

/// Six accounts of two tenants, and the table.
async fn erp() -> (Erp, Client) {
    let erp = Erp::new().await;
    let mut admin = erp.admin().await;
    let bootstrap = Bootstrap::new(tenancy().record_system_access(), roles());
    migrate::apply(&mut admin, &bootstrap.script().unwrap()).await.unwrap();
    let pool = erp.pool(1).await;
    for n in 1..=2 {
        open_accounts(&pool, &tenant(n), i64::from(n) * 10, 3).await;
    }
    (erp, admin)
}

fn recording(erp: &Erp) -> TenantPoolBuilder {
    erp.builder().system_max_size(1).record_system_access(TABLE)
}

/// What was recorded, in order: the reasons and the numbers of rows.
async fn recorded(admin: &Client) -> Vec<(String, i64)> {
    let rows = admin.query("select reason, row_count from tenantry.system_access order by id", &[]).await;
    rows.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect()
}

async fn read(pool: &TenantPool, reason: &str) -> usize {
    let data: Vec<Bytes> =
        pool.system(reason).unwrap().copy_out(COPY).await.unwrap().try_collect().await.unwrap();
    data.concat().split(|byte| *byte == b'\n').count() - 1
}

#[tokio::test]
async fn each_transaction_across_tenants_leaves_a_row() {
    for strategy in [Strategy::Implicit, Strategy::Explicit, Strategy::ExplicitSetLocal] {
        let (erp, admin) = erp().await;
        let pool = recording(&erp).strategy(strategy).build().await.unwrap();
        let system = |reason: &str| pool.system(reason).unwrap();
        assert_eq!(system("query").query(IDS, &[]).await.unwrap().len(), 6);
        assert_eq!(system("execute").execute(ALL, &[]).await.unwrap(), 6);
        assert_eq!(system("typed").query_typed("select 1", &[]).await.unwrap().len(), 1);
        let mut rows = system("stream").query_raw(IDS, &[]).await.unwrap();
        while rows.try_next().await.unwrap().is_some() {}
        assert_eq!(read(&pool, "copy").await, 6);
        let (one, mut batch) = (1_i64, Batch::new());
        batch.add(IDS, &[]).add("select $1::int8", &[&one]);
        assert_eq!(system("batch").batch(&batch).await.unwrap().len(), 2);
        assert!(system("each").batch_each(&batch).await.unwrap().iter().all(Result::is_ok));
        let tx = system("transaction").begin();
        tx.query(IDS, &[]).await.unwrap();
        tx.execute(ALL, &[]).await.unwrap();
        // Dropped, and nobody has read its rows.
        drop(tx.query_raw(IDS, &[]).await.unwrap());
        tx.commit().await.unwrap();
        let work = |tx: tenantry::TransactionBlock| async move { tx.execute(ALL, &[]).await };
        assert_eq!(system("closure").transact::<_, Error, _, _>(work).await.unwrap(), 6);
        // Nothing was sent, so there is nothing to record.
        system("nothing").begin().commit().await.unwrap();
        let expected = [
            ("query", 6),
            ("execute", 6),
            ("typed", 1),
            ("stream", 6),
            ("copy", 6),
            ("batch", 7),
            ("each", 6),
            ("each", 1),
            ("transaction", 18),
            ("closure", 6),
        ];
        assert_eq!(
            recorded(&admin).await,
            expected.map(|(reason, rows)| (reason.to_owned(), rows)),
            "{strategy:?}"
        );
        let who = "select bool_and(role = $1 and application_name = '' and client_addr = '127.0.0.1'
            and backend_pid > 0 and began_at <= ended_at) from tenantry.system_access";
        assert!(admin.query_one(who, &[&SYSTEM]).await.unwrap().get::<_, bool>(0));
    }
}

#[tokio::test]
async fn what_is_rolled_back_leaves_no_row_and_a_line_in_the_log() {
    let (erp, admin) = erp().await;
    let pool = recording(&erp).build().await.unwrap();
    let (log, _listening) = Log::listen(Level::INFO);
    let system = |reason: &str| pool.system(reason).unwrap();
    assert_eq!(code(&system("fails").query(FAILS, &[]).await.unwrap_err()), DIVISION);
    let mut batch = Batch::new();
    batch.add(IDS, &[]).add(FAILS, &[]);
    assert_eq!(code(&system("batch").batch(&batch).await.unwrap_err()), DIVISION);
    let tx = system("rolled back").begin();
    tx.query(IDS, &[]).await.unwrap();
    tx.rollback().await.unwrap();
    let tx = system("aborted").begin();
    tx.execute(ALL, &[]).await.unwrap();
    tx.query(FAILS, &[]).await.unwrap_err();
    assert_eq!(code(&tx.commit().await.unwrap_err()), DIVISION);
    // A failure of which nobody has heard before the commit.
    let tx = system("unheard").begin();
    tx.execute(ALL, &[]).await.unwrap();
    drop(tx.query_raw("select 1 / (id - id) from erp.account", &[]).await);
    assert_eq!(code(&tx.commit().await.unwrap_err()), "25P02");
    let mut rows = system("left").query_raw(IDS, &[]).await.unwrap();
    rows.try_next().await.unwrap();
    drop(rows);
    let tx = system("dropped").begin();
    tx.execute(ALL, &[]).await.unwrap();
    drop(tx);
    // Waits for the only connection, which the drain has brought to rest by then.
    assert_eq!(system("last").query(IDS, &[]).await.unwrap().len(), 6);
    assert_eq!(recorded(&admin).await, [("last".to_owned(), 6)]);
    let balance = admin.query_one("select sum(balance)::int8 from erp.account", &[]).await.unwrap();
    assert_eq!(balance.get::<_, i64>(0), 0);
    let text = log.text();
    for (reason, rows, outcome) in [
        ("fails", 0, "rolled_back"),
        ("batch", 6, "rolled_back"),
        ("rolled back", 6, "rolled_back"),
        ("aborted", 6, "rolled_back"),
        ("unheard", 6, "rolled_back"),
        ("left", 6, "abandoned"),
        ("dropped", 6, "abandoned"),
        ("last", 6, "committed"),
    ] {
        let ended = |line: &&str| {
            line.contains("cross-tenant access has ended") && line.contains(&format!("reason={reason} "))
        };
        let line = text.lines().find(ended).unwrap_or_else(|| panic!("{reason}: {text}"));
        let role = format!("role=\"{SYSTEM}\"");
        for part in [&*role, &format!("rows={rows} "), &format!("outcome=\"{outcome}\""), "took="] {
            assert!(line.contains(part), "{part}: {line}");
        }
    }
}

/// Without a table the log alone tells of it, and a statement stays one flight.
#[tokio::test]
async fn the_log_tells_of_the_begin_and_the_end() {
    let (erp, admin) = erp().await;
    let pool = erp.builder().system_max_size(1).build().await.unwrap();
    let (log, _listening) = Log::listen(Level::INFO);
    pool.system("closing").unwrap().execute(ALL, &[]).await.unwrap();
    pool.system("failing").unwrap().query(FAILS, &[]).await.unwrap_err();
    pool.tenant(tenant(1)).query(IDS, &[]).await.unwrap();
    let text = log.text();
    let told: Vec<&str> = text.lines().filter(|line| line.contains("cross-tenant access")).collect();
    assert_eq!(told.len(), 4, "{text}");
    assert!(told[0].contains("reason=\"closing\"") && !told[0].contains("rows"), "{}", told[0]);
    assert!(told[1].contains("rows=6") && told[1].contains("committed"), "{}", told[1]);
    assert!(told[3].contains("rows=0") && told[3].contains("rolled_back"), "{}", told[3]);
    assert!(recorded(&admin).await.is_empty());
}

#[tokio::test]
async fn the_system_role_adds_rows_and_does_nothing_else_with_them() {
    let (erp, admin) = erp().await;
    let pool = recording(&erp).build().await.unwrap();
    let system = pool.system("looks around").unwrap();
    system.query(IDS, &[]).await.unwrap();
    for sql in [
        "select * from tenantry.system_access",
        "update tenantry.system_access set reason = ''",
        "update tenantry.system_access set row_count = 0",
        "delete from tenantry.system_access",
        "truncate tenantry.system_access",
        "insert into tenantry.system_access (row_count, role) values (0, 'somebody')",
        "insert into tenantry.system_access (row_count, began_at) values (0, now())",
    ] {
        let error = system.execute(sql, &[]).await.unwrap_err();
        assert_eq!(code(&error), "42501", "{sql}: {error}");
        let error = pool.tenant(tenant(1)).execute(sql, &[]).await.unwrap_err();
        assert_eq!(code(&error), "42501", "{sql}: {error}");
    }
    assert_eq!(recorded(&admin).await.len(), 1);
}

#[tokio::test]
async fn a_table_that_does_not_suit_is_refused_when_the_pool_is_built() {
    let (erp, admin) = erp().await;
    for (sql, words) in [
        ("grant update on tenantry.system_access to tenantry_it_system", "can change what is recorded in"),
        ("revoke all on tenantry.system_access from tenantry_it_system", "grant it INSERT on row_count"),
        ("drop table tenantry.system_access", "there is no table \"tenantry\".\"system_access\" to record"),
    ] {
        admin.batch_execute(sql).await.unwrap();
        let error = recording(&erp).build().await.unwrap_err();
        assert!(error.is_usage() && error.to_string().contains(words), "{error}");
    }
    // A pool that did not look hears of it at the commit, and nothing is kept.
    let pool = recording(&erp).build_lazy().unwrap();
    let error = pool.system("single").unwrap().execute(ALL, &[]).await.unwrap_err();
    assert_eq!(code(&error), "42P01", "{error}");
    assert!(error.to_string().starts_with("the record of the access across tenants"), "{error}");
    let tx = pool.system("transaction").unwrap().begin();
    tx.execute(ALL, &[]).await.unwrap();
    let error = tx.commit().await.unwrap_err();
    assert!(code(&error) == "42P01" && !error.is_in_doubt(), "{error}");
    assert_eq!(pool.system_status().unwrap().available, 1);
    let balance = admin.query_one("select sum(balance)::int8 from erp.account", &[]).await.unwrap();
    assert_eq!(balance.get::<_, i64>(0), 0);
    let error = erp.builder().record_system_access("system_access").build_lazy().unwrap_err();
    assert!(error.to_string().contains("is not a qualified name"), "{error}");
    let alone = TenantPool::builder(&erp.app_url()).record_system_access(TABLE).build_lazy().unwrap_err();
    assert!(alone.to_string().contains("name it with system_url"), "{alone}");
}

/// The COMMIT goes after the statement's answer, so a statement that was lost was not committed.
#[tokio::test]
async fn a_statement_that_is_lost_is_not_in_doubt() {
    let (erp, admin) = erp().await;
    let pool = recording(&erp).build().await.unwrap();
    let statement = "update erp.account set balance = (select 1 from pg_sleep(60))";
    let system = pool.system("sleeps").unwrap();
    let running = system.execute(statement, &[]);
    let ending = async {
        let asleep = "select count(pg_terminate_backend(pid)) from pg_stat_activity
            where datname = current_database() and wait_event = 'PgSleep'";
        while admin.query_one(asleep, &[]).await.unwrap().get::<_, i64>(0) == 0 {
            tokio::task::yield_now().await;
        }
    };
    let (answer, ()) = tokio::join!(running, ending);
    let error = answer.unwrap_err();
    assert!(error.is_connection_lost() && !error.is_in_doubt(), "{error}");
    assert!(recorded(&admin).await.is_empty());
}
