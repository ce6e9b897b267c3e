//! SQL files in the order in which they are run.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::files;
use crate::catalog::replay::{Source, runs_in_one_transaction};

/// Reads files, and those in folders in the order in which runners of migrations take them; - is the standard input.
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<Source>, Failure> {
    let mut found = Vec::new();
    for path in paths {
        if files::is_standard_output(path) {
            let mut bytes = Vec::new();
            let read = io::stdin().lock().read_to_end(&mut bytes);
            read.map_err(|error| {
                Failure::usage("the standard input cannot be read").cause(error.to_string())
            })?;
            found.push(Source::from_bytes("standard input", bytes)?);
            continue;
        }
        let named = if path.is_dir() { folder(path)? } else { vec![path.clone()] };
        for path in named {
            let bytes = fs::read(&path).map_err(|error| unreadable(&path, &error))?;
            let source = Source::from_bytes(path.display().to_string(), bytes)?;
            let one_transaction = runs_in_one_transaction(source.name(), source.text());
            found.push(source.in_one_transaction(one_transaction));
        }
    }
    Ok(found)
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!("{} cannot be read", path.display())).cause(error.to_string())
}

/// The SQL files of a folder and of those in it that are run forward.
fn folder(path: &Path) -> Result<Vec<PathBuf>, Failure> {
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
    let names = forward(names);
    if names.is_empty() {
        return Err(Failure::usage(format!("folder {} has no SQL files", path.display()))
            .help("expected files that end in .sql, in it or in its folders"));
    }
    Ok(names.into_iter().map(|name| path.join(name)).collect())
}

/// The files that are run forward, in their order.
fn forward(mut names: Vec<String>) -> Vec<String> {
    let versions: BTreeSet<String> =
        names.iter().filter_map(|name| version(name, 'V')).map(str::to_owned).collect();
    names.retain(|name| {
        let base = base(name).to_ascii_lowercase();
        // Flyway undoes V7 with U7. A U without its V is run forward, by refinery.
        let undoes = version(name, 'U').is_some_and(|version| versions.contains(version));
        !(undoes || base == "down.sql" || base.ends_with(".down.sql"))
    });
    names.sort_by(|one, other| order(one, other));
    names
}

fn base(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

/// The version of `V7__name.sql`, with another letter for other kinds.
fn version(name: &str, letter: char) -> Option<&str> {
    let (version, _) = base(name).strip_prefix(letter)?.split_once("__")?;
    version.starts_with(|c: char| c.is_ascii_digit()).then_some(version)
}

/// By version, where files have one as Flyway and refinery write it; those without come after, as repeatable ones do.
/// Otherwise by name, with numbers by their value.
fn order(one: &str, other: &str) -> Ordering {
    let of = |name| version(name, 'V').or_else(|| version(name, 'U'));
    let repeats = |name: &str| base(name).starts_with("R__");
    match (of(one), of(other)) {
        (Some(one_version), Some(other_version)) => {
            let parts = |version: &str| {
                version.split(['.', '_']).map(|part| part.parse().unwrap_or(u64::MAX)).collect::<Vec<_>>()
            };
            parts(one_version).cmp(&parts(other_version)).then_with(|| natural(one, other))
        }
        (Some(_), None) if repeats(other) => Ordering::Less,
        (None, Some(_)) if repeats(one) => Ordering::Greater,
        _ => natural(one, other),
    }
}

/// `a2` before `a10`.
fn natural(one: &str, other: &str) -> Ordering {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let (mut left, mut right) = (one, other);
    loop {
        let (left_digits, right_digits) = (digits(left), digits(right));
        if left_digits > 0 && right_digits > 0 {
            let (one, left_rest) = left.split_at(left_digits);
            let (other, right_rest) = right.split_at(right_digits);
            let (one, other) = (one.trim_start_matches('0'), other.trim_start_matches('0'));
            let numbers = one.len().cmp(&other.len()).then_with(|| one.cmp(other));
            if numbers != Ordering::Equal {
                return numbers;
            }
            (left, right) = (left_rest, right_rest);
            continue;
        }
        let (mut left_chars, mut right_chars) = (left.chars(), right.chars());
        match (left_chars.next(), right_chars.next()) {
            (Some(a), Some(b)) if a == b => (left, right) = (left_chars.as_str(), right_chars.as_str()),
            // What differs in nothing but leading zeros differs all the same.
            (None, None) => return one.cmp(other),
            (a, b) => return a.cmp(&b),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::forward;

    #[test]
    fn files_are_taken_in_the_order_in_which_runners_take_them() {
        for (found, expected) in [
            // refinery and Flyway
            (
                &["V10__b.sql", "V2__a.sql", "V2.1__c.sql", "R__views.sql"][..],
                &["V2__a.sql", "V2.1__c.sql", "V10__b.sql", "R__views.sql"][..],
            ),
            (&["U1__a.sql", "V1__a.sql", "V2__b.sql"], &["V1__a.sql", "V2__b.sql"]),
            (
                &["U2__b.sql", "V1__a.sql", "V3__c.sql", "V3__c.down.sql"],
                &["V1__a.sql", "U2__b.sql", "V3__c.sql"],
            ),
            // sqlx, dbmate, golang-migrate
            (
                &["20240102000000_b.up.sql", "20240101000000_a.up.sql", "20240101000000_a.down.sql"],
                &["20240101000000_a.up.sql", "20240102000000_b.up.sql"],
            ),
            (&["10_b.sql", "9_a.sql", "0001_z.sql"], &["0001_z.sql", "9_a.sql", "10_b.sql"]),
            // diesel
            (
                &["2024-02-01-b/up.sql", "2024-02-01-b/down.sql", "2024-01-01-a/up.sql"],
                &["2024-01-01-a/up.sql", "2024-02-01-b/up.sql"],
            ),
            (&["b.sql", "a.sql", "A.SQL"], &["A.SQL", "a.sql", "b.sql"]),
        ] {
            assert_eq!(forward(found.iter().map(|name| (*name).to_owned()).collect()), expected);
        }
    }
}
