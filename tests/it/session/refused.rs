//! What is refused, held against what the server would have made of it.

use tenantry::{StatementMode, Strategy, TenantPool};
use tokio_postgres::Client;

use super::{backend, builder, code, count, shared};
use crate::support::erp::{APP, Erp, open_accounts, tenant};

const OTHER: &str = "02020202-0202-0202-0202-020202020202";

/// Each sets, for its transaction, the setting that carries the tenant.
const BECOME: [&str; 10] = [
    "set local app.tenant_id = '$'",
    "SET LOCAL App.TENANT_id TO '$'",
    "set/**/local/**/app/**/./**/tenant_id/**/=/**/'$'",
    "set local -- x\n app.tenant_id = '$'",
    "set local \"app\".\"tenant_id\" = '$'",
    "set local \"APP\".\"Tenant_Id\" to '$'",
    "set local \"app.tenant_id\" = '$'",
    "set local U&\"app\\002etenant_id\" = '$'",
    "set local u&\"app!002etenant_id\" uescape '!' = '$'",
    "set local app.U&\"tenant\\005fid\" = '$'",
];

async fn setting(client: &Client, name: &str) -> String {
    client.query_one("select coalesce(current_setting($1, true), '')", &[&name]).await.unwrap().get(0)
}

#[tokio::test]
async fn no_spelling_turns_a_transaction_to_another_tenant() {
    let erp = Erp::new().await;
    let raw = erp.admin().await;
    for strategy in super::STRATEGIES {
        let pool = shared(&erp, strategy, StatementMode::Named).await;
        for sql in BECOME {
            let sql = sql.replace('$', OTHER);
            raw.batch_execute(&format!("begin; {sql}")).await.unwrap();
            assert_eq!(setting(&raw, "app.tenant_id").await, OTHER, "{sql} does not say what it is to say");
            raw.batch_execute("rollback").await.unwrap();

            let tx = pool.tenant(tenant(1)).begin();
            assert!(tx.execute(&sql, &[]).await.unwrap_err().is_usage(), "{sql}");
            assert!(tx.execute_typed(&sql, &[]).await.unwrap_err().is_usage(), "{sql}");
            assert!(tx.prepare(&sql).await.unwrap_err().is_usage(), "{sql}");
            // Nothing was sent, and so the transaction goes on as whom it is for.
            let sql = "select current_setting('app.tenant_id')";
            let bound: String = tx.query_one(sql, &[]).await.unwrap().get(0);
            assert_eq!(bound, tenant(1).as_setting());
            tx.commit().await.unwrap();
            assert!(
                pool.tenant(tenant(1))
                    .execute(sql.replace("select", "set local").as_str(), &[])
                    .await
                    .is_err()
            );
        }
    }
}

/// `SET local.x` is a setting of the session's by the name of `local.x`.
#[tokio::test]
async fn a_prefix_that_looks_like_a_keyword_is_none() {
    let erp = Erp::new().await;
    let raw = erp.admin().await;
    for prefix in ["local", "session", "constraints", "transaction", "role"] {
        for dot in [".", " . ", "/**/./**/"] {
            let sql = format!("set {prefix}{dot}tenant_id = 'other'");
            raw.batch_execute("discard all").await.unwrap();
            raw.batch_execute(&sql).await.unwrap();
            assert_eq!(setting(&raw, &format!("{prefix}.tenant_id")).await, "other", "{sql}");

            let pool = TenantPool::builder(&erp.app_url())
                .setting(format!("{prefix}.tenant_id"))
                .build()
                .await
                .unwrap();
            let tx = pool.tenant(tenant(1)).begin();
            assert!(tx.execute(&sql, &[]).await.unwrap_err().is_usage(), "{sql}");
            let local = sql.replacen("set", "set local", 1);
            assert!(tx.execute(&local, &[]).await.unwrap_err().is_usage(), "{local}");
        }
    }
}

#[tokio::test]
async fn a_transaction_stays_the_role_that_the_guard_has_looked_at() {
    let erp = Erp::new().await;
    let raw = erp.admin().await;
    let pool = erp.pool(1).await;
    for sql in [
        "set local role $",
        "set local role to $",
        "set local role = $",
        "set local \"role\" = $",
        "set local \"ROLE\" to $",
        "set local U&\"rol\\0065\" to $",
        "set/**/local/**/session/**/authorization $",
        "set local session_authorization = $",
        "set local \"session_authorization\" to $",
    ] {
        let sql = sql.replace('$', APP);
        raw.batch_execute(&format!("begin; {sql}")).await.unwrap();
        let user: String = raw.query_one("select current_user::text", &[]).await.unwrap().get(0);
        assert_eq!(user, APP, "{sql} does not say what it is to say");
        raw.batch_execute("rollback").await.unwrap();
        let tx = pool.tenant(tenant(1)).begin();
        assert!(tx.execute(&sql, &[]).await.unwrap_err().is_usage(), "{sql}");
    }
}

/// What can run in no transaction is told so, by the pool or by the server's SQLSTATE.
#[tokio::test]
async fn a_procedure_that_commits_is_told_what_to_do() {
    let erp = Erp::new().await;
    let procedure = "create procedure erp.commits() language plpgsql as $$ begin commit; end $$;
        grant execute on procedure erp.commits() to tenantry_it_app";
    erp.admin().await.batch_execute(procedure).await.unwrap();
    for strategy in super::STRATEGIES {
        let pool = shared(&erp, strategy, StatementMode::Named).await;
        let tx = pool.tenant(tenant(1)).begin();
        for error in [
            pool.tenant(tenant(1)).execute("do $$ begin commit; end $$", &[]).await.unwrap_err(),
            pool.tenant(tenant(1)).execute("call erp.commits()", &[]).await.unwrap_err(),
            tx.execute("call erp.commits()", &[]).await.unwrap_err(),
        ] {
            assert_eq!(code(&error), "2D000");
            assert!(error.to_string().contains("leave COMMIT and ROLLBACK out of it"), "{error}");
        }
        drop(tx);
        assert_eq!(count(&pool, 2, "stage").await, 0);
    }
}

#[tokio::test]
async fn only_a_copy_is_run_as_one() {
    let erp = Erp::new().await;
    for strategy in [Strategy::Implicit, Strategy::Explicit] {
        let pool = builder(&erp).strategy(strategy).build().await.unwrap();
        open_accounts(&pool, &tenant(1), 1, 3).await;
        let before = backend(&pool).await;
        let tx = pool.tenant(tenant(1)).begin();
        let sql = "insert into stage values ('x')";
        assert!(tx.copy_out(sql).await.unwrap_err().is_usage());
        assert!(tx.copy_in::<bytes::Bytes>(sql).await.unwrap_err().is_usage());
        assert!(tx.copy_in::<bytes::Bytes>("copy stage to stdout").await.unwrap_err().is_usage());
        assert!(tx.copy_out("copy stage from stdin").await.unwrap_err().is_usage());
        assert!(tx.copy_out("copy stage to '/tmp/stage'").await.unwrap_err().is_usage());
        let mut data = tx.copy_out("copy (select id from account order by id) to stdout").await.unwrap();
        let mut read = Vec::new();
        while let Some(portion) = data.try_next().await.unwrap() {
            read.extend_from_slice(&portion);
        }
        assert_eq!(read, b"1\n2\n3\n");
        drop(data);
        tx.commit().await.unwrap();
        assert_eq!(count(&pool, 1, "stage").await, 0, "{strategy:?}");
        assert_eq!(backend(&pool).await, before);
        pool.tenant(tenant(1)).execute("delete from account", &[]).await.unwrap();
    }
}
