//! `lint --server`: the files are run, and what is found is what the server has.

use std::path::PathBuf;

use tenantry::testing;

use super::{ERP_MANIFEST, Folder, Run, Tool, folder};
use crate::support::eventually;

const TABLE: &str =
    "CREATE TABLE invoice (\n    id        bigint PRIMARY KEY,\n    tenant_id uuid NOT NULL\n);\n";

/// Code whose SQL is known to nobody who does not run it.
const UNKNOWN: &str = "-- protect it
DO $$
DECLARE
    name text;
BEGIN
    SELECT relname INTO name FROM pg_class WHERE oid > 16000 AND relkind = 'r' ORDER BY txid_current(), relname LIMIT 1;
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant ON %I USING (true)', name);
    EXECUTE format('CREATE TABLE %I (id bigint, tenant_id uuid NOT NULL)', name || '_' || length(name));
END
$$;
";

/// The binaries that the tests run, if these come from a folder.
fn binaries() -> Option<PathBuf> {
    let program = testing::program("initdb").unwrap()?;
    program.parent().map(PathBuf::from)
}

/// The tool, which finds the server that the tests find.
fn tool(folder: &Folder, args: &[&str]) -> Tool {
    let mut tool = Tool::at(folder).args(&["lint", "migrations"]).args(args);
    for name in ["PATH", "DOCKER_HOST"] {
        if let Some(value) = std::env::var_os(name) {
            tool = tool.env(name, value);
        }
    }
    match binaries() {
        Some(bin) => tool.env("TENANTRY_PG_BIN", bin),
        None => tool,
    }
}

fn lint(folder: &Folder, args: &[&str]) -> Run {
    tool(folder, args).run()
}

/// Where there are no binaries, a container would be another test's affair.
macro_rules! with_binaries {
    () => {
        if binaries().is_none() {
            return;
        }
    };
}

/// Rule, object, file and line of each finding.
fn found(run: &Run) -> Vec<String> {
    assert!(run.code <= 1 && run.err.is_empty(), "{run:#?}");
    let json = run.json();
    let all = json["findings"].as_array().unwrap();
    let said = |finding: &serde_json::Value| {
        let text = |field: &str| finding[field].as_str().unwrap_or("-").to_owned();
        format!("{} {} {}:{}", text("rule"), text("object"), text("file"), finding["line"])
    };
    all.iter().map(said).collect()
}

/// No folder of a throwaway server is left.
async fn is_clean(temporary: &Folder) {
    eventually("the server's folder goes", async || {
        std::fs::read_dir(temporary.path("")).unwrap().next().is_none()
    })
    .await;
}

/// A folder for temporary files that the server's user can write to.
fn temporary() -> Folder {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new();
    std::fs::set_permissions(folder.path(""), std::fs::Permissions::from_mode(0o1777)).unwrap();
    folder
}

#[tokio::test]
async fn code_that_nobody_can_follow_is_exact() {
    with_binaries!();
    let folder = folder(&[("V1__init.sql", TABLE), ("V2__protect.sql", UNKNOWN)]);
    let json = ["--format", "json", "--severity", "medium"];
    let text = found(&lint(&folder, &json));
    assert!(text.iter().any(|found| found.starts_with("opaque-statement")), "{text:?}");
    assert!(!text.iter().any(|found| found.starts_with("using-true")), "{text:?}");
    let temporary = temporary();
    let run = tool(&folder, &[&["--server"], &json[..]].concat()).env("TMPDIR", temporary.path("")).run();
    let server = found(&run);
    // What it has made stands where it is made, and what was there before stays where it was.
    assert!(
        server.contains(&"using-true public.invoice.tenant migrations/V2__protect.sql:7".to_owned()),
        "{server:?}"
    );
    assert!(
        server.contains(&"rls-disabled public.invoice_7 migrations/V2__protect.sql:7".to_owned()),
        "{server:?}"
    );
    assert!(
        !server
            .iter()
            .any(|found| found.contains("opaque") || found.contains("rls-disabled public.invoice ")),
        "{server:?}"
    );
    is_clean(&temporary).await;
}

