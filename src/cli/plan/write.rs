//! Writes a plan as files.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::clock;
use crate::cli::failure::Failure;
use crate::cli::files::{self, Existing, NewFile};
use crate::plan::{Numbering, Plan, Style};

/// Versions from here on are times.
const FIRST_TIMESTAMP: u64 = 10_000_000_000_000;

/// Writes the files of a migration beside those that are there, and says which.
pub(super) fn files(plan: &Plan, style: Style, name: &str, folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    // Nothing is made before the name is found to be one.
    style.files(plan, 0, name)?;
    let made = make(folder)?;
    let written = highest(style, folder).and_then(|highest| {
        let version = next(style.numbering(), highest, clock::now());
        let files = style.files(plan, version, name)?;
        let file = |file: crate::plan::File| NewFile { path: folder.join(file.name), text: file.text };
        let files: Vec<NewFile> = files.into_iter().map(file).collect();
        files::write(&files, Existing::Refuse)?;
        Ok(files.into_iter().map(|file| file.path).collect())
    });
    if made && written.is_err() {
        let _ = fs::remove_dir(folder);
    }
    written
}

/// Makes the folder, unless it is there.
fn make(folder: &Path) -> Result<bool, Failure> {
    match fs::create_dir(folder) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => Ok(false),
        Err(error) => {
            Err(Failure::usage(format!("folder {} cannot be made", folder.display()))
                .cause(error.to_string()))
        }
    }
}

/// The highest version that a file of the runner's has.
fn highest(style: Style, folder: &Path) -> Result<Option<u64>, Failure> {
    let failed = |error: std::io::Error| {
        Failure::usage(format!("folder {} cannot be read", folder.display())).cause(error.to_string())
    };
    let mut highest = None;
    for entry in fs::read_dir(folder).map_err(failed)? {
        let version = style.version(&entry.map_err(failed)?.file_name().to_string_lossy());
        highest = highest.max(version);
    }
    Ok(highest)
}

/// A version after all others, of their kind: a team that counts goes on counting.
fn next(numbering: Numbering, highest: Option<u64>, now: u64) -> u64 {
    let times = match highest {
        Some(highest) => highest >= FIRST_TIMESTAMP,
        None => numbering == Numbering::Timestamp,
    };
    let after = highest.map_or(1, |highest| highest.saturating_add(1));
    if times { now.max(after) } else { after }
}

#[cfg(test)]
mod tests {
    use super::{Numbering, next};

    #[test]
    fn a_version_comes_after_all_others_and_is_of_their_kind() {
        const NOW: u64 = 20_260_102_030_405;
        for (numbering, highest, expected) in [
            (Numbering::Sequence, None, 1),
            (Numbering::Sequence, Some(7), 8),
            (Numbering::Sequence, Some(20_250_101_000_000), NOW),
            (Numbering::Timestamp, None, NOW),
            (Numbering::Timestamp, Some(7), 8),
            (Numbering::Timestamp, Some(20_250_101_000_000), NOW),
            (Numbering::Timestamp, Some(20_990_101_000_000), 20_990_101_000_001),
        ] {
            assert_eq!(next(numbering, highest, NOW), expected, "{numbering:?} {highest:?}");
        }
    }
}
