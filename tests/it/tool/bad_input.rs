//! Files that nobody would write, or that a disk has cut: one finding with its place, and nothing lost of the others.

use serde_json::Value;

use super::{Folder, Run, Tool};

const MANIFEST: &str = "[tenancy]\ntype = \"uuid\"\n[roles]\napp = \"erp_app\"\nowner = \"erp_owner\"\n";

const OTHER: &str = "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);\n\
                     GRANT SELECT, TRUNCATE ON invoice TO erp_app;\n";

/// What is said of a file between two others, and that nothing of these is lost.
fn said(what: &str, text: &str) -> Vec<Value> {
    let folder = Folder::new();
    folder.write("tenantry.toml", MANIFEST);
    folder.write("1_first.sql", OTHER);
    folder.write("2_bad.sql", text);
    folder.write("3_last.sql", &OTHER.replace("invoice", "payment"));
    let run: Run = Tool::at(&folder)
        .args(&["lint", "1_first.sql", "2_bad.sql", "3_last.sql", "--format", "json", "--severity", "info"])
        .run();
    assert!(run.code == 1 && run.err.is_empty(), "{what}: {} {}", run.code, run.err);
    let json = run.json();
    let of = |file: &'static str| {
        let all = json["findings"].as_array().unwrap();
        all.iter().filter(move |finding| finding["file"] == file)
    };
    for file in ["1_first.sql", "3_last.sql"] {
        let rules: Vec<&Value> = of(file).map(|finding| &finding["rule"]).collect();
        assert!(rules.contains(&&"truncate-granted".into()), "{what}: {file}: {rules:?}");
        assert!(rules.contains(&&"pk-not-tenant".into()), "{what}: {file}: {rules:?}");
    }
    of("2_bad.sql").cloned().collect()
}

/// The one finding about a statement that is not followed.
fn not_followed(what: &str, text: &str) -> (u64, u64, String) {
    let found = said(what, text);
    let opaque: Vec<&Value> = found.iter().filter(|of| of["rule"] == "opaque-statement").collect();
    let [one] = opaque[..] else { panic!("{what}: {opaque:#?}") };
    (
        one["line"].as_u64().unwrap(),
        one["column"].as_u64().unwrap(),
        one["message"].as_str().unwrap().to_owned(),
    )
}

#[test]
fn what_is_not_closed_is_said_with_its_place() {
    let before = "CREATE TABLE note (id bigint);\n\n";
    for (sign, rest) in [
        ("'", "SELECT 1\nFROM note WHERE a = 'b;\nSELECT 2;\n"),
        ("\"", "SELECT 1\nFROM \"note;\nSELECT 2;\n"),
        ("$$", "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS\n$$ BEGIN RETURN 1; END;\nSELECT 2;\n"),
        (
            "$body$",
            "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS\n$body$ BEGIN RETURN 1; END $Body$;\nSELECT 2;\n",
        ),
        ("/*", "SELECT 1\n/* a comment /* in another */ ;\nSELECT 2;\n"),
    ] {
        let (line, column, message) = not_followed(sign, &format!("{before}{rest}"));
        assert_eq!((line, column), (3, 1), "{message}");
        assert_eq!(
            message,
            format!("not followed: a quote or a comment is not closed: the {sign} of line 4")
        );
    }
}

#[test]
fn a_parenthesis_without_its_counterpart_is_said_with_its_place() {
    let before = "CREATE TABLE note (id bigint);\n\n";
    for (rest, expected) in [
        ("SELECT (1\n;\nSELECT 2;\n", "a parenthesis is not closed: the ( of line 3"),
        ("SELECT 1\n, (2;\nDROP TABLE note;\n", "a parenthesis is not closed: the ( of line 4"),
        ("INSERT INTO note VALUES (1;\nDROP TABLE note;\n", "a parenthesis is not closed: the ( of line 3"),
        ("SELECT 1\n);\n", "a parenthesis was not opened: the ) of line 4"),
    ] {
        let (line, column, message) = not_followed(rest, &format!("{before}{rest}"));
        assert_eq!((line, column, message.as_str()), (3, 1, &format!("not followed: {expected}")[..]));
    }
    let (line, _, message) =
        not_followed("a table", &format!("{before}CREATE TABLE a (\n  b int;\nDROP TABLE note;\n"));
    assert_eq!(line, 3);
    assert!(message.contains("the ( of line 3 is not closed"), "{message}");
}

