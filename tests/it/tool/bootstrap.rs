//! From an empty server to a service that runs, with the files and the manifest alone; and once more on another server.

use tenantry::TenantPool;
use tenantry::testing::{Database, Server};

use super::{Folder, Run, Tool};

const MANIFEST: &str = r#"
[tenancy]
type = "bigint"

[roles]
owner = "books_owner"
migrator = "books_migrator"
app = "books_app"
system = "books_system"

[schemas]
include = ["books"]
"#;

const TABLES: &str = "-- tenantry: allow-file rls-disabled \"the next file is the plan's\"
create table books.company (tenant_id bigint primary key, name text not null);
create table books.invoice (
    id bigint generated always as identity primary key,
    tenant_id bigint not null references books.company,
    total numeric not null
);
create index on books.invoice (tenant_id);";

struct Place {
    database: Database,
    _server: Server,
}

impl Place {
    /// A server that has never heard of any of it.
    async fn new() -> Self {
        let server = Server::builder().start_local().await.unwrap();
        Self { database: server.database().await.unwrap(), _server: server }
    }

    fn run(&self, folder: &Folder, role: Option<&str>, args: &[&str]) -> Run {
        let url = role.map_or_else(|| self.database.url(), |role| self.database.url_as(role, "x"));
        Tool::at(folder).args(args).env("DATABASE_URL", url).run()
    }

    fn migrated(&self, folder: &Folder, args: &[&str]) {
        let run = self.run(folder, Some("books_migrator"), &[&["migrate"], args].concat());
        assert_eq!(run.code, 0, "{run:#?}");
    }

    /// What a DBA does, once.
    async fn bootstrap(&self, folder: &Folder) {
        assert_eq!(self.run(folder, None, &["plan", "--bootstrap", "--check"]).code, 1);
        let script = self.run(folder, None, &["plan", "--bootstrap", "--out", "-"]);
        assert_eq!(script.code, 0, "{script:#?}");
        let admin = self.database.connect().await.unwrap();
        admin.batch_execute(&script.out).await.unwrap_or_else(|error| panic!("{error:?}: {}", script.out));
        for role in ["books_migrator", "books_app", "books_system"] {
            admin.batch_execute(&format!("alter role {role} password 'x'")).await.unwrap();
        }
        let again = self.run(folder, None, &["plan", "--bootstrap", "--check"]);
        assert_eq!(again.code, 0, "{again:#?}");
    }

    /// Nothing is missing, nothing grave is found, and each tenant has its own rows.
    async fn serves(&self, folder: &Folder) {
        self.serves_beside(folder, 0).await;
    }

    /// The same, with so many companies that are there already.
    async fn serves_beside(&self, folder: &Folder, companies: usize) {
        let check = self.run(folder, Some("books_migrator"), &["plan", "--check"]);
        assert_eq!(check.code, 0, "{check:#?}");
        let audit =
            self.run(folder, Some("books_migrator"), &["audit", "--fail-on", "high", "--format", "json"]);
        let found = audit.json()["findings"].as_array().unwrap().clone();
        let is_grave = |finding: &&serde_json::Value| {
            // How old the server is, is not the plan's.
            ["high", "critical"].contains(&finding["severity"].as_str().unwrap())
                && finding["rule"] != "server-cve"
        };
        assert_eq!(found.iter().filter(is_grave).collect::<Vec<_>>(), [&serde_json::Value::Null; 0]);
        let pool = TenantPool::builder(&self.database.url_as("books_app", "x"))
            .system_url(&self.database.url_as("books_system", "x"))
            .tenant_type(tenantry::TenantType::Bigint)
            .build()
            .await
            .unwrap();
        for tenant in [1_i64, 2] {
            let scope = pool.tenant(tenant);
            scope.execute("insert into books.company values ($1, 'a company')", &[&tenant]).await.unwrap();
            scope
                .execute("insert into books.invoice (tenant_id, total) values ($1, 7)", &[&tenant])
                .await
                .unwrap();
            assert_eq!(scope.query("select id from books.invoice", &[]).await.unwrap().len(), 1);
        }
        let all = pool.system("a test").unwrap().query("select id from books.invoice", &[]).await.unwrap();
        assert_eq!(all.len(), 2);
        let known = pool.system("a test").unwrap().query("select from books.company", &[]).await.unwrap();
        assert_eq!(known.len(), companies + 2);
    }
}

/// The first environment: a manifest, the tables, and the file that `plan` wrote for them.
async fn first() -> (Folder, Place) {
    let folder = Folder::new();
    folder.write("tenantry.toml", MANIFEST);
    std::fs::create_dir(folder.path("migrations")).unwrap();
    std::fs::write(folder.path("migrations").join("V1__tables.sql"), TABLES).unwrap();
    let first = Place::new().await;
    first.bootstrap(&folder).await;
    first.migrated(&folder, &["--audit", "never"]);
    let args = ["plan", "--out", "migrations", "--style", "refinery"];
    let planned = first.run(&folder, Some("books_migrator"), &args);
    assert_eq!(planned.code, 0, "{planned:#?}");
    first.migrated(&folder, &[]);
    (folder, first)
}

