//! What `init` proposes and writes.

use tenantry::policy::manifest::Manifest;
use tokio_postgres::Client;

use super::{Folder, Place, Run, Tool, place};
use crate::policy::unique;
use crate::support::expected;

/// A small ERP whose services log in as a role of their own.
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
        // Longer than the names of all roles of other tests, so that these do not say how wide a column is.
        let app = format!("{:_<30}", unique("app"));
        let schema = include_str!("erp.sql");
        let grants = format!(
            "CREATE ROLE {app} LOGIN PASSWORD 'x'; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {app};"
        );
        client.batch_execute(&format!("{schema}{grants}")).await.unwrap();
        Self { place, client, folder: Folder::new(), app }
    }

    fn tool(&self, command: &str, args: &[&str]) -> Tool {
        Tool::at(&self.folder).args(&[command]).args(args).env("DATABASE_URL", self.place.database.url())
    }

    fn init(&self, args: &[&str]) -> Run {
        // The roles of other tests are there too.
        self.tool("init", &["--app", &self.app]).args(args).run()
    }

    fn told(&self, text: &str) -> String {
        let Place { host, port, user, database, .. } = &self.place;
        let name = format!("{} as {user} at {host}:{port}", database.name());
        let app = format!("{:<width$}", "erp_app", width = self.app.len());
        let text = text.replace(&name, "erp as me at localhost:5432").replace(&self.app, &app);
        let text = text.replace(&format!(" to {user},"), " to me,");
        // Which roles the cluster has otherwise depends on what else is tested.
        let mut of_system = false;
        let line = |line: &str| {
            of_system = line.starts_with("  system ") || (of_system && line.starts_with("   "));
            match (of_system, line.starts_with("  system ")) {
                (true, true) => Some("  system …".to_owned()),
                (true, false) => None,
                (false, _) => Some(line.to_owned()),
            }
        };
        text.lines().filter_map(line).collect::<Vec<_>>().join("\n") + "\n"
    }

    /// What the proposal says of a table.
    fn proposed(&self, url: &str, table: &str) -> serde_json::Value {
        let args = ["init", "--app", &self.app, "--out", "-", "--format", "json"];
        let run = Tool::at(&self.folder).args(&args).env("DATABASE_URL", url).run();
        assert_eq!(run.err, "");
        let relations = run.json()["relations"].as_array().unwrap().clone();
        relations.into_iter().find(|relation| relation["name"] == table).unwrap()
    }
}

/// From a schema that knows nothing of tenants, what is printed leads to a database that lacks nothing, command by command.
#[tokio::test]
async fn a_schema_that_never_knew_tenants_is_led_to_them() {
    let place = place().await;
    let client = place.database.connect().await.unwrap();
    let app = unique("app");
    let schema = "CREATE TABLE company (id bigint PRIMARY KEY); INSERT INTO company VALUES (7);
        CREATE TABLE users (id bigint PRIMARY KEY, email text);
        CREATE TABLE customer (id bigint PRIMARY KEY, created_by bigint NOT NULL REFERENCES users);
        CREATE TABLE invoice (id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customer, created_by bigint REFERENCES users);
        CREATE VIEW due AS SELECT * FROM invoice;
        INSERT INTO users VALUES (1, 'a'); INSERT INTO customer VALUES (1, 1); INSERT INTO invoice VALUES (1, 1, 1);";
    client.batch_execute(&format!("{schema}CREATE ROLE {app} LOGIN PASSWORD 'x';")).await.unwrap();
    let folder = Folder::new();
    let url = place.database.url();
    let run = |args: &[&str]| Tool::at(&folder).args(args).env("DATABASE_URL", &url).run();
    let found = run(&["init", "--column", "company_id", "--app", &app, "--format", "json"]);
    assert_eq!((found.code, found.err.as_str()), (1, ""), "{found:#?}");
    let found = found.json();
    let view = found["relations"].as_array().unwrap().iter().find(|of| of["name"] == "public.due").unwrap();
    assert_eq!(view["class"], "view", "{view}");
    let people = run(&["init", "--column", "company_id", "--app", &app, "--out", "-"]);
    let manifest = folder.read("tenantry.toml").replace("\"undecided\"", "\"tenant\"");
    folder.write("tenantry.toml", &manifest);
    let commands: Vec<&str> =
        found["adopt"].as_array().unwrap().iter().map(|of| of.as_str().unwrap()).collect();
    assert_eq!(commands.len(), 2, "{commands:?}");
    for command in commands {
        assert!(people.err.contains(&format!("    {command}\n")), "{command} in {people:#?}");
        // A tenant that is none would be given to every row.
        if command.contains(" ID") {
            for more in [&[][..], &["--dry-run"]] {
                let wrong = command.replace(" ID", " 99");
                let wrong = run(&[&wrong.split(' ').skip(1).collect::<Vec<_>>()[..], more].concat());
                assert_eq!(wrong.code, 1, "{wrong:#?}");
                assert!(
                    // Where a script is asked for, it is not among the SQL.
                    (wrong.unwrapped() + &wrong.err)
                        .contains("there is no tenant 99 in public.company; give one"),
                    "{wrong:#?}"
                );
            }
        }
        let command = command.replace(" ID", " 7");
        let adopted = run(&command.split(' ').skip(1).collect::<Vec<_>>());
        assert_eq!(adopted.code, 0, "{command}: {adopted:#?}");
    }
    let script = run(&["plan", "--out", "-"]);
    assert_eq!((script.code, script.err.as_str()), (0, ""));
    client.batch_execute(&script.out).await.unwrap();
    assert_eq!(run(&["plan", "--check"]).code, 0);
    let (tenants, others): (i64, i64) = {
        let sql = "SELECT count(*) FILTER (WHERE company_id = 7), count(*) FILTER (WHERE company_id <> 7) FROM invoice";
        let row = client.query_one(sql, &[]).await.unwrap();
        (row.get(0), row.get(1))
    };
    assert_eq!((tenants, others), (1, 0));
}

