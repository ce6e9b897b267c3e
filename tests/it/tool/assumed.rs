//! What `lint` assumes where nobody says it: who runs the files, and which column is the tenant's.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Folder, Run, Tool, place};
use crate::policy::unique;

/// What reads with its owner's rights: a view, a function, a trigger's function, a rule.
const OBJECTS: &str = "\
CREATE TABLE invoice (id bigint, tenant_id uuid NOT NULL, total numeric NOT NULL, PRIMARY KEY (tenant_id, id));
CREATE TABLE trail (tenant_id uuid NOT NULL, at timestamptz NOT NULL, PRIMARY KEY (tenant_id, at));
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE trail ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON invoice USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));
CREATE POLICY own ON trail USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));
CREATE VIEW totals AS SELECT tenant_id, sum(total) AS total FROM invoice GROUP BY tenant_id;
CREATE FUNCTION invoices() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS 'SELECT count(*) FROM invoice';
CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS
    'BEGIN DELETE FROM trail WHERE at < now(); RETURN NULL; END';
CREATE TRIGGER forget AFTER INSERT ON invoice FOR EACH ROW EXECUTE FUNCTION forget();
CREATE RULE noted AS ON DELETE TO invoice DO ALSO DELETE FROM trail;
GRANT SELECT ON totals TO {app};
GRANT SELECT, INSERT, UPDATE, DELETE ON invoice, trail TO {app};
";

fn manifest(app: &str, owner: &str, migrations: &str) -> String {
    format!("[tenancy]\ntype = \"uuid\"\n[roles]\napp = \"{app}\"\nowner = \"{owner}\"\n{migrations}")
}

fn lint(folder: &Folder, args: &[&str]) -> Run {
    let tool = Tool::at(folder).args(&["lint"]).args(args);
    tool.env("DATABASE_URL", "postgresql://nowhere.invalid/erp").run()
}

/// Every finding, as its rule, its severity and its object.
fn findings(run: &Run) -> BTreeSet<String> {
    assert!(run.code <= 1 && run.err.is_empty(), "{run:?}");
    let json = run.json();
    let text = |finding: &Value, field: &str| finding[field].as_str().unwrap().to_owned();
    let line = |of: &Value| format!("{} {} {}", text(of, "rule"), text(of, "severity"), text(of, "object"));
    json["findings"].as_array().unwrap().iter().map(line).collect()
}

/// Those of a run that a rule about objects with rights of their owner has found.
fn of_rights(run: &Run) -> BTreeSet<String> {
    let rules = ["view-definer", "secdef-function", "secdef-trigger", "rewrite-rule"];
    findings(run).into_iter().filter(|line| rules.iter().any(|rule| line.starts_with(rule))).collect()
}

const UNBOUND: [&str; 4] = [
    "rewrite-rule high public.invoice.noted",
    "secdef-function high public.invoices()",
    "secdef-trigger high public.invoice.forget",
    "view-definer critical public.totals",
];

/// Files are judged as the database is that they leave, whoever has run them.
#[tokio::test]
async fn files_and_the_database_that_they_leave_are_judged_alike() {
    let (app, owner) = (unique("app"), unique("owner"));
    for as_owner in [false, true] {
        let place = place().await;
        let client = place.database.connect().await.unwrap();
        let login: String = client.query_one("SELECT current_user::text", &[]).await.unwrap().get(0);
        if !as_owner {
            let roles = format!("CREATE ROLE {app} LOGIN; CREATE ROLE {owner} NOLOGIN;");
            client.batch_execute(&roles).await.unwrap();
        }
        let objects = OBJECTS.replace("{app}", &app);
        client.batch_execute(&format!("GRANT CREATE ON SCHEMA public TO {owner}")).await.unwrap();
        let set = if as_owner { format!("SET ROLE {owner}") } else { "RESET ROLE".to_owned() };
        client.batch_execute(&format!("{set}; {objects}")).await.unwrap();

        let folder = Folder::new();
        folder.write("1_objects.sql", &objects);
        let url = place.database.url();
        let audit = || {
            let args = ["audit", "--database-url", &url, "--format", "json", "--severity", "info"];
            findings(&Tool::at(&folder).args(&args).run())
        };
        let of_files = || lint(&folder, &["1_objects.sql", "--format", "json", "--severity", "info"]);
        let role = if as_owner { &owner } else { &login };
        let said = format!("[migrations]\nrole = \"{role}\"\nbypass_rls = {}\n", !as_owner);
        folder.write("tenantry.toml", &manifest(&app, &owner, &said));
        let (live, files) = (audit(), findings(&of_files()));
        let server = ["server-cve", "rls-ddl-lock", "dump-truncated", "app-can-create", "force-missing"];
        let shared = |of: &BTreeSet<String>| -> BTreeSet<String> {
            of.iter().filter(|line| !server.iter().any(|rule| line.starts_with(rule))).cloned().collect()
        };
        assert_eq!(shared(&files), shared(&live), "as owner: {as_owner}");
        let rights = of_rights(&of_files());
        let expected: &[&str] = if as_owner { &["view-definer low public.totals"] } else { &UNBOUND };
        assert_eq!(rights.iter().map(String::as_str).collect::<Vec<_>>(), expected);

        // Where nobody says who runs the files, they are judged as if a superuser did.
        folder.write("tenantry.toml", &manifest(&app, &owner, ""));
        assert_eq!(of_rights(&of_files()).iter().map(String::as_str).collect::<Vec<_>>(), UNBOUND);
    }
}

