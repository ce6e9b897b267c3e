//! Migrations that know about tenants, against a server.

mod crash;
mod down;
mod gates;
mod ledger;
mod roles;
mod session;
mod tool;
mod turn;

use futures_util::future::BoxFuture;
use tenantry::catalog::live;
use tenantry::migrate::{Migrations, Migrator, Mode, Report, Stopped, Why};
use tenantry::plan::plan;
use tenantry::policy::manifest::Manifest;
use tokio_postgres::{Client, NoTls};

use crate::policy::{Admin, admin, unique};
use crate::support::kept;

/// A database whose tables are under FORCE, and roles for those who change it.
pub(crate) struct Stand {
    pub(crate) admin: Admin,
    pub(crate) manifest: String,
    pub(crate) migrator: String,
}

const TABLES: &str = "
create table company (tenant_id bigint primary key, name text not null);
create table invoice (
    tenant_id bigint not null,
    id bigint generated always as identity primary key,
    touched integer not null default 0,
    state text not null
);
create table note (line text);
create table currency (code text primary key);
";

const MANIFEST: &str = "
[tenancy]
type = \"bigint\"

[roles]
owner = \"{owner}\"
migrator = \"{migrator}\"
app = \"{app}\"
system = \"{system}\"

[tables]
\"public.note\" = { class = \"exempt\", reason = \"for the tests\" }
\"public.currency\" = { class = \"shared\" }
";

impl Stand {
    /// With so many companies, each of which has three open invoices.
    pub(crate) async fn new(companies: i64) -> Self {
        let mut admin = admin().await;
        let manifest = prepare(&mut admin, companies).await;
        let migrator = role(&manifest, "migrator");
        // So that it has a password.
        drop(admin.login(&migrator).await);
        Self { admin, manifest, migrator }
    }

    /// What runs these files.
    pub(crate) fn migrator(&self, files: &[(&str, &str)]) -> Migrator {
        let manifest = Manifest::parse(&self.manifest).unwrap();
        let migrations = Migrations::new(files.iter().copied()).unwrap_or_else(|error| panic!("{error}"));
        // The tables are not the files'.
        Migrator::new(manifest, migrations).lint(None)
    }

    pub(crate) async fn run(&self, files: &[(&str, &str)]) -> Result<Report, Stopped> {
        self.apply(&self.migrator(files)).await
    }

    pub(crate) async fn apply(&self, migrator: &Migrator) -> Result<Report, Stopped> {
        migrator.run(connect(&self.admin.url_as(&self.migrator))).await
    }

    pub(crate) async fn one<T>(&self, sql: &str) -> T
    where
        T: for<'r> tokio_postgres::types::FromSql<'r>,
    {
        self.admin.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// The name of a role in the manifest.
    pub(crate) fn role(&self, name: &str) -> String {
        role(&self.manifest, name)
    }

    /// The names in the ledger, in order.
    pub(crate) async fn applied(&self) -> Vec<String> {
        let sql = "select 'V' || version || '__' || name from refinery_schema_history order by version";
        self.admin.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }
}

/// Fills a database, and says its manifest.
pub(crate) async fn prepare(admin: &mut Client, companies: i64) -> String {
    let mut manifest = MANIFEST.to_owned();
    for role in ["owner", "migrator", "app", "system"] {
        manifest = manifest.replace(&format!("{{{role}}}"), &unique(role));
    }
    admin.batch_execute(TABLES).await.unwrap();
    let parsed = Manifest::parse(&manifest).unwrap();
    let catalog = live::load(admin).await.unwrap();
    let plan = plan(&parsed, &catalog).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let role =
        |name: &str| manifest.lines().find(|line| line.starts_with(name)).unwrap().split('"').nth(1).unwrap();
    kept::apply(admin, role("app"), &plan).await.unwrap();
    let fill = format!(
        "insert into company select g, 'company ' || g from generate_series(1, {companies}) g;
         insert into invoice (tenant_id, state)
         select g, 'open' from generate_series(1, {companies}) g, generate_series(1, 3);
         grant {} to {};
         alter table note owner to {};
         grant all on note to {};
         grant create on schema public to {}",
        role("system"),
        role("migrator"),
        role("owner"),
        role("system"),
        role("owner"),
    );
    admin.batch_execute(&fill).await.unwrap();
    manifest
}

/// The name of a role in a manifest.
fn role(manifest: &str, name: &str) -> String {
    let line = manifest.lines().find(|line| line.starts_with(&format!("{name} = "))).unwrap();
    line.split('"').nth(1).unwrap().to_owned()
}

/// Opens connections.
pub(crate) fn connect(url: &str) -> impl Fn() -> BoxFuture<'static, Result<Client, tokio_postgres::Error>> {
    let url = url.to_owned();
    move || {
        let url = url.clone();
        Box::pin(async move {
            let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
            tokio::spawn(connection);
            Ok(client)
        })
    }
}

