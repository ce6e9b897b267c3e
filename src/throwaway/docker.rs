//! A throwaway server in a container.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use testcontainers::bollard::models::PortBinding;
use testcontainers::core::IntoContainerPort;
use testcontainers::runners::AsyncRunner;
use testcontainers::{GenericImage, ImageExt};
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
const SHM_BYTES: u64 = 256 << 20;

/// A running container. The watchdog removes it when this value is dropped or the process ends.
#[derive(Debug)]
pub(crate) struct Container {
    name: String,
    address: Address,
    watchdog: Watchdog,
}

impl Container {
    /// Runs an image, in a container whose name begins like this.
    ///
    /// The client of testcontainers keeps connections to the engine, which end with the runtime that this runs in.
    pub(crate) async fn start_new(prefix: &str, image: &str, settings: &[(String, String)]) -> Result<Self> {
        // The name is ours, so that the watchdog knows it before the container exists.
        let name = format!("{prefix}-{}-{}", std::process::id(), random::hex::<4>()?);
        let mut watchdog = Watchdog::spawn(include_str!("docker.sh"), [&name], Path::new("/"), None)?;
        let password = random::hex::<16>()?;
        let (host, port) = run(image, &name, &password, settings).await?;
        if !docker(&["inspect", "--format", "{{.Id}}", &name]).await?.status.success() {
            return Err(Trouble::config(
                "command docker talks to another engine than the one that runs the container; set DOCKER_HOST to the engine that both are to use",
            ));
        }
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
    let port = 5432.tcp();
    let (repository, tag) = split(image);
    let mut command = vec!["postgres".to_owned()];
    let fixed = SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned()));
    for (name, value) in fixed.iter().chain(settings) {
        command.extend(["-c".to_owned(), format!("{name}={value}")]);
    }
    let loopback = engine_is_here();
    let request = GenericImage::new(repository, tag)
        .with_exposed_port(port)
        .with_container_name(name)
        .with_env_var("POSTGRES_PASSWORD", password)
        .with_shm_size(SHM_BYTES)
        .with_startup_timeout(START_LIMIT)
        .with_cmd(command)
        .with_host_config_modifier(move |host| {
            if loopback {
                let binding =
                    PortBinding { host_ip: Some("127.0.0.1".to_owned()), host_port: Some(String::new()) };
                host.publish_all_ports = Some(false);
                host.port_bindings = Some(HashMap::from([("5432/tcp".to_owned(), Some(vec![binding]))]));
            }
        });
    let container = request.start().await.map_err(Kind::from)?;
    let host = container.get_host().await.map_err(Kind::from)?.to_string();
    let port = container.get_host_port_ipv4(port).await.map_err(Kind::from)?;
    // Its destructor needs a runtime, which a static does not have at the end of the process. The
    // watchdog removes the container in every case, this one included.
    std::mem::forget(container);
    // The port is bound on IPv4 only, and `localhost` may be tried as ::1 first.
    Ok((if host == "localhost" { "127.0.0.1".to_owned() } else { host }, port))
}

/// Whether the engine's loopback interface is ours: it is elsewhere when `DOCKER_HOST` names another
/// machine, and when this process runs in a container itself.
fn engine_is_here() -> bool {
    let elsewhere = std::env::var("DOCKER_HOST").is_ok_and(|host| !host.starts_with("unix:"));
    !elsewhere && !Path::new("/.dockerenv").exists()
}

/// The repository and the tag of an image name; a host may have a port, which is no tag.
fn split(image: &str) -> (&str, &str) {
    match image.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag),
        _ => (image, "latest"),
    }
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
    use super::split;

    #[test]
    fn a_tag_comes_after_the_last_slash() {
        assert_eq!(split("postgres:18"), ("postgres", "18"));
        assert_eq!(split("postgres"), ("postgres", "latest"));
        assert_eq!(split("elsewhere:5000/pg"), ("elsewhere:5000/pg", "latest"));
        assert_eq!(split("elsewhere:5000/pg:1"), ("elsewhere:5000/pg", "1"));
    }
}
