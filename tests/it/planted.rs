//! What somebody who may create in schema `public` puts there is never run by the tool or the library, whoever runs them.

use tenantry::testing::Database;
use tenantry::{Ident, StatementMode, Strategy};
use tokio_postgres::Client;

use crate::adopt::world::{BY_COMPANY, World};
use crate::migrate::{Stand, connect};
use crate::policy::unique;
use crate::support::erp::{Erp, tenant};
use crate::tool::{Folder, Run, Tool};

/// Where names are looked up: by default, and with everything that was planted before everything else.
const PATHS: [&str; 2] = ["\"$user\", public", "public, pg_catalog"];

/// Has a role that may do no more than create in `public` plant there.
async fn plant(admin: &Client, path: &str) {
    let database: String = admin.query_one("select current_database()", &[]).await.unwrap().get(0);
    let planter = unique("planter");
    let sql = format!(
        "create role {planter}; grant create, usage on schema public to {planter}; set role {planter}; {} reset role;
         alter database {} set search_path = {path}",
        include_str!("planted/plant.sql"),
        Ident::new(database).unwrap()
    );
    admin.batch_execute(&sql).await.unwrap();
}

async fn nothing_was_called(database: &Database, what: &str) {
    let admin = database.connect().await.unwrap();
    let row = admin.query_one("select is_called from public.calls", &[]).await.unwrap();
    assert!(!row.get::<_, bool>(0), "{what}");
}

/// It has to be found by a query that is not careful, or the tests tell nothing.
#[tokio::test]
async fn what_is_planted_is_called_by_who_is_not_careful() {
    for path in PATHS {
        let stand = Stand::new(1).await;
        plant(&stand.admin, path).await;
        let careless = stand.admin.connect().await;
        for sql in [
            "select oid = 'pg_class'::pg_catalog.regclass from pg_catalog.pg_class",
            "select concat_ws('a'::pg_catalog.text, 'b'::pg_catalog.text, 'c'::pg_catalog.text)",
        ] {
            let error = careless.query(sql, &[]).await.unwrap_err();
            let said = error.as_db_error().map_or("", |error| error.message());
            assert!(said.starts_with("what was planted is called"), "{path}: {sql}: {error:?}");
        }
    }
}

const FILES: [(&str, &str); 4] = [
    ("V1__one.sql", "create table erp.one (tenant_id bigint not null, id bigint not null);"),
    (
        "V2__two.sql",
        "-- tenantry: no-transaction\ncreate index concurrently one_id on erp.one (tenant_id, id);",
    ),
    ("V3__three.sql", "-- tenantry: each-tenant\nupdate public.invoice set state = 'sent';"),
    ("V4__four.sql", "-- tenantry: system \"for the tests\"\nupdate public.invoice set touched = 1;"),
];

/// The commands that read and change a schema that has its tenants.
#[tokio::test]
async fn no_command_calls_what_is_planted() {
    for path in PATHS {
        let stand = Stand::new(2).await;
        let sql = format!("create schema erp; grant all on schema erp to {}", stand.role("owner"));
        stand.admin.batch_execute(&sql).await.unwrap();
        plant(&stand.admin, path).await;
        let folder = Folder::new();
        folder.write("tenantry.toml", &stand.manifest);
        std::fs::create_dir(folder.path("migrations")).unwrap();
        for (name, text) in FILES {
            std::fs::write(folder.path("migrations").join(name), text).unwrap();
        }
        for url in [stand.admin.url(), stand.admin.url_as(&stand.migrator)] {
            let run = |args: &[&str]| Tool::at(&folder).args(args).env("DATABASE_URL", &url).run();
            for args in [
                &["init", "--out", "-"][..],
                &["plan"],
                &["plan", "--check"],
                &["audit"],
                &["map"],
                &["migrate", "migrations", "--check"],
                &["migrate", "migrations", "--dry-run", "--lint", "never"],
                &["migrate", "migrations", "--lint", "never", "--audit", "never"],
                &["migrate", "migrations", "--check"],
                &["adopt", "--status"],
            ] {
                let Run { code, out, err } = run(args);
                let what = format!("{path}: {args:?}: {code} {out}{err}");
                nothing_was_called(stand.admin.database(), &what).await;
                assert!(code < 2 || args[0] == "plan", "{what}");
            }
        }
        let applied = "select pg_catalog.count(*) from public.refinery_schema_history";
        assert_eq!(stand.one::<i64>(applied).await, 4);
        folder.write("migrations/V5__five.sql", "create table erp.five (id int);");
        let marked = ["migrate", "migrations", "--applied", "V5__five"];
        let url = stand.admin.url_as(&stand.migrator);
        let run = Tool::at(&folder).args(&marked).env("DATABASE_URL", url).run();
        nothing_was_called(stand.admin.database(), &format!("{path}: {marked:?}: {run:?}")).await;
        assert_eq!((run.code, stand.one::<i64>(applied).await), (0, 5), "{run:?}");
        let embedded = stand.migrator(&[("V1__one.sql", FILES[0].1)]);
        drop(embedded.pending(connect(&stand.admin.url_as(&stand.migrator))).await);
        nothing_was_called(stand.admin.database(), path).await;
    }
}