#[test]
fn what_is_no_sql_is_said_once() {
    let prose =
        "Dear reader; this is a text; it was saved under the wrong name; nothing in it is a statement;\n"
            .repeat(400);
    let (line, column, message) = not_followed("prose", &prose);
    assert_eq!((line, column), (1, 1));
    let ends = "nor is any of the 100 statements that begin the file, which is not read on";
    assert!(
        message.starts_with("not followed: expected a statement of PostgreSQL") && message.ends_with(ends),
        "{message}"
    );
    // A statement among them that is one counts, wherever it stands.
    let mixed = format!("SELECT 1; {}", "no statement;\n".repeat(150));
    let found = said_of(&mixed);
    assert_eq!(found, 150);
}

/// How many statements of a file are not followed.
fn said_of(text: &str) -> usize {
    said("a file", text).iter().filter(|of| of["rule"] == "opaque-statement").count()
}

/// A file that a disk or an editor has cut in two, wherever that is.
#[test]
fn a_file_that_is_cut_says_so_where_it_ends() {
    for cut in [
        "CREATE TABLE note (id bigint, tenant_id uuid",
        "CREATE TABLE note (id bigint, tenant_id",
        "CREATE TABLE note (",
        "CREATE TABLE",
        "CREATE POLICY p ON invoice USING (tenant_id = (SELECT",
        "CREATE POLICY p ON",
        "ALTER TABLE invoice ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS",
        "GRANT SELECT ON",
        "DO",
        "INSERT INTO invoice VALUES (1, 'a",
    ] {
        let (line, column, _) = not_followed(cut, &format!("SELECT 1;\n  {cut}"));
        assert_eq!((line, column), (2, 3), "{cut}");
    }
    for whole in ["", "\n", "-- nothing\n", ";;;;", "\u{feff}", "SELECT 1"] {
        assert_eq!(said("whole", whole), [Value::Null; 0], "{whole:?}");
    }
}

