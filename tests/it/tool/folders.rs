//! What `lint` reads of a folder: the files that go forward, as their runner has them, and what it says of the others.

use std::collections::BTreeSet;

use super::{Folder, Run, Tool, folder};

const TABLE: &str = "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);\n";
const GRANT: &str = "GRANT SELECT, TRUNCATE ON invoice TO erp_app;\n";
const PROTECTED: &str = "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);\n\
                         ALTER TABLE invoice ENABLE ROW LEVEL SECURITY;\nCREATE POLICY p ON invoice USING (false);\n";
const DROP: &str = "DROP POLICY p ON invoice;\n";
const CREATE: &str = "CREATE POLICY p ON invoice USING (false);\n";

fn lint(folder: &Folder, args: &[&str]) -> Run {
    Tool::at(folder).args(&["lint", "migrations"]).args(args).run()
}

/// The findings, each as its rule and where it is, and how many files were read.
fn found(folder: &Folder) -> (BTreeSet<String>, u64) {
    let run = lint(folder, &["--format", "json"]);
    assert!(run.code <= 1 && run.err.is_empty(), "{run:?}");
    let json = run.json();
    let place = |of: &serde_json::Value| {
        let file = of["file"].as_str().unwrap_or_default().trim_start_matches("migrations/");
        format!("{} {file}:{}", of["rule"].as_str().unwrap(), of["line"])
    };
    (json["findings"].as_array().unwrap().iter().map(place).collect(), json["files"].as_u64().unwrap())
}

fn of_rule(folder: &Folder, rule: &str) -> Vec<String> {
    let found =
        found(folder).0.into_iter().filter_map(|line| Some(line.strip_prefix(rule)?.trim().to_owned()));
    found.collect()
}

/// The rows are gone over by the baseline alone: nothing is made twice, and nothing is looked for in vain.
#[test]
fn a_squashed_baseline_stands_for_the_first_files() {
    let grown = "ALTER TABLE invoice ADD COLUMN total numeric;\n";
    let squashed = format!("{}{GRANT}", TABLE.replace("NOT NULL)", "NOT NULL, total numeric)"));
    for (baseline, first, second, next) in [
        ("B2__all.sql", "V1__a.sql", "V2__b.sql", "V3__c.sql"),
        ("0001_squashed_0002_all.sql", "0001_a.sql", "0002_b.sql", "0003_c.sql"),
        ("0002_baseline.sql", "0001_a.sql", "0001_b.sql", "0003_c.sql"),
        ("0000_squashed.sql", "0001_a.sql", "0001_b.sql", "0003_c.sql"),
    ] {
        let next_text = "ALTER TABLE invoice ADD COLUMN note text;\n";
        let files = [(first, TABLE), (second, grown), (baseline, &squashed), (next, next_text)];
        // What only changes tables is not known to be in a baseline that comes first.
        let files =
            if baseline.starts_with("0000") { vec![files[0], files[2], files[3]] } else { files.to_vec() };
        let folder = folder(&files);
        let (found, read) = found(&folder);
        assert!(!found.iter().any(|line| line.starts_with("opaque-statement")), "{baseline}: {found:?}");
        assert!(found.contains(&format!("truncate-granted {baseline}:2")), "{baseline}: {found:?}");
        assert_eq!(read, 2, "{baseline}");
        let people = lint(&folder, &[]);
        let left_out = files.len() - 2;
        let others = if left_out == 1 {
            "1 other file, which is".to_owned()
        } else {
            format!("{left_out} others, which are")
        };
        let said = format!("assumed: migrations/{baseline} stands for {others} not read");
        assert!(people.unwrapped().contains(&said), "{said}: {people:#?}");
        let plan = Tool::at(&folder).args(&["plan", "--from", "migrations", "--format", "json"]).run();
        assert_eq!(plan.json()["opaque"], serde_json::json!([]), "{baseline}");
        assert!(
            plan.err.contains(&format!("migrations/{baseline} stands for {others} not read")),
            "{plan:#?}"
        );
    }
}