#[tokio::test]
async fn from_an_empty_server_to_a_service_and_again_elsewhere() {
    let (folder, first) = first().await;
    first.serves(&folder).await;

    let second = Place::new().await;
    second.bootstrap(&folder).await;
    second.migrated(&folder, &[]);
    second.serves(&folder).await;
}

/// Without a database to plan for: what a server gets before the first migration is not in the file.
#[tokio::test]
async fn a_plan_from_files_leaves_out_what_the_bootstrap_makes() {
    let (folder, place) = (Folder::new(), Place::new().await);
    let resolver =
        "[resolvers.by_host]\ntable = \"books.host\"\nby = [\"host\"]\nreturns = [\"tenant_id\"]\n";
    folder.write("tenantry.toml", &format!("{MANIFEST}[system]\nrecord = true\n{resolver}"));
    std::fs::create_dir(folder.path("migrations")).unwrap();
    let tables = format!(
        "{TABLES}\ncreate table books.host (tenant_id bigint not null references books.company, host text primary key);
         create index on books.host (tenant_id);"
    );
    std::fs::write(folder.path("migrations").join("V1__tables.sql"), tables).unwrap();
    let plan = |more: &[&str]| {
        let args = ["plan", "--from", "migrations", "--out", "migrations", "--style", "refinery"];
        Tool::at(&folder).args(&[&args, more].concat()).run()
    };
    assert_eq!(plan(&["--bootstrapped"]).code, 0);
    place.bootstrap(&folder).await;
    place.migrated(&folder, &[]);
    // The resolver is a superuser's to make, once its table is there.
    place.bootstrap(&folder).await;
    place.serves(&folder).await;
    let builder = TenantPool::builder(&place.database.url_as("books_app", "x"));
    let pool = builder.tenant_type(tenantry::TenantType::Bigint).build().await.unwrap();
    pool.tenant(2_i64).execute("insert into books.host (host) values ('two.test')", &[]).await.unwrap();
    assert_eq!(pool.resolve("by_host", &[&"two.test"]).await.unwrap(), Some(2_i64.into()));
    let whole = plan(&["--name", "whole"]);
    assert_eq!(whole.code, 0, "{whole:#?}");
    let read = |name: &str| std::fs::read_to_string(folder.path("migrations").join(name)).unwrap();
    assert!(
        read("V2__tenancy.sql").contains("CREATE POLICY")
            && !read("V2__tenancy.sql").contains("CREATE SCHEMA")
    );
    let alone = Tool::at(&folder).args(&["plan", "--bootstrapped"]).run();
    assert!(alone.code == 2 && alone.err.contains("--from"), "{alone:#?}");
}

#[tokio::test]
async fn what_the_plan_did_is_taken_back_and_done_again() {
    let (folder, place) = first().await;
    let missing = || {
        let run = place.run(&folder, Some("books_migrator"), &["plan", "--check", "--format", "json"]);
        run.json()["steps"].as_array().unwrap_or_else(|| panic!("{run:#?}")).len()
    };
    assert_eq!(missing(), 0);
    place.migrated(&folder, &["--down", "--audit", "never"]);
    assert!(missing() > 5);
    let check = place.run(&folder, Some("books_migrator"), &["migrate", "--check"]);
    assert!(check.code == 1 && check.out.contains("1 migration pending"), "{check:#?}");
    place.migrated(&folder, &[]);
    place.serves(&folder).await;
    // The tables are still there: their file has no way back.
    let run = place.run(&folder, Some("books_migrator"), &["migrate", "--down", "--to", "0"]);
    run.said(2, &["V1__tables has no file that takes it back; expected V1__tables.down.sql beside it"]);
}

#[tokio::test]
async fn a_dump_leads_to_a_further_environment_too() {
    let (folder, first) = first().await;
    let admin = first.database.connect().await.unwrap();
    admin.batch_execute("insert into books.company values (9, 'of the dump')").await.unwrap();
    let program = |name: &str| tenantry::testing::program(name).unwrap().unwrap_or_else(|| name.into());
    let dump = folder.path("books.dump");
    let run = |name: &str, args: &[&str]| {
        let done = std::process::Command::new(program(name)).args(args).output().unwrap();
        assert!(done.status.success(), "{name}: {}", String::from_utf8_lossy(&done.stderr));
    };
    run("pg_dump", &["--format=custom", "--file", dump.to_str().unwrap(), "--dbname", &first.database.url()]);

    let second = Place::new().await;
    second.bootstrap(&folder).await;
    let url = second.database.url();
    run(
        "pg_restore",
        &["--clean", "--if-exists", "--exit-on-error", "--dbname", &url, dump.to_str().unwrap()],
    );
    let check = second.run(&folder, Some("books_migrator"), &["migrate", "--check"]);
    assert_eq!(check.code, 0, "{check:#?}");
    second.serves_beside(&folder, 1).await;
}
