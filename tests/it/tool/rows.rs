//! What `plan` says of rows because of which the server would refuse a step.

use serde_json::Value;
use tokio_postgres::Client;

use super::{Folder, Place, Run, Tool, place};
use crate::policy::unique;
use crate::support::expected;

const SCHEMA: &str = include_str!("erp.sql");

/// A customer without a tenant, and invoices of one tenant for customers of another, or of none.
const ROWS: &str = "
INSERT INTO customer VALUES (1, 1, 'a'), (2, 2, 'b'), (3, NULL, 'c');
INSERT INTO invoice VALUES (1, 1, 1), (2, 1, 2), (3, 2, 1), (4, 2, 2), (5, 2, 3);
";

struct Erp {
    place: Place,
    client: Client,
    folder: Folder,
    app: String,
    owner: String,
}

impl Erp {
    async fn new() -> Self {
        let place = place().await;
        let client = place.database.connect().await.unwrap();
        client.batch_execute(SCHEMA).await.unwrap();
        client.batch_execute(ROWS).await.unwrap();
        let (app, owner) = (unique("app"), unique("owner"));
        let folder = Folder::new();
        let manifest = "[tenancy]\ntype = \"bigint\"\n\n[roles]\napp = \"{app}\"\nowner = \"{owner}\"\n\n[tables]\n\
                        \"public.currency\" = { class = \"shared\" }\n\
                        \"public.invoice_line\" = { class = \"child\", via = \"invoice\" }\n";
        folder.write("tenantry.toml", &manifest.replace("{app}", &app).replace("{owner}", &owner));
        Self { place, client, folder, app, owner }
    }

    fn run(&self, args: &[&str]) -> Run {
        self.run_at(&self.place.database.url(), args)
    }

    fn run_at(&self, url: &str, args: &[&str]) -> Run {
        Tool::at(&self.folder).args(&["plan"]).args(args).env("DATABASE_URL", url).run()
    }

    fn told(&self, text: &str) -> String {
        let Place { host, port, user, database, .. } = &self.place;
        let name = format!("{} as {user} at {host}:{port}", database.name());
        let text = text.replace(&name, "erp as me at localhost:5432");
        text.replace(&self.app, "erp_app").replace(&self.owner, "erp_owner")
    }

    async fn sql(&self, text: &str) {
        self.client.batch_execute(text).await.unwrap();
    }
}