#[test]
fn it_is_said_what_is_assumed_of_who_runs_the_files() {
    let folder = Folder::new();
    let objects = OBJECTS.replace("{app}", "erp_app");
    let run = |migrations: &str, sql: &str| {
        folder.write("tenantry.toml", &manifest("erp_app", "erp_owner", migrations));
        folder.write("1_a.sql", sql);
        (lint(&folder, &["1_a.sql"]), lint(&folder, &["1_a.sql", "--format", "json"]))
    };
    let assumed = "assumed: a superuser runs these files, since role in [migrations] of tenantry.toml does not say who does";
    let (people, programs) = run("", &objects);
    assert!(people.unwrapped().contains(assumed), "{people:#?}");
    assert_eq!(
        programs.json()["assumptions"],
        serde_json::json!([assumed.strip_prefix("assumed: ").unwrap()])
    );
    let sarif = lint(&folder, &["1_a.sql", "--format", "sarif"]).json();
    let note = &sarif["runs"][0]["invocations"][0]["toolExecutionNotifications"][0];
    assert_eq!(note["message"]["text"], assumed, "{sarif}");
    // The file itself can say it, for all that it makes or for one object.
    let given = "ALTER VIEW totals OWNER TO erp_owner; ALTER FUNCTION invoices() OWNER TO erp_owner;\n\
                 ALTER FUNCTION forget() OWNER TO erp_owner; ALTER TABLE invoice OWNER TO erp_owner;";
    for (migrations, sql, found) in [
        ("[migrations]\nrole = \"erp_owner\"\n", objects.clone(), &["view-definer low public.totals"][..]),
        ("[migrations]\nrole = \"postgres\"\n", objects.clone(), &UNBOUND),
        ("[migrations]\nrole = \"deploy\"\nbypass_rls = true\n", objects.clone(), &UNBOUND),
        ("", format!("SET ROLE erp_owner;\n{objects}"), &["view-definer low public.totals"]),
        ("", format!("SET SESSION AUTHORIZATION erp_owner;\n{objects}"), &["view-definer low public.totals"]),
        ("", format!("{objects}{given}"), &["view-definer low public.totals"]),
        (
            "",
            format!("{objects}REASSIGN OWNED BY CURRENT_USER TO erp_owner;"),
            &["view-definer low public.totals"],
        ),
    ] {
        let (people, programs) = run(migrations, &sql);
        assert!(!people.out.contains("assumed:"), "{migrations}{sql}: {people:#?}");
        assert_eq!(
            of_rights(&programs).iter().map(String::as_str).collect::<Vec<_>>(),
            found,
            "{migrations}{sql}"
        );
    }
    for sql in [
        format!("SET ROLE erp_owner; RESET ROLE;\n{objects}"),
        format!(
            "{objects}{given} ALTER VIEW totals OWNER TO CURRENT_USER; ALTER FUNCTION invoices() OWNER TO SESSION_USER;\n\
                 ALTER FUNCTION forget() OWNER TO CURRENT_ROLE; ALTER TABLE invoice OWNER TO CURRENT_USER;"
        ),
        format!(
            "{objects}CREATE OR REPLACE FUNCTION invoices() RETURNS bigint LANGUAGE sql SECURITY DEFINER \
                 SET search_path = public, pg_temp AS 'SELECT count(*) FROM invoice';"
        ),
    ] {
        let (people, programs) = run("", &sql);
        assert!(people.unwrapped().contains(assumed), "{sql}: {people:#?}");
        assert_eq!(of_rights(&programs).iter().map(String::as_str).collect::<Vec<_>>(), UNBOUND, "{sql}");
    }
    // Nothing rests on it, so nothing is said.
    let (people, programs) = run("", "CREATE TABLE t (tenant_id uuid NOT NULL);");
    assert!(!people.out.contains("assumed:"), "{people:#?}");
    assert_eq!(programs.json()["assumptions"], serde_json::json!([]));
}