/// Whoever may not make roles is told the SQL that does, and is not sent to a command that has it only later.
#[tokio::test]
async fn a_service_that_adopts_is_told_what_to_run_first() {
    let place = place().await;
    let client = place.database.connect().await.unwrap();
    let (app, owner, login) = (unique("app"), unique("owner"), unique("login"));
    let schema = format!(
        "CREATE ROLE {login} LOGIN PASSWORD 'x'; CREATE TABLE company (id bigint PRIMARY KEY); INSERT INTO company VALUES (7);
         CREATE TABLE customer (id bigint PRIMARY KEY); ALTER TABLE customer OWNER TO {login}; ALTER TABLE company OWNER TO {login};"
    );
    client.batch_execute(&schema).await.unwrap();
    let folder = Folder::new();
    let manifest = format!(
        "[tenancy]\ntype = \"bigint\"\n[roles]\napp = \"{app}\"\nowner = \"{owner}\"\n[tenants]\ntable = \"public.company\"\n\
         column = \"id\"\n[tables]\n\"public.customer\" = {{ class = \"tenant\" }}\n\"public.company\" = {{ class = \"tenant\", column = \"id\" }}\n"
    );
    folder.write("tenantry.toml", &manifest);
    let url = place.database.url_as(&login, "x");
    let args = ["adopt", "customer", "--tenant", "7", "--format", "json"];
    let run = Tool::at(&folder).args(&args).env("DATABASE_URL", &url).run();
    assert_eq!(run.code, 1, "{run:#?}");
    let json = run.json();
    let problems = json["problems"].as_array().unwrap();
    let what = problems
        .iter()
        .map(|of| of["what"].as_str().unwrap())
        .find(|what| what.contains("may not make roles"));
    let what = what.unwrap_or_else(|| panic!("{json}"));
    let (_, sql) = what.split_once("have a superuser run: ").unwrap();
    client.batch_execute(sql).await.unwrap();
    let run = Tool::at(&folder).args(&args).env("DATABASE_URL", &url).run();
    assert!(!run.out.contains("may not make roles"), "{run:#?}");
}

#[tokio::test]
async fn a_proposal_is_read_by_people_and_settled_by_them() {
    let erp = Erp::new().await;
    let run = erp.init(&[]);
    assert_eq!((run.code, run.err.as_str()), (1, ""));
    expected::compare("tool/expected/init.txt", &erp.told(&run.out));
    // As long as something is undecided there is no plan, and the answer says where it is.
    let written = erp.folder.read("tenantry.toml");
    let line = 1 + written.lines().position(|line| line.contains("\"undecided\" }")).unwrap();
    let run = erp.tool("plan", &[]).run();
    assert_eq!(run.code, 1);
    assert!(
        run.out.contains(&format!("tenantry.toml:{line}  public.currency is undecided; choose its class")),
        "{run:?}"
    );
    let settled = written.replace("class = \"undecided\"", "class = \"shared\"");
    erp.folder.write("tenantry.toml", &settled);
    Manifest::parse(&settled).unwrap();
    assert_eq!(erp.tool("plan", &["--check"]).run().code, 1);
    let script = erp.tool("plan", &["--out", "-"]).run().out;
    erp.client.batch_execute(&script).await.unwrap();
    assert_eq!(erp.tool("plan", &["--check"]).run().code, 0);
}

#[tokio::test]
async fn what_leaves_nothing_to_settle_ends_clean() {
    let erp = Erp::new().await;
    erp.client.batch_execute("DROP TABLE currency").await.unwrap();
    let run = erp.init(&[]);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{run:?}");
    assert!(
        run.out.ends_with("wrote tenantry.toml; next: tenantry plan shows the SQL that is missing\n"),
        "{run:?}"
    );
    assert_eq!(erp.tool("plan", &[]).run().code, 0);
}

