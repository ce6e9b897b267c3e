//! The role of backups: pg_dump as it has the rows of all tenants, and it can do nothing but read.

use std::path::Path;
use std::process::Command;

use tenantry::catalog::live;
use tenantry::policy::manifest::Manifest;
use tenantry::testing;
use tenantry::{migrate, plan, rule};

use super::{plan_for, titles};
use crate::policy::{A, Admin, B, admin, unique};
use crate::support::kept;
use crate::tool::Folder;

const MANIFEST: &str = r#"
[tenancy]
type = "uuid"
[roles]
owner = "{owner}"
app = "{app}"
system = "{system}"
backup = "{backup}"
[schemas]
include = ["erp"]
[tables]
"erp.currency" = { class = "shared" }
"erp.vault" = { class = "deny" }
"#;

const SCHEMA: &str = "
CREATE SCHEMA erp;
CREATE TABLE erp.invoice (tenant_id uuid NOT NULL, id bigserial, total numeric NOT NULL, PRIMARY KEY (tenant_id, id));
CREATE TABLE erp.entry (tenant_id uuid NOT NULL, day date NOT NULL, amount numeric) PARTITION BY RANGE (day);
CREATE TABLE erp.entry_old PARTITION OF erp.entry FOR VALUES FROM (MINVALUE) TO ('2026-01-01') PARTITION BY LIST (tenant_id);
CREATE TABLE erp.entry_old_rest PARTITION OF erp.entry_old DEFAULT;
CREATE TABLE erp.entry_rest PARTITION OF erp.entry DEFAULT;
CREATE TABLE erp.currency (code text PRIMARY KEY);
CREATE TABLE erp.vault (secret text);
CREATE SCHEMA other;
CREATE TABLE other.refinery_schema_history (version int PRIMARY KEY, name varchar(255), applied_on varchar(255), checksum varchar(255));
INSERT INTO erp.invoice (tenant_id, total) SELECT t::uuid, n FROM unnest(ARRAY['{A}', '{B}']) t, generate_series(1, 3) n;
INSERT INTO erp.entry SELECT t::uuid, day::date, 1 FROM unnest(ARRAY['{A}', '{B}']) t, unnest(ARRAY['2025-06-01', '2026-06-01']) day;
INSERT INTO erp.currency VALUES ('EUR');
INSERT INTO erp.vault VALUES ('x');
INSERT INTO other.refinery_schema_history VALUES (1, 'first', '', '');
";

/// The rows of every table, and where the sequence is.
const ROWS: &str = "
SELECT string_agg(what, E'\\n' ORDER BY what) FROM (
    SELECT tableoid::regclass || ' ' || erp_invoice::text AS what FROM erp.invoice AS erp_invoice
    UNION ALL SELECT tableoid::regclass || ' ' || entry::text FROM erp.entry
    UNION ALL SELECT currency::text FROM erp.currency
    UNION ALL SELECT vault::text FROM erp.vault
    UNION ALL SELECT refinery_schema_history::text FROM other.refinery_schema_history
    UNION ALL SELECT 'sequence ' || last_value FROM erp.invoice_id_seq
) AS rows";

async fn rows(admin: &Admin) -> String {
    admin.query_one(ROWS, &[]).await.unwrap().get(0)
}

fn run(program: &Path, args: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(args).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(error) }
}

