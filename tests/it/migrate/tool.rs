//! What the tool says while it runs migrations, and how it ends.

use super::Stand;
use crate::tool::{Folder, Run, Tool};

struct Deploy {
    stand: Stand,
    folder: Folder,
}

impl Deploy {
    async fn new(files: &[(&str, &str)]) -> Self {
        let stand = Stand::new(3).await;
        let folder = Folder::new();
        folder.write("tenantry.toml", &stand.manifest);
        std::fs::create_dir(folder.path("migrations")).unwrap();
        for (name, text) in files {
            folder.write(&format!("migrations/{name}"), text);
        }
        Self { stand, folder }
    }

    fn migrate(&self, args: &[&str]) -> Run {
        let url = self.stand.admin.url_as(&self.stand.migrator);
        let gates = if args.contains(&"--lint") { &[][..] } else { &["--lint", "never"] };
        Tool::at(&self.folder).args(&["migrate"]).args(gates).args(args).env("DATABASE_URL", url).run()
    }
}

#[tokio::test]
async fn what_is_done_is_said_migration_by_migration() {
    let deploy =
        Deploy::new(&[("V1__touch.sql", super::TOUCH), ("V2__note.sql", "insert into note values ('x')")])
            .await;
    let check = deploy.migrate(&["--check"]);
    assert_eq!(check.code, 1, "{check:#?}");
    assert!(
        check.out.contains("2 migrations pending") && check.out.contains("  V1__touch (each-tenant)\n"),
        "{check:#?}"
    );
    let run = deploy.migrate(&[]);
    assert_eq!(run.code, 0, "{run:#?}");
    for part in
        ["V1__touch (each-tenant)  done in ", ", 9 rows\n", "V2__note  done in ", "2 migrations applied in "]
    {
        assert!(run.out.contains(part), "{part:?} in {run:#?}");
    }
    let again = deploy.migrate(&[]);
    assert!(again.code == 0 && again.out.starts_with("nothing is pending in "), "{again:#?}");
    assert_eq!(deploy.migrate(&["--check"]).code, 0);
}

#[tokio::test]
async fn a_failure_says_what_is_done_where_it_failed_and_what_to_do() {
    let bad = "insert into note\nselect nothing from note;";
    let deploy =
        Deploy::new(&[("V1__note.sql", "insert into note values ('x')"), ("V2__bad.sql", bad)]).await;
    let run = deploy.migrate(&[]);
    run.said(
        3,
        &[
            " --> migrations/V2__bad.sql:2:8\n",
            "2 | select nothing from note;\n  |        ^^^^^^^\n",
            "error: V2__bad failed at migrations/V2__bad.sql:2: the statement failed: undefined column (SQLSTATE 42703)",
            "cause: ERROR: column \"nothing\" does not exist",
            "help: nothing of this migration remains; mend it, and run it again",
        ],
    );
    assert!(
        run.out.contains("V1__note  done in") && run.out.contains("1 migration pending\n  V2__bad\n"),
        "{run:#?}"
    );
    let json = deploy.migrate(&["--format", "json"]);
    let report = json.json();
    assert_eq!(
        (report["applied"].as_array().unwrap().len(), report["pending"][0].as_str()),
        (0, Some("V2__bad"))
    );
    json.said(3, &["\"kind\":\"database\"", "V2__bad failed at migrations/V2__bad.sql:2"]);
}

#[tokio::test]
async fn programs_are_told_which_tenant_failed() {
    let sql = "-- tenantry: each-tenant\nupdate invoice set touched = 12 / (tenant_id - 2)::int;";
    let deploy = Deploy::new(&[("V1__divide.sql", sql)]).await;
    let run = deploy.migrate(&["--format", "json"]);
    let failed = &run.json()["failed"];
    assert_eq!(
        (run.code, &failed["name"], failed["tenants"].as_array().unwrap().len()),
        (3, &"V1__divide".into(), 1)
    );
    let tenant = &failed["tenants"][0];
    assert_eq!(
        (&tenant["tenant"], &tenant["sqlstate"], &tenant["file"], &tenant["line"]),
        (&"2".into(), &"22012".into(), &"migrations/V1__divide.sql".into(), &2.into()),
        "{failed}"
    );
    assert_eq!(tenant["causes"], serde_json::json!(["ERROR: division by zero"]), "{failed}");
}

