//! What `plan` shows and writes.

use std::process::Command;

use tokio_postgres::Client;

use super::{Folder, Place, Run, Tool, place};
use crate::policy::unique;
use crate::support::{expected, kept};

const SCHEMA: &str = include_str!("erp.sql");

/// A small ERP, a manifest for it, and the names of its roles.
struct Erp {
    place: Place,
    client: Client,
    folder: Folder,
    app: String,
}

impl Erp {
    async fn new() -> Self {
        let place = place().await;
        let client = place.database.connect().await.unwrap();
        client.batch_execute(SCHEMA).await.unwrap();
        let app = unique("app");
        let folder = Folder::new();
        let manifest = "[tenancy]\ntype = \"bigint\"\n\n[roles]\napp = \"{app}\"\n\n[tables]\n\
                        \"public.currency\" = { class = \"shared\" }\n\
                        \"public.invoice_line\" = { class = \"child\", via = \"invoice\" }\n";
        folder.write("tenantry.toml", &manifest.replace("{app}", &app));
        Self { place, client, folder, app }
    }

    fn run(&self, args: &[&str]) -> Run {
        Tool::at(&self.folder).args(&["plan"]).args(args).env("DATABASE_URL", self.place.database.url()).run()
    }

    /// With names that are the same in every run.
    fn told(&self, text: &str) -> String {
        let Place { host, port, user, database, .. } = &self.place;
        let name = format!("{} as {user} at {host}:{port}", database.name());
        text.replace(&name, "erp as me at localhost:5432").replace(&self.app, "erp_app")
    }

    /// Runs SQL with psql's own rules: all of it, or nothing.
    async fn sql(&self, text: &str) {
        self.client.batch_execute(text).await.unwrap();
    }
}

/// What others changed since the plan was applied.
const DRIFT: &str = "
ALTER TABLE customer ALTER COLUMN tenant_id DROP NOT NULL;
DROP INDEX invoice_tenant_id_idx;
ALTER TABLE invoice NO FORCE ROW LEVEL SECURITY;
GRANT TRUNCATE ON currency TO PUBLIC;
";

#[tokio::test]
async fn a_plan_is_read_by_people() {
    let erp = Erp::new().await;
    let run = erp.run(&["--check"]);
    assert_eq!((run.code, run.err.as_str()), (1, ""));
    expected::compare("tool/expected/plan_check.txt", &erp.told(&run.out));
    erp.sql(&erp.run(&["--out", "-"]).out).await;
    erp.sql(DRIFT).await;
    for (args, name) in [(&[][..], "plan.txt"), (&["--down"], "plan_down.txt")] {
        let run = erp.run(args);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{args:?}");
        expected::compare(&format!("tool/expected/{name}"), &erp.told(&run.out));
    }
}

#[tokio::test]
async fn nothing_is_missing_once_the_script_was_run() {
    let erp = Erp::new().await;
    let script = erp.run(&["--out", "-"]);
    let back = erp.run(&["--out", "-", "--down"]);
    assert_eq!((script.code, back.code), (0, 0));
    assert_eq!(erp.run(&["--check"]).code, 1);
    erp.sql(&script.out).await;
    for args in [&[][..], &["--check"]] {
        let run = erp.run(args);
        assert_eq!((run.code, run.out.lines().count()), (0, 1), "{run:?}");
        assert!(run.out.starts_with("nothing is missing in "), "{run:?}");
    }
    // Where there is nothing to write, nothing is written.
    let run = erp.run(&["--out", "migrations", "--style", "sqlx"]);
    assert_eq!(run.code, 0);
    assert!(!erp.folder.path("migrations").exists());
    let run = erp.run(&["--out", "-"]);
    assert_eq!((run.code, run.out.as_str()), (0, ""));
    erp.sql(&back.out).await;
    assert_eq!(erp.run(&["--check"]).code, 1);
}

#[tokio::test]
async fn json_holds_the_whole_plan() {
    let erp = Erp::new().await;
    let run = erp.run(&["--format", "json", "--check"]);
    assert_eq!((run.code, run.err.as_str()), (1, ""));
    let found = run.json();
    assert_eq!(found["version"], 1);
    let steps = found["steps"].as_array().unwrap();
    for step in steps {
        for field in ["object", "what", "lock", "work", "closes", "up", "down"] {
            assert!(step[field].is_string(), "{step}");
        }
    }
    let invoice =
        steps.iter().find(|step| step["object"] == "public.invoice" && step["work"] == "scan").unwrap();
    assert!(["SHARE", "ACCESS EXCLUSIVE"].contains(&invoice["lock"].as_str().unwrap()), "{invoice}");
    assert_eq!((&found["problems"], &found["remarks"]), (&serde_json::json!([]), &serde_json::json!([])));
    let script: String = steps.iter().map(|step| format!("{}\n", step["up"].as_str().unwrap())).collect();
    erp.sql(&format!("BEGIN;\n{script}COMMIT;")).await;
    let run = erp.run(&["--format", "json", "--check"]);
    assert_eq!((run.code, &run.json()["steps"]), (0, &serde_json::json!([])));
}

