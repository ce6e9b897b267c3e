//! What `lint` finds in files, and in which forms it says so.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use super::{Folder, Run, Tool, folder};
use crate::support::expected;

const TABLE: &str =
    "CREATE TABLE invoice (\n    id        bigint PRIMARY KEY,\n    tenant_id uuid NOT NULL\n);\n";
const GRANT: &str = "GRANT SELECT, TRUNCATE ON invoice TO erp_app;\n";

fn lint(folder: &Folder, args: &[&str]) -> Run {
    // There is no server that this could lead to.
    Tool::at(folder).args(&["lint"]).args(args).env("DATABASE_URL", "postgresql://nowhere.invalid/erp").run()
}

/// The findings of a rule, each with its file and line.
fn found(folder: &Folder, args: &[&str], rule: &str) -> Vec<String> {
    let run = lint(folder, &[args, &["--format", "json"]].concat());
    assert!(run.code <= 1 && run.err.is_empty(), "{run:?}");
    let json = run.json();
    let all = json["findings"].as_array().unwrap();
    let of = all.iter().filter(|finding| finding["rule"] == rule);
    of.map(|finding| format!("{}:{}", finding["file"].as_str().unwrap(), finding["line"])).collect()
}

#[test]
fn people_see_the_line_and_what_to_do() {
    let folder = folder(&[("V1__init.sql", TABLE), ("V2__rights.sql", GRANT)]);
    let run = lint(&folder, &["migrations", "--severity", "critical"]);
    assert_eq!((run.code, run.err.as_str()), (1, ""));
    expected::compare("tool/expected/lint.txt", &run.out);
    let colored = lint(&folder, &["migrations", "--severity", "critical", "--color", "always"]);
    assert!(colored.out.contains("\u{1b}[") && !run.out.contains('\u{1b}'));
}

#[test]
fn programs_get_one_object() {
    let folder = folder(&[("V1__init.sql", TABLE), ("V2__rights.sql", GRANT)]);
    let json = lint(&folder, &["migrations", "--format", "json"]).json();
    assert_eq!((&json["version"], &json["files"], &json["statements"]), (&1.into(), &2.into(), &2.into()));
    let findings = json["findings"].as_array().unwrap();
    let severities = ["critical", "high", "medium", "low", "info"];
    for finding in findings {
        for field in ["rule", "severity", "object", "message", "fix", "file"] {
            assert!(finding[field].as_str().is_some_and(|text| !text.is_empty()), "{field} of {finding}");
        }
        assert!(severities.contains(&finding["severity"].as_str().unwrap()), "{finding}");
        assert!(finding["line"].as_u64() >= Some(1) && finding["column"].as_u64() >= Some(1), "{finding}");
    }
    let truncate = findings.iter().find(|finding| finding["rule"] == "truncate-granted").unwrap();
    assert_eq!(truncate["object"], "public.invoice");
    assert_eq!((&truncate["file"], &truncate["line"]), (&"migrations/V2__rights.sql".into(), &1.into()));
    assert_eq!(truncate["column"], 27);
    assert_eq!(truncate["fix"], "REVOKE TRUNCATE ON TABLE \"public\".\"invoice\" FROM \"erp_app\";");
    // Of the gravest there is none before a graver one.
    let rank = |finding: &Value| severities.iter().position(|of| finding["severity"] == *of);
    assert!(findings.is_sorted_by_key(rank), "{findings:?}");
}

#[test]
fn code_scanning_gets_sarif() {
    let folder = folder(&[("V1 é.sql", TABLE), ("V2__rights.sql", GRANT)]);
    let run = lint(&folder, &["migrations", "--format", "sarif"]);
    assert_eq!((run.code, run.err.as_str()), (1, ""));
    let log = run.json();
    assert_eq!(log["version"], "2.1.0");
    let driver = &log["runs"][0]["tool"]["driver"];
    let rules: Vec<&str> =
        driver["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    let results = log["runs"][0]["results"].as_array().unwrap();
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(result["ruleId"], rules[index]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()), "{result}");
        let place = &result["locations"][0]["physicalLocation"];
        assert!(place["region"]["endColumn"].as_u64() > place["region"]["startColumn"].as_u64(), "{place}");
    }
    let uris: BTreeSet<&str> = results
        .iter()
        .map(|result| &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])
        .map(|uri| uri.as_str().unwrap())
        .collect();
    assert_eq!(uris, BTreeSet::from(["migrations/V1%20%C3%A9.sql", "migrations/V2__rights.sql"]));
}

