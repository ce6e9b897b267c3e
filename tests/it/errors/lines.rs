//! Each line names what is wrong and what to do.

use std::path::Path;

use tenantry::types::Type;
use tenantry::{Row, TenantPool, testing};

use super::{counted, is_usage, says};
use crate::support::erp::{APP, Erp, tenant};
use crate::support::eventually;
use crate::support::tls::{self, Rustls};

#[tokio::test]
async fn a_parameter_of_the_wrong_type_is_named_with_both_types_and_runs_nothing() {
    let erp = Erp::new().await;
    let (proxy, pool) = counted(&erp).await;
    let scope = pool.tenant(tenant(1));
    let sql = "select id from erp.account where tag = $1 and id = $2";
    scope.query(sql, &[&"x", &1_i64]).await.unwrap();
    let work = async {
        let mut errors = vec![
            scope.query(sql, &[&"x", &1_i32]).await.unwrap_err(),
            scope.execute(sql, &[&"x", &1_i32]).await.unwrap_err(),
            scope.query_raw(sql, &[&1_i32, &2]).await.map(drop).unwrap_err(),
        ];
        let tx = scope.begin();
        errors.push(tx.query(sql, &[&"x", &1_i32]).await.unwrap_err());
        tx.commit().await.unwrap();
        errors
    };
    let (errors, counts) = proxy.count(work).await;
    // It is prepared once more, in case its types have changed, and the old one closed.
    assert!(counts.said.chars().all(|message| "PDSC".contains(message)), "{counts:?}");
    for (n, error) in errors.iter().enumerate() {
        let words = match n {
            2 => "parameter $1 is of the PostgreSQL type text, to which the Rust type i32 does not convert",
            _ => "parameter $2 is of the PostgreSQL type int8, to which the Rust type i32 does not convert",
        };
        is_usage(error, &["the statement was not sent", words, "cast the parameter in the statement"]);
    }
    let typed = scope.query_typed("select $1", &[(&1_i32, Type::INT8)]).await.unwrap_err();
    is_usage(&typed, &["parameter $1 is of the PostgreSQL type int8"]);
    let tx = scope.begin();
    let cursor = tx.cursor("select $1::bigint", &[&1_i32]).await.map(drop).unwrap_err();
    is_usage(&cursor, &["parameter $1 is of the PostgreSQL type int8"]);
    // A transaction goes on, as the server has heard nothing.
    tx.query(sql, &[&"x", &1_i64]).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_wrong_number_of_parameters_is_told_with_both_numbers() {
    let erp = Erp::new().await;
    let (_proxy, pool) = counted(&erp).await;
    let scope = pool.tenant(tenant(1));
    let sql = "select id from erp.account where tag = $1 and id = $2";
    is_usage(&scope.query(sql, &[&"x"]).await.unwrap_err(), &["it takes 2 parameters and got 1"]);
    is_usage(
        &scope.begin().execute("select $1::int", &[]).await.unwrap_err(),
        &["takes 1 parameter and got 0"],
    );
    let many = vec![1_i32; 70_000];
    let typed: Vec<(&(dyn tenantry::types::ToSql + Sync), Type)> =
        many.iter().map(|n| (n as _, Type::INT4)).collect();
    let error = scope.query_typed_raw("select 1", &typed).await.map(drop).unwrap_err();
    is_usage(&error, &["the statement was not sent", "more than 65,535 parameters"]);
}

#[tokio::test]
async fn two_statements_in_one_text_are_named_as_such() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let scope = pool.tenant(tenant(1));
    let sql = "select 1; select 2";
    let tx = scope.begin();
    for error in [
        scope.query(sql, &[]).await.unwrap_err(),
        scope.execute_typed(sql, &[]).await.unwrap_err(),
        tx.query(sql, &[]).await.unwrap_err(),
    ] {
        says(&error, &["the text holds more than one statement; run each by itself (SQLSTATE 42601)"]);
    }
    drop(tx);
    says(&scope.query("selec 1", &[]).await.unwrap_err(), &["syntax error (SQLSTATE 42601)"]);
}

/// A row is read by `?` where a result of this crate is returned.
fn total(row: &Row, column: &str) -> tenantry::Result<i64> {
    Ok(row.try_get(column)?)
}

#[tokio::test]
async fn a_value_that_does_not_convert_is_an_error_of_this_crate() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let sql = "select 'x' as tag, null::bigint as gone, 7::bigint as n";
    let row = pool.tenant(tenant(1)).query_one(sql, &[]).await.unwrap();
    assert_eq!(total(&row, "n").unwrap(), 7);
    for (column, words) in [
        (
            "tag",
            "column 0, counted from 0, is of the PostgreSQL type text, which does not convert to the Rust type i64",
        ),
        ("gone", "column 1, counted from 0, is NULL; read it as an Option"),
        ("total", "the row has no column \"total\""),
    ] {
        let error = total(&row, column).unwrap_err();
        says(&error, &[words]);
        assert!(!error.is_usage() && !error.is_connection_lost() && error.code().is_none(), "{error}");
    }
}

