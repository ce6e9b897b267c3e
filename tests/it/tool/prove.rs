//! What `prove` shows, writes, and ends with.

mod ends;

use serde_json::Value;
use tokio_postgres::Client;

use super::{Folder, Place, Run, Tool, place};
use crate::policy::unique;
use crate::support::version;

/// A small ERP that a plan has secured.
struct Erp {
    place: Place,
    client: Client,
    folder: Folder,
    app: String,
}

const MANIFEST: &str = "[tenancy]\ntype = \"bigint\"\n\n[roles]\napp = \"{app}\"\n\n[tables]\n\
                        \"public.currency\" = { class = \"shared\" }\n\
                        \"public.history\" = { class = \"exempt\", reason = \"the ledger of migrations\" }\n\
                        \"public.invoice_line\" = { class = \"child\", via = \"invoice\" }\n";

impl Erp {
    async fn new() -> Self {
        Self::on(place().await).await
    }

    async fn on(place: Place) -> Self {
        let client = place.database.connect().await.unwrap();
        let app = unique("app");
        let folder = Folder::new();
        folder.write("tenantry.toml", &MANIFEST.replace("{app}", &app));
        let erp = Self { place, client, folder, app };
        erp.sql(include_str!("erp.sql")).await;
        // The privilege is one that nobody has in a new database since PostgreSQL 15.
        erp.sql("CREATE TABLE history (version bigint); REVOKE CREATE ON SCHEMA public FROM PUBLIC").await;
        let plan =
            Tool::at(&erp.folder).args(&["plan", "--out", "-"]).env("DATABASE_URL", erp.place.database.url());
        let plan = plan.run();
        assert_eq!(plan.code, 0, "{plan:#?}");
        erp.sql(&plan.out).await;
        erp.sql(&format!("ALTER ROLE {} LOGIN PASSWORD 'x'", erp.app)).await;
        erp
    }

    async fn sql(&self, text: &str) {
        self.client.batch_execute(text).await.unwrap_or_else(|error| panic!("{text}: {error:?}"));
    }

    /// As the app role alone.
    fn alone(&self, args: &[&str]) -> Run {
        let url = self.place.database.url_as(&self.app, "x");
        Tool::at(&self.folder).args(&["prove"]).args(args).env("DATABASE_URL", url).run()
    }

    /// With a superuser who makes the rows.
    fn run(&self, args: &[&str]) -> Run {
        let url = self.place.database.url_as(&self.app, "x");
        let tool = Tool::at(&self.folder).args(&["prove"]).args(args).env("DATABASE_URL", url);
        let tool = tool.env("TENANTRY_SEED_URL", self.place.database.url());
        // Where programs of the server's version are.
        match std::env::var("TENANTRY_PG_BIN") {
            Ok(folder) => tool.env("TENANTRY_PG_BIN", folder).run(),
            Err(_) => tool.run(),
        }
    }

    fn json(&self, args: &[&str]) -> Value {
        self.run(&[args, &["--format", "json"]].concat()).json()
    }
}

/// What a line of the page begins with that shows a leak.
const LEAKED_ROW: &str = "✗ leaked</span></td><td>select</td>";

const FILES: [&str; 4] = ["--html", "proof.html", "--junit", "proof.xml"];

#[tokio::test]
async fn where_all_is_held_it_is_said_shown_and_written() {
    let erp = Erp::new().await;
    erp.folder.write("proof.html", "of last week");
    let run = erp.run(&FILES);
    assert_eq!((run.code, run.err.as_str()), (0, "wrote proof.html\nwrote proof.xml\n"), "{run:#?}");
    for part in [
        &format!("Proof of isolation in {} on PostgreSQL ", erp.place.database.name()),
        &format!("app role {}", erp.app),
        "rows made by postgres",
        "own other none",
        "public.invoice_line",
        "Nothing is promised of public.history the ledger of migrations",
        "promises held",
    ] {
        assert!(run.unwrapped().contains(part), "{part:?} in {run:#?}");
    }
    assert!(!run.out.contains("leaked") && !run.out.contains("unproved"), "{run:#?}");
    let (page, xml) = (erp.folder.read("proof.html"), erp.folder.read("proof.xml"));
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"), "{page}");
    assert!(page.contains("✓ all ") && !page.contains(LEAKED_ROW), "{page}");
    assert!(xml.contains("failures=\"0\" errors=\"0\" skipped=\"0\"") && !xml.contains("<failure"), "{xml}");
    let json = erp.json(&[]);
    assert_eq!((&json["version"], &json["passes"]), (&1.into(), &true.into()));
    assert_eq!(json["summary"]["attempts"], json["summary"]["held"]);
    assert_eq!(json["database"], erp.place.database.name());
    let digest = json["manifest"]["sha256"].as_str().unwrap();
    assert!(digest.len() == 64 && page.contains(digest), "{digest}");
}

