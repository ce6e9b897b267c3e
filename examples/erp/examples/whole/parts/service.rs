//! The service, as it runs in a container.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tenantry::testing::Database;
use tokio::process::Command;

use super::AnyError;
use super::database::PASSWORD;
use super::keys::{AUDIENCE, ISSUER, SignIn};
use super::program::Program;

pub struct Service {
    pub program: Program,
    /// Where it serves.
    pub url: String,
    /// Where it shows metrics: a host and a port.
    pub metrics: String,
}

impl Service {
    /// Starts it, with the passwords in files as Kubernetes and Docker mount them.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub async fn start(
        executable: &Path,
        database: &Database,
        sign_in: &SignIn,
        folder: &Path,
        settings: &[(&str, String)],
    ) -> Result<Self, AnyError> {
        let secret = |name: &str| -> Result<PathBuf, AnyError> {
            let file = folder.join(name);
            std::fs::write(&file, PASSWORD)?;
            Ok(file)
        };
        let mut command = Command::new(executable);
        command
            .env("DATABASE_URL", database.url_as("erp_app", ""))
            .env("DATABASE_PASSWORD_FILE", secret("app-password")?)
            .env("SYSTEM_DATABASE_URL", database.url_as("erp_system", ""))
            .env("SYSTEM_DATABASE_PASSWORD_FILE", secret("system-password")?)
            .env("ERP_JWKS_FILE", &sign_in.file)
            .env("ERP_ISSUER", ISSUER)
            .env("ERP_AUDIENCE", AUDIENCE)
            .env("ERP_LISTEN", "127.0.0.1:0")
            .env("ERP_METRICS_LISTEN", "127.0.0.1:0")
            .envs(settings.iter().map(|(name, value)| (name, value)));
        let mut program = Program::start("service", &mut command, folder)?;
        let address = async |program: &Program, message: &str| told(&program.log().ok()?, message);
        let metrics = program.until(async |program| address(program, "showing metrics").await).await?;
        let listens = program.until(async |program| address(program, "listening").await).await?;
        Ok(Self { program, url: format!("http://{listens}"), metrics })
    }
}

/// The address that the log tells with a message.
fn told(log: &str, message: &str) -> Option<String> {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut told = lines.filter(|line| line["fields"]["message"] == message);
    told.next()?["fields"]["address"].as_str().map(str::to_owned)
}