#[tokio::test]
async fn a_dump_has_the_rows_of_all_tenants_and_is_restored_elsewhere() {
    let mut admin = admin().await;
    let names = ["owner", "app", "system", "backup"].map(|role| (role, unique(role)));
    let fill = |text: &str| {
        let text = text.replace("{A}", A).replace("{B}", B);
        names.iter().fold(text, |text, (role, name)| text.replace(&format!("{{{role}}}"), name))
    };
    let backup = &names[3].1;
    let manifest = fill(MANIFEST);
    admin.batch_execute(&fill(SCHEMA)).await.unwrap();
    let of_cluster =
        plan::bootstrap(&Manifest::parse(&manifest).unwrap(), &live::load(&mut admin).await.unwrap())
            .unwrap();
    let step = |what: &str| {
        of_cluster.steps.iter().any(|step| step.object.ends_with(backup.as_str()) && step.what == what)
    };
    assert!(
        step("role is made, without a password") && step("member of pg_read_all_data"),
        "{of_cluster:#?}"
    );
    // Whoever gave it more than it needs is put right.
    migrate::apply(&mut admin, &of_cluster.up().unwrap()).await.unwrap_or_else(|error| panic!("{error:?}"));
    admin.batch_execute(&fill("GRANT INSERT, SELECT ON erp.invoice TO {backup}")).await.unwrap();
    let plan = plan_for(&manifest, &live::load(&mut admin).await.unwrap());
    let what = format!("no INSERT for {backup}");
    assert!(
        plan.steps.iter().any(|step| step.object == "erp.invoice" && step.what == what),
        "{:#?}",
        titles(&plan)
    );
    kept::apply(&mut admin, &names[1].1, &plan).await.unwrap_or_else(|error| panic!("{error:?}"));

    let catalog = live::load(&mut admin).await.unwrap();
    assert_eq!(titles(&plan_for(&manifest, &catalog)), Vec::<String>::new());
    let report = rule::audit(&Manifest::parse(&manifest).unwrap(), &catalog);
    let about: Vec<&str> = report
        .findings
        .iter()
        .map(|found| found.message.as_str())
        .filter(|what| what.contains(backup))
        .collect();
    assert_eq!(about, Vec::<&str>::new());

    let client = admin.login(backup).await;
    for write in [
        "INSERT INTO erp.currency VALUES ('X')",
        "UPDATE erp.invoice SET total = 0",
        "DELETE FROM erp.entry_rest",
        "TRUNCATE erp.entry",
        "SELECT nextval('erp.invoice_id_seq')",
        "CREATE TABLE erp.x (a int)",
    ] {
        let error = client.batch_execute(write).await.unwrap_err();
        assert_eq!(error.code().map(tokio_postgres::error::SqlState::code), Some("42501"), "{write}");
    }

    let (Some(dump), Some(restore)) =
        (testing::program("pg_dump").unwrap(), testing::program("pg_restore").unwrap())
    else {
        eprintln!("no pg_dump is here, so nothing was dumped");
        return;
    };
    let folder = Folder::new();
    let file = folder.path("erp.dump");
    let file = file.to_str().unwrap();
    run(&dump, &["--format=custom", "--file", file, &admin.url_as(backup)]).unwrap();
    let elsewhere = crate::policy::admin().await;
    run(&restore, &["--exit-on-error", "--dbname", &elsewhere.url(), file]).unwrap();
    assert_eq!(rows(&elsewhere).await, rows(&admin).await);
    assert!(rows(&admin).await.lines().count() == 6 + 4 + 4, "{}", rows(&admin).await);

    // Large objects are granted one by one.
    admin.batch_execute("SELECT lo_from_bytea(424242, 'x')").await.unwrap();
    let error = run(&dump, &["--format=custom", "--file", file, &admin.url_as(backup)]).unwrap_err();
    assert!(error.contains("large object"), "{error}");
    run(&dump, &["--format=custom", "--no-blobs", "--file", file, &admin.url_as(backup)]).unwrap();
    admin.batch_execute(&fill("GRANT SELECT ON LARGE OBJECT 424242 TO {backup}")).await.unwrap();
    run(&dump, &["--format=custom", "--file", file, &admin.url_as(backup)]).unwrap();

    // Without BYPASSRLS the same dump fails, and says so.
    admin.batch_execute(&fill("ALTER ROLE {backup} NOBYPASSRLS")).await.unwrap();
    let error = run(&dump, &["--format=custom", "--file", file, &admin.url_as(backup)]).unwrap_err();
    assert!(error.contains("row-level security"), "{error}");
}