#[tokio::test]
async fn a_host_that_nobody_knows_is_not_found() {
    let error = TenantPool::connect("postgresql://app:hush@nowhere.invalid/erp").await.unwrap_err();
    says(
        &error,
        &["no connection to the server: the name of the host is not known", "check the host in the URL"],
    );
    assert!(error.is_connection_lost() && !error.is_usage(), "{error}");
}

#[tokio::test]
async fn a_server_that_takes_no_writes_is_named_as_such() {
    let erp = Erp::new().await;
    let read_only = "options=-cdefault_transaction_read_only%3Don";
    let url = |attrs: &str| format!("{}?{read_only}&target_session_attrs={attrs}", erp.app_url());
    for attrs in ["read-write", "primary"] {
        let error = TenantPool::connect(&url(attrs)).await.unwrap_err();
        says(&error, &["it takes no writes, a standby for one", "name the primary among the hosts"]);
        assert!(error.is_connection_lost() && error.code().is_none(), "{error}");
    }
    for attrs in ["read-only", "standby", "prefer-standby", "any"] {
        TenantPool::connect(&url(attrs)).await.unwrap();
    }
    let writing = |attrs: &str| format!("{}?target_session_attrs={attrs}", erp.app_url());
    let error = TenantPool::connect(&writing("standby")).await.unwrap_err();
    says(&error, &["it takes writes", "name a standby among the hosts"]);
    TenantPool::connect(&writing("prefer-standby")).await.unwrap();
}

#[tokio::test]
async fn a_server_that_takes_tls_only_and_a_certificate_that_nobody_trusts_are_named_as_such() {
    let server = testing::Server::builder().start_local().await.unwrap();
    tls::turn_on(&server).await;
    let erp = Erp::on(server).await;
    let admin = erp.admin().await;
    let data: String = admin.query_one("show data_directory", &[]).await.unwrap().get(0);
    let data = Path::new(&data);
    let rules = std::fs::read_to_string(data.join("pg_hba.conf")).unwrap();
    tls::write(data, "pg_hba.conf", &format!("hostnossl all {APP} all reject\n{rules}"));
    admin.batch_execute("select pg_reload_conf()").await.unwrap();
    eventually("the rules are read", async || {
        // The server answers whoever comes after the reload by the new rules.
        matches!(TenantPool::connect(&erp.app_url()).await, Err(error) if error.code().is_some())
    })
    .await;
    for mode in ["disable", "prefer", "allow"] {
        let url = format!("{}?sslmode={mode}", erp.app_url());
        let error = TenantPool::connect(&url).await.unwrap_err();
        says(&error, &["not without TLS, or not at all (SQLSTATE 28000)", "TenantPoolBuilder::tls"]);
    }
    let url = format!("{}?sslmode=require", erp.app_url());
    says(&TenantPool::connect(&url).await.unwrap_err(), &["sslmode=require needs a TLS connector"]);
    let untrusted = TenantPool::builder(&url).tls(Rustls::distrustful()).build().await.unwrap_err();
    says(&untrusted, &["no authority that is trusted signed its certificate", "TLS connector"]);
    assert!(untrusted.is_connection_lost() && !untrusted.is_usage(), "{untrusted}");
    let full = format!("{}?sslmode=verify-full&sslrootcert=/root.crt", erp.app_url());
    TenantPool::builder(&full).tls(Rustls::new()).build().await.unwrap();
    is_usage(
        &TenantPool::connect(&full).await.unwrap_err(),
        &["option sslrootcert", "needs a TLS connector"],
    );
}

#[tokio::test]
async fn an_option_that_is_not_known_is_named_before_anything_is_sent() {
    let erp = Erp::new().await;
    for (option, words) in [
        ("pgbouncer=true", "option pgbouncer of the database URL"),
        ("connection_limit=5", "TenantPoolBuilder::max_size"),
        ("foo=bar", "option foo of the database URL is not known"),
    ] {
        let url = format!("{}?{option}", erp.app_url());
        is_usage(&TenantPool::connect(&url).await.unwrap_err(), &[words]);
        let builder = TenantPool::builder(&erp.app_url()).system_url(&url);
        is_usage(&builder.build().await.unwrap_err(), &[words]);
    }
    let all = "client_encoding=UTF8&keepalives_count=3&gssencmode=prefer&sslmode=prefer&sslnegotiation=postgres\
        &target_session_attrs=any&fallback_application_name=erp&tcp_user_timeout=30000&connect_timeout=5";
    let pool = TenantPool::connect(&format!("{}?{all}", erp.app_url())).await.unwrap();
    let row = pool.tenant(tenant(1)).query_one("show application_name", &[]).await.unwrap();
    assert_eq!(row.get::<_, String>(0), "erp");
}
