//! The laws that the library holds, each broken on purpose from outside.

use std::time::Duration;

use tenantry::{Error, IsolationLevel, NO_TENANT, Strategy, TenantContext, TenantPool, testing};
use tokio::time::timeout;

use crate::support::erp::{APP, Erp, PASSWORD, open_accounts, tenant};
use crate::support::eventually;
use crate::support::proxy::Proxy;

const COUNT: &str = "select count(*) from erp.account";
const BACKEND: &str = "select pg_backend_pid()";

async fn count(pool: &TenantPool, n: u8) -> i64 {
    pool.tenant(tenant(n)).query_one(COUNT, &[]).await.unwrap().get(0)
}

async fn backend(pool: &TenantPool) -> i32 {
    pool.tenant(tenant(1)).query_one(BACKEND, &[]).await.unwrap().get(0)
}

/// Law 1: no statement runs before its context is bound. Where the server cannot even begin, the
/// policies stop the statement, the caller hears of it, and the connection is not used again.
#[tokio::test]
async fn law_1_a_statement_whose_begin_fails_changes_nothing() {
    for strategy in [Strategy::Implicit, Strategy::Explicit] {
        let erp = Erp::new().await;
        let proxy = Proxy::start(erp.address()).await;
        let url = erp.app_url_through(proxy.port());
        let pool = TenantPool::builder(&url).strategy(strategy).max_size(1).build().await.unwrap();
        open_accounts(&pool, &tenant(1), 1, 3).await;
        let before = backend(&pool).await;

        proxy.edit("BEGIN", "BEGIM");
        let insert = "insert into erp.account (id, tag) values (9, 'x')";
        // With its own isolation level, a single statement has a BEGIN whatever the strategy.
        let begins = || TenantContext::new(tenant(1)).isolation_level(IsolationLevel::RepeatableRead);
        for error in [
            pool.tenant(begins()).query(COUNT, &[]).await.map(drop).unwrap_err(),
            pool.tenant(begins()).execute(insert, &[]).await.map(drop).unwrap_err(),
            pool.tenant(tenant(1)).begin().execute(insert, &[]).await.map(drop).unwrap_err(),
        ] {
            assert!(error.to_string().starts_with("the begin of the transaction failed"), "{error}");
        }
        let tx = pool.tenant(tenant(1)).begin();
        tx.query(COUNT, &[]).await.unwrap_err();
        assert!(tx.query(COUNT, &[]).await.unwrap_err().is_connection_lost(), "the transaction went on");
        drop(tx);

        // Those that were sent along fail as well, even where the server has run them.
        let tx = pool.tenant(tenant(1)).begin();
        let stage = "insert into erp.stage values ('outside of any transaction')";
        let (first, second) = tokio::join!(tx.query(COUNT, &[]), tx.execute(stage, &[]));
        for error in [first.unwrap_err(), second.unwrap_err(), tx.commit().await.unwrap_err()] {
            let begin = error.to_string().starts_with("the begin of the transaction failed");
            assert!(begin || error.is_connection_lost(), "{strategy:?}: {error}");
        }

        proxy.clear_edits();
        assert_eq!(count(&pool, 1).await, 3);
        assert_ne!(backend(&pool).await, before, "the connection was used again");
    }
}

/// Law 1: where the context cannot be bound, the statement does not run.
#[tokio::test]
async fn law_1_a_statement_whose_context_fails_does_not_run() {
    // Of the same length: a statement that the server does not know, which is therefore parsed again, and no
    // name that a setting can have.
    let unknown = ("tenantry_tenant", "tenantry_tenanx");
    let no_name = ("app.tenant_id", "app..tenantid");
    let broken = [(Strategy::Implicit, &[unknown, no_name][..]), (Strategy::Explicit, &[no_name])];
    for (strategy, edits) in broken {
        let erp = Erp::new().await;
        let proxy = Proxy::start(erp.address()).await;
        let url = erp.app_url_through(proxy.port());
        let pool = TenantPool::builder(&url).strategy(strategy).max_size(1).build().await.unwrap();
        let insert = "insert into erp.stage values ('unbound')";
        pool.tenant(tenant(1)).execute("delete from erp.stage", &[]).await.unwrap();

        let scope = || pool.tenant(tenant(1));
        for n in 0..3 {
            edits.iter().for_each(|(from, to)| proxy.edit(from, to));
            let error = match n {
                0 => scope().execute(insert, &[]).await.unwrap_err(),
                1 => scope().begin().execute(insert, &[]).await.unwrap_err(),
                _ => {
                    let tx = scope().begin();
                    let error = tx.execute(insert, &[]).await.unwrap_err();
                    tx.commit().await.unwrap_err();
                    error
                }
            };
            assert!(error.to_string().starts_with("the binding of the context failed"), "{error}");
            // And the connection binds again.
            proxy.clear_edits();
            assert_eq!(count(&pool, 1).await, 0);
        }
        let left = scope().query_one("select count(*) from erp.stage", &[]).await.unwrap();
        assert_eq!(left.get::<_, i64>(0), 0);
    }
}

