//! A Prometheus that scrapes the service and its gateway under load, and the log that Loki is sent.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_postgres::Client;

use crate::parts::gateway::Gateway;
use crate::parts::keys::SignIn;
use crate::parts::prometheus::Prometheus;
use crate::parts::sample::{self, Company};
use crate::parts::service::Service;
use crate::parts::{database, path};
use crate::{Folder, get};

/// How long it may take until every query has data.
const LIMIT: Duration = Duration::from_secs(60);

const EXECUTABLE: &str = env!("CARGO_BIN_EXE_tenantry-erp");

fn queries() -> Vec<String> {
    let text = std::fs::read_to_string(path("deploy/grafana/dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    targets.map(|target| target["expr"].as_str().unwrap().replace("$__rate_interval", "1m")).collect()
}

/// How many series a query has an answer of.
async fn series(prometheus: &Prometheus, query: &str) -> usize {
    let encoded: String = query.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let (status, body) = get(format!("{}/api/v1/query?query={encoded}", prometheus.url), &[]).await;
    assert_eq!(status, 200, "{query}: {body}");
    let body: Value = serde_json::from_str(&body).unwrap();
    body["data"]["result"].as_array().unwrap().len()
}

async fn post(url: String, company: &Company, body: Value) {
    let token = company.token.clone();
    // What fails is wanted as well.
    let _ = tokio::task::spawn_blocking(move || sample::post(&url, &token, &body).is_ok()).await.unwrap();
}

/// Asks for a payment of an invoice that somebody else has locked, and goes away once the server waits for the lock.
async fn abandon(service: &Service, admin: &mut Client, company: &Company) {
    let tx = admin.transaction().await.unwrap();
    tx.execute("SELECT FROM invoice WHERE id = $1 FOR UPDATE", &[&company.invoice]).await.unwrap();
    let address = service.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let body = json!({ "amount": "1.00" }).to_string();
    let request = format!(
        "POST /invoices/{}/payments HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\n\
         idempotency-key: of-nobody-else\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        company.invoice,
        company.token,
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let waits = "SELECT count(*) > 0 FROM pg_stat_activity
        WHERE datname = current_database() AND usename = 'erp_app' AND wait_event_type = 'Lock'";
    let until = async |somebody_waits: bool| {
        while tx.query_one(waits, &[]).await.unwrap().get::<_, bool>(0) != somebody_waits {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LIMIT, until(true)).await.expect("nobody waits for the lock");
    drop(stream);
    timeout(LIMIT, until(false)).await.expect("the statement goes on");
    tx.rollback().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_has_data_and_the_log_tells_of_nobody() {
    let folder = Folder::new();
    let database = database::create().await.unwrap();
    let sign_in = SignIn::new(folder.path()).unwrap();
    let executable = EXECUTABLE.as_ref();
    let debug = [("RUST_LOG", "info,tenantry=debug,tenantry_erp=debug".to_owned())];
    let service = Service::start(executable, &database, &sign_in, folder.path(), &debug).await.unwrap();
    let gateway = Gateway::start(&service.url, folder.path(), &[]).await.unwrap();
    let prometheus = Prometheus::start(&service.metrics, &gateway.inside, "1s", folder.path()).await.unwrap();
    let (url, signs) = (gateway.url.clone(), sign_in.clone());
    let companies = tokio::task::spawn_blocking(move || sample::make(&url, &signs).unwrap()).await.unwrap();
    let mut admin = database.connect().await.unwrap();

    let mut left = queries();
    assert!(left.len() >= 15);
    let begun = Instant::now();
    while !left.is_empty() {
        assert!(begun.elapsed() < LIMIT, "without data: {left:#?}");
        for company in &companies {
            let authorization = format!("Bearer {}", company.token);
            for path in ["/company", "/invoices", "/customers?starts=A", "/invoices.csv"] {
                let (status, body) =
                    get(format!("{}{path}", gateway.url), &[("authorization", &authorization)]).await;
                assert_eq!(status, 200, "{body}");
            }
            post(format!("{}/customers", gateway.url), company, json!({ "name": "" })).await;
        }
        get(format!("{}/company", gateway.url), &[]).await;
        abandon(&service, &mut admin, &companies[0]).await;
        let mut without = Vec::new();
        for query in left {
            if series(&prometheus, &query).await == 0 {
                without.push(query);
            }
        }
        left = without;
    }
    for job in ["erp", "traefik"] {
        assert_eq!(series(&prometheus, &format!("up{{job=\"{job}\"}} == 1")).await, 1);
    }

    let [log, of_gateway] = [&service.program, &gateway.program].map(|program| program.log().unwrap());
    for program in [prometheus.program, gateway.program, service.program] {
        program.end().await.unwrap();
    }
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    assert!(lines.len() > 10 && lines.iter().all(Value::is_object), "{log}");
    names_of_alloy_are_there(&lines);
    let passed_on = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        line["RouterName"].is_string()
    };
    assert!(of_gateway.lines().filter(|line| passed_on(line)).count() > 10, "{of_gateway}");
    for told in ["/customers", "starts", "RequestHost"] {
        assert!(!of_gateway.contains(told), "{told}: {of_gateway}");
    }
    for company in &companies {
        for kept in [&*company.id, &*company.token, company.name, "আলম", "ইসলাম", "of-nobody-else", "T-1"]
        {
            assert!(!log.contains(kept), "{kept}: {log}");
            assert!(!of_gateway.contains(kept), "{kept}: {of_gateway}");
        }
    }
    // Something went wrong that the log tells of, without what was sent.
    assert!(log.contains("customer_name_check") || log.contains("23514"), "{log}");
}

/// What `erp.alloy` takes out of a line stands in each line, and its only label has few values.
fn names_of_alloy_are_there(lines: &[Value]) {
    let text = std::fs::read_to_string(path("deploy/loki/erp.alloy")).unwrap();
    let (_, expressions) = text.split_once("expressions = {").unwrap();
    let (expressions, _) = expressions.split_once('}').unwrap();
    let names: BTreeSet<&str> = expressions.split('"').skip(1).step_by(2).collect();
    assert_eq!(names.len(), 3);
    for line in lines {
        for name in &names {
            assert!(line[name].is_string(), "{name}: {line}");
        }
    }
    let (_, labels) = text.split_once("stage.labels {").unwrap();
    assert_eq!(labels.trim_start().lines().next(), Some("values = { level = \"\" }"));
    assert_eq!(text.matches("stage.labels").count(), 1);
    let levels: BTreeSet<&str> = lines.iter().map(|line| line["level"].as_str().unwrap()).collect();
    assert!(levels.iter().all(|level| ["ERROR", "WARN", "INFO", "DEBUG"].contains(level)), "{levels:?}");
}
