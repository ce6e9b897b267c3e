//! SQL files in the order in which they are run.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::files;
use super::forward::{Forward, forward, sqitch};
use crate::catalog::replay::{Source, runs_in_one_transaction};

/// Files, and what was not read of their folders.
#[derive(Default)]
pub(super) struct Files {
    pub(super) sources: Vec<Source>,
    /// Which files stand for others that were not read, each in one line.
    pub(super) stand: Vec<String>,
}

/// Reads files, and those in folders in the order in which runners of migrations take them; - is the standard input.
pub(super) fn read(paths: &[PathBuf]) -> Result<Files, Failure> {
    let mut found = Files::default();
    for path in paths {
        if files::is_standard_output(path) {
            let mut bytes = Vec::new();
            let read = io::stdin().lock().read_to_end(&mut bytes);
            read.map_err(|error| {
                Failure::usage("the standard input cannot be read").cause(error.to_string())
            })?;
            found.sources.push(Source::from_bytes("standard input", bytes)?);
            continue;
        }
        let named = if path.is_dir() { folder(path, &mut found.stand)? } else { vec![path.clone()] };
        for path in named {
            let bytes = fs::read(&path).map_err(|error| unreadable(&path, &error))?;
            let source = Source::from_bytes(path.display().to_string(), bytes)?;
            let one_transaction =
                runs_in_one_transaction(source.name(), source.text()) && !refuses_beside(&path);
            found.sources.push(source.in_one_transaction(one_transaction));
        }
    }
    Ok(found)
}

/// Whether a file beside it says that it is not run in a transaction: Flyway's `V1__a.sql.conf`, Diesel's `metadata.toml`.
fn refuses_beside(path: &Path) -> bool {
    let mut conf = path.as_os_str().to_owned();
    conf.push(".conf");
    let says = |path: &Path, name: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        text.lines().any(|line| {
            let said = line.split_once('=').map(|(key, value)| (key.trim(), value.trim()));
            said.is_some_and(|(key, value)| key == name && value == "false")
        })
    };
    says(Path::new(&conf), "executeInTransaction")
        || says(&path.with_file_name("metadata.toml"), "run_in_transaction")
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!("{} cannot be read", path.display())).cause(error.to_string())
}

/// The files that a Sqitch plan names, if the folder is a project of Sqitch's or what is deployed of one.
fn deployed(path: &Path) -> Option<Vec<PathBuf>> {
    let here = [(path.join("sqitch.plan"), path.join("deploy"))];
    let is_deploy = path.file_name().is_some_and(|name| name == "deploy");
    let above = path.parent().filter(|_| is_deploy).map(|above| (above.join("sqitch.plan"), path.to_owned()));
    here.into_iter().chain(above).find_map(|(plan, folder)| {
        let changes = sqitch(&fs::read_to_string(plan).ok()?);
        let files = changes.iter().map(|change| folder.join(format!("{change}.sql")));
        Some(files.filter(|file| file.is_file()).collect::<Vec<_>>()).filter(|files| !files.is_empty())
    })
}

/// The SQL files of a folder and of those in it that are run forward.
fn folder(path: &Path, stand: &mut Vec<String>) -> Result<Vec<PathBuf>, Failure> {
    if let Some(files) = deployed(path) {
        return Ok(files);
    }
    let mut names = Vec::new();
    let mut left = vec![PathBuf::new()];
    while let Some(relative) = left.pop() {
        let at = path.join(&relative);
        let entries = fs::read_dir(&at).map_err(|error| unreadable(&at, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| unreadable(&at, &error))?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let relative = relative.join(&name);
            // A link to a folder could lead around in a circle.
            if name.starts_with('.') {
                continue;
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                left.push(relative);
            } else if name.to_ascii_lowercase().ends_with(".sql") {
                names.push(relative.to_string_lossy().into_owned());
            }
        }
    }
    let text =
        |name: &str| String::from_utf8_lossy(&fs::read(path.join(name)).unwrap_or_default()).into_owned();
    let Forward { names, stand: found } = forward(names, &text);
    stand.extend(found.iter().map(|(name, number)| {
        let others = if *number == 1 {
            "1 other file, which is".to_owned()
        } else {
            format!("{number} others, which are")
        };
        format!("{} stands for {others} not read", path.join(name).display())
    }));
    if names.is_empty() {
        return Err(Failure::usage(format!("folder {} has no SQL files", path.display()))
            .help("expected files that end in .sql, in it or in its folders"));
    }
    Ok(names.into_iter().map(|name| path.join(name)).collect())
}
