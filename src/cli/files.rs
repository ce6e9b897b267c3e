//! Files that are there as a whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::failure::Failure;

/// A file to write.
pub(super) struct NewFile<'a> {
    pub(super) path: PathBuf,
    pub(super) text: Text<'a>,
}

/// What is written into it.
pub(super) enum Text<'a> {
    Whole(String),
    /// What is too long to be held at once.
    Pieces(&'a dyn Fn(&mut dyn Write) -> io::Result<()>),
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self::Whole(text)
    }
}

/// Whether a file that is there may be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Existing {
    Refuse,
    Replace,
}

/// Writes all the files, or none. Each gets its name once it is complete, so nobody ever reads a part of one.
pub(super) fn write(files: &[NewFile<'_>], existing: Existing) -> Result<(), Failure> {
    let drafts: Result<Vec<Draft>, Failure> = files.iter().map(|file| Draft::write(file, existing)).collect();
    publish(&drafts?, existing)
}

fn publish(drafts: &[Draft], existing: Existing) -> Result<(), Failure> {
    for (at, draft) in drafts.iter().enumerate() {
        if let Err(error) = draft.publish(existing) {
            for draft in drafts[..at].iter().filter(|_| existing == Existing::Refuse) {
                let _ = fs::remove_file(&draft.path);
            }
            return Err(refused(&draft.path, &error));
        }
    }
    Ok(())
}

/// A complete file under a name that nobody looks for. It goes when this value does.
struct Draft {
    draft: PathBuf,
    path: PathBuf,
}

impl Draft {
    fn write(file: &NewFile<'_>, existing: Existing) -> Result<Self, Failure> {
        let is_link = file.path.is_symlink();
        if existing == Existing::Refuse && (is_link || file.path.exists()) {
            return Err(refused(&file.path, &io::ErrorKind::AlreadyExists.into()));
        }
        // Through a link, the file that it names is replaced, and the link stays.
        let path = match file.path.canonicalize() {
            Ok(path) => path,
            Err(error) if is_link => {
                let path = file.path.display();
                return Err(Failure::usage(format!(
                    "{path} is a symbolic link that leads to no file; nothing was written"
                ))
                .cause(error.to_string()));
            }
            Err(_) => file.path.clone(),
        };
        let there = fs::metadata(&path);
        if there.as_ref().is_ok_and(|found| !found.is_file()) {
            return Err(Failure::usage(format!(
                "{} is not a file; nothing was written",
                file.path.display()
            )));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let draft = path.with_file_name(format!(".{name}.{}-{}.tmp", std::process::id(), now.subsec_nanos()));
        let written = OpenOptions::new().write(true).create_new(true).open(&draft).and_then(|mut out| {
            let draft = Self { draft, path };
            match &file.text {
                Text::Whole(text) => out.write_all(text.as_bytes())?,
                Text::Pieces(write) => {
                    let mut buffered = BufWriter::new(&out);
                    write(&mut buffered)?;
                    buffered.flush()?;
                }
            }
            if let Ok(there) = there {
                out.set_permissions(there.permissions())?;
            }
            out.sync_all()?;
            Ok(draft)
        });
        written.map_err(|error| refused(&file.path, &error))
    }

    fn publish(&self, existing: Existing) -> io::Result<()> {
        if existing == Existing::Refuse {
            // A link does not take the place of a file that came in the meantime, as a renaming would.
            match fs::hard_link(&self.draft, &self.path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
                Ok(()) => return sync_folder(&self.path),
                // Some file systems have no links.
                Err(_) => {}
            }
        }
        fs::rename(&self.draft, &self.path)?;
        sync_folder(&self.path)
    }
}

/// Keeps the name over a loss of power.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if cfg!(unix) => {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            File::open(folder)?.sync_all()
        }
        _ => Ok(()),
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.draft);
    }
}

fn refused(path: &Path, error: &io::Error) -> Failure {
    let path = path.display();
    if error.kind() == io::ErrorKind::AlreadyExists {
        Failure::usage(format!("{path} is there already; nothing was written"))
    } else {
        Failure::usage(format!("{path} cannot be written; nothing was written")).cause(error.to_string())
    }
}

