//! What goes wrong from outside: each is one clear line that says what to do, and where nothing
//! has to be sent to know, nothing is.

mod lines;
mod lost;

use std::net::TcpListener;
use std::time::Duration;

use tenantry::{Error, TenantContext, TenantId, TenantPool, TenantType};

use crate::support::erp::{APP, Erp, PASSWORD, open_accounts, tenant};
use crate::support::eventually;
use crate::support::proxy::{Proxy, flights};

const COUNT: &str = "select count(*) from erp.account";

/// Checks the form of an error's line, and that it holds what it has to say.
fn says(error: &Error, words: &[&str]) {
    let line = error.to_string();
    assert!(line.starts_with(|c: char| c.is_ascii_lowercase()), "{line}");
    assert!(!line.contains('\n') && !line.ends_with('.') && !line.contains(". "), "{line}");
    assert!(!line.contains(PASSWORD) && !line.contains('\0'), "{line}");
    for word in words {
        assert!(line.contains(word), "{word:?} is not in {line:?}");
    }
}

fn is_usage(error: &Error, words: &[&str]) {
    says(error, words);
    assert!(error.is_usage() && !error.is_connection_lost() && error.code().is_none(), "{error}");
}

/// A port on which nobody listens.
fn nobody() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn tenants_and_settings_that_no_server_takes_are_refused_where_they_are_made() {
    is_usage(&TenantId::text("").unwrap_err(), &["the tenant is empty"]);
    is_usage(&TenantId::text("a\0b").unwrap_err(), &["the tenant holds a NUL character"]);
    is_usage(&TenantId::parse_uuid("acme").unwrap_err(), &["expected 32 hexadecimal digits"]);
    let context = || TenantContext::new(tenant(1));
    for name in ["user_id", "role", "", "app.", ".id", "app.user id", "app.a;b"] {
        is_usage(&context().set(name, "7").unwrap_err(), &["is not of the form prefix.name"]);
    }
    is_usage(&context().set("app.note", "a\0b").unwrap_err(), &["app.note", "holds a NUL character"]);
}

#[tokio::test]
async fn a_pool_that_is_set_up_wrong_connects_to_nobody() {
    // Whoever tried to connect would hear that nobody listens.
    let url = format!("postgresql://app@127.0.0.1:{}/erp", nobody());
    let build = |url: &str| TenantPool::builder(url);
    for (builder, words) in [
        (build("postgresql://app@127.0.0.1:x/erp"), "does not parse; expected postgresql://"),
        (build("mysql://app@127.0.0.1/erp"), "does not parse; expected postgresql://"),
        (build("postgresql:///erp"), "names no host; expected postgresql://"),
        (build("user=app dbname=erp"), "names no host; expected postgresql://"),
        (build(&url).system_url("postgresql:///erp"), "names no host; expected postgresql://"),
        (build(&url).setting("tenant_id"), "is not of the form prefix.name, such as app.tenant_id"),
        (build(&url).max_size(0), "set max_size to 1 or more"),
        (build(&url).system_max_size(0), "set max_size to 1 or more"),
    ] {
        is_usage(&builder.build().await.unwrap_err(), &[words]);
    }
    let error = build(&url).wait_timeout(Duration::ZERO).build().await.unwrap_err();
    assert!(!error.is_usage(), "{error}");
}

/// A pool behind a proxy that counts.
async fn counted(erp: &Erp) -> (Proxy, TenantPool) {
    let proxy = Proxy::start(erp.address()).await;
    let url = erp.app_url_through(proxy.port());
    let system = erp.system_url().replace(&erp.address().port().to_string(), &proxy.port().to_string());
    let builder = TenantPool::builder(&url).system_url(&system).max_size(1);
    // What a pool does by itself is not counted.
    let builder = builder.check_idle_after(Duration::MAX).recheck_role_after(Duration::MAX);
    let pool = builder.build().await.unwrap();
    open_accounts(&pool, &tenant(1), 1, 3).await;
    (proxy, pool)
}