#[tokio::test]
async fn what_has_to_be_settled_is_a_finding() {
    let erp = Erp::new().await;
    let manifest = erp.folder.read("tenantry.toml").replace("via = \"invoice\"", "via = \"currency\"");
    erp.folder.write("tenantry.toml", &manifest);
    erp.sql("CREATE TABLE public.note (id bigint)").await;
    let run = erp.run(&[]);
    assert_eq!((run.code, run.err.as_str()), (1, ""));
    expected::compare("tool/expected/plan_problems.txt", &run.out);
    let run = erp.run(&["--format", "json"]);
    assert_eq!(run.code, 1);
    let found = run.json();
    assert_eq!(
        (found["steps"].as_array().unwrap().len(), found["problems"].as_array().unwrap().len()),
        (0, 2)
    );
    let line = |at: usize| found["problems"][at]["line"].as_u64();
    assert_eq!((line(0), line(1)), (None, Some(9)), "{found}");
    let run = erp.run(&["--out", "migrations", "--style", "sqlx"]);
    assert_eq!(run.code, 1);
    assert!(!erp.folder.path("migrations").exists());
}

#[tokio::test]
async fn each_runner_gets_its_files() {
    let erp = Erp::new().await;
    let is_stamp =
        |text: &str| text.len() == 14 && text.starts_with("20") && text.bytes().all(|b| b.is_ascii_digit());
    for (style, before, names) in [
        (
            "refinery",
            &["V1__init.sql", "V12__more.sql"][..],
            &["V13__tenancy.down.sql", "V13__tenancy.sql"][..],
        ),
        ("flyway", &[], &["U1__tenancy.sql", "V1__tenancy.sql"]),
        ("sqlx", &["20240101000000_init.up.sql"], &["{now}_tenancy.down.sql", "{now}_tenancy.up.sql"]),
        ("dbmate", &[], &["{now}_tenancy.sql"]),
        ("plain", &[], &["tenancy.down.sql", "tenancy.up.sql"]),
    ] {
        std::fs::create_dir(erp.folder.path(style)).unwrap();
        for name in before {
            erp.folder.write(&format!("{style}/{name}"), "");
        }
        let run = erp.run(&["--out", style, "--style", style]);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{style}");
        let found: Vec<String> =
            erp.folder.names(style).into_iter().filter(|name| !before.contains(&name.as_str())).collect();
        let told = |name: &String| match name.split_once('_') {
            Some((stamp, rest)) if is_stamp(stamp) => format!("{{now}}_{rest}"),
            _ => name.clone(),
        };
        assert_eq!(found.iter().map(told).collect::<Vec<_>>(), names, "{style}");
        for name in &found {
            assert!(run.out.contains(&format!("wrote {style}/{name}\n")), "{style}: {run:?}");
        }
    }
    // psql runs what was written for it, forth and back.
    for (file, code) in [("tenancy.up.sql", 0), ("tenancy.down.sql", 1)] {
        erp.sql(&erp.folder.read(&format!("plain/{file}"))).await;
        assert_eq!(erp.run(&["--check"]).code, code, "{file}");
    }
}

#[tokio::test]
async fn files_that_are_there_stay_and_none_is_half_written() {
    let erp = Erp::new().await;
    std::fs::create_dir(erp.folder.path("out")).unwrap();
    erp.folder.write("out/tenancy.down.sql", "mine");
    erp.run(&["--out", "out"])
        .said(2, &["error: out/tenancy.down.sql is there already; nothing was written"]);
    assert_eq!(erp.folder.names("out"), ["tenancy.down.sql"]);
    assert_eq!(erp.folder.read("out/tenancy.down.sql"), "mine");
    // A folder in the way, a file in place of a folder, a file on the way to a folder.
    std::fs::create_dir_all(erp.folder.path("out/other.up.sql")).unwrap();
    erp.run(&["--out", "out", "--name", "other"]).said(2, &["out/other.up.sql is there already"]);
    erp.run(&["--out", "tenantry.toml"])
        .said(2, &["error: folder tenantry.toml cannot be made", "File exists"]);
    erp.run(&["--out", "new/deep/tenantry.toml/../../../tenantry.toml/x"]).said(
        2,
        &["error: folder new/deep/tenantry.toml/../../../tenantry.toml cannot be made", "File exists"],
    );
    erp.run(&["--out", "new", "--name", "../x"]).said(2, &["is not a name for a migration"]);
    erp.run(&["--out", "new", "--down"]).said(2, &["files hold both ways"]);
    assert!(!erp.folder.path("new").exists());
    assert_eq!(erp.folder.names("out"), ["other.up.sql", "tenancy.down.sql"]);
}

