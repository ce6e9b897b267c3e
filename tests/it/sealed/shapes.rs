//! What is sealed beside a uuid in a plain table.

use tenantry::migrate::{self, SealKeys};
use tenantry::policy::{Membership, Seal, Shape, Tenancy, TenantColumn};
use tenantry::{QualifiedName, TenantContext, TenantId, TenantPool, TenantType, testing};

use super::{Hand, SECRET, asked, bootstrap, connect, key, roles};
use crate::support::erp::{APP, Erp, PASSWORD};

/// A table with one row for each tenant, behind a policy of its shape.
async fn table(tenancy: &Tenancy, shape: Shape, values: &str) -> testing::Database {
    // A role has one password for all databases, which tests that run at once cannot set at once. This one sets it.
    drop(Erp::new().await);
    let database = testing::server().await.unwrap().database().await.unwrap();
    let mut admin = database.connect().await.unwrap();
    bootstrap(&mut admin, tenancy.clone()).await;
    SealKeys::new(&admin, tenancy).add(&key()).await.unwrap();
    admin.batch_execute(values).await.unwrap();
    let name = QualifiedName::parse("public.t").unwrap();
    migrate::apply(&mut admin, &shape.script(&name, tenancy, &roles()).unwrap()).await.unwrap();
    database
}

async fn pool(database: &testing::Database, tenant_type: TenantType) -> TenantPool {
    let builder = TenantPool::builder(&database.url_as(APP, PASSWORD)).tenant_type(tenant_type);
    builder.seal(key()).seal_setting("app.user_id").max_size(1).build().await.unwrap()
}

#[tokio::test]
async fn every_type_of_tenant_is_sealed() {
    for (tenant_type, tenants) in [
        (TenantType::Bigint, vec![TenantId::from(7_i64), TenantId::from(-7_i64), TenantId::from(i64::MIN)]),
        (TenantType::Integer, vec![TenantId::from(7_i32), TenantId::from(i32::MIN)]),
        (
            TenantType::Text,
            ["acme", "a.b", "a%2Eb", "%25", "..", "a\nb", "শাপলা", "1.2.3.4.5", "it's"]
                .into_iter()
                .map(|name| TenantId::text(name).unwrap())
                .collect(),
        ),
    ] {
        let tenancy = Tenancy::new(tenant_type).seal(Seal::new());
        let shape = Shape::Tenant(TenantColumn::default());
        let values = format!("create table t (tenant_id {} primary key)", tenant_type.sql());
        let database = table(&tenancy, shape, &values).await;
        let pool = pool(&database, tenant_type).await;
        let sql = "insert into t values (tenantry.tenant_id()) returning tenant_id::text";
        for tenant in &tenants {
            let row = pool.tenant(tenant.clone()).query_one(sql, &[]).await.unwrap();
            assert_eq!(row.get::<_, String>(0), tenant.as_setting());
        }
        for tenant in &tenants {
            let rows = pool.tenant(tenant.clone()).query("select tenant_id::text from t", &[]).await.unwrap();
            assert_eq!(rows.iter().map(|row| row.get(0)).collect::<Vec<String>>(), [tenant.as_setting()]);
        }
    }
}

/// A tenant that looks like the end of another's seal is none.
#[tokio::test]
async fn texts_that_look_like_seals_are_taken_for_what_they_are() {
    let tenancy = Tenancy::new(TenantType::Text).seal(Seal::new().or_bare());
    let database =
        table(&tenancy, Shape::Tenant(TenantColumn::default()), "create table t (tenant_id text)").await;
    let client = connect(&database.url_as(APP, PASSWORD)).await;
    let config: tokio_postgres::Config = database.url().parse().unwrap();
    let hand = Hand::new(SECRET, APP, config.get_dbname().unwrap());
    let good = hand.seal("acme");
    for (setting, tenant) in [
        ("acme", Ok("acme")),
        ("a.b", Ok("a.b")),
        ("a.b.c.d.e", Ok("a.b.c.d.e")),
        (&*good, Ok("acme")),
        (&*format!("x{good}"), Err(())),
        (&*format!("{}0", &good[..good.len() - 1]), if good.ends_with('0') { Ok("acme") } else { Err(()) }),
    ] {
        let found = asked(&client, setting).await;
        assert_eq!(
            found.clone().map_err(drop),
            tenant.map(|tenant| Some(tenant.to_owned())),
            "{setting}: {found:?}"
        );
    }
}