/// An adoption, from its beginning to its end and back. On the default path alone, since the triggers that it fires look names
/// up where their services do.
#[tokio::test]
async fn no_adoption_calls_what_is_planted() {
    let world = World::new().await;
    plant(&world.client, PATHS[0]).await;
    for args in [
        &[BY_COMPANY, &["--dry-run"]].concat()[..],
        &[BY_COMPANY, &["--until", "backfill"]].concat(),
        &["--status"],
        &["--abort"],
        &[BY_COMPANY, &["--out", "-"]].concat(),
        BY_COMPANY,
        &["--out", "-"],
        &["--status"],
        &["customer", "--abort"],
        &[
            "customer",
            "--fill",
            "SELECT id FROM erp.company WHERE id = company_id AND name LIKE 'company%'",
            "--out",
            "-",
        ],
        &["customer", "--fill", "SELECT id FROM erp.company WHERE id = company_id AND name LIKE 'company%'"],
        &["--abort"],
        BY_COMPANY,
    ] {
        let run = world.adopt(args);
        nothing_was_called(&world.database, &format!("{args:?}: {run:?}")).await;
        assert_eq!(run.code, 0, "{args:?}: {run:#?}");
    }
    assert_eq!(world.wrong_rows().await, 0);
}

/// A pool: its guard, its context, its look at policies. On the path of its role alone, since a role whose path has
/// `pg_catalog` behind another schema has its own statements looked up there too.
#[tokio::test]
async fn no_pool_calls_what_is_planted() {
    let erp = Erp::new().await;
    let admin = erp.admin().await;
    plant(&admin, PATHS[0]).await;
    for strategy in [Strategy::Implicit, Strategy::Explicit, Strategy::ExplicitSetLocal] {
        for mode in [StatementMode::Named, StatementMode::Unnamed] {
            let builder = erp.builder().strategy(strategy).statements(mode);
            let pool = builder.lock_timeout(std::time::Duration::from_secs(5)).build().await.unwrap();
            pool.tenant(tenant(1)).query("select 1", &[]).await.unwrap();
            let context =
                tenantry::TenantContext::new(tenant(1)).set("app.user_id", "7").unwrap().read_only();
            pool.tenant(context).query("select 1", &[]).await.unwrap();
            let tx = pool.tenant(tenant(1)).begin();
            tx.query("select 1", &[]).await.unwrap();
            tx.commit().await.unwrap();
        }
    }
    // Without a strategy and a mode it finds them out.
    erp.builder().build().await.unwrap();
    let row = admin.query_one("select is_called from public.calls", &[]).await.unwrap();
    assert!(!row.get::<_, bool>(0));
}

/// A table by the name of the runner's own, whose trigger would run with the rights of whoever migrates.
#[tokio::test]
async fn no_line_is_written_to_a_ledger_of_a_strangers() {
    let planter = unique("planter");
    for table in ["refinery_schema_history", "tenantry_migration_tenant", "tenantry_migration_statement"] {
        let stand = Stand::new(1).await;
        let (first, second) = ("tenantry_migration_statement", "tenantry_migration_tenant");
        let sql = format!(
            "create sequence calls; grant all on sequence calls to public; create role {planter};
             grant create, usage on schema public to {planter}; set role {planter};
             create function {planter}_counts() returns trigger language plpgsql as
                 $$ begin perform nextval('calls'); return new; end $$;
             create table {table} (version int4 primary key, name text, applied_on text, checksum text);
             grant all on {table} to public;
             create trigger counts before insert or update on {table} execute function {planter}_counts();
             reset role;"
        );
        stand.admin.batch_execute(&sql).await.unwrap();
        for url in [stand.admin.url(), stand.admin.url_as(&stand.migrator)] {
            let run = stand.migrator(&[FILES[2]]).audit(None).run(connect(&url)).await;
            let said = run.unwrap_err().to_string();
            assert!(said.contains(&format!("belongs to \"{planter}\"")), "{table}: {said}");
        }
        nothing_was_called(stand.admin.database(), table).await;
        let tables = "select count(*) from pg_class where relname in ('refinery_schema_history', $1, $2)";
        let made: i64 = stand.admin.query_one(tables, &[&first, &second]).await.unwrap().get(0);
        assert_eq!(made, 1, "something was made beside {table}");
        stand.admin.batch_execute(&format!("drop owned by {planter}; drop role {planter}")).await.unwrap();
    }
}
