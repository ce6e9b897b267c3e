//! Prometheus, with the files of `deploy/prometheus`.

use std::path::Path;

use tokio::process::Command;

use super::program::{Program, free_port};
use super::{AnyError, path, rendered};

pub struct Prometheus {
    pub program: Program,
    /// Where it is asked.
    pub url: String,
}

impl Prometheus {
    /// Starts it, to scrape a service and its gateway as often as is said.
    ///
    /// # Errors
    ///
    /// It is not there, or does not start.
    pub async fn start(
        service: &str,
        gateway: &str,
        interval: &str,
        folder: &Path,
    ) -> Result<Self, AnyError> {
        let address = format!("127.0.0.1:{}", free_port()?);
        let rules = path("deploy/prometheus/rules");
        let text = rendered(
            "prometheus/prometheus.yml",
            &[
                ("erp:9464", service.to_owned()),
                ("traefik:8082", gateway.to_owned()),
                ("scrape_interval: 15s", format!("scrape_interval: {interval}")),
                ("rules/*.yml", format!("{}/*.yml", rules.display())),
            ],
        )?;
        let file = folder.join("prometheus.yml");
        std::fs::write(&file, text)?;
        let mut command = Command::new("prometheus");
        command
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("prometheus").display()))
            .arg(format!("--web.listen-address={address}"));
        let mut program = Program::start("prometheus", &mut command, folder)?;
        let url = format!("http://{address}");
        program.until_ready(&format!("{url}/-/ready")).await?;
        Ok(Self { program, url })
    }
}
