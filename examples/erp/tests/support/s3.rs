//! An S3 store of a test's own: SeaweedFS, on ports of this machine that are free.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use axum::http::{Method, StatusCode};
use serde_json::json;
use tenantry_erp::client::Client;
use tenantry_erp::store::Store;
use uuid::Uuid;

use super::http::fetch;

const BUCKET: &str = "files";

pub struct S3 {
    pub endpoint: String,
    folder: PathBuf,
    watched: Child,
}

impl S3 {
    pub async fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("tenantry-erp-s3-{}", Uuid::new_v4()));
        std::fs::create_dir(&folder).unwrap();
        let identity = |name: &str, actions: &[&str]| {
            json!({
                "name": name, "actions": actions,
                "credentials": [{ "accessKey": name, "secretKey": format!("secret of {name}") }],
            })
        };
        // The service may do no more than it has to.
        let identities = [identity("operator", &["Admin"]), identity("erp", &["Read:files", "Write:files"])];
        std::fs::write(folder.join("s3.json"), json!({ "identities": identities }).to_string()).unwrap();
        let ports: Vec<u16> = std::iter::repeat_with(free_port).take(8).collect();
        let names = [
            "master.port",
            "master.port.grpc",
            "volume.port",
            "volume.port.grpc",
            "filer.port",
            "filer.port.grpc",
            "s3.port",
            "s3.port.grpc",
        ];
        let ports_named = names.iter().zip(&ports).map(|(name, port)| format!("-{name}={port}"));
        let file = |name: &str| folder.join(name).display().to_string();
        let watched = Command::new("sh")
            // The store ends when its input does, and so with the test, however that ends.
            .args(["-c", r#""$0" "$@" & store=$!; read -r _; kill -KILL "$store"; wait "$store""#])
            .arg(program())
            .args(["server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3", "-s3.iam=false"])
            .args(["-s3.port.iceberg=0", "-s3.port.lance=0", "-master.volumeSizeLimitMB=64", "-volume.max=8"])
            .args([format!("-dir={}", folder.display()), format!("-s3.config={}", file("s3.json"))])
            .args(ports_named)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(file("log")).unwrap())
            .spawn()
            .unwrap();
        let s3 = Self { endpoint: format!("http://127.0.0.1:{}", ports[6]), folder, watched };
        s3.make_bucket().await;
        s3
    }

    /// The store as the service has it.
    pub fn store(&self) -> Store {
        let lookup = |name: &str| self.variable(name);
        Store::from_variables(&lookup, &Client::new().unwrap()).unwrap().unwrap()
    }

    pub fn variable(&self, name: &str) -> Option<String> {
        match name {
            "ERP_S3_ENDPOINT" => Some(self.endpoint.clone()),
            "ERP_S3_BUCKET" => Some(BUCKET.to_owned()),
            "ERP_S3_ACCESS_KEY" => Some("erp".to_owned()),
            "ERP_S3_SECRET_KEY" => Some("secret of erp".to_owned()),
            _ => None,
        }
    }

    /// As soon as the store can.
    async fn make_bucket(&self) {
        use rusty_s3::actions::CreateBucket;
        use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};

        let port: u16 = self.endpoint.rsplit_once(':').unwrap().1.parse().unwrap();
        let endpoint = self.endpoint.parse().unwrap();
        let bucket = Bucket::new(endpoint, UrlStyle::Path, BUCKET, "us-east-1").unwrap();
        let operator = Credentials::new("operator", "secret of operator");
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                let made = CreateBucket::new(&bucket, &operator).sign(Duration::from_secs(60));
                if fetch(Method::PUT, made.as_str(), &[], "").await.status == StatusCode::OK {
                    return;
                }
            }
            let log = || std::fs::read_to_string(self.folder.join("log")).unwrap();
            assert!(Instant::now() < deadline, "the store does not start:\n{}", log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        drop(self.watched.stdin.take());
        let _ = self.watched.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// One that is free, below those that the system gives to connections, any of which could take it before the store does.
fn free_port() -> u16 {
    static NEXT: OnceLock<AtomicU16> = OnceLock::new();
    let next = NEXT.get_or_init(|| AtomicU16::new(u16::from(Uuid::new_v4().as_bytes()[0]) * 40));
    let candidates = || 20_000 + next.fetch_add(1, Ordering::Relaxed) % 12_000;
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    std::iter::repeat_with(candidates).take(12_000).find(free).unwrap()
}

fn program() -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/server/seaweedfs.sh");
    let output = Command::new("sh").arg(script).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}