/// Each step that has a query, with what is known of its rows.
fn looked(run: &Run) -> Vec<(String, Option<u64>, Option<String>)> {
    let json: Value = serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {run:#?}"));
    let steps = json["steps"].as_array().unwrap().iter().filter(|step| !step["in_the_way"].is_null());
    let one = |step: &Value| {
        let of = &step["in_the_way"];
        (
            step["object"].as_str().unwrap().to_owned(),
            of["rows"].as_u64(),
            of["unread"].as_str().map(str::to_owned),
        )
    };
    steps.map(one).collect()
}

#[tokio::test]
async fn rows_that_a_step_will_refuse_are_counted_before_it_is_run() {
    let erp = Erp::new().await;
    let run = erp.run(&["--check"]);
    assert_eq!((run.code, run.err.as_str()), (1, ""));
    let end = run.out.split_once("\nRows in the way\n").unwrap().1;
    // The last lines count steps, of which other versions need others.
    let mut told = erp.told(end.rsplit_once("\n\n").unwrap().0);
    let run = erp.run(&[]);
    assert_eq!((run.code, run.err.as_str()), (1, ""));
    for step in run.out.split("      rows: ").skip(1) {
        told += "\n      rows: ";
        told += step.split("      ALTER").next().unwrap().trim_end();
    }
    expected::compare("tool/expected/rows.txt", &(told + "\n"));
    assert_eq!(erp.run(&["--down"]).code, 0);
    let run = erp.run(&["--format", "json"]);
    let counts: Vec<_> = looked(&run).into_iter().map(|(object, rows, _)| (object, rows)).collect();
    assert_eq!(counts, [("public.customer".to_owned(), Some(1)), ("public.invoice".to_owned(), Some(3))]);

    // The server says the same of the script, step by step, and the queries list the rows that have to be mended.
    let script = erp.run(&["--out", "-"]);
    assert_eq!(script.code, 1);
    assert!(script.err.contains("3 rows are in the way"), "{script:#?}");
    assert!(erp.client.batch_execute(&script.out).await.is_err());
    erp.sql("ROLLBACK").await;
    let json: Value = serde_json::from_str(&run.out).unwrap();
    let mut listed = Vec::new();
    for step in json["steps"].as_array().unwrap() {
        if let Some(query) = step["in_the_way"]["query"].as_str() {
            let rows = erp.client.query(query, &[]).await.unwrap();
            listed.push(rows.iter().map(|row| row.get::<_, i64>("id")).collect::<Vec<_>>());
        }
    }
    listed.iter_mut().for_each(|ids| ids.sort_unstable());
    assert_eq!(listed, [vec![3], vec![2, 3, 5]]);
    erp.sql("DELETE FROM invoice WHERE id IN (2, 3, 5); DELETE FROM customer WHERE id = 3").await;
    let script = erp.run(&["--out", "-"]);
    assert_eq!(script.code, 0, "{script:#?}");
    erp.sql(&script.out).await;
    assert_eq!(erp.run(&["--check"]).code, 0);
}

/// A table without a page is not asked, and what is partitioned or has heirs has no page of its own.
#[tokio::test]
async fn rows_that_lie_in_another_table_are_counted_too() {
    let erp = Erp::new().await;
    erp.sql(
        "TRUNCATE customer, invoice, invoice_line;
        CREATE TABLE entry (id bigint, tenant_id bigint) PARTITION BY RANGE (id);
        CREATE TABLE entry_1 PARTITION OF entry FOR VALUES FROM (0) TO (10);
        INSERT INTO entry VALUES (1, NULL), (2, 2);
        CREATE TABLE note (id bigint PRIMARY KEY, tenant_id bigint);
        CREATE TABLE old_note (PRIMARY KEY (id)) INHERITS (note);
        INSERT INTO old_note VALUES (1, NULL), (2, NULL), (3, 3);
        CREATE TABLE \"empty\" (id bigint PRIMARY KEY, tenant_id bigint);",
    )
    .await;
    let counts: Vec<_> = looked(&erp.run(&["--format", "json"]))
        .into_iter()
        .map(|(object, rows, _)| (object, rows.expect("it is counted")))
        .collect();
    let counted = |object: &str| counts.iter().find(|(of, _)| of == object).map(|(_, rows)| *rows);
    assert_eq!(counted("public.entry"), Some(1), "{counts:?}");
    assert_eq!(counted("public.note"), Some(2), "{counts:?}");
    for object in ["public.customer", "public.invoice", "public.empty"] {
        assert_eq!(counted(object), Some(0), "{counts:?}");
    }
}

/// What was not looked at is said, and never taken for clean.
#[tokio::test]
async fn rows_that_were_not_looked_at_are_told() {
    let erp = Erp::new().await;
    let all = |why: &str| {
        let one = |object: &str| (object.to_owned(), None, Some(why.to_owned()));
        vec![one("public.customer"), one("public.invoice")]
    };
    let json = |args: &[&str]| looked(&erp.run(&[args, &["--format", "json"]].concat()));
    assert_eq!(json(&["--data-timeout", "0s"]), all("it takes longer than is allowed"));
    let run = erp.run(&["--data-timeout", "0s"]);
    assert_eq!(run.code, 0);
    assert!(run.out.contains("not looked at, since it takes longer than is allowed"), "{run:#?}");

    // A role that policies bind would count its own rows, of which there are none.
    let (owner, app) = (&erp.owner, &erp.app);
    erp.sql(&format!(
        "CREATE ROLE {owner}; CREATE ROLE {app}; CREATE ROLE {owner}_login LOGIN PASSWORD 'x' IN ROLE {owner};
        ALTER TABLE customer OWNER TO {owner}; ALTER TABLE invoice OWNER TO {owner};
        ALTER TABLE customer ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
    ))
    .await;
    let login = erp.place.database.url_as(&format!("{owner}_login"), "x");
    let run = erp.run_at(&login, &["--format", "json"]);
    assert_eq!(looked(&run), all("this role does not see all rows"), "{run:#?}");
    let run = erp.run_at(&login, &["--check"]);
    assert!(run.out.contains("Rows not looked at") && !run.out.contains("Rows in the way"), "{run:#?}");

    erp.sql("BEGIN; LOCK TABLE invoice IN ACCESS EXCLUSIVE MODE").await;
    let found = json(&[]);
    erp.sql("ROLLBACK").await;
    assert_eq!(found[0].1, Some(1));
    assert_eq!(found[1].2.as_deref(), Some("the table is locked"));
}
