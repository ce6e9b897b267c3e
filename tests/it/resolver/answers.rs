//! What the app role gets by a resolver, and what it does not.

use super::{BIGINT, Hosts, INTEGER, Keys, TEXT, UUID};
use crate::policy::outcome;

const MISSING: [&str; 2] = ["error", "empty"];

#[tokio::test]
async fn a_key_gives_its_tenant_and_nothing_else() {
    for (keys, missing) in
        [(UUID, "error"), (UUID, "empty"), (BIGINT, "error"), (INTEGER, "error"), (TEXT, "empty")]
    {
        let hosts = Hosts::planned(keys, missing).await;
        let app = hosts.admin.login(&hosts.app).await;
        let ask = async |call: &str| -> Vec<String> {
            let sql = format!("SELECT ROW(answer.*)::text FROM {call} AS answer");
            let rows = app.query(&sql, &[]).await.unwrap_or_else(|error| panic!("{call}: {error:?}"));
            rows.iter().map(|row| row.get(0)).collect()
        };
        let Keys { a, b, .. } = keys;
        for (call, answers) in [
            ("tenantry.tenant_by_host('a.example')", vec![format!("({a})")]),
            ("tenantry.tenant_by_host(host => 'b.example')", vec![format!("({b})")]),
            ("tenantry.tenant_by_login('ANN@a.example', 1)", vec![format!("({a},1)")]),
            ("tenantry.tenant_by_login('ANN@a.example', 2)", vec![format!("({b},2)")]),
            (r#"tenantry."tenant of ""token"""('\x02')"#, vec![format!("({b})")]),
            ("tenantry.tenant_by_domain('b.example')", vec![format!("({b})")]),
            ("tenantry.tenant_by_slug('a-slug')", vec![format!("({a})")]),
            // No key, no answer: not of a pattern, of a row without a tenant, of NULL.
            ("tenantry.tenant_by_host('A.example')", vec![]),
            ("tenantry.tenant_by_host('%')", vec![]),
            ("tenantry.tenant_by_host('a.example'' OR ''1''=''1')", vec![]),
            ("tenantry.tenant_by_host('')", vec![]),
            ("tenantry.tenant_by_host(NULL)", vec![]),
            ("tenantry.tenant_by_login('ann@a.example', NULL)", vec![]),
            ("tenantry.tenant_by_login('%', 1)", vec![]),
            ("tenantry.tenant_by_domain('nobodys.example')", vec![]),
            ("tenantry.tenant_by_slug(NULL)", vec![]),
        ] {
            assert_eq!(ask(call).await, answers, "{} {missing}: {call}", keys.data_type);
        }
    }
}

#[tokio::test]
async fn the_table_stays_closed() {
    for missing in MISSING {
        let hosts = Hosts::planned(UUID, missing).await;
        let mut app = hosts.admin.login(&hosts.app).await;
        let unbound = if missing == "error" { "TN001" } else { "0" };
        let become_it = hosts.fill("SET ROLE {resolver}");
        for (sql, came) in [
            ("SELECT host FROM erp.company_host", unbound),
            ("SELECT host FROM erp.company_host WHERE host = 'a.example'", unbound),
            ("SELECT count(*) FROM erp.login HAVING count(*) > 0", unbound),
            (r#"SELECT * FROM "Odd schema"."web hook""#, "42501"),
            (become_it.as_str(), "42501"),
            (
                "CREATE OR REPLACE FUNCTION tenantry.tenant_by_host(host varchar) RETURNS TABLE (tenant_id uuid) LANGUAGE sql AS 'SELECT NULL::uuid'",
                "42501",
            ),
            ("ALTER FUNCTION tenantry.tenant_by_host(varchar) SECURITY INVOKER", "42501"),
            ("DROP FUNCTION tenantry.tenant_by_host(varchar)", "42501"),
            // With another in front of it that has operators of its own, the function does the same.
            ("SET LOCAL search_path = pg_temp, erp; SELECT * FROM tenantry.tenant_by_host('a.example')", "1"),
            ("SELECT * FROM tenantry.tenant_by_host('c.example')", "0"),
        ] {
            assert_eq!(outcome(&mut app, None, sql).await, came, "{missing}: {sql}");
        }
    }
}

/// A log-in page asks in a session that serves a tenant already.
#[tokio::test]
async fn it_answers_as_another_tenant_and_leaves_that_bound() {
    let hosts = Hosts::planned(UUID, "error").await;
    let mut app = hosts.admin.login(&hosts.app).await;
    let tx = app.transaction().await.unwrap();
    tx.query_one("SELECT set_config('app.tenant_id', $1, true)", &[&UUID.b]).await.unwrap();
    let answer = tx.query_one("SELECT tenant_id::text FROM tenantry.tenant_by_host('a.example')", &[]).await;
    assert_eq!(answer.unwrap().get::<_, String>(0), UUID.a);
    let seen = tx.query("SELECT tenant_id::text FROM erp.company_host", &[]).await.unwrap();
    let seen: Vec<String> = seen.iter().map(|row| row.get(0)).collect();
    assert_eq!(seen, [UUID.b]);
}

/// Objects of the caller's own stand in for nothing inside.
#[tokio::test]
async fn what_the_caller_makes_is_not_asked() {
    let hosts = Hosts::planned(UUID, "error").await;
    hosts.run("CREATE SCHEMA lure; GRANT ALL ON SCHEMA lure TO PUBLIC").await;
    let mut app = hosts.admin.login(&hosts.app).await;
    let lure = "CREATE TEMPORARY TABLE company_host (tenant_id uuid, host varchar);
        INSERT INTO company_host VALUES ('00000000-0000-0000-0000-00000000000c', 'c.example');
        CREATE FUNCTION lure.lower(text) RETURNS text LANGUAGE sql AS $$ SELECT 'ann@a.example' $$;
        SET LOCAL search_path = pg_temp, lure, pg_catalog;";
    for (call, rows) in [
        ("SELECT lower('nobody') WHERE lower('nobody') = 'ann@a.example'", "1"),
        ("SELECT * FROM tenantry.tenant_by_host('c.example')", "0"),
        ("SELECT * FROM tenantry.tenant_by_login('nobody', 1)", "0"),
    ] {
        assert_eq!(outcome(&mut app, None, &format!("{lure}{call}")).await, rows, "{call}");
    }
}

/// Rows of a table that inherits have no key in common with those of its parent.
#[tokio::test]
async fn a_key_has_one_answer_whatever_inherits() {
    let hosts = Hosts::planned(UUID, "error").await;
    hosts
        .run(
            "CREATE TABLE erp.old_host () INHERITS (erp.company_host);
             INSERT INTO erp.old_host (tenant_id, host) VALUES ('{b}', 'a.example')",
        )
        .await;
    let mut app = hosts.admin.login(&hosts.app).await;
    assert_eq!(outcome(&mut app, None, "SELECT * FROM tenantry.tenant_by_host('a.example')").await, "1");
}
