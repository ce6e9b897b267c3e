//! A throwaway server in a container, by the command `docker`.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use tokio::process::Command;
use tokio::time::{sleep, timeout};

use super::address::Address;
use super::error::{Kind, Result, Trouble, log_tail};
use super::local::SETTINGS;
use super::random;
use super::watchdog::Watchdog;

/// How long the server in the container may take until it lets somebody in, `initdb` included.
const READY_LIMIT: Duration = Duration::from_mins(1);
/// How long one attempt to log in may take.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(5);
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// How long it may take until the image is there and the container runs.
const START_LIMIT: Duration = Duration::from_mins(5);
/// How long the engine may take over an answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// Parallel queries share memory through `/dev/shm`, of which a container has 64 MiB by default.
const SHM_SIZE: &str = "256m";

/// A running container. The watchdog removes it when this value is dropped or the process ends.
#[derive(Debug)]
pub(crate) struct Container {
    name: String,
    address: Address,
    watchdog: Watchdog,
}

impl Container {
    /// Runs an image, in a container whose name begins like this.
    pub(crate) async fn start_new(prefix: &str, image: &str, settings: &[(String, String)]) -> Result<Self> {
        // The name is ours, so that the watchdog knows it before the container exists.
        let name = format!("{prefix}-{}-{}", std::process::id(), random::hex::<4>()?);
        let mut watchdog = Watchdog::spawn(include_str!("docker.sh"), [&name], Path::new("/"), None)?;
        let password = random::hex::<16>()?;
        let (host, port) = run(image, &name, &password, settings).await?;
        watchdog.order("started")?;
        let (user, home) = ("postgres".to_owned(), "postgres".to_owned());
        let address = Address { host, port, user, password, home };
        let container = Self { name, address, watchdog };
        container.wait_until_ready().await?;
        Ok(container)
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    pub(crate) async fn log(&self) -> Result<String> {
        let output = docker(&["logs", &self.name]).await?;
        Ok(text(&output.stdout) + &text(&output.stderr))
    }

    /// Removes the container, and waits for that.
    pub(crate) async fn end(self) {
        self.watchdog.end(ANSWER_LIMIT).await;
    }

    /// Polls by connecting: what an image logs, and how often it starts its server on the way, is its own affair.
    async fn wait_until_ready(&self) -> Result<()> {
        let deadline = Instant::now() + READY_LIMIT;
        loop {
            let attempt = timeout(ATTEMPT_LIMIT, self.address.connect(&self.address.home)).await;
            let source = match attempt {
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(source)) => Some(source),
                Err(_) => None,
            };
            let state = docker(&["inspect", "--format", "{{.State.Running}}", &self.name]).await?;
            if state.stdout.trim_ascii() != b"true" {
                let log = log_tail(&self.log().await?);
                return Err(Kind::Died { what: "the server in the container did not start", log }.into());
            }
            if Instant::now() > deadline {
                let log = log_tail(&self.log().await?);
                return Err(Kind::NotReady { seconds: READY_LIMIT.as_secs(), log, source }.into());
            }
            sleep(POLL_INTERVAL).await;
        }
    }
}

/// Starts the container, which may mean to fetch its image first, and says where its server can be reached.
async fn run(
    image: &str,
    name: &str,
    password: &str,
    settings: &[(String, String)],
) -> Result<(String, u16)> {
    let engine = Engine::of_this_process();
    let mut command = command();
    // The password goes through the environment: anybody could read it among a program's arguments.
    command.args(["run", "--detach", "--name", name, "--env", "POSTGRES_PASSWORD", "--shm-size", SHM_SIZE]);
    command.args(["--publish", if engine == Engine::Here { "127.0.0.1::5432" } else { "5432" }]);
    command.args([image, "postgres"]).env("POSTGRES_PASSWORD", password);
    let fixed = SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned()));
    for (name, value) in fixed.iter().chain(settings) {
        command.args(["-c", &format!("{name}={value}")]);
    }
    succeeded(&answer(command, START_LIMIT).await?)?;
    let port = docker(&["port", name, "5432/tcp"]).await?;
    succeeded(&port)?;
    let port = published(&text(&port.stdout))
        .ok_or_else(|| Trouble::config(format!("the engine tells no port of container {name}")))?;
    let host = match engine {
        Engine::Here => "127.0.0.1".to_owned(),
        Engine::At(host) => host,
        Engine::Outside => gateway(name).await?,
    };
    Ok((host, port))
}