#[test]
fn what_takes_a_migration_back_is_not_run() {
    for back in [
        "reverts/1_a.sql",
        "revert/1_a.sql",
        "rollback/1_a.sql",
        "1_a.revert.sql",
        "1_a.rollback.sql",
        "1_a.undo.sql",
        "1_a.down.sql",
        "1_a_down.sql",
    ] {
        let folder = folder(&[
            ("1_a.sql", PROTECTED),
            (back, "DROP POLICY p ON invoice; DROP TABLE invoice;"),
            ("2_b.sql", GRANT),
        ]);
        let (found, read) = found(&folder);
        assert_eq!(read, 2, "{back}");
        assert!(found.contains("truncate-granted 2_b.sql:1"), "{back}: {found:?}");
    }
}

#[test]
fn a_project_of_sqitch_is_deployed_as_its_plan_says() {
    let plan = "%project=erp\n\nzoo 2024-01-01T00:00:00Z a <a@b> # first\narch [zoo] 2024-01-02T00:00:00Z a <a@b> # second\n";
    let files = [
        ("sqitch.plan", plan),
        ("deploy/zoo.sql", TABLE),
        ("deploy/arch.sql", GRANT),
        ("deploy/other.sql", "SELECT nothing('of', 'this');"),
        ("revert/zoo.sql", "DROP TABLE invoice;"),
        ("revert/arch.sql", "REVOKE ALL ON invoice FROM erp_app;"),
        ("verify/zoo.sql", "SELECT id FROM invoice WHERE false;"),
    ];
    let folder = folder(&files);
    let (found, read) = found(&folder);
    assert_eq!(read, 2);
    assert!(found.contains("truncate-granted deploy/arch.sql:1"), "{found:?}");
    let run = Tool::at(&folder).args(&["lint", "migrations/deploy", "--format", "json"]).run();
    assert_eq!(run.json()["files"], 2, "{run:#?}");
}

/// A policy that is dropped and made again in two transactions is away in between.
#[test]
fn each_part_of_a_file_is_run_as_it_says() {
    let head = "--liquibase formatted sql\n";
    let liquibase = |first: &str, second: &str, third: &str| {
        format!(
            "{head}--changeset a:1\n{PROTECTED}--rollback DROP TABLE invoice;\n\n--changeset a:2 {first}\n{DROP}{second}{CREATE}{third}"
        )
    };
    for (what, name, text, in_one) in [
        ("one changeset", "changes.sql", liquibase("", "", ""), true),
        ("without a transaction", "changes.sql", liquibase("runInTransaction:false", "", ""), false),
        (
            "sent as one text",
            "changes.sql",
            liquibase("runInTransaction:false splitStatements:false", "", ""),
            true,
        ),
        ("two changesets", "changes.sql", liquibase("", "--changeset a:3\n", ""), false),
        ("two changesets of a numbered file", "1_changes.sql", liquibase("", "--changeset a:3\n", ""), false),
        (
            "what is for MySQL is not run",
            "changes.sql",
            liquibase("", "", "--changeset a:3 dbms:mysql\nDROP POLICY p ON invoice;\n"),
            true,
        ),
        (
            "a delimiter of its own",
            "changes.sql",
            liquibase("endDelimiter:/", "/\n", "/\n").replace("invoice;\n/", "invoice\n/"),
            true,
        ),
        ("lines that are not run", "changes.sql", liquibase("", "--ignoreLines:1\nCOMMIT;\n", ""), true),
        (
            "dbmate, one of two sections without a transaction",
            "1_a.sql",
            format!(
                "-- migrate:up\n{PROTECTED}-- migrate:down\nx;\n-- migrate:up transaction:false\n{DROP}{CREATE}-- migrate:down\ny;\n"
            ),
            false,
        ),
        (
            "dbmate, the other one",
            "1_a.sql",
            format!(
                "-- migrate:up transaction:false\n{PROTECTED}-- migrate:down\nx;\n-- migrate:up\n{DROP}{CREATE}-- migrate:down\ny;\n"
            ),
            true,
        ),
        (
            "sql-migrate",
            "1_a.sql",
            format!("-- +migrate Up notransaction\n{PROTECTED}{DROP}{CREATE}-- +migrate Down\nx;\n"),
            false,
        ),
        (
            "goose",
            "1_a.sql",
            format!(
                "-- +goose NO TRANSACTION\n-- +goose Up\n{PROTECTED}-- +goose StatementBegin\n{DROP}-- +goose StatementEnd\n{CREATE}-- +goose Down\nx;\n"
            ),
            false,
        ),
        (
            "tern",
            "1_a.sql",
            format!("{PROTECTED}{DROP}{CREATE}---- create above / drop below ----\nx;\n"),
            true,
        ),
        (
            "tern without a transaction",
            "1_a.sql",
            format!("---- tern: disable-tx ----\n{PROTECTED}{DROP}{CREATE}"),
            false,
        ),
        ("Play", "1.sql", format!("# --- !Ups\n{PROTECTED}{DROP}{CREATE}# --- !Downs\nx;\n"), true),
        (
            "node-pg-migrate",
            "1_a.sql",
            format!("-- Up Migration\n{PROTECTED}{DROP}{CREATE}-- Down Migration\nx;\n"),
            true,
        ),
    ] {
        let folder = folder(&[(name, &text)]);
        let windows = of_rule(&folder, "policy-swap-window");
        assert_eq!(windows.is_empty(), in_one, "{what}: {windows:?}\n{text}");
        assert_eq!(of_rule(&folder, "opaque-statement"), [""; 0], "{what}:\n{text}");
    }
}

