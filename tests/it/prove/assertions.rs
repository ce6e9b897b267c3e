//! The assertions for a team's own tests.

use tenantry::{TenantId, TenantPool, TenantType, assert_isolated, testing};

use super::secured;

#[tokio::test]
async fn a_query_that_shows_each_tenant_its_own_passes_and_others_fail() {
    let (database, app) = secured("missing = \"empty\"").await;
    drop(database.login(&app).await);
    let pool =
        TenantPool::builder(&database.url_as(&app)).tenant_type(TenantType::Bigint).build_lazy().unwrap();
    let tenants = [1, 2].map(TenantId::from);
    for tenant in &tenants {
        let insert = "INSERT INTO invoice (id, note) VALUES (gen_random_uuid(), 'n')";
        pool.tenant(tenant.clone()).execute(insert, &[]).await.unwrap();
    }
    let [one, other] = tenants;
    assert_isolated!(pool, [one, other], "SELECT id FROM invoice;");
    for (query, tenants, line) in [
        ("SELECT note FROM invoice", [&one, &other], "both tenants see the row (n)"),
        ("SELECT id FROM invoice", [&one, &TenantId::from(3)], "tenant 3 sees no row"),
        ("SELECT nothing FROM invoice", [&one, &other], "undefined column"),
    ] {
        let error = testing::isolated(&pool, tenants, query).await.unwrap_err();
        assert!(error.to_string().contains(line), "{error}");
    }
}