/// What a GRANT in the database would mend is no matter of the arguments.
#[tokio::test]
async fn a_role_that_is_not_granted_is_a_matter_of_the_database() {
    let sql = "-- tenantry: each-tenant\nupdate invoice set touched = 1;";
    let deploy = Deploy::new(&[("V1__touch.sql", sql)]).await;
    let owner = deploy.stand.role("owner");
    deploy
        .stand
        .admin
        .batch_execute(&format!("REVOKE {owner} FROM {}", deploy.stand.migrator))
        .await
        .unwrap();
    let run = deploy.migrate(&[]);
    run.said(3, &["error: ", &format!("GRANT \"{owner}\" TO")]);
}

#[tokio::test]
async fn what_is_refused_is_shown_in_its_file() {
    let deploy = Deploy::new(&[("V1__blind.sql", "select 1;\nupdate invoice set state = 'x';")]).await;
    let run = deploy.migrate(&[]);
    run.said(
        1,
        &[
            "refused: it reaches no row of public.invoice, whose policies bind the owner too (FORCE); say -- tenantry: each-tenant",
            " --> migrations/V1__blind.sql:2:1\n",
            "2 | update invoice set state = 'x';\n  | ^^^^",
            "help: nothing was run; change the files and run it again",
        ],
    );
    assert_eq!(run.out, "1 migration pending\n  V1__blind\n");
}

#[tokio::test]
async fn a_folder_that_is_none_is_one_error() {
    let deploy = Deploy::new(&[]).await;
    deploy
        .migrate(&[])
        .said(2, &["folder migrations has no migrations; expected files such as V1__init.sql in it"]);
    deploy.migrate(&["nowhere"]).said(2, &["nowhere cannot be read"]);
    deploy.folder.write("migrations/1_init.sql", "select 1");
    deploy
        .migrate(&[])
        .said(2, &["migrations/1_init.sql is not named as a migration is; expected V7__name.sql"]);
    deploy.migrate(&["--jobs", "0"]).said(2, &["--jobs"]);
    deploy.migrate(&["--lock-timeout", "soon"]).said(2, &["soon"]);
}

#[tokio::test]
async fn what_a_dry_run_shows_is_what_a_run_does() {
    let files = [
        ("V1__make.sql", "create table made (a int);\ninsert into made values (1);"),
        ("V2__system.sql", "-- tenantry: system \"x\"\nupdate invoice set state = 'new';"),
        ("V3__index.sql", "-- tenantry: no-transaction\ncreate index concurrently made_a on made (a);"),
    ];
    let deploy = Deploy::new(&files).await;
    let run = deploy.migrate(&["--dry-run"]);
    assert_eq!(run.code, 0, "{run:#?}");
    assert!(deploy.stand.one::<bool>("select to_regclass('made') is null").await, "nothing is changed by it");
    // Whoever runs the script by hand leaves what the tool would have left.
    let client = deploy.stand.admin.login(&deploy.stand.migrator).await;
    for statement in statements(&run.out) {
        client.batch_execute(&statement).await.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
    }
    assert_eq!(deploy.stand.applied().await, ["V1__make", "V2__system", "V3__index"]);
    assert_eq!(deploy.stand.one::<i64>("select count(*) from invoice where state = 'new'").await, 9);
    let again = deploy.migrate(&[]);
    assert!(again.code == 0 && again.out.starts_with("nothing is pending"), "{again:#?}");
}

/// The statements of a script in which no semicolon stands within one.
fn statements(script: &str) -> Vec<String> {
    let lines: Vec<&str> = script.lines().filter(|line| !line.starts_with("--")).collect();
    let statements = lines.join("\n");
    statements.split(";\n").map(|one| one.trim().to_owned()).filter(|one| !one.is_empty()).collect()
}
