//! What a file says to its session ends with it.

use super::Stand;

#[tokio::test]
async fn a_session_setting_of_one_file_is_not_the_next_ones() {
    let stand = Stand::new(1).await;
    let files = [
        ("V1__a.sql", "create schema other; set search_path = other; create table here (a int);"),
        ("V2__b.sql", "create table here (a int); insert into note values (current_setting('search_path'));"),
    ];
    // The owner may make schemas here.
    let owner: String = stand.one("select tableowner::text from pg_tables where tablename = 'invoice'").await;
    let database: String = stand.one("select current_database()::text").await;
    stand.admin.batch_execute(&format!("grant create on database \"{database}\" to {owner}")).await.unwrap();
    let migrator = stand.migrator(&files).audit(None);
    stand.apply(&migrator).await.unwrap_or_else(|stopped| panic!("{stopped:?}"));
    assert_eq!(stand.one::<String>("select line from note").await, "\"$user\", public");
}

#[tokio::test]
async fn what_a_file_says_to_its_session_for_one_tenant_is_not_the_next_ones() {
    let stand = Stand::new(3).await;
    let sql = "-- tenantry: each-tenant
        insert into note select current_setting('work_mem') || coalesce(current_setting('my.tenant', true), '');
        set work_mem = '77MB';
        select set_config('my.tenant', current_setting('app.tenant_id'), false);";
    stand.apply(&stand.migrator(&[("V1__a.sql", sql)]).jobs(1)).await.unwrap();
    let lines: Vec<String> = stand.one("select array_agg(distinct line) from note").await;
    assert_eq!(lines, [stand.one::<String>("show work_mem").await]);
}
