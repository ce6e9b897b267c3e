//! The example `whole`: what it prints can be tried, and nothing is left of it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// How long the whole may take to start, and to end.
const LIMIT: Duration = Duration::from_secs(120);

/// Beside the tests, where cargo has built it with them.
fn example() -> PathBuf {
    let service = Path::new(env!("CARGO_BIN_EXE_tenantry-erp"));
    service.parent().unwrap().join("examples/whole")
}

/// The example. It is told to end where the test does not, since what it has started would outlive it otherwise.
struct Whole(Child);

impl Whole {
    fn start() -> Self {
        Self(Command::new(example()).stdout(Stdio::piped()).spawn().unwrap())
    }

    fn tell_to_end(&self) {
        if let Some(id) = self.0.id() {
            let id = i32::try_from(id).ok().and_then(Pid::from_raw).unwrap();
            kill_process(id, Signal::TERM).unwrap();
        }
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        self.tell_to_end();
    }
}

/// What it prints until it has nothing more to tell.
async fn printed(whole: &mut Whole) -> Vec<String> {
    let mut lines = BufReader::new(whole.0.stdout.take().unwrap()).lines();
    let mut printed = Vec::new();
    while let Some(line) = timeout(LIMIT, lines.next_line()).await.unwrap().unwrap() {
        if line == "Ctrl-C ends it." {
            break;
        }
        printed.push(line);
    }
    printed
}

/// What stands behind a name at the beginning of a line.
fn place(printed: &[String], name: &str) -> String {
    let line =
        printed.iter().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{printed:#?}"));
    line.trim().to_owned()
}

/// A host and a port, out of a URL.
fn address(url: &str) -> &str {
    let behind = url.split("//").nth(1).unwrap();
    let behind = behind.split(['/', ',']).next().unwrap();
    behind.rsplit('@').next().unwrap()
}

/// Processes that name the folder in their arguments or their environment.
fn processes_of(folder: &str) -> Vec<String> {
    let names = |process: &Path| {
        ["cmdline", "environ"].iter().any(|file| {
            let text = std::fs::read(process.join(file)).unwrap_or_default();
            String::from_utf8_lossy(&text).contains(folder)
        })
    };
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path());
    all.filter(|process| names(process)).map(|process| process.display().to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_one_that_is_told_to_end_while_it_starts() {
    let mut whole = Whole::start();
    let id = whole.0.id().unwrap();
    let begun = Instant::now();
    let mut store = None;
    // Where there is no /proc, it is told at once.
    while store.is_none() && Path::new("/proc/self").exists() {
        assert!(begun.elapsed() < LIMIT, "no store is started");
        sleep(Duration::from_millis(5)).await;
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        let mut children = children.split_whitespace().map(|child| Path::new("/proc").join(child));
        store = children.find(|child| {
            let arguments = std::fs::read(child.join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&arguments).contains("-s3.config=")
        });
    }
    whole.tell_to_end();
    let status = timeout(LIMIT, whole.0.wait()).await.unwrap().unwrap();
    assert!(!status.success(), "{status}");
    assert!(!store.is_some_and(|store| store.exists()));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_that_it_prints_works_and_nothing_is_left_of_it() {
    let mut whole = Whole::start();
    let printed = printed(&mut whole).await;
    let mut tried = 0;
    for lines in printed.windows(2) {
        let (Some(what), line) = (lines[0].strip_prefix("# "), &lines[1]) else { continue };
        let (_, status) = what.rsplit_once(": ").unwrap();
        let output = Command::new("sh").args(["-c", line]).output().await.unwrap();
        let answer = String::from_utf8(output.stdout).unwrap();
        let said = (output.status.success(), answer.trim_end().lines().last());
        assert_eq!(said, (true, Some(status)), "{what}\n{line}\n{answer}");
        tried += 1;
    }
    assert!(tried >= 15, "{printed:#?}");

    let folder = place(&printed, "logs");
    assert!(Path::new(&folder).is_dir());
    if Path::new("/proc/self").exists() {
        assert!(processes_of(&folder).len() >= 4, "{:?}", processes_of(&folder));
    }
    whole.tell_to_end();
    let status = timeout(LIMIT, whole.0.wait()).await.unwrap().unwrap();
    assert!(status.success(), "{status}");
    assert!(!Path::new(&folder).exists());
    assert_eq!(processes_of(&folder), [""; 0]);
    for name in ["gateway", "service", "Prometheus", "S3 store", "database"] {
        let url = place(&printed, name);
        // Who watches over the database's server works on for a moment.
        let begun = Instant::now();
        while TcpStream::connect(address(&url)).await.is_ok() {
            assert!(begun.elapsed() < LIMIT, "{url} is still there");
            sleep(Duration::from_millis(20)).await;
        }
    }
}
