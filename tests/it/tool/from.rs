//! Plans for files, without a database.

use std::io::Write;
use std::process::Stdio;

use super::{Folder, Run, Tool};

const MANIFEST: &str = "\
[tenancy]
type = \"bigint\"

[roles]
app = \"erp_app\"
owner = \"erp_owner\"

[tables]
\"public.currency\" = { class = \"shared\" }
\"public.invoice_line\" = { class = \"child\", via = \"invoice\" }
";

/// A folder with a manifest and a migration.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("tenantry.toml", MANIFEST);
    std::fs::create_dir(folder.path("migrations")).unwrap();
    folder.write("migrations/1_init.sql", include_str!("erp.sql"));
    folder
}

fn run(folder: &Folder, args: &[&str]) -> Run {
    // Nobody is asked for anything: there is no server that these could lead to.
    Tool::at(folder).args(args).env("DATABASE_URL", "postgresql://nowhere.invalid/erp").run()
}

#[test]
fn a_plan_for_files_is_complete_once_it_is_among_them() {
    for style in ["refinery", "sqlx", "flyway", "dbmate", "goose", "golang-migrate", "plain"] {
        let folder = folder();
        if ["refinery", "flyway"].contains(&style) {
            std::fs::rename(folder.path("migrations/1_init.sql"), folder.path("migrations/V1__init.sql"))
                .unwrap();
        }
        let check = run(&folder, &["plan", "--from", "migrations", "--check"]);
        assert_eq!((check.code, check.err.as_str()), (1, ""), "{style}");
        assert!(check.out.starts_with("Missing in migrations (1 file)\n"), "{check:?}");
        let out = run(&folder, &["plan", "--from", "migrations", "--out", "migrations", "--style", style]);
        assert_eq!((out.code, out.err.as_str()), (0, ""), "{style}");
        let check = run(&folder, &["plan", "--from", "migrations", "--check"]);
        assert_eq!((check.code, check.err.as_str()), (0, ""), "{style}: {check:?}");
        assert!(check.out.starts_with("nothing is missing in migrations (2 files)\n"), "{style}: {check:?}");
    }
}

#[test]
fn files_are_run_in_the_order_in_which_they_are_named() {
    let folder = folder();
    folder.write("more.sql", "ALTER TABLE customer ADD COLUMN email text; CREATE TABLE note (id bigint);");
    let run =
        |paths: &[&str]| run(&folder, &[&["plan", "--format", "json", "--from"], paths].concat()).json();
    let problem = &run(&["migrations", "more.sql"])["problems"];
    assert!(
        problem[0]["what"].as_str().unwrap().starts_with("public.note has no column tenant_id"),
        "{problem}"
    );
    // The other way round there is no table to alter yet, and that is said.
    let opaque = &run(&["more.sql", "migrations"])["opaque"][0];
    assert_eq!(
        (&opaque["file"], &opaque["line"], &opaque["column"]),
        (&"more.sql".into(), &1.into(), &1.into())
    );
}

#[test]
fn what_is_not_followed_is_told_in_every_form() {
    let folder = folder();
    folder.write("migrations/2_more.sql", "SELECT 1;\n\nDO $$ BEGIN EXECUTE 'DROP TABLE invoice'; END $$;\n");
    let place = "migrations/2_more.sql:3:1";
    for args in [&["plan"][..], &["plan", "--check"], &["map", "--out", "map.svg"]] {
        let run = run(&folder, &[args, &["--from", "migrations"]].concat());
        let told = run.out.clone() + &run.err;
        assert!(told.contains("1 statement not followed") && told.contains(place), "{args:?}: {run:?}");
    }
    // What is printed for others to read has nothing else in it.
    for args in [&["plan", "--out", "-"][..], &["map"]] {
        let run = run(&folder, &[args, &["--from", "migrations"]].concat());
        assert!(run.err.contains(place) && !run.out.contains(place), "{args:?}: {run:?}");
    }
    for command in ["plan", "map"] {
        let found = run(&folder, &[command, "--format", "json", "--from", "migrations"]).json();
        assert_eq!(
            (&found["opaque"][0]["line"], found["opaque"].as_array().unwrap().len()),
            (&3.into(), 1),
            "{command}"
        );
    }
}

#[test]
fn the_standard_input_is_a_file_like_any_other() {
    let folder = folder();
    let mut tool = Tool::at(&folder).args(&["plan", "--check", "--from", "-"]);
    tool.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = tool.command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(include_bytes!("erp.sql")).unwrap();
    let run = Run::of(&child.wait_with_output().unwrap());
    assert_eq!((run.code, run.err.as_str()), (1, ""));
    assert!(
        run.out.starts_with("Missing in standard input\n") && run.out.contains("\npublic.invoice\n"),
        "{run:?}"
    );
}

#[test]
fn files_that_cannot_be_read_are_a_matter_of_usage() {
    let folder = folder();
    std::fs::create_dir(folder.path("empty")).unwrap();
    std::fs::write(folder.path("latin.sql"), b"SELECT 1;\n-- caf\xe9\n").unwrap();
    for (path, part) in [
        ("nowhere", "error: nowhere cannot be read"),
        ("empty", "error: folder empty has no SQL files"),
        ("latin.sql", "error: latin.sql:2: byte 0xe9 is not UTF-8"),
    ] {
        run(&folder, &["plan", "--from", path]).said(2, &[part]);
    }
}

#[test]
fn marks_and_line_ends_of_other_systems_are_no_sql() {
    let folder = folder();
    let text = include_str!("erp.sql").replace('\n', "\r\n");
    folder.write("migrations/1_init.sql", &format!("\u{feff}{text}"));
    let found = run(&folder, &["plan", "--format", "json", "--from", "migrations"]).json();
    assert_eq!((&found["opaque"], &found["problems"]), (&serde_json::json!([]), &serde_json::json!([])));
    assert!(!found["steps"].as_array().unwrap().is_empty());
}

/// A runner's ledger is in the database and not in the files: one manifest serves both, whether it names the ledger or not.
#[tokio::test]
async fn a_manifest_serves_files_and_the_database_that_has_a_ledger() {
    let app = crate::policy::unique("app");
    let place = super::place().await;
    let client = place.database.connect().await.unwrap();
    let ledger = "CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY, description text, installed_on timestamptz, \
                  success boolean, checksum bytea, execution_time bigint);";
    client.batch_execute(&format!("{}{ledger}", include_str!("erp.sql"))).await.unwrap();
    let without = MANIFEST.replace("app = \"erp_app\"\nowner = \"erp_owner\"", &format!("app = \"{app}\""));
    let entry = "\"public._sqlx_migrations\" = { class = \"exempt\", reason = \"ledger of sqlx\" }\n";
    for manifest in [format!("{without}{entry}"), without] {
        let folder = folder();
        folder.write("tenantry.toml", &manifest);
        for from in [&[][..], &["--from", "migrations"]] {
            let args = [&["plan"], from].concat();
            let run = Tool::at(&folder).args(&args).env("DATABASE_URL", place.database.url()).run();
            assert_eq!((run.code, run.err.as_str()), (0, ""), "{from:?}: {run:#?}");
            assert!(
                run.out.contains("What is missing in") && !run.out.contains("_sqlx_migrations"),
                "{run:#?}"
            );
        }
        let run = Tool::at(&folder).args(&["lint", "migrations", "--fail-on", "never"]).run();
        assert_eq!(run.code, 0, "{run:#?}");
        assert!(!run.out.contains("_sqlx_migrations"), "{run:#?}");
    }
}