const TOUCH: &str = "-- tenantry: each-tenant\nupdate invoice set touched = touched + 1;";

#[tokio::test]
async fn each_tenant_is_gone_through_once_with_the_tenant_bound() {
    let stand = Stand::new(9).await;
    let check = "-- tenantry: each-tenant
        insert into note select current_setting('app.tenant_id') || ' ' || count(*) || ' ' || count(distinct tenant_id)
        from invoice;";
    let report = stand.run(&[("V1__touch.sql", TOUCH), ("V2__check.sql", check)]).await.unwrap();
    assert_eq!(report.applied.len(), 2);
    assert_eq!((report.applied[0].mode.clone(), report.applied[0].rows), (Mode::EachTenant, 27));
    assert_eq!(report.applied[0].tenants, Some(9));
    assert_eq!(stand.one::<i64>("select count(*) from invoice where touched = 1").await, 27);
    // Each has seen its own rows and no other's.
    let seen: Vec<String> = stand.one("select array_agg(line order by line) from note").await;
    assert_eq!(seen, (1..=9).map(|tenant| format!("{tenant} 3 1")).collect::<Vec<_>>());
    assert_eq!(stand.applied().await, ["V1__touch", "V2__check"]);
    assert_eq!(stand.one::<i64>("select count(*) from tenantry_migration_tenant").await, 0);
    // Nothing is run twice.
    assert!(stand.run(&[("V1__touch.sql", TOUCH), ("V2__check.sql", check)]).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_would_change_nothing_is_refused_before_anything_is_run() {
    let stand = Stand::new(2).await;
    let files = [
        ("V1__note.sql", "insert into note values ('x');"),
        ("V2__blind.sql", "update invoice set state = 'x';"),
    ];
    let stopped = stand.run(&files).await.unwrap_err();
    let Why::Refused(refusals) = &stopped.why else { panic!("{stopped:?}") };
    assert_eq!((refusals.len(), refusals[0].place.file.as_str()), (1, "V2__blind.sql"));
    assert!(stopped.report.applied.is_empty() && stopped.report.pending.len() == 2);
    assert_eq!(stand.one::<i64>("select count(*) from note").await, 0, "nor is what comes before it");
    assert!(!stand.one::<bool>("select to_regclass('refinery_schema_history') is not null").await);
}

#[tokio::test]
async fn a_change_that_changes_nothing_fails_where_there_are_rows() {
    let stand = Stand::new(3).await;
    let none = "update invoice set touched = 5 where state = 'gone';";
    for (mode, allowed) in [("each-tenant", false), ("system \"x\"", false), ("each-tenant", true)] {
        let allow = if allowed { "-- tenantry: allow-zero-rows \"there may be none\"\n" } else { "" };
        let sql = format!("-- tenantry: {mode}\n{allow}{none}");
        let done = stand.run(&[("V1__none.sql", &sql)]).await;
        if allowed {
            assert_eq!(done.unwrap().applied.len(), 1);
            continue;
        }
        let stopped = done.unwrap_err();
        assert!(
            stopped.to_string().contains("it changed no row, although public.invoice has some"),
            "{stopped}"
        );
        let Why::Migration { place: Some(place), .. } = &stopped.why else { panic!("{stopped:?}") };
        assert_eq!(place.line, 2);
    }
    let stand = Stand::new(0).await;
    let sql = format!("-- tenantry: system \"x\"\n{none}");
    assert_eq!(
        stand.run(&[("V1__none.sql", &sql)]).await.unwrap().applied.len(),
        1,
        "an empty table has none"
    );
}

#[tokio::test]
async fn tenants_that_fail_are_told_and_the_others_are_done() {
    let stand = Stand::new(12).await;
    let sql = "-- tenantry: each-tenant
        update invoice set touched = touched + 12 / (tenant_id - 5)::int;
        update invoice set touched = 100 where touched <> 100";
    let stopped = stand.run(&[("V1__divide.sql", sql)]).await.unwrap_err();
    let Why::Tenants { done, of, failed, .. } = &stopped.why else { panic!("{stopped:?}") };
    assert_eq!((*done, *of, failed.len()), (11, 12, 1));
    assert_eq!((failed[0].tenant.as_str(), failed[0].place.as_ref().unwrap().line), ("5", 2));
    assert_eq!(failed[0].error.code().unwrap().code(), "22012");
    assert_eq!(stand.one::<i64>("select count(*) from invoice where tenant_id = 5 and touched = 0").await, 3);
    assert_eq!(stand.one::<i64>("select count(*) from invoice where touched = 100").await, 33);
    assert!(stand.applied().await.is_empty());
    // What stood in the way is gone, and the others are not touched again: they would divide once more.
    stand.admin.batch_execute("update invoice set tenant_id = 13 where tenant_id = 5; update company set tenant_id = 13 where tenant_id = 5").await.unwrap();
    stand.admin.batch_execute("update invoice set state = 'seen' where touched = 100").await.unwrap();
    let report = stand.run(&[("V1__divide.sql", sql)]).await.unwrap();
    assert_eq!((report.applied[0].tenants, stand.applied().await), (Some(12), vec!["V1__divide".to_owned()]));
}

#[tokio::test]
async fn the_first_failure_ends_it_if_that_is_asked_for() {
    let stand = Stand::new(20).await;
    let sql = "-- tenantry: each-tenant\nupdate invoice set touched = 1 / (tenant_id - 3)::int";
    let migrator = stand.migrator(&[("V1__divide.sql", sql)]).jobs(1).stop_at_first_failure();
    let stopped = stand.apply(&migrator).await.unwrap_err();
    let Why::Tenants { done, failed, .. } = &stopped.why else { panic!("{stopped:?}") };
    // Tenants come in the order of their texts: 1, 10, 11 and so on, then 2, 20 and 3.
    assert_eq!((*done, failed.len()), (13, 1));
}

#[tokio::test]
async fn one_tenant_can_go_first() {
    let stand = Stand::new(5).await;
    let files = [("V1__touch.sql", TOUCH), ("V2__note.sql", "insert into note values ('after')")];
    let first = stand.migrator(&files).tenants(["4".to_owned()]);
    let report = stand.apply(&first).await.unwrap();
    assert_eq!((report.applied.len(), report.pending.len(), report.waits_for_tenants), (0, 2, Some(4)));
    assert_eq!(stand.one::<i64>("select count(*) from invoice where touched = 1 and tenant_id = 4").await, 3);
    assert_eq!(stand.one::<i64>("select count(*) from invoice where touched = 0").await, 12);
    let report = stand.run(&files).await.unwrap();
    assert_eq!(report.applied.len(), 2);
    assert_eq!(stand.one::<i64>("select count(*) from invoice where touched = 1").await, 15);
    let unknown = stand.migrator(&[("V1__touch.sql", TOUCH), files[1], ("V3__more.sql", TOUCH)]);
    let stopped = stand.apply(&unknown.tenants(["99".to_owned()])).await.unwrap_err();
    assert!(
        stopped.to_string().contains("1 of the 1 tenants that are asked for are not among the 5"),
        "{stopped}"
    );
}

#[tokio::test]
async fn a_file_that_changes_midway_is_not_mixed_with_what_it_was() {
    let stand = Stand::new(4).await;
    let first = stand.migrator(&[("V1__touch.sql", TOUCH)]).tenants(["2".to_owned()]);
    stand.apply(&first).await.unwrap();
    let changed = TOUCH.replace("+ 1", "+ 10");
    let stopped = stand.run(&[("V1__touch.sql", &changed)]).await.unwrap_err();
    assert!(stopped.to_string().contains("is done for 1 tenants as its file was"), "{stopped}");
    let again = stand.migrator(&[("V1__touch.sql", &changed)]).restart();
    stand.apply(&again).await.unwrap();
    let touched: Vec<i32> =
        stand.one("select array_agg(distinct touched order by touched) from invoice").await;
    assert_eq!(touched, [10, 11]);
}

#[tokio::test]
async fn without_a_transaction_each_statement_stays() {
    let stand = Stand::new(2).await;
    let sql = "-- tenantry: no-transaction
        insert into note values ('first');
        create unique index concurrently twice on note (line);
        insert into note values ('last');";
    stand.admin.batch_execute("insert into note values ('double'), ('double')").await.unwrap();
    let stopped = stand.run(&[("V1__index.sql", sql)]).await.unwrap_err();
    let Why::Migration { done, place, error, .. } = &stopped.why else { panic!("{stopped:?}") };
    assert_eq!((*done, place.as_ref().map(|place| place.line)), (Some(1), Some(3)));
    assert_eq!(error.code().unwrap().code(), "23505");
    assert!(!stand.one::<bool>("select indisvalid from pg_index where indexrelid = 'twice'::regclass").await);
    // The half-built index is dropped and built anew, and what was done is not done again.
    stand.admin.batch_execute("delete from note where line = 'double'").await.unwrap();
    stand.run(&[("V1__index.sql", sql)]).await.unwrap();
    assert!(stand.one::<bool>("select indisvalid from pg_index where indexrelid = 'twice'::regclass").await);
    let lines: Vec<String> = stand.one("select array_agg(line order by line) from note").await;
    assert_eq!(
        (lines, stand.applied().await),
        (vec!["first".into(), "last".into()], vec!["V1__index".into()])
    );
    assert_eq!(stand.one::<i64>("select count(*) from tenantry_migration_statement").await, 0);
}

#[tokio::test]
async fn what_failed_without_a_transaction_can_be_rewritten_and_what_is_done_cannot() {
    let stand = Stand::new(1).await;
    let of = |first: &str, second: &str| {
        format!("-- tenantry: no-transaction\ninsert into note values ('{first}'); {second};")
    };
    stand.run(&[("V1__a.sql", &of("a", "select 1 / 0"))]).await.unwrap_err();
    let stopped = stand.run(&[("V1__a.sql", &of("b", "select 1"))]).await.unwrap_err();
    assert!(
        stopped.to_string().contains("1 of its statements are done, and are not what they were"),
        "{stopped}"
    );
    stand.run(&[("V1__a.sql", &of("a", "select 1"))]).await.unwrap();
    assert_eq!(stand.one::<i64>("select count(*) from note").await, 1);
}

#[tokio::test]
async fn a_transaction_that_fails_leaves_nothing_and_what_came_before_it_stays() {
    let stand = Stand::new(1).await;
    let files = [
        ("V1__a.sql", "create table a (x int); insert into note values ('a');"),
        ("V2__b.sql", "create table b (x int);\ninsert into note\n  select 1 / 0;"),
        ("V3__c.sql", "create table c (x int);"),
    ];
    let stopped = stand.run(&files).await.unwrap_err();
    let Why::Migration { name, place: Some(place), done: None, .. } = &stopped.why else {
        panic!("{stopped:?}")
    };
    assert_eq!((name.as_str(), place.line, place.column), ("V2__b", 2, 1));
    assert_eq!(stopped.report.applied.len(), 1);
    assert_eq!(stopped.report.pending, ["V2__b", "V3__c"]);
    assert_eq!(stand.applied().await, ["V1__a"]);
    assert!(stand.one::<bool>("select to_regclass('b') is null and to_regclass('a') is not null").await);
}

#[tokio::test]
async fn a_run_can_be_spawned() {
    let stand = Stand::new(2).await;
    let migrator = stand.migrator(&[("V1__touch.sql", TOUCH)]);
    let url = stand.admin.url_as(&stand.migrator);
    let run = tokio::spawn(async move {
        let connect = || async {
            let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
            tokio::spawn(connection);
            Ok(client)
        };
        migrator.run(connect).await
    });
    assert_eq!(run.await.unwrap().unwrap().applied.len(), 1);
}
