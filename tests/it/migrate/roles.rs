//! As whom statements run, and whose is what they make.

use super::{Stand, TOUCH, connect};

#[tokio::test]
async fn a_superuser_is_bound_to_the_tenant_too() {
    let stand = Stand::new(4).await;
    let migrator = stand.migrator(&[("V1__touch.sql", TOUCH)]);
    migrator.run(connect(&stand.admin.url())).await.unwrap();
    assert_eq!(stand.one::<i64>("select count(*) from invoice where touched = 1").await, 12);
}

#[tokio::test]
async fn what_a_superuser_makes_is_told_to_be_its() {
    let stand = Stand::new(1).await;
    let made = [("V1__made.sql", "create table made (a int); create view seen as select 1 as one;")];
    let report = stand.migrator(&made).audit(None).run(connect(&stand.admin.url())).await.unwrap();
    let strays: Vec<String> = report.strays.iter().map(tenantry::QualifiedName::plain).collect();
    assert_eq!(strays, ["public.made", "public.seen"]);
    let more = [made[0], ("V2__more.sql", "create table more (a int);")];
    let report = stand.migrator(&more).audit(None).run(connect(&stand.admin.url())).await.unwrap();
    assert_eq!(report.strays.len(), 1, "what was there before is no news");
    let other = Stand::new(1).await;
    assert!(
        other.apply(&other.migrator(&made).audit(None)).await.unwrap().strays.is_empty(),
        "they are the owner's"
    );
}

#[tokio::test]
async fn the_system_role_does_what_is_of_all_tenants_and_the_owner_the_rest() {
    let stand = Stand::new(3).await;
    let sql = "-- tenantry: system \"the state has a new name\"
        alter table invoice add column old_state text;
        update invoice set old_state = state, state = 'new';
        create table made (a int);
        insert into note select current_user;";
    let report = stand.apply(&stand.migrator(&[("V1__rename.sql", sql)]).audit(None)).await.unwrap();
    assert_eq!(report.applied[0].rows, 10);
    assert_eq!(
        stand.one::<i64>("select count(*) from invoice where state = 'new' and old_state = 'open'").await,
        9
    );
    let owner: String = stand.one("select tableowner::text from pg_tables where tablename = 'made'").await;
    let wrote: String = stand.one("select line from note").await;
    assert!(owner.starts_with("owner_") && wrote.starts_with("system_"), "{owner} {wrote}");
    let logged = "select tableowner::text from pg_tables where tablename = 'refinery_schema_history'";
    assert_eq!(stand.one::<String>(logged).await, owner, "the ledger is the owner's, whoever deploys");
}