/// Laws 2 and 4: the context ends with its transaction, and without one there are no rows, no
/// writes, and an error that says so, even where there would be nothing to see.
#[tokio::test]
async fn laws_2_and_4_the_context_ends_and_without_it_every_access_says_so() {
    for strategy in [Strategy::Explicit, Strategy::ExplicitSetLocal] {
        let erp = Erp::new().await;
        let proxy = Proxy::start(erp.address()).await;
        let pool = TenantPool::builder(&erp.app_url_through(proxy.port()))
            .strategy(strategy)
            .max_size(1)
            .build()
            .await
            .unwrap();
        open_accounts(&pool, &tenant(1), 1, 3).await;
        let statements = [
            "select * from erp.account",
            "select * from erp.account where id = 1",
            "select * from erp.entry",
            "insert into erp.account (id, tag) values (9, 'x')",
            "update erp.account set balance = 1",
            "delete from erp.account",
            "copy erp.account to stdout",
        ];
        // Run once as the tenant, on the connection that the rest of the test looks at.
        let tx = pool.tenant(tenant(1)).begin();
        for statement in &statements[..3] {
            tx.query(*statement, &[]).await.unwrap();
        }
        tx.commit().await.unwrap();
        let before = backend(&pool).await;

        // From here on another setting is bound, so what the tenant's holds is what was left behind.
        proxy.edit("tenant_id", "tenant_ix");
        let left = "select coalesce(current_setting('app.tenant' || '_id', true), '')";
        let row = pool.tenant(tenant(1)).query_one(left, &[]).await.unwrap();
        assert_eq!(row.get::<_, &str>(0), "", "{strategy:?} left a tenant behind");
        for statement in statements {
            let error = if statement.starts_with("copy") {
                copy_out(&pool, statement).await.unwrap_err()
            } else {
                pool.tenant(tenant(1)).query(statement, &[]).await.unwrap_err()
            };
            assert!(error.is_no_tenant(), "{statement}: {error}");
            assert_eq!(error.code().map(|code| code.code()), Some(NO_TENANT));
        }
        assert_eq!(backend(&pool).await, before, "another connection was looked at");
        proxy.clear_edits();
        assert_eq!(count(&pool, 1).await, 3, "{strategy:?}");
    }
}

async fn copy_out(pool: &TenantPool, statement: &str) -> tenantry::Result<()> {
    let tx = pool.tenant(tenant(1)).begin();
    let mut data = tx.copy_out(statement).await?;
    while data.try_next().await?.is_some() {}
    Ok(())
}

/// Law 3: a transaction that is dropped is rolled back before its connection is used again, which
/// is the same connection still.
#[tokio::test]
async fn law_3_an_abandoned_transaction_is_over_before_its_connection_serves_again() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    open_accounts(&pool, &tenant(1), 1, 3).await;
    let before = backend(&pool).await;
    for _ in 0..50 {
        let tx = pool.tenant(tenant(1)).begin();
        tx.execute("update erp.account set balance = balance + 1", &[]).await.unwrap();
        drop(tx);
        assert_eq!(count(&pool, 2).await, 0);
        let sum: i64 = pool
            .tenant(tenant(1))
            .query_one("select sum(balance)::bigint from erp.account", &[])
            .await
            .unwrap()
            .get(0);
        assert_eq!(sum, 0);
    }
    assert_eq!(backend(&pool).await, before, "it reconnected without need");
    assert_eq!(pool.status().size, 1);
}

/// Law 3: nobody waits behind an abandoned statement, and the statement does not go on.
#[tokio::test]
async fn law_3_nobody_waits_behind_an_abandoned_statement() {
    let erp = Erp::new().await;
    let admin = erp.admin().await;
    let pool = erp.builder().max_size(1).drain_timeout(Duration::from_millis(50)).build().await.unwrap();
    let sleep = "select pg_sleep(60)";
    let scope = pool.tenant(tenant(1));
    timeout(Duration::from_millis(100), scope.query(sleep, &[])).await.unwrap_err();
    timeout(Duration::from_secs(20), count(&pool, 1)).await.expect("the caller waited behind pg_sleep");
    eventually("the server gives up pg_sleep", async || {
        let running = "select count(*) from pg_stat_activity
            where datname = current_database() and state = 'active' and query like '%pg_sleep(60)%'
                and pid <> pg_backend_pid()";
        admin.query_one(running, &[]).await.unwrap().get::<_, i64>(0) == 0
    })
    .await;
}