/// Where users are members of tenants, the user is sealed as the tenant is.
#[tokio::test]
async fn a_user_who_is_a_member_is_sealed_too() {
    let members = || Membership::new("public.member", "user_id", "tenant_id", TenantType::Bigint).unwrap();
    let tenancy = Tenancy::new(TenantType::Bigint).membership(members()).seal(Seal::new());
    let database = table(
        &tenancy,
        Shape::Membership(TenantColumn::default()),
        "create table member (user_id bigint, tenant_id bigint); insert into member values (1, 7), (2, 8);
         create table t (tenant_id bigint); insert into t values (7), (8); grant select on member to tenantry_it_app",
    )
    .await;
    let mut admin = database.connect().await.unwrap();
    let name = QualifiedName::parse("public.member").unwrap();
    migrate::apply(&mut admin, &Shape::Members.script(&name, &tenancy, &roles()).unwrap()).await.unwrap();

    let pool = pool(&database, TenantType::Bigint).await;
    let as_user = |user: &str| {
        let context = TenantContext::new(TenantId::from(7_i64)).set("app.user_id", user).unwrap();
        pool.tenant(context)
    };
    for (user, own) in [("1", 7), ("2", 8)] {
        let rows = as_user(user).query("select tenant_id from t", &[]).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.get(0)).collect::<Vec<i64>>(), [own]);
    }
    let tx = as_user("1").begin();
    tx.execute("set local app.user_id = '2'", &[]).await.unwrap();
    assert!(tx.query("select tenant_id from t", &[]).await.unwrap_err().is_not_sealed());
}

/// The leader of a parallel plan verifies, and its workers compare with what it has found.
#[tokio::test]
async fn parallel_plans_see_their_tenant_alone() {
    let sealed = super::Sealed::new().await;
    let admin = &sealed.admin;
    admin
        .batch_execute(
            "insert into erp.account (tenant_id, id, tag)
             select ('01010101-0101-0101-0101-0101010101' || case when g % 2 = 0 then '01' else '02' end)::uuid, g, 'x'
             from generate_series(1, 20000) g;
             alter table erp.account set (parallel_workers = 2); analyze erp.account",
        )
        .await
        .unwrap();
    let pool = sealed.builder().max_size(1).build().await.unwrap();
    let scope = pool.tenant(TenantId::parse_uuid("01010101-0101-0101-0101-010101010101").unwrap());
    let tx = scope.begin();
    for setting in [
        "parallel_setup_cost = 0",
        "parallel_tuple_cost = 0",
        "min_parallel_table_scan_size = 0",
        "enable_indexscan = off",
        "enable_bitmapscan = off",
        "enable_indexonlyscan = off",
    ] {
        tx.execute(&format!("set local {setting}"), &[]).await.unwrap();
    }
    for (workers, sql) in [
        (true, "select count(*) from erp.account where tag = 'x'"),
        // For each row: no worker is the process that the seal is for.
        (false, "select count(*) from erp.account where tag = 'x' and tenantry.tenant_id() = tenant_id"),
    ] {
        let plan = tx.query(&format!("explain (analyze, costs off, timing off) {sql}"), &[]).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
        assert_eq!(plan.iter().any(|line| line.contains("Workers Launched: 2")), workers, "{plan:#?}");
        assert_eq!(tx.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 10_000);
    }
}
