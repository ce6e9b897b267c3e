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
pub(in crate::cli) fn files(
    plan: &Plan,
    style: Style,
    name: &str,
    folder: &Path,
) -> Result<Vec<PathBuf>, Failure> {
    // Nothing is made before the name is found to be one.
    style.files(plan, 0, name)?;
    let made = NewFolders::make(folder)?;
    let version = next(style.numbering(), highest(style, folder)?, clock::now());
    let files = style.files(plan, version, name)?;
    let file = |file: crate::plan::File| NewFile { path: folder.join(file.name), text: file.text.into() };
    let files: Vec<NewFile<'_>> = files.into_iter().map(file).collect();
    files::write(&files, Existing::Refuse)?;
    made.keep();
    Ok(files.into_iter().map(|file| file.path).collect())
}

/// Folders that were not there before, the outermost first. They go when this value does, unless they are kept.
#[derive(Default)]
struct NewFolders(Vec<PathBuf>);

impl NewFolders {
    /// Makes a folder and those that it is in, as far as they are not there.
    fn make(folder: &Path) -> Result<Self, Failure> {
        let mut made = Self::default();
        let mut path = PathBuf::new();
        for part in folder.components() {
            path.push(part);
            if path.is_dir() {
                continue;
            }
            match fs::create_dir(&path) {
                Ok(()) => made.0.push(path.clone()),
                // Somebody else has just made it.
                Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => {}
                Err(error) => {
                    return Err(Failure::usage(format!("folder {} cannot be made", path.display()))
                        .cause(error.to_string()));
                }
            }
        }
        Ok(made)
    }

    fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for NewFolders {
    fn drop(&mut self) {
        // One in which somebody else has put something by now stays.
        for folder in self.0.iter().rev() {
            let _ = fs::remove_dir(folder);
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