/// Law 5: a role that row-level security does not bind, or that can become one, opens no pool.
#[tokio::test]
async fn law_5_roles_that_can_bypass_are_refused_with_reason_and_fix() {
    let erp = Erp::new().await;
    let mut admin = erp.admin().await;
    let suffix = erp.database.name().to_owned();
    let role = |name: &str| format!("{name}_{suffix}");
    let cases: [(&str, &str, &[&str]); 10] = [
        ("super", "superuser", &["NOSUPERUSER"]),
        ("bypass", "bypassrls", &["BYPASSRLS", "NOBYPASSRLS"]),
        ("repl", "replication", &["REPLICATION", "NOREPLICATION"]),
        ("owner", "", &["owns", "unforced", "FORCE ROW LEVEL SECURITY"]),
        ("heir", "", &["owns", "unforced", "can act as"]),
        ("switcher", "noinherit", &["BYPASSRLS", "can act as", "REVOKE"]),
        ("preset", "", &["app.tenant_id", "RESET"]),
        ("files", "", &["pg_read_server_files", "REVOKE"]),
        ("reader", "", &["pg_read_file", "REVOKE EXECUTE ON FUNCTION"]),
        ("dormant", "", &["owns", "dormant"]),
    ];
    for (name, attributes, _) in cases {
        let role = role(name);
        admin
            .batch_execute(&format!("create role {role:?} login {attributes} password '{PASSWORD_SQL}'"))
            .await
            .unwrap();
    }
    let prepare = format!(
        "grant {owner:?} to {heir:?};
         grant {bypass:?} to {switcher:?};
         grant pg_read_server_files to {files:?};
         grant execute on function pg_read_file(text) to {reader:?};
         alter role {preset:?} set app.tenant_id = '01010101-0101-0101-0101-010101010101';
         create table erp.unforced (id int); alter table erp.unforced enable row level security;
         alter table erp.unforced owner to {owner:?};
         create table erp.dormant (id int); create policy p on erp.dormant using (true);
         alter table erp.dormant owner to {dormant:?};",
        owner = role("owner"),
        heir = role("heir"),
        bypass = role("bypass"),
        switcher = role("switcher"),
        files = role("files"),
        reader = role("reader"),
        preset = role("preset"),
        dormant = role("dormant"),
    );
    admin.batch_execute(&prepare).await.unwrap();

    for (name, _, said) in cases {
        let url = erp.database.url_as(&role(name), PASSWORD);
        let error = TenantPool::connect(&url).await.expect_err(name);
        assert!(error.is_role_refused(), "{name}: {error}");
        let line = error.to_string();
        for words in said.iter().chain([&role(name).as_str()]) {
            assert!(line.contains(words), "{name}: {words:?} is not in {line:?}");
        }
    }
    erp.pool(1).await;

    let tx = admin.transaction().await.unwrap();
    tx.batch_execute("drop table erp.unforced, erp.dormant").await.unwrap();
    let revoke = format!("revoke execute on function pg_read_file(text) from {:?}", role("reader"));
    tx.batch_execute(&revoke).await.unwrap();
    for (name, _, _) in cases {
        tx.batch_execute(&format!("drop role {:?}", role(name))).await.unwrap();
    }
    tx.commit().await.unwrap();
}

/// The test password as it stands in SQL.
const PASSWORD_SQL: &str = "it''s a test";

/// Law 5 again, for the role that a connection can go back to.
#[tokio::test]
async fn law_5_a_role_that_only_plays_another_is_refused() {
    let erp = Erp::new().await;
    let url = format!("{}?options=-c%20role%3D{APP}", erp.database.url());
    let error = TenantPool::connect(&url).await.unwrap_err();
    assert!(error.is_role_refused(), "{error}");
}