#[tokio::test]
async fn a_disk_that_is_full_leaves_nothing_behind() {
    let erp = Erp::new().await;
    let limited = |folder: &str| {
        let mut command = Command::new("sh");
        // No file can have more than 512 or 1,024 bytes here, and to try is an error like any other.
        let line =
            format!("trap '' XFSZ; ulimit -f 1; exec {} plan --out {folder}", env!("CARGO_BIN_EXE_tenantry"));
        command.args(["-c", &line]).current_dir(&erp.folder.0).env("DATABASE_URL", erp.place.database.url());
        Run::of(&command.output().unwrap())
    };
    limited("new").said(2, &["error: new/tenancy.up.sql cannot be written; nothing was written", "cause: "]);
    assert!(!erp.folder.path("new").exists());
    std::fs::create_dir(erp.folder.path("there")).unwrap();
    limited("there/a/b").said(2, &["nothing was written"]);
    limited("there").said(2, &["nothing was written"]);
    assert!(erp.folder.names("there").is_empty());
}

/// A folder is made with those that it is in, and is found through a link; what a link names is not written over.
#[tokio::test]
async fn folders_are_made_and_links_lead_to_them() {
    let erp = Erp::new().await;
    assert_eq!(erp.run(&["--out", "db/migrations/"]).code, 0);
    assert_eq!(erp.folder.names("db/migrations"), ["tenancy.down.sql", "tenancy.up.sql"]);
    let link = |to: &str, from: &str| std::os::unix::fs::symlink(to, erp.folder.path(from)).unwrap();
    link("db", "link");
    assert_eq!(erp.run(&["--out", "link/other"]).code, 0);
    assert_eq!(erp.folder.names("db/other").len(), 2);
    std::fs::create_dir(erp.folder.path("taken")).unwrap();
    erp.folder.write("mine", "mine");
    for to in ["../mine", "../nothing"] {
        link(to, "taken/tenancy.up.sql");
        erp.run(&["--out", "taken"]).said(2, &["taken/tenancy.up.sql is there already; nothing was written"]);
        assert_eq!(erp.folder.names("taken"), ["tenancy.up.sql"]);
        std::fs::remove_file(erp.folder.path("taken/tenancy.up.sql")).unwrap();
    }
    assert_eq!(erp.folder.read("mine"), "mine");
    assert!(!erp.folder.path("nothing").exists());
}

/// psql gets nothing but SQL, whatever there is to say.
#[tokio::test]
async fn a_script_is_sql_alone() {
    let erp = Erp::new().await;
    erp.sql("CREATE TABLE public.note (id bigint)").await;
    for more in [&[][..], &["--down"]] {
        let run = erp.run(&[&["--out", "-"], more].concat());
        assert_eq!((run.code, run.out.as_str()), (1, ""), "{run:?}");
        assert!(run.err.starts_with("1 thing to settle before there is a plan\n"), "{run:?}");
    }
    let run = erp.run(&["--out", "-", "--format", "json"]);
    assert_eq!((run.code, run.json()["problems"].as_array().unwrap().len()), (1, 1));
    erp.sql("DROP TABLE public.note").await;
    erp.sql(&erp.run(&["--out", "-"]).out).await;
    let run = erp.run(&["--out", "-"]);
    assert_eq!((run.code, run.out.as_str()), (0, ""));
    assert!(run.err.starts_with("nothing is missing in "), "{run:?}");
}

/// The library agrees with the tool.
#[tokio::test]
async fn the_script_is_the_plans() {
    let mut erp = Erp::new().await;
    let manifest = tenantry::policy::manifest::Manifest::parse(&erp.folder.read("tenantry.toml")).unwrap();
    let catalog = tenantry::catalog::live::load(&mut erp.client).await.unwrap();
    let plan = tenantry::plan::plan(&manifest, &catalog).unwrap();
    assert_eq!(erp.run(&["--out", "-"]).out, plan.up().unwrap().to_string());
    assert_eq!(erp.run(&["--out", "-", "--down"]).out, plan.down().unwrap().to_string());
    kept::apply(&mut erp.client, &erp.app, &plan).await.unwrap();
}
