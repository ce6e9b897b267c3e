//! Resolvers by the pool.

use tenantry::{TenantId, TenantPool, TenantType};

use super::{BIGINT, Hosts, INTEGER, Keys, TEXT, UUID};

async fn pool(hosts: &Hosts, tenant_type: TenantType) -> TenantPool {
    drop(hosts.admin.login(&hosts.app).await);
    TenantPool::builder(&hosts.admin.url_as(&hosts.app))
        .tenant_type(tenant_type)
        .max_size(1)
        .build()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_pool_finds_the_tenant_of_a_key() {
    let cases: [(Keys, TenantType, TenantId); 4] = [
        (UUID, TenantType::Uuid, TenantId::parse_uuid(UUID.a).unwrap()),
        (BIGINT, TenantType::Bigint, TenantId::from(7_i64)),
        (INTEGER, TenantType::Integer, TenantId::from(7_i64)),
        (TEXT, TenantType::Text, TenantId::text("acme").unwrap()),
    ];
    for (keys, tenant_type, tenant) in cases {
        let hosts = Hosts::planned(keys, "error").await;
        let pool = pool(&hosts, tenant_type).await;
        let host = String::from("a.example");
        let found = pool.resolve("tenant_by_host", &[&host]).await.unwrap();
        assert_eq!(found.as_ref(), Some(&tenant), "{tenant_type}");
        let found = pool.resolve("tenantry.tenant_by_login", &[&"ANN@A.example", &1_i32]).await.unwrap();
        assert_eq!(found.as_ref(), Some(&tenant), "{tenant_type}");
        let found = pool.resolve("tenant of \"token\"", &[&&b"\x01"[..]]).await.unwrap();
        assert_eq!(found, Some(tenant), "{tenant_type}");
        assert_eq!(pool.resolve("tenant_by_host", &[&"c.example"]).await.unwrap(), None);
        assert_eq!(pool.resolve("tenant_by_host", &[&None::<String>]).await.unwrap(), None);
        assert_eq!(pool.resolve("tenant_by_domain", &[&"nobodys.example"]).await.unwrap(), None);
    }
}

/// The only connection has served one tenant, and serves the one that was found.
#[tokio::test]
async fn who_is_bound_stays_bound() {
    let hosts = Hosts::planned(UUID, "error").await;
    let pool = pool(&hosts, TenantType::Uuid).await;
    let b = TenantId::parse_uuid(UUID.b).unwrap();
    let own = async |tenant: &TenantId| -> String {
        let row =
            pool.tenant(tenant.clone()).query_one("select host from erp.company_host", &[]).await.unwrap();
        row.get(0)
    };
    assert_eq!(own(&b).await, "b.example");
    let found = pool.resolve("tenant_by_host", &[&"a.example"]).await.unwrap().unwrap();
    assert_eq!(own(&found).await, "a.example");
    assert_eq!(own(&b).await, "b.example");
    let error = pool.unbound().query("select host from erp.company_host", &[]).await.unwrap_err();
    assert!(error.is_no_tenant(), "{error}");
}

#[tokio::test]
async fn what_is_wrong_says_what_to_do() {
    let hosts = Hosts::planned(UUID, "error").await;
    let pool = pool(&hosts, TenantType::Uuid).await;
    let ask = async |name: &str| pool.resolve(name, &[&"a.example"]).await.unwrap_err();

    let error = ask("tenant_by_hots").await;
    assert_eq!(error.code().map(tenantry::SqlState::code), Some("42883"));
    assert_eq!(
        error.to_string(),
        "resolver tenantry.tenant_by_hots could not be asked: undefined function (SQLSTATE 42883); declare it in \
         tenantry.toml and apply tenantry plan, or call it by the name and with the keys that are there"
    );
    let error = ask("elsewhere.tenant_by_host").await;
    assert!(error.to_string().contains("apply tenantry plan"), "{error}");
    let error = ask("a.b.c").await;
    assert!(error.is_usage() && error.to_string().contains("is not a qualified name"), "{error}");
    let error = ask("").await;
    assert!(error.is_usage(), "{error}");
    let error = ask("tenant_by_host\"(); drop table erp.company_host; --").await;
    assert!(error.is_usage(), "{error}");
    let error = ask("tenant_by_host\"(); drop table x; --").await;
    assert_eq!(error.code().map(tenantry::SqlState::code), Some("42883"), "{error}");
    let error = pool.resolve("tenant_by_host", &[]).await.unwrap_err();
    assert_eq!(error.code().map(tenantry::SqlState::code), Some("42883"), "{error}");
    let error = pool.resolve("tenant_by_host", &[&1_i64]).await.unwrap_err();
    assert!(error.is_usage() && !error.to_string().contains("example"), "{error}");

    hosts.run("REVOKE EXECUTE ON FUNCTION tenantry.tenant_by_host(varchar) FROM {app}").await;
    let error = ask("tenant_by_host").await;
    assert!(
        error.is_denied() && error.to_string().ends_with("apply tenantry plan, which grants what it needs"),
        "{error}"
    );

    // What somebody has made by hand.
    hosts
        .run(
            "CREATE FUNCTION tenantry.by_hand(text) RETURNS SETOF bigint LANGUAGE sql AS 'SELECT 1';
             CREATE FUNCTION tenantry.all_of_them(text) RETURNS SETOF uuid LANGUAGE sql AS
                 'SELECT v::uuid FROM unnest(ARRAY[''{a}'', ''{b}'']) AS v';
             CREATE FUNCTION tenantry.a_date(text) RETURNS date LANGUAGE sql AS 'SELECT current_date';",
        )
        .await;
    let error = ask("by_hand").await;
    assert_eq!(
        error.to_string(),
        "resolver \"tenantry\".\"by_hand\" returns an integer first; expected a tenant, and those of this pool are of type uuid"
    );
    assert!(error.is_usage(), "{error}");
    let error = ask("all_of_them").await;
    assert!(error.is_row_count(), "{error}");
    let error = ask("a_date").await;
    assert!(error.to_string().contains("date"), "{error}");
}