#[tokio::test]
async fn a_leak_is_red_in_every_form() {
    let erp = Erp::new().await;
    erp.sql("ALTER TABLE invoice DISABLE ROW LEVEL SECURITY").await;
    let run = erp.run(&FILES);
    assert_eq!(run.code, 1, "{run:#?}");
    for part in [
        "promises broken (",
        "leaked the app role reached what the manifest keeps from it",
        "on a row of another tenant: select, ",
        "such as select on a row of another tenant: SELECT ",
    ] {
        assert!(run.unwrapped().contains(part), "{part:?} in {run:#?}");
    }
    let widest =
        run.out.lines().filter(|line| !line.starts_with(&" ".repeat(16))).map(|line| line.chars().count());
    assert!(widest.max() <= Some(100), "{run:#?}");
    let (page, xml) = (erp.folder.read("proof.html"), erp.folder.read("proof.xml"));
    assert!(page.contains("<p class=\"verdict leaked\">✗ ") && page.contains(LEAKED_ROW), "{page}");
    let case = "<testcase classname=\"public.invoice\" name=\"select, other\"><failure message=\"leaked: ";
    assert!(xml.contains(case), "{xml}");
    let json = erp.json(&["--table", "public.invoice"]);
    let subjects = json["subjects"].as_array().unwrap();
    let names: Vec<&str> = subjects.iter().map(|subject| subject["name"].as_str().unwrap()).collect();
    assert_eq!(names, [&*format!("a session of {}", erp.app), "public.invoice"]);
    let cells = subjects[1]["cells"].as_array().unwrap();
    let leak = cells.iter().find(|cell| cell["attempt"] == "select" && cell["aim"] == "other").unwrap();
    assert_eq!(leak["verdict"], "leaked", "{leak}");
    assert!(leak["sql"].as_str().unwrap().contains("SELECT") && leak["answer"].is_string(), "{leak}");
    assert!(json["summary"]["leaked"].as_u64() > Some(9), "{json}");
}

#[tokio::test]
async fn what_is_unproved_does_not_pass_unless_it_is_let() {
    let erp = Erp::new().await;
    let trigger = "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'not today'; END$$;
                   CREATE TRIGGER refuse BEFORE INSERT ON invoice_line FOR EACH ROW EXECUTE FUNCTION public.refuse()";
    erp.sql(trigger).await;
    let run = erp.run(&FILES);
    assert_eq!(run.code, 1, "{run:#?}");
    assert!(
        run.out.contains("not today") && run.unwrapped().contains("unproved: the attempt showed nothing"),
        "{run:#?}"
    );
    let xml = erp.folder.read("proof.xml");
    assert!(xml.contains("<error message=\"unproved: ") && !xml.contains("<skipped"), "{xml}");
    let allowed = erp.run(&[&FILES[..], &["--allow-unproved"]].concat());
    assert_eq!(allowed.code, 0, "{allowed:#?}");
    assert!(allowed.unwrapped().contains("unproved, which --allow-unproved lets pass"), "{allowed:#?}");
    assert!(erp.folder.read("proof.xml").contains("<skipped message=\"unproved: "));
    // What is broken does not pass by it.
    erp.sql("ALTER TABLE invoice DISABLE ROW LEVEL SECURITY").await;
    assert_eq!(erp.run(&["--allow-unproved"]).code, 1);
}