/// Law 6: there is one door across tenants, and it wants a reason.
#[tokio::test]
async fn law_6_the_system_door_wants_a_reason_and_its_own_role() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    for reason in ["", "  \n", "nul \0"] {
        assert!(pool.system(reason).unwrap_err().is_usage());
    }
    open_accounts(&pool, &tenant(1), 1, 3).await;
    open_accounts(&pool, &tenant(2), 11, 3).await;
    let row = pool
        .system("audit of totals")
        .unwrap()
        .query_one(
            "select count(*), current_user::text, current_setting('tenantry.system_reason') from erp.account",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(
        (row.get::<_, i64>(0), row.get::<_, String>(1), row.get::<_, String>(2)),
        (6, "tenantry_it_system".into(), "audit of totals".into())
    );

    let alone = TenantPool::connect(&erp.app_url()).await.unwrap();
    assert!(alone.system("no door").unwrap_err().is_usage());

    let narrow = TenantPool::builder(&erp.app_url()).system_url(&erp.app_url()).build().await.unwrap_err();
    assert!(narrow.is_role_refused() && narrow.to_string().contains("BYPASSRLS"), "{narrow}");
    let wide = TenantPool::builder(&erp.app_url()).system_url(&erp.database.url()).build().await.unwrap_err();
    assert!(wide.is_role_refused() && wide.to_string().contains("superuser"), "{wide}");
}

/// Law 7: a tenant is a bind parameter and never stands in the text of a statement.
#[tokio::test]
async fn law_7_no_statement_log_shows_a_tenant() {
    let server = testing::Server::builder()
        .setting("log_statement", "all")
        .setting("log_parameter_max_length", "0")
        .start_local()
        .await
        .unwrap();
    let mut erp = Erp::on(server).await;
    let pool = erp.pool(1).await;
    open_accounts(&pool, &tenant(0xab), 1, 1).await;
    let mut tx = pool.tenant(tenant(0xab)).begin();
    let sp = tx.savepoint().await.unwrap();
    sp.query(COUNT, &[]).await.unwrap();
    sp.release().await.unwrap();
    tx.commit().await.unwrap();
    let log = erp.server().log().await.unwrap();
    assert!(log.contains("SELECT pg_catalog.set_config($1, $2, true)"), "the log shows no statements");
    assert!(!log.contains("abababab-abab"), "the log shows the tenant");
}

/// Law 8: an error's line is short and tells nothing that belongs to a tenant.
#[tokio::test]
async fn law_8_an_errors_line_shows_no_data() {
    let erp = Erp::new().await;
    let pool = erp.builder().wait_timeout(Duration::ZERO).max_size(1).build().await.unwrap();
    open_accounts(&pool, &tenant(1), 4711, 1).await;
    let scope = pool.tenant(tenant(1));
    let taken = pool.tenant(tenant(1)).begin();
    let mut errors: Vec<Error> = Vec::new();
    for (statement, code) in [
        ("insert into erp.account (id, tag) values (4711, 'Rahimafrooz')", "23505"),
        ("insert into erp.account (id, tag) values (4711, null)", "23502"),
        ("select 'Rahimafrooz'::uuid", "22P02"),
        ("select * from rahimafrooz", "42P01"),
        ("insert into erp.entry (account_id, amount) values (4712, 1)", "23503"),
        (
            "insert into erp.account (id, tenant_id, tag) values (1, gen_random_uuid(), 'Rahimafrooz')",
            "42501",
        ),
        ("do $$ begin raise exception 'Rahimafrooz 4711'; end $$", "P0001"),
        ("select 1 from erp.account where 4711 / (id - 4711) = 1", "22012"),
    ] {
        let error = scope.query(statement, &[]).await.unwrap_err();
        assert_eq!(error.code().map(|code| code.code()), Some(code), "{statement}: {error}");
        errors.push(error);
    }
    taken.query(COUNT, &[]).await.unwrap();
    errors.push(scope.query(COUNT, &[]).await.unwrap_err());
    assert!(errors.last().unwrap().is_pool_timeout());
    errors.push(taken.query("select 'Rahimafrooz 4711'", &[&4711_i32]).await.unwrap_err());
    errors.push(pool.tenant(4711_i64).query(COUNT, &[]).await.unwrap_err());
    errors.push(TenantPool::connect("postgresql://app:Rahimafrooz@127.0.0.1:x/4711").await.unwrap_err());
    let nobody = TenantPool::builder("postgresql://app:Rahimafrooz@127.0.0.1:1/4711");
    errors.push(nobody.wait_timeout(Duration::ZERO).build().await.unwrap_err());
    for error in errors {
        let line = error.to_string();
        let first = line.chars().next().unwrap();
        assert!(first.is_lowercase(), "{line}");
        assert!(!line.contains('\n') && !line.ends_with('.'), "{line}");
        let source = std::error::Error::source(&error).map(ToString::to_string);
        assert!(source.is_none_or(|source| !line.contains(&source)), "{line}");
        for secret in ["Rahimafrooz", "rahimafrooz", "4711", PASSWORD] {
            assert!(!line.contains(secret), "{line}");
        }
    }
}