#[test]
fn pull_requests_get_annotations() {
    let folder = folder(&[("1,a:b%.sql", &format!("{TABLE}{GRANT}"))]);
    let run = lint(&folder, &["migrations", "--format", "github"]);
    assert_eq!((run.code, run.err.as_str()), (1, ""));
    let expected = "::error file=migrations/1%2Ca%3Ab%25.sql,line=5,col=27,endColumn=34,\
                    title=truncate-granted (critical)::erp_app may TRUNCATE public.invoice, which asks no policy%0Afix: REVOKE";
    assert!(run.out.lines().any(|line| line.starts_with(expected)), "{run:?}");
}

#[test]
fn what_fails_is_what_was_asked_to_fail() {
    let folder = folder(&[("V1__init.sql", TABLE), ("V2__rights.sql", GRANT)]);
    for (args, code) in [
        (&["migrations"][..], 1),
        (&["migrations", "--fail-on", "critical"], 1),
        (&["migrations", "--fail-on", "never"], 0),
        (&["migrations", "--severity", "critical"], 1),
        // What is not shown fails all the same.
        (&["migrations", "--severity", "never"], 1),
    ] {
        assert_eq!(lint(&folder, args).code, code, "{args:?}");
    }
    let clean = folder_with_nothing_to_find();
    let run = lint(&clean, &["migrations", "--fail-on", "info"]);
    assert_eq!((run.code, run.out.as_str()), (0, "nothing found in migrations (1 file), 1 statement\n"));
}

fn folder_with_nothing_to_find() -> Folder {
    folder(&[("1_a.sql", "SELECT 1;\n")])
}

#[test]
fn a_comment_lets_a_finding_stand() {
    let allowed = format!("-- tenantry: allow truncate-granted \"the role is only a group\"\n{GRANT}");
    let folder = folder(&[("1_init.sql", TABLE), ("2_rights.sql", &allowed)]);
    assert_eq!(found(&folder, &["migrations"], "truncate-granted"), [""; 0]);
    assert_eq!(found(&folder, &["migrations"], "unused-suppression"), [""; 0]);
    let folder = self::folder(&[("1_init.sql", TABLE), ("2_a.sql", &allowed.replace("TRUNCATE", "INSERT"))]);
    assert_eq!(found(&folder, &["migrations"], "unused-suppression"), ["migrations/2_a.sql:1"]);
}

#[test]
fn a_baseline_leaves_out_what_is_known_and_says_what_is_no_more() {
    let folder = folder(&[("1_init.sql", TABLE), ("2_rights.sql", GRANT)]);
    let args = ["migrations", "--baseline", "known.toml"];
    lint(&folder, &args).said(2, &["known.toml cannot be read", "audit write one: --write-baseline"]);
    let written = lint(&folder, &[&args[..], &["--write-baseline"]].concat());
    assert_eq!((written.code, written.err.as_str()), (0, ""));
    let run = lint(&folder, &args);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{run:?}");
    assert!(run.out.starts_with("nothing found in migrations (2 files)"), "{run:?}");

    folder.write("migrations/2_rights.sql", &format!("{}{GRANT}", GRANT.replace("TRUNCATE", "UPDATE")));
    assert_eq!(lint(&folder, &args).code, 0, "the same on another line");
    folder.write("migrations/2_rights.sql", &GRANT.replace("TRUNCATE", "UPDATE"));
    let run = lint(&folder, &args);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(
        run.unwrapped()
            .contains("truncate-granted of public.invoice is in the baseline, and is found no more"),
        "{run:?}"
    );

    folder.write("known.toml", "[[finding]]\nrule = \"x\"\nobjekt = \"y\"\n");
    lint(&folder, &args).said(2, &["known.toml does not read", "known.toml:3", "did you mean \"object\"?"]);
}