#[tokio::test]
async fn an_app_role_that_cannot_log_in_is_the_first_red_line() {
    let erp = Erp::new().await;
    erp.sql(&format!("ALTER ROLE {} NOLOGIN", erp.app)).await;
    for (run, tried) in [(erp.run(&[]), true), (erp.alone(&[]), false)] {
        assert_eq!((run.code, run.err.as_str()), (1, ""), "{run:#?}");
        let text = run.unwrapped();
        assert!(text.contains("denied answer: no connection to "), "{run:#?}");
        assert!(text.contains("is not permitted to log in"), "{run:#?}");
        assert_eq!(text.contains("public.invoice"), tried, "{run:#?}");
    }
    let json = erp.json(&[]);
    let first = &json["subjects"][0]["cells"][0];
    assert_eq!((&first["attempt"], &first["verdict"]), (&"log in".into(), &"denied".into()), "{first}");
}

#[tokio::test]
async fn an_app_role_that_the_guard_refuses_is_red() {
    let erp = Erp::new().await;
    erp.sql(&format!("ALTER ROLE {} SUPERUSER", erp.app)).await;
    let json = erp.json(&["--table", "public.customer"]);
    let cells = json["subjects"][0]["cells"].as_array().unwrap();
    let guard = cells.iter().find(|cell| cell["attempt"] == "open a pool").unwrap();
    assert_eq!(guard["verdict"], "denied", "{guard}");
    assert!(guard["answer"].as_str().unwrap().contains("superuser"), "{guard}");
    let run = erp.run(&["--table", "public.customer"]);
    assert_eq!(run.code, 1, "{run:#?}");
    assert!(run.unwrapped().contains("open a pool"), "{run:#?}");
}

#[tokio::test]
async fn what_is_asked_for_has_to_be_there() {
    let erp = Erp::new().await;
    for (args, parts) in [
        (
            &["--table", "public.invoces"][..],
            &["error: --table public.invoces is not in the database", "help: did you mean public.invoice?"][..],
        ),
        (&["--table", "invoice"], &["--table invoice is no name of a table", "as public.invoice"]),
        (&["--table", "pg_catalog.pg_class"], &["--table pg_catalog.pg_class "]),
        (&["--html", "same", "--junit", "same"], &["--html and --junit name the same file"]),
        (&["--lock-timeout", "0s"], &["expected at least 1ms"]),
        (
            &["--html", "nowhere/proof.html", "--table", "public.customer"],
            &["nowhere/proof.html cannot be written"],
        ),
    ] {
        erp.run(args).said(2, parts);
    }
    let url = erp.place.database.url();
    let run = Tool::at(&erp.folder).args(&["prove", "--database-url", &url]).run();
    run.said(
        2,
        &[
            "the login is role \"postgres\", and the app role of the manifest is ",
            "--seed-url names a superuser",
        ],
    );
}

#[tokio::test]
async fn without_a_server_there_is_no_proof() {
    let erp = Erp::new().await;
    let nowhere = "postgresql://erp:hush@localhost:1/erp";
    let run = erp.alone(&["--database-url", nowhere]);
    run.said(3, &["error: no connection to localhost:1"]);
    let run = erp.alone(&["--seed-url", nowhere]);
    run.said(3, &["error: no connection to localhost:1"]);
    assert!(!run.err.contains("hush") && run.out.is_empty(), "{run:#?}");
    for url in ["nonsense", "mysql://hush@h/x", "postgresql://postgres@localhost/x?sslmode=hush"] {
        for args in [&["--seed-url", url][..], &["--mutate", "--seed-url", url]] {
            let run = erp.alone(args);
            run.said(2, &["--seed-url "]);
            assert!(!run.err.contains("database URL") && !run.err.contains("hush"), "{run:#?}");
        }
    }
    let url = erp.place.database.url_as(&erp.app, "x");
    let by_variable = Tool::at(&erp.folder).args(&["prove", "--database-url", &url]);
    by_variable.env("TENANTRY_SEED_URL", "nonsense").run().said(2, &["TENANTRY_SEED_URL does not read"]);
}

