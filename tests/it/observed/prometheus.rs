//! A real Prometheus scrapes a pool under load, and every query of the dashboard has an answer.

use std::net::TcpListener as StdListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tenantry::{Sharing, TenantContext, TenantPool, TenantVisibility};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use super::metrics::recorder;
use crate::support::erp::{Erp, open_accounts, tenant};

/// How long it may take until every query has data.
const LIMIT: Duration = Duration::from_secs(60);

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/monitoring");

fn free_port() -> u16 {
    StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Answers every request with the metrics of this process.
async fn exporter() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let body = recorder().render();
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nConnection: close\r\n";
            let answer = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    port
}

/// A Prometheus that ends with the test.
struct Prometheus {
    process: Child,
    port: u16,
    folder: PathBuf,
}

impl Prometheus {
    fn start(scraped: u16) -> Self {
        let port = free_port();
        let folder = std::env::temp_dir().join(format!("tenantry-prometheus-{port}"));
        std::fs::create_dir_all(&folder).unwrap();
        let given = std::fs::read_to_string(Path::new(FOLDER).join("prometheus.yml")).unwrap();
        let config = given
            .replace("127.0.0.1:9100", &format!("127.0.0.1:{scraped}"))
            .replace("scrape_interval: 15s", "scrape_interval: 1s")
            .replace("alerts.yml", &format!("{FOLDER}/alerts.yml"));
        assert!(config.contains(&scraped.to_string()) && config.contains(" 1s"), "{given}");
        let file = folder.join("prometheus.yml");
        std::fs::write(&file, config).unwrap();
        let process = Command::new("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.join("log")).unwrap())
            .spawn()
            .expect("prometheus is not installed: run make prometheus");
        Self { process, port, folder }
    }

    /// The answer to a query; none as long as it does not answer.
    async fn ask(&self, query: &str) -> Option<Vec<Value>> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.ok()?;
        let encoded: String = query.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let request = format!("GET /api/v1/query?query={encoded} HTTP/1.0\r\nHost: localhost\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        let (_, body) = answer.split_once("\r\n\r\n")?;
        let body: Value = serde_json::from_str(body).ok()?;
        assert_ne!(body["status"], "error", "{query}: {body}");
        Some(body["data"]["result"].as_array()?.clone())
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Something of everything that the dashboard shows.
async fn load(pool: &TenantPool) {
    let scope = pool.tenant(tenant(1));
    let read = "select id from erp.account";
    let shared = pool.tenant(TenantContext::new(tenant(1)).read_only()).sharing(Sharing::Reads);
    shared.query(read, &[]).await.unwrap();
    let rows = futures_util::future::join_all((0..16).map(|_| shared.query(read, &[]))).await;
    assert!(rows.iter().all(Result::is_ok));
    scope.query("select 1 / 0", &[]).await.unwrap_err();
    let tx = scope.begin();
    tx.query(read, &[]).await.unwrap();
    drop(tx);
    let mut first = true;
    let again = "do $$ begin raise exception 'again' using errcode = '40001'; end $$";
    scope
        .transact(|tx| {
            let fails = std::mem::take(&mut first);
            async move { if fails { tx.execute(again, &[]).await } else { tx.execute(read, &[]).await } }
        })
        .await
        .unwrap();
    pool.system("nightly: totals").unwrap().query(read, &[]).await.unwrap();
}

fn queries() -> Vec<String> {
    let text = std::fs::read_to_string(Path::new(FOLDER).join("dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    targets.map(|target| target["expr"].as_str().unwrap().replace("$__rate_interval", "1m")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_of_the_dashboard_has_data() {
    let erp = Erp::new().await;
    let port = exporter().await;
    let pool = erp
        .builder()
        .name("scraped")
        .max_size(2)
        .metrics_of_tenants(2)
        .tenant_visibility(TenantVisibility::Plain);
    recorder();
    let pool = pool.build().await.unwrap();
    open_accounts(&pool, &tenant(1), 1, 3).await;
    let prometheus = Prometheus::start(port);
    let mut left = queries();
    assert!(left.len() >= 12);
    let begun = Instant::now();
    while !left.is_empty() {
        assert!(begun.elapsed() < LIMIT, "without data: {left:#?}");
        load(&pool).await;
        let mut without = Vec::new();
        for query in left {
            let answer = timeout(LIMIT, prometheus.ask(&query)).await.expect("prometheus hangs");
            if answer.is_none_or(|rows| rows.is_empty()) {
                without.push(query);
            }
        }
        left = without;
        // Prometheus scrapes once a second.
        sleep(Duration::from_millis(300)).await;
    }
    let told = promtool(&["check", "metrics"], Some(&recorder().render()));
    // Prometheus would call it otherwise; OpenTelemetry's conventions call it this.
    let known =
        "db_client_connection_count non-histogram and non-summary metrics should not have \"_count\" suffix";
    assert_eq!(told.trim(), known);
    for arguments in [["check", "rules", "alerts.yml"], ["check", "config", "prometheus.yml"]] {
        let [check, what, file] = arguments;
        let told = promtool(&[check, what, &format!("{FOLDER}/{file}")], None);
        assert!(told.contains("SUCCESS") && !told.contains("FAILED"), "{told}");
    }
}

fn promtool(arguments: &[&str], input: Option<&str>) -> String {
    use std::io::Write;

    let mut promtool = Command::new("promtool")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool is not installed: run make prometheus");
    promtool.stdin.take().unwrap().write_all(input.unwrap_or_default().as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
