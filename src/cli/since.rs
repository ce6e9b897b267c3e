//! Which files have changed since a commit, as git tells it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use super::failure::Failure;

/// The files that have changed since a commit, which git is asked for meanwhile.
pub(super) struct Changed {
    question: Arc<Question>,
    /// Of a file there is much to be found.
    known: Mutex<BTreeMap<String, bool>>,
}

struct Question {
    since: String,
    paths: Vec<PathBuf>,
    answer: OnceLock<Result<BTreeSet<PathBuf>, Failure>>,
}

impl Question {
    fn answer(&self) -> &Result<BTreeSet<PathBuf>, Failure> {
        self.answer.get_or_init(|| changed(&self.since, &self.paths))
    }
}

impl Changed {
    /// Asks git what has changed of files and in folders.
    pub(super) fn since(commit: &str, paths: &[PathBuf]) -> Self {
        let (since, paths) = (commit.to_owned(), paths.to_vec());
        let question = Arc::new(Question { since, paths, answer: OnceLock::new() });
        let asks = Arc::clone(&question);
        // Where there is no thread for it, whoever waits for the answer asks.
        let _ = thread::Builder::new().spawn(move || asks.answer().is_ok());
        Self { question, known: Mutex::default() }
    }

    /// Waits for what git says, which may be that it does not know.
    pub(super) fn wait(&self) -> Result<(), Failure> {
        self.question.answer().as_ref().map(|_| ()).map_err(Clone::clone)
    }

    /// Whether a file has changed, by a name that leads to it from here.
    pub(super) fn contains(&self, file: &str) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(file) {
            return *known;
        }
        let is_among = |path| self.question.answer().as_ref().is_ok_and(|files| files.contains(&path));
        let has_changed = Path::new(file).canonicalize().is_ok_and(is_among);
        known.insert(file.to_owned(), has_changed);
        has_changed
    }
}

/// The files that have changed since a commit, those that git does not know yet among them.
fn changed(since: &str, paths: &[PathBuf]) -> Result<BTreeSet<PathBuf>, Failure> {
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
    Ok(files)
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
