//! The store for files: SeaweedFS, which talks S3.

use std::path::Path;
use std::process::Stdio;

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::AnyError;
use super::program::{Program, free_port, installed};

const BUCKET: &str = "files";
const ACCESS_KEY: &str = "erp";
const SECRET_KEY: &str = "for this machine alone";

pub struct Store {
    pub program: Program,
    pub url: String,
}

impl Store {
    /// Starts it with an empty bucket, in which the service may read and write.
    ///
    /// # Errors
    ///
    /// It cannot be installed, or does not start.
    pub async fn start(folder: &Path) -> Result<Self, AnyError> {
        let weed = installed("seaweedfs.sh").await?;
        let allowed = [format!("Read:{BUCKET}"), format!("Write:{BUCKET}")];
        let credentials = json!([{ "accessKey": ACCESS_KEY, "secretKey": SECRET_KEY }]);
        let identity = json!({ "name": "erp", "credentials": credentials, "actions": allowed });
        let identities = folder.join("s3.json");
        std::fs::write(&identities, json!({ "identities": [identity] }).to_string())?;
        let data = folder.join("store");
        std::fs::create_dir(&data)?;

        let mut command = Command::new(&weed);
        command
            .args(["server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3", "-s3.iam=false"])
            .args(["-s3.port.iceberg=0", "-s3.port.lance=0", "-master.volumeSizeLimitMB=64", "-volume.max=8"])
            .arg(format!("-dir={}", data.display()))
            .arg(format!("-s3.config={}", identities.display()));
        // Each part listens twice, and would choose ports of its own that may be taken.
        let (mut master, mut filer, mut s3) = (String::new(), String::new(), 0);
        for part in ["master", "volume", "filer", "s3"] {
            let [port, grpc] = [free_port()?, free_port()?];
            command.arg(format!("-{part}.port={port}")).arg(format!("-{part}.port.grpc={grpc}"));
            match part {
                "master" => master = format!("127.0.0.1:{port}.{grpc}"),
                "filer" => filer = format!("127.0.0.1:{port}.{grpc}"),
                "s3" => s3 = port,
                _ => {}
            }
        }
        // SIGTERM would take it 20 s.
        let mut program = Program::start("store", &mut command, folder)?.killed_at_the_end();
        let made = format!("s3.bucket.create -name {BUCKET}\ns3.bucket.list\n");
        program.until(async |_| shell(&weed, &master, &filer, &made).await).await?;
        let url = format!("http://127.0.0.1:{s3}");
        program.until_ready(&format!("{url}/healthz")).await?;
        Ok(Self { program, url })
    }

    /// What the service is told of it.
    pub fn settings(&self) -> [(&'static str, String); 5] {
        [
            ("ERP_S3_ENDPOINT", self.url.clone()),
            ("ERP_S3_BUCKET", BUCKET.to_owned()),
            ("ERP_S3_REGION", "us-east-1".to_owned()),
            ("ERP_S3_ACCESS_KEY", ACCESS_KEY.to_owned()),
            ("ERP_S3_SECRET_KEY", SECRET_KEY.to_owned()),
        ]
    }
}

/// Gives the store's own shell commands; none as long as there is no bucket after them.
async fn shell(weed: &Path, master: &str, filer: &str, commands: &str) -> Option<()> {
    let mut shell = Command::new(weed)
        .args(["shell", &format!("-master={master}"), &format!("-filer={filer}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .ok()?;
    shell.stdin.take()?.write_all(commands.as_bytes()).await.ok()?;
    let output = shell.wait_with_output().await.ok()?;
    String::from_utf8_lossy(&output.stdout).lines().any(|line| line.trim().starts_with(BUCKET)).then_some(())
}