#[test]
fn the_result_says_which_server_it_was() {
    with_binaries!();
    let folder = folder(&[("1_a.sql", "SELECT 1;\n")]);
    let run = lint(&folder, &["--server"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    let line = run.unwrapped();
    assert!(
        line.starts_with("nothing found in migrations (1 file), 1 statement, run on PostgreSQL 1"),
        "{line}"
    );
    let version = lint(&folder, &["--server", "--format", "json"]).json()["server_version"].clone();
    assert!(line.ends_with(version.as_str().unwrap()), "{line} {version}");
    let major = version.as_str().unwrap().split('.').next().unwrap().to_owned();
    let run = lint(&folder, &[&format!("--server={major}"), "--format", "github"]);
    assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (0, "", ""));
}

#[test]
fn a_finding_stays_where_the_text_has_it() {
    with_binaries!();
    let grant = "GRANT SELECT,\n  TRUNCATE ON invoice TO erp_app, readers;\n";
    // What the tool makes of roles to run the files says nothing of them.
    let member = "GRANT erp_owner, erp_system TO erp_app;\n";
    let folder = folder(&[("V1__init.sql", TABLE), ("V2__grant.sql", grant), ("V3__member.sql", member)]);
    folder.write("tenantry.toml", &ERP_MANIFEST.replace("[roles]", "[roles]\nsystem = \"erp_system\""));
    let args = ["--format", "json", "--severity", "info"];
    let text = found(&lint(&folder, &args));
    assert!(text.iter().any(|found| found.ends_with("V2__grant.sql:2")), "{text:?}");
    // A role that nobody makes is made, and is nothing that the files have made.
    assert_eq!(found(&lint(&folder, &[&["--server"], &args[..]].concat())), text);
}

#[test]
fn files_are_run_as_their_runner_runs_them() {
    with_binaries!();
    let folder = folder(&[
        ("V1__init.sql", TABLE),
        (
            "V2__later.sql",
            "-- tenantry: no-transaction\nCREATE INDEX CONCURRENTLY i ON invoice (tenant_id);\nVACUUM invoice;\n",
        ),
        (
            "V3__tenants.sql",
            "-- tenantry: each-tenant\nINSERT INTO invoice VALUES (1, current_setting('app.tenant_id')::uuid);\n",
        ),
    ]);
    let dump = "SET search_path = '';\n\\restrict abc\nCOPY public.invoice (id, tenant_id) FROM stdin;\n\
                2\t00000000-0000-0000-0000-000000000002\n\\.\n\\echo done\nCOPY public.invoice TO STDOUT;\n\
                DO $$ BEGIN ASSERT (SELECT count(*) = 2 FROM public.invoice); END $$;\n\\unrestrict abc\n";
    folder.write("dump.sql", dump);
    let run = Tool::at(&folder).args(&["lint", "migrations", "dump.sql", "--server", "--fail-on", "never"]);
    let run = run.env("TENANTRY_PG_BIN", binaries().unwrap()).run();
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{run:#?}");
}

/// Each is one line with the place, and what to do.
/// The server's catalogs say who made a view, and not that anybody else may run the files elsewhere.
#[test]
fn what_is_assumed_of_who_runs_the_files_is_assumed_on_a_server_too() {
    with_binaries!();
    let view = "CREATE VIEW sums AS SELECT tenant_id, count(*) FROM invoice GROUP BY 1;\n\
                CREATE VIEW theirs AS SELECT * FROM invoice;\nALTER VIEW theirs OWNER TO erp_owner;\n\
                GRANT SELECT ON sums, theirs TO erp_app;\n\
                ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;\n";
    let folder = folder(&[("V1__init.sql", TABLE), ("V2__views.sql", view)]);
    let severe = ["--format", "json", "--severity", "high"];
    let of_views = |run: Run| {
        let assumed = run.json()["assumptions"].to_string().contains("a superuser runs these files");
        let found = found(&run).into_iter().filter(|found| found.starts_with("view-definer"));
        (found.collect::<Vec<_>>(), assumed)
    };
    let text = of_views(lint(&folder, &severe));
    assert_eq!(text, (vec!["view-definer public.sums migrations/V2__views.sql:1".to_owned()], true));
    assert_eq!(of_views(lint(&folder, &[&["--server"], &severe[..]].concat())), text);
}

/// An index CONCURRENTLY is made by no transaction, and what a rolled back one has made is gone.
#[test]
fn each_part_of_a_file_is_run_as_its_runner_runs_it() {
    with_binaries!();
    let index = "CREATE INDEX CONCURRENTLY invoice_tenant ON invoice (tenant_id)";
    let changesets = format!(
        "--liquibase formatted sql\n--changeset a:1\n{TABLE}--rollback DROP TABLE invoice;\n--changeset a:2 runInTransaction:false\n{index};\n"
    );
    let sections = format!(
        "-- migrate:up transaction:false\nDROP INDEX invoice_tenant;\n{index};\n-- migrate:down\nDROP TABLE invoice;\n"
    );
    let folder = folder(&[("V1__init.sql", &changesets), ("V2__index.sql", &sections)]);
    let found = found(&lint(&folder, &["--server", "--format", "json", "--severity", "medium"]));
    assert!(found.contains(&"rls-disabled public.invoice migrations/V1__init.sql:3".to_owned()), "{found:?}");
    assert!(!found.iter().any(|found| found.contains("opaque")), "{found:?}");
}

#[tokio::test]
async fn a_file_that_the_server_does_not_run_is_one_error() {
    with_binaries!();
    let block = "SELECT 1;\nDO $$\nBEGIN\n    PERFORM 1;\n    EXECUTE 'DROP TABLE ' || 'missing';\nEND $$;\n";
    for (files, said) in [
        (
            &[
                ("V1__a.sql", TABLE),
                ("V2__b.sql", "SELECT 1;\nALTER TABLE invoice\n  ADD COLUMN x nothing;\n"),
            ][..],
            &[
                "migrations/V2__b.sql:3:16: the server does not run this statement",
                "type \"nothing\" does not exist",
            ][..],
        ),
        (
            &[("V1__a.sql", block)],
            &["migrations/V1__a.sql:5:1: the server", "table \"missing\" does not exist", "EXECUTE"],
        ),
        (
            &[("V1__a.sql", "ALTER TABLE b ADD c int;")],
            &["V1__a.sql:1:1", "\"b\" does not exist", "name those that make"],
        ),
        (
            &[("V1__a.sql", "CREATE EXTENSION nothing_of_the_kind;")],
            &["V1__a.sql:1:1", "nothing_of_the_kind", "--server=postgis/postgis"],
        ),
        (
            &[("V1__a.sql", TABLE), ("V2__b.sql", "CREATE INDEX CONCURRENTLY i ON invoice (id);")],
            &["V2__b.sql:1:1", "cannot run inside a transaction block", "-- tenantry: no-transaction"],
        ),
        (&[("V1__a.sql", "SELECT 1;\n\\i other.sql\n")], &["V1__a.sql:2:1: \\i is for psql"]),
        (
            &[(
                "V1__a.sql",
                "CREATE TABLE a (b int UNIQUE DEFERRABLE INITIALLY DEFERRED); INSERT INTO a VALUES (1), (1);",
            )],
            &["migrations/V1__a.sql: the file cannot be committed", "duplicate key"],
        ),
    ] {
        let temporary = temporary();
        let run = tool(&folder(files), &["--server"]).env("TMPDIR", temporary.path("")).run();
        assert!(run.code == 3 || said[0].contains("psql") && run.code == 2, "{run:#?}");
        let err = run.err.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(run.out.is_empty() && said.iter().all(|part| err.contains(part)), "{said:?} in {run:#?}");
        is_clean(&temporary).await;
    }
}

#[test]
fn what_is_asked_for_wrongly_is_refused() {
    let folder = folder(&[("V1__a.sql", "SELECT 1;")]);
    for (server, said) in [
        ("--server=9", "version 9 is not supported; expected 14 or newer"),
        ("--server=18.1", "is a minor version"),
        ("--server=local", "expected a major version such as 18"),
    ] {
        lint(&folder, &[server]).said(2, &[said]);
    }
    Tool::at(&folder).args(&["lint", "migrations", "--server-timeout", "1s"]).run().said(2, &["--server"]);
}

#[test]
fn a_server_that_cannot_be_had_is_said_with_the_ways_out() {
    let folder = folder(&[("V1__a.sql", "SELECT 1;")]);
    // Neither programs nor an engine are anywhere.
    let nowhere = |server: &str| {
        Tool::at(&folder).args(&["lint", "migrations", server]).env("TENANTRY_PG_BIN", "/nowhere").run()
    };
    nowhere("--server")
        .said(3, &["TENANTRY_PG_BIN is \"/nowhere\"; expected a folder with initdb and postgres"]);
    let run = tool(&folder, &["--server=99"])
        .env("PATH", folder.path(""))
        .env("DOCKER_HOST", "tcp://127.0.0.1:1")
        .run();
    assert_eq!(run.code, 3, "{run:#?}");
    let image = Tool::at(&folder)
        .args(&["lint", "migrations", "--server=no/such:image"])
        .env("PATH", "/usr/bin:/bin")
        .env("DOCKER_HOST", "tcp://127.0.0.1:1")
        .run();
    image.said(3, &["image no/such:image cannot be run", "do one of these"]);
    // Nothing stands in for the URL, so no variable is named that would.
    let run = Tool::at(&folder)
        .args(&["lint", "migrations", "--server=postgres://me@localhost:1/erp"])
        .env("DATABASE_URL", "postgres://me@localhost:2/erp")
        .run();
    assert!(run.err.contains("localhost:1") && run.err.contains("name another with --server"), "{run:?}");
    assert!(!run.err.contains("DATABASE_URL"), "{run:?}");
}

#[tokio::test]
async fn an_empty_database_serves_and_another_one_is_refused() {
    let server = testing::Server::builder().start().await.unwrap();
    let database = server.database().await.unwrap();
    let url = format!("--server={}", database.url());
    let folder = folder(&[("V1__init.sql", TABLE), ("V2__protect.sql", UNKNOWN)]);
    let run = Tool::at(&folder).args(&["lint", "migrations", &url, "--format", "json"]).run();
    assert!(
        found(&run).contains(&"using-true public.invoice.tenant migrations/V2__protect.sql:7".to_owned()),
        "{run:?}"
    );
    let client = database.connect().await.unwrap();
    let owner: String = client
        .query_one("SELECT tableowner::text FROM pg_tables WHERE tablename = 'invoice'", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(owner, "erp_owner");
    // And now it is not empty any more.
    let run = Tool::at(&folder).args(&["lint", "migrations", &url]).run();
    run.said(2, &["is not empty: it has relation public.invoice", "thrown away"]);
    client.batch_execute("CREATE ROLE plain LOGIN PASSWORD 'x'").await.unwrap();
    let empty = server.database().await.unwrap();
    let url = format!("--server={}", empty.url_as("plain", "x"));
    Tool::at(&folder).args(&["lint", "migrations", &url]).run().said(2, &["role plain is no superuser"]);
    // The database of the environment is none that was named for this.
    let run =
        Tool::at(&folder).args(&["lint", "migrations", "--server=99"]).env("DATABASE_URL", empty.url()).run();
    assert_ne!(run.code, 0, "{run:?}");
    let tables =
        empty.connect().await.unwrap().query("SELECT FROM pg_tables WHERE schemaname = 'public'", &[]).await;
    assert!(tables.unwrap().is_empty());
}

#[tokio::test]
async fn a_file_that_does_not_end_is_ended() {
    with_binaries!();
    let files = [("V1__a.sql", "SELECT 1;\nSET statement_timeout = 0;\nSELECT pg_sleep(600);\n")];
    let temporary = temporary();
    let run = tool(&folder(&files), &["--server", "--server-timeout", "3s"])
        .env("TMPDIR", temporary.path(""))
        .run();
    run.said(
        3,
        &["migrations/V1__a.sql:3: the files did not run to their end within 3.0 s", "--server-timeout"],
    );
    is_clean(&temporary).await;
}

#[tokio::test]
async fn a_signal_leaves_nothing_behind() {
    with_binaries!();
    for signal in ["TERM", "INT", "KILL"] {
        let folder = folder(&[("V1__a.sql", "SELECT pg_sleep(600);\n")]);
        let temporary = temporary();
        let mut child = Tool::interruptible(&folder)
            .args(&["lint", "migrations", "--server"])
            .env("TENANTRY_PG_BIN", binaries().unwrap())
            .env("TMPDIR", temporary.path(""))
            .start();
        let folders = || std::fs::read_dir(temporary.path("")).unwrap().flatten().map(|entry| entry.path());
        eventually("the server runs", async || {
            folders().any(|folder| folder.join("data/postmaster.pid").exists())
        })
        .await;
        let pid = child.id().to_string();
        let killed = std::process::Command::new("kill").args([&format!("-{signal}"), &pid]).status().unwrap();
        assert!(killed.success(), "{signal}");
        let status = child.wait().unwrap();
        assert!(!status.success(), "{signal}: {status}");
        is_clean(&temporary).await;
    }
}
