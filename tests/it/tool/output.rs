//! Streams: colours, pipes and what reads from them.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::{Folder, Run, Tool, place, plan};

const ESCAPE: char = '\u{1b}';

/// What `script` shows of a command on a terminal.
fn on_a_terminal(folder: &Folder, args: &str, variables: &[(&str, &str)]) -> String {
    let mut command = std::process::Command::new("script");
    let line = format!("{} {args}", env!("CARGO_BIN_EXE_tenantry"));
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