#[test]
fn a_file_beside_a_migration_says_how_it_is_run() {
    let swap = format!("{DROP}{CREATE}");
    for (name, beside, text, in_one) in [
        ("V2__b.sql", "V2__b.sql.conf", "executeInTransaction=false\n", false),
        ("V2__b.sql", "V2__b.sql.conf", "executeInTransaction=true\n", true),
        ("2_b/up.sql", "2_b/metadata.toml", "run_in_transaction = false\n", false),
    ] {
        let first = if name.starts_with('V') { "V1__a.sql" } else { "1_a/up.sql" };
        let folder = folder(&[(first, PROTECTED), (name, &swap), (beside, text)]);
        assert_eq!(of_rule(&folder, "policy-swap-window").is_empty(), in_one, "{beside}: {text}");
    }
}

#[test]
fn another_dialect_is_said_once() {
    let sqlite = "CREATE TABLE note (id INTEGER PRIMARY KEY AUTOINCREMENT, tenant_id uuid);\nPRAGMA foreign_keys = ON;\n";
    let mysql = "CREATE TABLE `note` (`id` int NOT NULL AUTO_INCREMENT, tenant_id int) ENGINE=InnoDB;\n\
                 DELIMITER $$\nCREATE TRIGGER a BEFORE INSERT ON note FOR EACH ROW BEGIN SET NEW.a = 1; END$$\nDELIMITER ;\n";
    let server = "CREATE TABLE [dbo].[note] ([id] INT IDENTITY(1,1), [tenant_id] UNIQUEIDENTIFIER)\nGO\n\
                  EXEC sp_rename 'a', 'b'\nGO\n";
    for (name, text, line) in [
        ("SQLite (AUTOINCREMENT)", sqlite, 1),
        ("MySQL (`names` in backticks)", mysql, 1),
        ("SQL Server ([names] in brackets)", server, 1),
    ] {
        let files = [
            ("1_init.sql", TABLE),
            ("other/1_a.sql", text),
            ("other/2_b.sql", text),
            ("other/3_c.sql", text),
            ("9_grant.sql", GRANT),
        ];
        let folder = folder(&files);
        let (found, read) = found(&folder);
        assert_eq!(read, 5);
        let opaque: Vec<&String> = found.iter().filter(|line| line.starts_with("opaque-statement")).collect();
        assert_eq!(opaque, [&format!("opaque-statement other/1_a.sql:{line}")], "{found:?}");
        assert!(found.contains("truncate-granted 9_grant.sql:1"), "{found:?}");
        assert!(
            !found.iter().any(|line| !line.starts_with("opaque") && line.contains("other/")),
            "{found:?}"
        );
        let people = lint(&folder, &[]);
        let said = format!(
            "medium[opaque-statement]: not followed: this looks like {name}, so nothing of the file is read; nor are 2 more files of migrations/other"
        );
        assert!(people.unwrapped().contains(&said), "{said}: {people:#?}");
    }
}