#[test]
fn what_is_found_again_and_again_takes_a_line_each() {
    let grant = |table: usize| {
        format!("create table t{table} (id int, tenant_id uuid);\ngrant truncate on t{table} to erp_app;\n")
    };
    let folder = folder(&[("1_many.sql", &(0..9).map(grant).collect::<String>())]);
    let run = lint(&folder, &["migrations"]);
    assert_eq!(run.code, 1);
    let headings = run.out.matches("critical[truncate-granted]: erp_app may TRUNCATE public.t").count();
    assert_eq!((headings, run.out.matches("REVOKE TRUNCATE ON TABLE").count()), (9, 5), "{run:#?}");
    assert!(run.unwrapped().contains("(migrations/1_many.sql:18:19)"), "{run:#?}");
    assert!(!run.out.contains("--> migrations/1_many.sql:18"), "{run:#?}");
}

#[test]
fn what_is_the_same_in_one_place_after_the_other_is_counted() {
    let folder = folder(&[("1_many.sql", &"SELECT frob(1);\n".repeat(30))]);
    let run = lint(&folder, &["migrations", "--fail-on", "never"]);
    assert_eq!(run.out.matches("low[opaque-statement]").count(), 5, "{run:#?}");
    assert!(
        run.unwrapped().contains("opaque-statement: 25 more like these; --format json says where"),
        "{run:#?}"
    );
    assert!(run.unwrapped().contains("30 findings (30 low)"), "{run:#?}");
    assert_eq!(found(&folder, &["migrations"], "opaque-statement").len(), 30);
}

#[test]
fn since_a_commit_only_what_is_new_is_reported() {
    let folder = folder(&[("1_init.sql", TABLE), ("2_rights.sql", GRANT)]);
    let git = |args: &[&str]| {
        let output = Command::new("git")
            .args(["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"])
            .args(args)
            .current_dir(folder.path("."))
            .env("HOME", folder.path("."))
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    git(&["init", "-q", "-b", "main"]);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "a"]);
    let path = std::env::var("PATH").unwrap();
    let since = |reference: &str| {
        let args = ["lint", "migrations", "--since", reference, "--format", "json"];
        let run = Tool::at(&folder).args(&args).env("PATH", &path).run();
        assert!(run.code <= 1, "{run:?}");
        let json = run.json();
        let all = json["findings"].as_array().unwrap();
        let file = |finding: &Value| finding["file"].as_str().unwrap().to_owned();
        all.iter().map(file).collect::<BTreeSet<_>>()
    };
    assert_eq!(since("HEAD"), BTreeSet::new());
    folder.write("migrations/3_more.sql", &TABLE.replace("invoice", "payment"));
    assert_eq!(since("HEAD"), BTreeSet::from(["migrations/3_more.sql".to_owned()]));
    git(&["checkout", "-q", "-b", "work"]);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "b"]);
    assert_eq!(since("main"), BTreeSet::from(["migrations/3_more.sql".to_owned()]));
    folder.write("migrations/2_rights.sql", &format!("-- again\n{GRANT}"));
    assert_eq!(since("main").len(), 2);
    let refused = Tool::at(&folder).args(&["lint", "migrations", "--since=--help"]).env("PATH", &path).run();
    refused.said(2, &["git does not tell what has changed since --help", "cause: "]);
    Tool::at(&folder)
        .args(&["lint", "migrations", "--since=x"])
        .env("PATH", "")
        .run()
        .said(2, &["git cannot be run"]);
}