#[test]
fn the_section_is_read_as_carefully_as_the_others() {
    let folder = Folder::new();
    folder.write("1_a.sql", "SELECT 1;");
    for (section, said) in [
        ("[migrations]\n", "[migrations] lacks role; it has no default"),
        ("[migrations]\nrole = 1\n", "role of [migrations] is not a text in quotes"),
        ("[migrations]\nroles = \"a\"\n", "[migrations] has no field \"roles\"; did you mean \"role\"?"),
        ("[migrations]\nrole = \"\"\n", "tenantry.toml:7  a name is empty"),
        ("[migration]\nrole = \"a\"\n", "did you mean \"migrations\"?"),
    ] {
        folder.write("tenantry.toml", &manifest("erp_app", "erp_owner", section));
        lint(&folder, &["1_a.sql"]).said(2, &["tenantry.toml does not read", said]);
    }
}

const GUESSED: &str = "\
CREATE TABLE company (id uuid PRIMARY KEY, name text NOT NULL);
CREATE TABLE invoice (id bigint PRIMARY KEY, company_id uuid NOT NULL REFERENCES company);
CREATE TABLE payment (id bigint PRIMARY KEY, company_id uuid REFERENCES company);
CREATE TABLE line (id bigint PRIMARY KEY, invoice_id bigint NOT NULL REFERENCES invoice);
CREATE TABLE currency (code text PRIMARY KEY);
GRANT SELECT, TRUNCATE ON invoice, payment, line TO web;
";

#[test]
fn without_a_manifest_the_tenant_column_is_guessed_and_it_is_said() {
    let folder = Folder::new();
    folder.write("1_a.sql", GUESSED);
    let people = lint(&folder, &["1_a.sql"]);
    assert_eq!((people.code, people.err.as_str()), (1, ""), "{people:#?}");
    let said = "assumed: there is no tenantry.toml: company_id (uuid) is taken for the tenant column";
    assert!(people.unwrapped().contains(said), "{people:#?}");
    assert!(people.unwrapped().contains("web for the role of services"), "{people:#?}");
    let found = findings(&lint(&folder, &["1_a.sql", "--format", "json"]));
    for line in [
        "rls-disabled critical public.invoice",
        "rls-disabled critical public.payment",
        "truncate-granted critical public.invoice",
    ] {
        assert!(found.contains(line), "{line}: {found:#?}");
    }
    // Nobody can class a table without a manifest.
    assert!(!found.iter().any(|line| line.starts_with("unclassified-table")), "{found:#?}");
    let sarif = lint(&folder, &["1_a.sql", "--format", "sarif"]).json();
    let notes = sarif["runs"][0]["invocations"][0]["toolExecutionNotifications"].to_string();
    assert!(notes.contains(said), "{notes}");
    let github = lint(&folder, &["1_a.sql", "--format", "github"]);
    let notice = said.strip_prefix("assumed: ").unwrap();
    let line = github.out.lines().find(|line| line.contains(notice));
    assert!(
        line.is_some_and(|line| line.starts_with("::notice title=tenantry lint::assumed: ")),
        "{github:#?}"
    );
    // A manifest that somebody names has to be there, under its usual name too.
    for config in ["other.toml", "tenantry.toml"] {
        let advice = [&format!("{config} cannot be read")[..], "tenantry init proposes one"];
        lint(&folder, &["1_a.sql", "--config", config]).said(2, &advice);
        Tool::at(&folder).args(&["--config", config, "lint", "1_a.sql"]).run().said(2, &advice);
    }
    // One that does not read is no reason to guess.
    folder.write("tenantry.toml", "[tenancy\n");
    lint(&folder, &["1_a.sql"]).said(2, &["tenantry.toml does not read"]);
}

#[test]
fn a_guess_says_how_good_it_is() {
    let folder = Folder::new();
    for (sql, said) in [
        // Policies tell the setting.
        (
            "CREATE TABLE a (id bigint, tenant_id bigint NOT NULL); ALTER TABLE a ENABLE ROW LEVEL SECURITY;\n\
             CREATE POLICY p ON a USING (tenant_id = nullif(current_setting('my.tenant', true), '')::bigint);",
            "tenant_id (bigint) is taken for the tenant column: it is in 1 of 1 tables",
        ),
        (
            "CREATE TABLE a (id bigint, name text);",
            "no column of these files says which tenant a row belongs to",
        ),
        ("SELECT 1;", "no column of these files says which tenant a row belongs to"),
        // Two columns are as good as each other.
        (
            "CREATE TABLE a (id bigint, org_id uuid NOT NULL, tenant_id uuid NOT NULL);\n\
             CREATE TABLE b (id bigint, org_id uuid NOT NULL, tenant_id uuid NOT NULL);",
            "is taken for the tenant column, perhaps wrongly",
        ),
    ] {
        folder.write("1_a.sql", sql);
        let run = lint(&folder, &["1_a.sql"]);
        assert!(run.code <= 1 && run.unwrapped().contains(said), "{sql}: {run:#?}");
        let names_another = run.out.contains("guc-names-inconsistent");
        assert!(!names_another, "{run:#?}");
    }
}