/// Each in time and memory that grow as the file does.
#[test]
fn what_is_very_deep_is_read_or_said() {
    const DEEP: usize = 10_000;
    let nested =
        |open: &str, inner: &str, close: &str| format!("{}{inner}{}", open.repeat(DEEP), close.repeat(DEEP));
    for (what, text) in [
        ("blocks in a DO", format!("DO $$ {} $$;\n", nested("BEGIN\n", "NULL;", " END;"))),
        (
            "blocks in a function",
            format!(
                "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ {} $$; SELECT f();\n",
                nested("BEGIN ", "NULL;", " END;")
            ),
        ),
        ("IF in IF", format!("DO $$ BEGIN {} END $$;\n", nested("IF true THEN ", "NULL;", " END IF;"))),
        ("loops in loops", format!("DO $$ BEGIN {} END $$;\n", nested("LOOP ", "EXIT;", " END LOOP;"))),
        ("CASE in CASE", format!("SELECT {};\n", nested("CASE WHEN true THEN ", "1", " END"))),
        ("parentheses", format!("SELECT {};\n", nested("(", "1", ")"))),
        (
            "parentheses in a policy",
            format!("CREATE POLICY p ON invoice USING ({});\n", nested("(", "true", ")")),
        ),
        (
            "parentheses in a default",
            format!("CREATE TABLE deep (a int DEFAULT {});\n", nested("(", "1", ")")),
        ),
        ("NOT in a policy", format!("CREATE POLICY p ON invoice USING ({} true);\n", "NOT ".repeat(DEEP))),
        (
            "OR in a policy",
            format!("CREATE POLICY p ON invoice USING ({});\n", vec!["id = 1"; DEEP].join(" OR ")),
        ),
        (
            "sums in a policy",
            format!("CREATE POLICY p ON invoice USING (id = {});\n", vec!["1"; DEEP].join(" + ")),
        ),
        (
            "casts in a policy",
            format!("CREATE POLICY p ON invoice USING (id = 1{});\n", "::bigint".repeat(DEEP)),
        ),
        (
            "functions in a policy",
            format!("CREATE POLICY p ON invoice USING ({});\n", nested("coalesce(", "true", ")")),
        ),
        (
            "queries in a view",
            format!("CREATE VIEW v AS SELECT * FROM {};\n", nested("(SELECT * FROM ", "invoice", ") a")),
        ),
        (
            "queries in a policy",
            format!("CREATE POLICY p ON invoice USING ({});\n", nested("(SELECT ", "true", ")")),
        ),
        ("unions", format!("CREATE VIEW v AS {};\n", vec!["SELECT 1"; DEEP].join(" UNION ALL "))),
        ("joins", format!("CREATE VIEW v AS SELECT 1 FROM invoice{};\n", " CROSS JOIN invoice".repeat(DEEP))),
        ("WITH in WITH", format!("CREATE VIEW v AS {};\n", nested("WITH a AS (", "SELECT 1", ") SELECT 1"))),
        ("comments in comments", format!("{} SELECT 1;\n", nested("/*", "", "*/"))),
        ("brackets", format!("SELECT ARRAY{};\n", nested("[", "1", "]"))),
        ("parentheses that nobody closes", format!("SELECT {};\nSELECT 2;\n", "(".repeat(DEEP))),
        ("parentheses that nobody opens", format!("SELECT {};\n", ")".repeat(DEEP))),
        (
            "a body in standard SQL",
            format!(
                "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT {}; END;\n",
                nested("CASE WHEN true THEN ", "1", " END")
            ),
        ),
        ("an EXECUTE in an EXECUTE", {
            let mut text = "SELECT 1".to_owned();
            for _ in 0..12 {
                text = format!(
                    "DO $a$ BEGIN EXECUTE '{}'; END $a$",
                    text.replace('\'', "''").replace("$a$", "$aa$")
                );
            }
            format!("{text};\n")
        }),
    ] {
        let found = said(what, &text);
        let opaque = found.iter().filter(|of| of["rule"] == "opaque-statement").count();
        assert!(opaque <= 1, "{what}: {opaque} findings");
    }
}

#[test]
fn what_is_very_long_is_read_or_said() {
    const LONG: usize = 5 << 20;
    const LONG_LIST: usize = 1 << 20;
    let line = "    PERFORM 1;\n";
    let long = |length: usize| line.repeat(length / line.len());
    for (what, text) in [
        (
            "a body of 5 MB",
            format!(
                "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$\nBEGIN\n{}END\n$$;\n",
                long(LONG)
            ),
        ),
        ("a block of 1 MB", format!("DO $$\nBEGIN\n{}END\n$$;\n", long(LONG_LIST))),
        (
            "a body in SQL of 1 MB",
            format!(
                "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ {} $$;\n",
                "SELECT 1;\n".repeat(LONG_LIST / 10)
            ),
        ),
        ("a literal of 5 MB", format!("SELECT '{}';\n", "a".repeat(LONG))),
        ("a comment of 5 MB", format!("/* {} */ SELECT 1;\n", "a ".repeat(LONG / 2))),
        ("a name of 5 MB", format!("SELECT {};\n", "a".repeat(LONG))),
        (
            "rows of 1 MB",
            format!("INSERT INTO invoice VALUES {};\n", vec!["(1, 'a')"; LONG_LIST / 10].join(", ")),
        ),
        ("a view of 1 MB", format!("CREATE VIEW v AS SELECT {};\n", vec!["1"; LONG_LIST / 3].join(", "))),
    ] {
        let found = said(what, &text);
        let opaque = found.iter().filter(|of| of["rule"] == "opaque-statement").count();
        assert!(opaque <= 1, "{what}: {opaque} findings");
    }
}