/// Of each runner's files those that go forward, and whether each is one transaction.
#[test]
fn files_are_read_as_their_runners_have_them() {
    let swap = "DROP POLICY p ON invoice;\nCREATE POLICY p ON invoice USING (false);\n";
    let init = format!(
        "{TABLE}ALTER TABLE invoice ENABLE ROW LEVEL SECURITY;\nCREATE POLICY p ON invoice USING (false);\n"
    );
    let up_down = |up: &str, down: &str| format!("{up}\n{swap}\n{down}\nDROP POLICY p ON invoice;\n");
    for (runner, files, in_one) in [
        ("refinery", vec![("V1__a.sql", init.clone()), ("V2__b.sql", swap.to_owned())], true),
        (
            "flyway",
            vec![
                ("V1.1__a.sql", init.clone()),
                ("V1.2__b.sql", swap.to_owned()),
                ("U1.2__b.sql", "x".to_owned()),
            ],
            true,
        ),
        (
            "sqlx",
            vec![
                ("1_a.up.sql", init.clone()),
                ("2_b.up.sql", swap.to_owned()),
                ("2_b.down.sql", "x".to_owned()),
            ],
            true,
        ),
        ("sqlx", vec![("1_a.sql", init.clone()), ("2_b.sql", format!("-- no-transaction\n{swap}"))], false),
        (
            "dbmate",
            vec![
                ("1_a.sql", format!("-- migrate:up\n{init}")),
                ("2_b.sql", up_down("-- migrate:up", "-- migrate:down")),
            ],
            true,
        ),
        (
            "dbmate",
            vec![
                ("1_a.sql", init.clone()),
                ("2_b.sql", up_down("-- migrate:up transaction:false", "-- migrate:down")),
            ],
            false,
        ),
        (
            "goose",
            vec![("1_a.sql", init.clone()), ("2_b.sql", up_down("-- +goose Up", "-- +goose Down"))],
            true,
        ),
        (
            "golang-migrate",
            vec![("000001_a.up.sql", init.clone()), ("000002_b.up.sql", swap.to_owned())],
            true,
        ),
        (
            "supabase",
            vec![("20240101000000_a.sql", init.clone()), ("20240102000000_b.sql", swap.to_owned())],
            true,
        ),
        (
            "prisma",
            vec![
                ("20240101000000_a/migration.sql", init.clone()),
                ("20240102000000_b/migration.sql", swap.to_owned()),
            ],
            true,
        ),
        ("psql", vec![("a.sql", init.clone()), ("b.sql", swap.to_owned())], false),
        ("psql", vec![("a.sql", init.clone()), ("b.sql", format!("BEGIN;\n{swap}COMMIT;\n"))], true),
    ] {
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let folder = folder(&files);
        let windows = found(&folder, &["migrations"], "policy-swap-window");
        assert_eq!(windows.is_empty(), in_one, "{runner}: {windows:?}");
        assert_eq!(found(&folder, &["migrations"], "opaque-statement"), [""; 0], "{runner}");
    }
}

#[test]
fn files_are_read_as_people_have_them() {
    for (what, text) in [
        ("a byte order mark", format!("\u{feff}{TABLE}{GRANT}")),
        ("line ends of Windows", format!("{TABLE}{GRANT}").replace('\n', "\r\n")),
        ("a command to psql", format!("\\set ON_ERROR_STOP on\n{}{GRANT}", TABLE.replace("\n);", ");"))),
        (
            "the data of a COPY",
            format!(
                "{}COPY invoice FROM stdin;\n1\t'\n\\.\n{GRANT}",
                TABLE.replace(",\n    t", ", t").replace("(\n", "(")
            ),
        ),
        ("dollar quotes", format!("{}SELECT $x$;'\n$x$;\n{GRANT}", TABLE.replace(",\n    t", ", t"))),
    ] {
        let folder = folder(&[("a.sql", &text)]);
        let line = if what == "dollar quotes" || what == "the data of a COPY" { 6 } else { 5 };
        assert_eq!(
            found(&folder, &["migrations"], "truncate-granted"),
            [format!("migrations/a.sql:{line}")],
            "{what}"
        );
    }
    let folder = folder(&[("a.sql", TABLE)]);
    std::fs::write(folder.path("migrations/b.sql"), b"SELECT 1;\n-- caf\xe9\n").unwrap();
    lint(&folder, &["migrations"]).said(2, &["migrations/b.sql:2", "0xe9 is not UTF-8"]);
    lint(&folder, &["nowhere"]).said(2, &["nowhere cannot be read"]);
    lint(&folder, &[]).said(2, &["<PATH>"]);
}