#[tokio::test]
async fn a_manifest_that_is_there_is_replaced_only_when_asked() {
    let erp = Erp::new().await;
    erp.folder.write("tenantry.toml", "mine");
    erp.init(&[]).said(2, &["error: tenantry.toml is there already; nothing was written", "--force"]);
    assert_eq!(erp.folder.read("tenantry.toml"), "mine");
    // And no other is named by --config, whichever command it stands before.
    let run = erp.init(&["--config", "other.toml"]);
    assert_eq!(run.code, 1);
    assert_eq!(erp.folder.read("tenantry.toml"), "mine");
    assert_eq!(erp.init(&["--force"]).code, 1);
    assert_eq!(erp.folder.read("tenantry.toml"), erp.folder.read("other.toml"));
    assert_eq!(erp.folder.names("."), ["other.toml", "tenantry.toml"]);
}

#[tokio::test]
async fn a_manifest_is_printed_without_anything_else() {
    let erp = Erp::new().await;
    let run = erp.init(&["--out", "-"]);
    assert_eq!(run.code, 1);
    assert!(erp.folder.names(".").is_empty());
    assert!(run.err.contains("printed the manifest; settle 1 thing in it"), "{run:?}");
    erp.init(&[]);
    assert_eq!(run.out, erp.folder.read("tenantry.toml"));
}

#[tokio::test]
async fn json_tells_the_same() {
    let erp = Erp::new().await;
    let run = erp.init(&["--format", "json"]);
    assert_eq!((run.code, run.err.as_str()), (1, ""));
    let found = run.json();
    assert_eq!((&found["version"], &found["settled"]), (&1.into(), &false.into()));
    assert_eq!((&found["file"], &found["column"]["name"]), (&"tenantry.toml".into(), &"tenant_id".into()));
    assert_eq!(found["roles"]["app"]["name"], erp.app.as_str());
    assert_eq!(found["manifest"], erp.folder.read("tenantry.toml"));
    let relations = found["relations"].as_array().unwrap();
    let class = |name: &str| relations.iter().find(|relation| relation["name"] == name).unwrap();
    assert_eq!(class("public.invoice_line")["entry"]["via"], "invoice");
    let currency = class("public.currency");
    assert_eq!(currency["class"], "undecided");
    assert!(currency["answers"].as_array().unwrap().len() > 1, "{currency}");
}

#[tokio::test]
async fn rows_without_a_tenant_are_seen_and_none_is_taken_to_be_absent_that_cannot_be_seen() {
    let erp = Erp::new().await;
    let url = erp.place.database.url();
    let reader = unique("reader");
    let roles = format!("CREATE ROLE {reader} LOGIN PASSWORD 'x'; GRANT SELECT ON customer TO {reader};");
    erp.client.batch_execute(&roles).await.unwrap();
    let as_reader = erp.place.database.url_as(&reader, "x");
    assert_eq!(erp.proposed(&url, "public.customer")["class"], "tenant");
    assert_eq!(erp.proposed(&as_reader, "public.customer")["class"], "tenant");
    erp.client.batch_execute("INSERT INTO customer VALUES (1, NULL, 'one')").await.unwrap();
    assert_eq!(erp.proposed(&url, "public.customer")["class"], "undecided");
    assert_eq!(erp.proposed(&as_reader, "public.customer")["class"], "undecided");
    erp.client.batch_execute("DELETE FROM customer").await.unwrap();
    // A policy would hide such a row, or a grant is missing, or somebody holds a lock: nobody knows then.
    for (sql, back) in [
        ("ALTER TABLE customer ENABLE ROW LEVEL SECURITY", "ALTER TABLE customer DISABLE ROW LEVEL SECURITY"),
        (
            &*format!("REVOKE SELECT ON customer FROM {reader}"),
            &*format!("GRANT SELECT ON customer TO {reader}"),
        ),
        ("BEGIN; LOCK TABLE customer", "COMMIT"),
    ] {
        erp.client.batch_execute(sql).await.unwrap();
        assert_eq!(erp.proposed(&as_reader, "public.customer")["class"], "undecided", "{sql}");
        erp.client.batch_execute(back).await.unwrap();
        assert_eq!(erp.proposed(&as_reader, "public.customer")["class"], "tenant", "{back}");
    }
}

#[tokio::test]
async fn what_cannot_be_written_is_not_there() {
    let erp = Erp::new().await;
    std::fs::create_dir(erp.folder.path("folder")).unwrap();
    erp.init(&["--out", "folder", "--force"]).said(2, &["error: folder is not a file; nothing was written"]);
    erp.init(&["--out", "nowhere/tenantry.toml"])
        .said(2, &["error: nowhere/tenantry.toml cannot be written", "No such file"]);
    erp.init(&["--schema", ""]).said(2, &["error: a name is empty"]);
    erp.init(&["--setting", "tenant"]).said(2, &["error: "]);
    assert_eq!(erp.folder.names("."), ["folder"]);
}

#[tokio::test]
async fn a_schema_that_is_not_there_is_a_thing_to_settle() {
    let erp = Erp::new().await;
    let run = erp.init(&["--schema", "pubic"]);
    assert_eq!((run.code, run.err.as_str()), (1, ""));
    assert!(run.out.contains("schema pubic is not in the database"), "{run:?}");
}
