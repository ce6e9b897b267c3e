//! Streams: colours, pipes and what reads from them.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::{Folder, Run, Tool, place, plan};

const ESCAPE: char = '\u{1b}';

/// What `script` shows of a command on a terminal.
fn on_a_terminal(folder: &Folder, args: &str, variables: &[(&str, &str)]) -> String {
    under("", folder, args, variables)
}

/// The same after something else was done with the terminal.
fn under(first: &str, folder: &Folder, args: &str, variables: &[(&str, &str)]) -> String {
    let mut command = std::process::Command::new("script");
    let line = format!("{first} {} {args}", env!("CARGO_BIN_EXE_tenantry"));
    command.args(["-qefc", &line, "/dev/null"]).env_clear().env("HOME", &folder.0).current_dir(&folder.0);
    command.env("TERM", "xterm").env("PATH", std::env::var_os("PATH").unwrap()).stdin(Stdio::null());
    let output = command.envs(variables.iter().copied()).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn colours_are_for_terminals_unless_they_are_asked_for() {
    let folder = Folder::new();
    for args in [&["plan"][..], &["plan", "--check", "--down"], &["--help"]] {
        let run = |more: &[&str], variables: &[(&str, &str)]| {
            let tool = variables.iter().fold(Tool::at(&folder), |tool, (name, value)| tool.env(name, value));
            let run = tool.args(args).args(more).run();
            (run.out + &run.err).contains(ESCAPE)
        };
        assert!(!run(&[], &[]), "{args:?}");
        assert!(run(&["--color", "always"], &[]), "{args:?}");
        assert!(run(&["--color=always"], &[("NO_COLOR", "1")]), "{args:?}");
        assert!(run(&[], &[("CLICOLOR_FORCE", "1")]), "{args:?}");
        assert!(!run(&["--color", "never"], &[("CLICOLOR_FORCE", "1")]), "{args:?}");
        assert!(
            args.contains(&"--help") || !run(&["--color", "always", "--format", "json"], &[]),
            "{args:?}"
        );
    }
}

#[test]
fn a_terminal_has_colours_unless_it_wants_none() {
    let folder = Folder::new();
    assert!(on_a_terminal(&folder, "plan", &[]).contains(ESCAPE));
    assert!(on_a_terminal(&folder, "--help", &[]).contains(ESCAPE));
    for variables in [[("NO_COLOR", "1")], [("TERM", "dumb")]] {
        for args in ["plan", "--help"] {
            let shown = on_a_terminal(&folder, args, &variables);
            assert!(shown.contains("tenantry") && !shown.contains(ESCAPE), "{variables:?}: {shown:?}");
        }
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let folder = Folder::new();
    for args in [&["completions", "bash"][..], &["plan", "--help"]] {
        let mut tool = Tool::at(&folder).args(args);
        let mut child = tool.command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Nobody reads, not even from the start.
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let run = Run::of(&output);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{args:?}");
    }
}

#[tokio::test]
async fn a_long_plan_may_be_cut_off() {
    let place = place().await;
    // More than a pipe holds.
    let tables = (0..100).map(|number| format!("CREATE TABLE t{number} (tenant_id uuid NOT NULL);"));
    place.database.connect().await.unwrap().batch_execute(&tables.collect::<String>()).await.unwrap();
    let folder = Folder::new();
    let mut tool = plan(&folder).env("DATABASE_URL", place.database.url());
    let mut child = tool.command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::with_capacity(1, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("What is missing in "), "{line}");
    let run = Run::of(&child.wait_with_output().unwrap());
    assert_eq!((run.code, run.err.as_str()), (0, ""));
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_an_error() {
    let folder = Folder::new();
    for args in [&["completions", "bash"][..], &["--help"]] {
        let mut tool = Tool::at(&folder).args(args);
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let run = Run::of(&tool.command.stdout(full).output().unwrap());
        run.said(2, &["error: the output cannot be written", "cause: No space left on device"]);
    }
}

/// Running text is as wide as the terminal; SQL and lines of files stay as they are.
#[tokio::test]
async fn lines_are_as_wide_as_the_terminal() {
    let place = place().await;
    let folder = Folder::new();
    let schema = "CREATE TABLE customer (id bigint PRIMARY KEY, tenant_id uuid, note text);
        CREATE TABLE a_table_of_a_very_long_name_that_takes_half_a_line (tenant_id bigint, customer_id bigint REFERENCES customer);
        CREATE TABLE line (id bigint PRIMARY KEY, customer_id bigint REFERENCES customer);
        CREATE MATERIALIZED VIEW sums AS SELECT count(*) FROM customer;
        CREATE VIEW all_of_them AS SELECT * FROM customer;";
    place.database.connect().await.unwrap().batch_execute(schema).await.unwrap();
    let url = place.database.url().to_owned();
    plan(&folder);
    folder.write("1.sql", schema);
    let settled = "\n[tables]\n\"public.line\" = { class = \"deny\" }\n\"public.sums\" = { class = \"deny\" }\n\
        \"public.a_table_of_a_very_long_name_that_takes_half_a_line\" = { class = \"deny\" }\n";
    folder.write("settled.toml", &(folder.read("tenantry.toml") + settled));
    let commands = [
        "init --out -",
        "init --out - --column tenant_id",
        "plan",
        "plan --config settled.toml",
        "plan --config settled.toml --check",
        "audit --config settled.toml",
        "lint --config settled.toml 1.sql",
        "adopt customer --tenant 1b4e28ba-2fa1-11d2-883f-0016d3cca427 --dry-run --config settled.toml",
        "adopt line --tenant x --dry-run",
        "explain",
        "explain guc-fail-open",
        "plan --help",
        "migrate --help",
        "nothing",
    ];
    // SQL is not broken, nor the name of the database, a URL, or a word.
    let is_whole = |command: &str, line: &str| {
        let has_sql = !command.starts_with("init") && !command.ends_with("--help");
        has_sql && line.starts_with("      ") && !line.contains("without:")
            // A script has running text in its comments.
            || command.contains("--dry-run") && !line.starts_with("--")
            || line.contains("\"public\"")
            || line.contains(&*place.host)
            || line.contains(place.database.name())
            || line.contains("https://")
            || line.ends_with(';')
            || line.trim_start_matches(" --> ").split_whitespace().count() < 2
    };
    for (columns, widest) in [(None, 100), (Some("60"), 60), (Some("80"), 80), (Some("120"), 120)] {
        for command in commands {
            let args: Vec<&str> = command.split(' ').collect();
            let mut tool = Tool::at(&folder).args(&args).env("DATABASE_URL", &url);
            if let Some(columns) = columns {
                tool = tool.env("COLUMNS", columns);
            }
            let run = tool.run();
            // An error is one line of a log, however long.
            let err = if columns.is_none() && args[0] != "init" { "" } else { &run.err };
            for line in run.out.lines().filter(|_| args[0] != "init").chain(err.lines()) {
                assert!(
                    line.chars().count() <= widest || is_whole(command, line),
                    "{command} at {columns:?}: {line}"
                );
            }
        }
    }
    let widest = |variables: &[(&str, &str)], columns: u32| {
        let shown =
            under(&format!("stty rows 24 cols {columns};"), &folder, "explain --color never", variables);
        shown.lines().map(|line| line.trim_end().chars().count()).max().unwrap()
    };
    assert!((50..=60).contains(&widest(&[], 60)));
    assert!((90..=120).contains(&widest(&[], 200)));
    assert!((60..=70).contains(&widest(&[("COLUMNS", "70")], 60)));
}

/// What a database or a file calls its objects cannot forge a line of a log, nor turn the direction of writing.
#[tokio::test]
async fn names_stay_on_their_line_and_are_shown_as_they_are() {
    const TURNED: &str = "\u{202e}\u{2066}\u{200f}\u{61c}\u{2028}";
    let name = format!("a\n::error::forged\r\t{TURNED}z");
    let shown = "a\\u{a}::error::forged\\u{d}\\u{9}\\u{202e}\\u{2066}\\u{200f}\\u{61c}\\u{2028}z";
    let sql = format!(
        "CREATE TABLE \"{name}\" (id bigint PRIMARY KEY, tenant_id uuid);\n\
         CREATE TABLE t (\"{name}\" bigint REFERENCES \"{name}\", tenant_id bigint);\n\
         CREATE VIEW \"v{name}\" AS SELECT * FROM t;\n"
    );
    let place = place().await;
    place.database.connect().await.unwrap().batch_execute(&sql).await.unwrap();
    let folder = Folder::new();
    plan(&folder);
    let manifest = folder.read("tenantry.toml");
    folder.write("1.sql", &sql);
    let key = serde_json::to_string(&format!("public.\"x{name}\"")).unwrap();
    folder.write("unknown.toml", &format!("{manifest}\n[tables]\n{key} = {{ class = \"deny\" }}\n"));
    folder.write(
        "settled.toml",
        &format!("{manifest}\n[tables]\n\"public.t\" = {{ class = \"exempt\", reason = \"x\" }}\n"),
    );
    for (args, is_named) in [
        ("init --out - --column tenant_id", true),
        ("init --out - --column nothing", false),
        ("plan", false),
        ("plan --config unknown.toml", true),
        ("plan --config settled.toml --check", true),
        ("plan --config settled.toml --from 1.sql --check", true),
        ("audit --config settled.toml", true),
        ("lint --config settled.toml 1.sql", true),
        ("map --config settled.toml --out map.svg --force", false),
    ] {
        let args: Vec<&str> = args.split(' ').collect();
        let run = Tool::at(&folder).args(&args).env("DATABASE_URL", place.database.url()).run();
        // The manifest that init prints is TOML, with escapes of its own; the report is on the error stream.
        let text = if args[0] == "init" { run.err } else { run.out };
        assert!(!text.contains(|c| TURNED.contains(c) || c == '\r'), "{args:?}: {text}");
        assert_eq!(text.contains(shown), is_named, "{args:?}: {text}");
        let forged = |line: &str| line.trim_start().starts_with("::error") && !line.contains("CREATE");
        let blocks = ["      ", "fix:"];
        let outside = text.lines().filter(|line| !blocks.iter().any(|block| line.starts_with(block)));
        assert!(!outside.into_iter().any(forged), "{args:?}: {text}");
    }
}