#[tokio::test]
async fn a_tenant_or_reason_that_does_not_fit_sends_nothing() {
    let erp = Erp::new().await;
    let (proxy, pool) = counted(&erp).await;
    let work = async {
        for (context, words) in [
            (TenantContext::new(7), "the tenant is an integer; the pool expects uuid"),
            (TenantContext::new(TenantId::text("acme").unwrap()), "the tenant is a text"),
            (TenantContext::new(tenant(1)).set("app.tenant_id", "x").unwrap(), "carries the tenant"),
        ] {
            is_usage(&pool.tenant(context.clone()).query(COUNT, &[]).await.unwrap_err(), &[words]);
            let tx = pool.tenant(context.clone()).begin();
            is_usage(&tx.execute(COUNT, &[]).await.unwrap_err(), &[words]);
            is_usage(&tx.prepare(COUNT).await.unwrap_err(), &[words]);
            tx.commit().await.unwrap();
            let mut tx = pool.tenant(context).begin();
            is_usage(&tx.savepoint().await.unwrap_err(), &[words]);
        }
        for (reason, words) in
            [("", "say what the work is for"), (" \n", "is empty"), ("a\0b", "NUL character")]
        {
            is_usage(&pool.system(reason).unwrap_err(), &[words]);
        }
    };
    assert_eq!(proxy.count(work).await.1, flights(0, ""));
    let alone = TenantPool::connect(&erp.app_url()).await.unwrap();
    is_usage(&alone.system("no door").unwrap_err(), &["give it one with TenantPoolBuilder::system_url"]);
    let wrong = TenantPool::builder(&erp.app_url()).tenant_type(TenantType::Integer).build().await.unwrap();
    let large = wrong.tenant(i64::MAX).query(COUNT, &[]).await.unwrap_err();
    is_usage(&large, &["more than 4 bytes; the pool expects integer"]);
}

#[tokio::test]
async fn a_nul_in_a_statement_sends_nothing_and_is_no_lost_connection() {
    let erp = Erp::new().await;
    let (proxy, pool) = counted(&erp).await;
    let sql = "select 1 \0";
    let work = async {
        let scope = pool.tenant(tenant(1));
        let mut errors = vec![
            scope.query(sql, &[]).await.unwrap_err(),
            scope.execute_typed(sql, &[]).await.unwrap_err(),
            scope.query_raw(sql, &[]).await.map(drop).unwrap_err(),
        ];
        let tx = scope.begin();
        errors.push(tx.query(sql, &[]).await.unwrap_err());
        errors.push(tx.query_typed(sql, &[]).await.unwrap_err());
        errors.push(tx.prepare(sql).await.unwrap_err());
        errors.push(tx.cursor(sql, &[]).await.unwrap_err());
        errors.push(tx.copy_out(sql).await.unwrap_err());
        errors.push(tx.copy_in::<bytes::Bytes>(sql).await.unwrap_err());
        tx.commit().await.unwrap();
        errors
    };
    let (errors, counts) = proxy.count(work).await;
    for error in errors {
        is_usage(&error, &["NUL character"]);
    }
    assert_eq!(counts, flights(0, ""));
}

#[tokio::test]
async fn a_parameter_that_the_server_cannot_take_is_an_error_and_costs_no_connection() {
    let erp = Erp::new().await;
    let (_proxy, pool) = counted(&erp).await;
    let backend: i32 = pool.tenant(tenant(1)).query_one("select pg_backend_pid()", &[]).await.unwrap().get(0);
    let scope = pool.tenant(tenant(1));
    let error = scope.query_one("select $1::text", &[&"a\0b"]).await.unwrap_err();
    says(&error, &["the statement failed", "22021"]);
    let tx = scope.begin();
    let error = tx.query_one("select $1::text", &[&"a\0b"]).await.unwrap_err();
    says(&error, &["22021"]);
    tx.rollback().await.unwrap();
    // More of them than the protocol can count: the driver's own error, which no server heard of.
    let many = vec![1_i32; 70_000];
    let typed: Vec<(&(dyn tenantry::types::ToSql + Sync), tenantry::types::Type)> =
        many.iter().map(|n| (n as _, tenantry::types::Type::INT4)).collect();
    let error = scope.query_typed_raw("select 1", &typed).await.map(drop).unwrap_err();
    is_usage(&error, &["the statement was not sent"]);
    assert!(!error.is_in_doubt(), "{error}");
    let after: i32 = pool.tenant(tenant(1)).query_one("select pg_backend_pid()", &[]).await.unwrap().get(0);
    assert_eq!(after, backend);
}

