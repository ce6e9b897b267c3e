//! The gateway: Traefik with the files of `deploy/traefik`.

use std::path::Path;

use tokio::process::Command;

use super::program::{Program, free_port, installed};
use super::{AnyError, path, rendered};

pub struct Gateway {
    pub program: Program,
    /// Where people ask.
    pub url: String,
    /// Where Prometheus asks: a host and a port.
    pub inside: String,
}

impl Gateway {
    /// Starts it ahead of a service, with settings of `dynamic.yml`.
    ///
    /// # Errors
    ///
    /// It cannot be installed, or does not start.
    pub async fn start(service: &str, folder: &Path, settings: &[(&str, &str)]) -> Result<Self, AnyError> {
        let traefik = installed("traefik.sh").await?;
        let [web, inside] = [free_port()?, free_port()?].map(|port| format!("127.0.0.1:{port}"));
        let dynamic = path("deploy/traefik/dynamic.yml");
        let text = rendered(
            "traefik/traefik.yml",
            &[
                ("\":8000\"", format!("\"{web}\"")),
                ("\":8082\"", format!("\"{inside}\"")),
                ("/etc/traefik/dynamic.yml", dynamic.display().to_string()),
            ],
        )?;
        let file = folder.join("traefik.yml");
        std::fs::write(&file, text)?;
        let mut command = Command::new(traefik);
        command.arg(format!("--configFile={}", file.display()));
        command.env("ERP_URL", service).envs(settings.iter().copied());
        let mut program = Program::start("traefik", &mut command, folder)?;
        program.until_ready(&format!("http://{inside}/ping")).await?;
        // It answers 404 for as long as it has not read who is let in.
        let url = format!("http://{web}");
        program.until(async |_| (status(format!("{url}/company")).await == Some(401)).then_some(())).await?;
        Ok(Self { program, url, inside })
    }
}

async fn status(url: String) -> Option<u16> {
    let asked = tokio::task::spawn_blocking(move || ureq::get(&url).call());
    match asked.await.ok()? {
        Ok(answer) => Some(answer.status().as_u16()),
        Err(ureq::Error::StatusCode(code)) => Some(code),
        Err(_) => None,
    }
}
