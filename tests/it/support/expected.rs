//! Files of what is expected, for people to read.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use super::version::FIFTEEN;

/// Compares a text with a file under `tests/it`. `UPDATE_EXPECTED=1 cargo test` writes the files anew.
pub fn compare(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(name);
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, found).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    for (line, (found, expected)) in found.lines().zip(expected.lines()).enumerate() {
        assert_eq!(found, expected, "line {} of {name}", line + 1);
    }
    assert_eq!(found, expected, "{name}");
}

/// Compares what a server of this version gives. The file holds what PostgreSQL 15 and later ones give, and beside it stands a
/// file of the lines in which an earlier one differs.
pub fn compare_on(version: u32, name: &str, found: &str) {
    if version >= FIFTEEN {
        return compare(name, found);
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let (stem, _) = name.rsplit_once('.').unwrap();
    let mut command = Command::new("diff");
    command
        .arg(folder.join(name))
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut diff = command.spawn().unwrap();
    diff.stdin.take().unwrap().write_all(found.as_bytes()).unwrap();
    let diff = diff.wait_with_output().unwrap();
    assert!(diff.status.code().is_some_and(|code| code < 2), "{diff:?}");
    // Without the numbers of lines, which change whenever the file does.
    let diff = String::from_utf8(diff.stdout).unwrap();
    let line = |line: &str| match line.starts_with(['<', '>']) {
        true => format!("{}\n", line.trim_end()),
        false if line == "---" => String::new(),
        false => "\n".to_owned(),
    };
    compare(&format!("{stem}.before_15.diff"), diff.lines().map(line).collect::<String>().trim_start());
}