#[tokio::test]
async fn a_server_that_does_not_let_one_in_is_told_from_one_that_is_not_there() {
    let erp = Erp::new().await;
    let at = |port: u16| erp.app_url_through(port);
    let unknown = format!("{APP}_unknown");
    let database = erp.app_url().replace(erp.database.name(), "tenantry_it_unknown");
    for (url, codes, words) in [
        (erp.database.url_as(&unknown, PASSWORD), &["28P01", "28000"][..], "the role"),
        (erp.database.url_as(APP, "wrong"), &["28P01"], "does not accept the password"),
        (database, &["3D000"], "the database does not exist"),
    ] {
        let error = TenantPool::connect(&url).await.unwrap_err();
        says(&error, &["no connection to the server", words]);
        assert!(codes.contains(&error.code().map_or("", |code| code.code())), "{error}");
        assert!(error.is_connection_lost() && !error.is_usage() && !error.is_in_doubt(), "{error}");
        let error = TenantPool::builder(&erp.app_url()).system_url(&url).build().await.unwrap_err();
        says(&error, &["no connection to the server", words]);
    }
    let error = TenantPool::builder(&at(nobody())).wait_timeout(Duration::ZERO).build().await.unwrap_err();
    says(&error, &["no connection to the server"]);
    assert!(error.is_connection_lost() && error.code().is_none());

    // It takes the connection and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = at(silent.local_addr().unwrap().port());
    let error =
        TenantPool::builder(&url).connect_timeout(Duration::from_millis(50)).build().await.unwrap_err();
    says(&error, &["no connection to the server within 50ms", "or raise connect_timeout"]);
    assert!(error.is_connection_lost() && !error.is_pool_timeout());
}

#[tokio::test]
async fn a_server_older_than_supported_opens_no_pool() {
    let erp = Erp::new().await;
    let row = erp.admin().await.query_one("show server_version_num", &[]).await.unwrap();
    let real: String = row.get(0);
    let proxy = Proxy::start(erp.address()).await;
    proxy.edit(&format!("{real} "), &format!("13{} ", &real[2..]));
    let error = TenantPool::connect(&erp.app_url_through(proxy.port())).await.unwrap_err();
    says(&error, &["is not supported; upgrade to PostgreSQL 14 or newer"]);
    assert!(!error.is_usage() && !error.is_role_refused() && !error.is_connection_lost());
    proxy.clear_edits();
    TenantPool::connect(&erp.app_url_through(proxy.port())).await.unwrap();
}

#[tokio::test]
async fn who_waits_too_long_for_a_connection_hears_so_and_opens_none() {
    let erp = Erp::new().await;
    let admin = erp.admin().await;
    let pool = erp.builder().max_size(2).wait_timeout(Duration::from_millis(30)).build().await.unwrap();
    let taken = [pool.tenant(tenant(1)).begin(), pool.tenant(tenant(1)).begin()];
    for tx in &taken {
        tx.query(COUNT, &[]).await.unwrap();
    }
    for error in [
        pool.tenant(tenant(1)).query(COUNT, &[]).await.unwrap_err(),
        pool.tenant(tenant(1)).begin().query(COUNT, &[]).await.unwrap_err(),
    ] {
        says(&error, &["within 30ms", "raise max_size or wait_timeout, or shorten transactions"]);
        assert!(error.is_pool_timeout() && !error.is_connection_lost() && !error.is_usage());
    }
    assert_eq!((pool.status().size, pool.status().max_size), (2, 2));
    let open = "select count(*) from pg_stat_activity where datname = current_database() and usename = $1";
    let open: i64 = admin.query_one(open, &[&APP]).await.unwrap().get(0);
    assert_eq!(open, 2);
    for tx in taken {
        tx.commit().await.unwrap();
    }
    pool.tenant(tenant(1)).query(COUNT, &[]).await.unwrap();
}

#[tokio::test]
async fn a_closed_pool_refuses_who_asks_and_who_waits_and_lets_finish_who_has_begun() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let system = pool.system("before the end").unwrap();
    let tx = pool.tenant(tenant(1)).begin();
    tx.execute("insert into erp.account (id, tag) values (1, '')", &[]).await.unwrap();
    let waiting = tokio::spawn({
        let pool = pool.clone();
        async move { pool.tenant(tenant(1)).query(COUNT, &[]).await }
    });
    eventually("the second caller waits", async || pool.status().waiting == 1).await;
    assert!(!pool.is_closed());
    pool.close();
    assert!(pool.is_closed());
    for error in [
        waiting.await.unwrap().unwrap_err(),
        pool.tenant(tenant(1)).query(COUNT, &[]).await.unwrap_err(),
        pool.tenant(tenant(1)).begin().query(COUNT, &[]).await.unwrap_err(),
        system.query(COUNT, &[]).await.unwrap_err(),
    ] {
        says(&error, &["the pool is closed"]);
        assert!(error.is_pool_closed() && !error.is_usage() && !error.is_connection_lost());
    }
    tx.commit().await.unwrap();
    let other = erp.pool(1).await;
    assert_eq!(other.tenant(tenant(1)).query_one(COUNT, &[]).await.unwrap().get::<_, i64>(0), 1);
}