/// Where the engine publishes ports, as seen from here.
#[derive(Debug, PartialEq, Eq)]
enum Engine {
    /// On our loopback interface.
    Here,
    /// On the machine that `DOCKER_HOST` names.
    At(String),
    /// Outside the container that this process runs in.
    Outside,
}

impl Engine {
    fn of_this_process() -> Self {
        Self::of(std::env::var("DOCKER_HOST").ok().as_deref(), Path::new("/.dockerenv").exists())
    }

    fn of(named: Option<&str>, in_container: bool) -> Self {
        let elsewhere = named.filter(|host| !host.starts_with("unix:")).and_then(|url| {
            let host = url.split_once("://").map_or(url, |(_, rest)| rest);
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            let host = host.split(['/']).next().unwrap_or_default();
            match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                Some((host, _)) => Some(host),
                None => host.split(':').next(),
            }
        });
        match elsewhere {
            Some(host) if !host.is_empty() => Self::At(host.to_owned()),
            _ if in_container => Self::Outside,
            _ => Self::Here,
        }
    }
}

/// The address by which a container reaches what the engine's machine publishes.
async fn gateway(name: &str) -> Result<String> {
    let format = "{{range .NetworkSettings.Networks}}{{.Gateway}} {{end}}";
    let output = docker(&["inspect", "--format", format, name]).await?;
    succeeded(&output)?;
    let found = text(&output.stdout).split_whitespace().next().map(str::to_owned);
    found.ok_or_else(|| Trouble::config(format!("container {name} has no gateway to reach it by")))
}

/// The port of a line like `127.0.0.1:32768`; a second one is of IPv6.
fn published(lines: &str) -> Option<u16> {
    lines.lines().find_map(|line| line.rsplit_once(':')?.1.trim().parse().ok())
}

fn succeeded(output: &Output) -> Result<()> {
    if output.status.success() {
        return Ok(());
    }
    let said = text(&output.stderr);
    let line = said.lines().map(str::trim).rfind(|line| !line.is_empty() && !line.starts_with("See '"));
    Err(Trouble::config(format!("the container did not start: {}", line.unwrap_or("docker says nothing"))))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn command() -> Command {
    let mut command = Command::new("docker");
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

async fn docker(arguments: &[&str]) -> Result<Output> {
    let mut command = command();
    command.args(arguments);
    answer(command, ANSWER_LIMIT).await
}

async fn answer(mut command: Command, limit: Duration) -> Result<Output> {
    match timeout(limit, command.output()).await {
        Ok(output) => output.map_err(|source| Trouble::io("command docker does not run", source)),
        Err(_) => {
            Err(Trouble::config(format!("the Docker engine did not answer within {} s", limit.as_secs())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Engine, published};

    #[test]
    fn the_engine_says_where_it_publishes() {
        assert_eq!(published("127.0.0.1:32768\n"), Some(32768));
        assert_eq!(published("0.0.0.0:5\n[::]:6\n"), Some(5));
        assert_eq!(published(""), None);
        for (named, in_container, engine) in [
            (None, false, Engine::Here),
            (Some("unix:///var/run/docker.sock"), false, Engine::Here),
            (Some("unix:///var/run/docker.sock"), true, Engine::Outside),
            (None, true, Engine::Outside),
            (Some("tcp://docker:2376"), true, Engine::At("docker".to_owned())),
            (Some("ssh://me@far/x"), false, Engine::At("far".to_owned())),
            (Some("tcp://[::1]:2375"), false, Engine::At("::1".to_owned())),
        ] {
            assert_eq!(Engine::of(named, in_container), engine, "{named:?}");
        }
    }
}