#[tokio::test]
async fn a_manifest_that_settles_less_than_everything_proves_nothing() {
    let erp = Erp::new().await;
    erp.sql("CREATE TABLE unsettled (id bigint)").await;
    let run = erp.run(&FILES);
    assert_eq!((run.code, run.err.as_str()), (1, ""), "{run:#?}");
    assert!(
        run.out.contains("1 thing to settle before there is a proof") && run.out.contains("public.unsettled")
    );
    assert!(!erp.folder.path("proof.html").exists());
    assert_eq!(erp.json(&[])["problems"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn plans_are_looked_at_when_asked() {
    let erp = Erp::new().await;
    let run = erp.run(&["--plans"]);
    assert_eq!(run.code, 0, "{run:#?}");
    assert!(run.out.contains("looked at: rows are found by the tenant, which is asked for once"), "{run:#?}");
    // The policies do not mind, and each reader of the table does.
    let indexes = "SELECT string_agg(format('DROP INDEX %s', indexrelid::regclass), ';') FROM pg_index
        WHERE indrelid = 'invoice'::regclass AND NOT indisunique";
    let drop: String = erp.client.query_one(indexes, &[]).await.unwrap().get(0);
    erp.sql(&drop).await;
    let run = erp.run(&["--plans", "--table", "public.invoice"]);
    assert_eq!(run.code, 1, "{run:#?}");
    assert!(run.out.contains("rows are not found by tenant_id: no index begins with it"), "{run:#?}");
    let json = erp.json(&["--plans", "--table", "public.invoice"]);
    assert!(
        json["plans"].as_array().unwrap().iter().any(|plan| plan["remarks"] != serde_json::json!([])),
        "{json}"
    );
}

/// Whether the `pg_dump` that is there refuses the server, being older than it.
async fn dump_is_too_old(erp: &Erp) -> bool {
    let dump = tenantry::testing::program("pg_dump").unwrap().unwrap();
    let said = std::process::Command::new(dump).arg("--version").output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    let major: u32 = said.split_whitespace().nth(2).unwrap().split('.').next().unwrap().parse().unwrap();
    major * 10_000 + 9_999 < version::of(&erp.client).await
}

#[tokio::test]
async fn a_copy_is_weakened_and_goes_again() {
    let erp = Erp::new().await;
    let copies = "SELECT count(*) FROM pg_database WHERE datname LIKE 'tenantry\\_scratch\\_%'";
    let run = erp.run(&["--mutate"]);
    if dump_is_too_old(&erp).await {
        assert!(run.code == 3 && run.err.contains("pg_dump does not copy the schema"), "{run:#?}");
        assert_eq!(erp.client.query_one(copies, &[]).await.unwrap().get::<_, i64>(0), 0);
        return;
    }
    assert_eq!(run.code, 0, "{run:#?}");
    let last = run.out.lines().last().unwrap();
    let (noticed, made) =
        last.strip_prefix("the proof noticed ").and_then(|rest| rest.split_once(" of ")).unwrap();
    assert!(
        made.starts_with(&format!("{noticed} mutation")) && noticed.parse::<u32>().unwrap() > 50,
        "{run:#?}"
    );
    assert_eq!(erp.client.query_one(copies, &[]).await.unwrap().get::<_, i64>(0), 0);
    // Somebody else opens the table: the floor keeps its rows, and what is weakened beside that policy changes nothing more.
    erp.sql("CREATE POLICY open ON invoice USING (true)").await;
    let run = erp.run(&["--mutate"]);
    assert_eq!(run.code, 1, "{run:#?}");
    assert!(run.out.contains("not noticed") && run.out.contains("drop policy: open"), "{run:#?}");
    let json = erp.json(&["--mutate"]);
    let by = json["mutations"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|of| of["by"] == "a tenant from nowhere, session");
    assert_eq!(by.count(), 2, "{json}");
    assert!(json["made"].as_u64() > json["noticed"].as_u64(), "{json}");
    assert!(json["mutations"].as_array().unwrap().iter().any(|of| of["fate"] == "survived"), "{json}");
}

#[tokio::test]
async fn a_copy_takes_a_superuser() {
    let erp = Erp::new().await;
    let run = erp.alone(&["--mutate"]);
    assert_eq!(run.code, 2, "{run:#?}");
    assert!(run.err.contains("--mutate needs a superuser"), "{run:#?}");
}
