//! The program itself, on a port of its own, and what it logs.

use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::{AUDIENCE, ISSUER, PASSWORD, World};

pub struct Running {
    pub address: String,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

/// The program with what it needs of the environment, and no more.
pub fn program(world: &World) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_tenantry-erp"));
    program
        .env_clear()
        .env("DATABASE_URL", world.database.url_as("erp_app", PASSWORD))
        .env("SYSTEM_DATABASE_URL", world.database.url_as("erp_system", PASSWORD))
        .env("ERP_JWKS_FILE", &world.keys)
        .env("ERP_ISSUER", ISSUER)
        .env("ERP_AUDIENCE", AUDIENCE)
        .env("ERP_LISTEN", "127.0.0.1:0")
        .env("ERP_METRICS_LISTEN", "127.0.0.1:0")
        .stdout(Stdio::null())
        .kill_on_drop(true);
    program
}

impl Running {
    pub async fn start(mut program: Command) -> Self {
        let mut child = program.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        loop {
            let line = lines.next_line().await.unwrap().expect("the program has ended");
            let line: Value = serde_json::from_str(&line).unwrap();
            if line["fields"]["message"] == "listening" {
                let address = format!("http://{}", line["fields"]["address"].as_str().unwrap());
                return Self { address, child, lines };
            }
        }
    }

    /// Has it end as Kubernetes does, and returns what it has logged since it listened.
    pub async fn end(mut self) -> Vec<String> {
        let id = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
        let mut lines = Vec::new();
        while let Some(line) = self.lines.next_line().await.unwrap() {
            lines.push(line);
        }
        assert!(self.child.wait().await.unwrap().success(), "{lines:?}");
        lines
    }
}