/// Whether a file's name stands for the standard output.
pub(super) fn is_standard_output(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Reads a file as text.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    let bytes = fs::read(path).map_err(|error| {
        Failure::usage(format!("{} cannot be read", path.display())).cause(error.to_string())
    })?;
    let text = String::from_utf8(bytes);
    text.map_err(|error| {
        Failure::usage(format!("{} is not UTF-8", path.display())).cause(error.utf8_error().to_string())
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::{Draft, Existing, NewFile, Text, publish, write};

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("tenantry-files-{name}-{}", std::process::id()));
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn file(&self, name: &str, text: &str) -> NewFile<'static> {
            NewFile { path: self.0.join(name), text: text.to_owned().into() }
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(&self.0).unwrap();
            let mut names: Vec<String> =
                entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn nothing_else_is_left() {
        let folder = Folder::new("nothing-else");
        write(&[folder.file("a", "1"), folder.file("b", "2")], Existing::Refuse).unwrap();
        assert_eq!(folder.names(), ["a", "b"]);
        write(&[folder.file("a", "3")], Existing::Replace).unwrap();
        assert_eq!(fs::read_to_string(folder.0.join("a")).unwrap(), "3");
        assert_eq!(folder.names(), ["a", "b"]);
    }

    #[test]
    fn what_fails_in_the_middle_leaves_nothing() {
        let folder = Folder::new("middle");
        let pieces = |out: &mut dyn std::io::Write| {
            out.write_all(b"one")?;
            out.write_all(b"two")
        };
        let broken = |out: &mut dyn std::io::Write| {
            out.write_all(b"one")?;
            Err(std::io::ErrorKind::StorageFull.into())
        };
        let file = |text| NewFile { path: folder.0.join("a"), text: Text::Pieces(text) };
        write(&[file(&pieces)], Existing::Replace).unwrap();
        assert!(write(&[file(&broken)], Existing::Replace).is_err());
        assert_eq!(folder.names(), ["a"]);
        assert_eq!(fs::read_to_string(folder.0.join("a")).unwrap(), "onetwo");
    }

    #[test]
    fn one_file_that_is_there_keeps_all_from_being_written() {
        let folder = Folder::new("one-there");
        fs::write(folder.0.join("b"), "mine").unwrap();
        let failure = write(&[folder.file("a", "1"), folder.file("b", "2")], Existing::Refuse).unwrap_err();
        assert!(failure.line.ends_with("b is there already; nothing was written"), "{failure:?}");
        assert_eq!(folder.names(), ["b"]);
        assert_eq!(fs::read_to_string(folder.0.join("b")).unwrap(), "mine");
    }

    #[test]
    fn a_file_that_comes_in_the_meantime_is_kept_and_the_others_go() {
        let folder = Folder::new("meantime");
        let files = [folder.file("a", "1"), folder.file("b", "2")];
        let drafts = files.map(|file| Draft::write(&file, Existing::Refuse).unwrap());
        fs::write(folder.0.join("b"), "mine").unwrap();
        assert!(publish(&drafts, Existing::Refuse).is_err());
        drop(drafts);
        assert_eq!(folder.names(), ["b"]);
        assert_eq!(fs::read_to_string(folder.0.join("b")).unwrap(), "mine");
    }

    #[test]
    fn a_folder_is_not_replaced() {
        let folder = Folder::new("folder");
        fs::create_dir(folder.0.join("a")).unwrap();
        assert!(write(&[folder.file("a", "1")], Existing::Replace).is_err());
        assert_eq!(folder.names(), ["a"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_permissions_stay() {
        use std::os::unix::fs::PermissionsExt;

        let folder = Folder::new("link");
        fs::write(folder.0.join("a"), "1").unwrap();
        fs::set_permissions(folder.0.join("a"), PermissionsExt::from_mode(0o600)).unwrap();
        std::os::unix::fs::symlink(folder.0.join("a"), folder.0.join("b")).unwrap();
        write(&[folder.file("b", "2")], Existing::Replace).unwrap();
        assert!(write(&[folder.file("b", "3")], Existing::Refuse).is_err());
        assert!(folder.0.join("b").is_symlink());
        assert_eq!(fs::read_to_string(folder.0.join("a")).unwrap(), "2");
        assert_eq!(fs::metadata(folder.0.join("a")).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_to_no_file_is_not_replaced() {
        let folder = Folder::new("no-file");
        std::os::unix::fs::symlink(folder.0.join("a"), folder.0.join("b")).unwrap();
        for existing in [Existing::Refuse, Existing::Replace] {
            assert!(write(&[folder.file("b", "1")], existing).is_err());
            assert_eq!(folder.names(), ["b"]);
        }
    }
}
