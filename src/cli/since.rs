//! Which files have changed since a commit, as git tells it.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::failure::Failure;

/// Files that have changed.
pub(super) struct Changed {
    files: BTreeSet<PathBuf>,
}

impl Changed {
    /// Whether a file has changed, by a name that leads to it from here.
    pub(super) fn contains(&self, file: &str) -> bool {
        Path::new(file).canonicalize().is_ok_and(|path| self.files.contains(&path))
    }
}

/// The files that have changed since a commit, those that git does not know yet among them.
pub(super) fn changed(since: &str, paths: &[PathBuf]) -> Result<Changed, Failure> {
    let mut files = BTreeSet::new();
    let mut roots = BTreeSet::new();
    for path in paths {
        let folder = if path.is_dir() { path.as_path() } else { path.parent().unwrap_or(Path::new("")) };
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let root = git(folder, &["rev-parse", "--show-toplevel"], since)?;
        roots.insert(PathBuf::from(root.trim_end()));
    }
    for root in roots {
        // Behind a ref that begins with a hyphen git would see an option.
        let commit = git(
            &root,
            &["rev-parse", "--verify", "--end-of-options", &format!("{since}^{{commit}}")],
            since,
        )?;
        // What the other branch has done since is none of this branch's changes.
        let base = git(&root, &["merge-base", commit.trim_end(), "HEAD"], since)?;
        let changed = git(
            &root,
            &["diff", "--name-only", "-z", "--no-renames", "--diff-filter=d", base.trim_end()],
            since,
        )?;
        let untracked = git(&root, &["ls-files", "--others", "--exclude-standard", "-z"], since)?;
        for name in changed.split('\0').chain(untracked.split('\0')).filter(|name| !name.is_empty()) {
            files.extend(root.join(name).canonicalize());
        }
    }
    Ok(Changed { files })
}

fn git(folder: &Path, arguments: &[&str], since: &str) -> Result<String, Failure> {
    let output = Command::new("git").arg("-C").arg(folder).args(arguments.iter().map(OsStr::new)).output();
    let output = output.map_err(|error| {
        Failure::usage("git cannot be run, which --since asks for what has changed").cause(error.to_string())
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim().strip_prefix("fatal: ").unwrap_or(said.trim()).to_owned();
        return Err(Failure::usage(format!("git does not tell what has changed since {since}")).cause(said));
    }
    String::from_utf8(output.stdout)
        .map_err(|_| Failure::usage("git names a file whose name is not UTF-8; rename it"))
}
