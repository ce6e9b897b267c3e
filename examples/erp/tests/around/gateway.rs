//! Traefik with the files of `deploy/traefik`, ahead of the service.

use std::sync::{Arc, Mutex};

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use serde_json::json;
use tenantry::TenantPool;
use tenantry::testing::Database;
use tenantry_erp::gate::Gate;
use tenantry_erp::token::Keys;
use tokio::net::TcpListener;

use crate::parts::database::{self, PASSWORD};
use crate::parts::gateway::Gateway;
use crate::parts::keys::{AUDIENCE, ISSUER, SignIn};
use crate::parts::sample::{self, Company};
use crate::{Folder, get};

/// The path and the companies in the header of each request that the service has received.
type Received = Arc<Mutex<Vec<(String, Vec<String>)>>>;

async fn note(State(received): State<Received>, request: Request, next: Next) -> Response {
    let companies = request.headers().get_all("x-tenant-id").iter();
    let companies = companies.map(|value| value.to_str().unwrap().to_owned()).collect();
    received.lock().unwrap().push((request.uri().path().to_owned(), companies));
    next.run(request).await
}

struct World {
    gateway: Gateway,
    companies: [Company; 2],
    sign_in: SignIn,
    received: Received,
    _database: Database,
    _folder: Folder,
}

/// The service in this process, so that it is seen what it receives.
async fn world(settings: &[(&str, &str)]) -> World {
    let folder = Folder::new();
    let database = database::create().await.unwrap();
    let pool = TenantPool::builder(&database.url_as("erp_app", PASSWORD))
        .system_url(&database.url_as("erp_system", PASSWORD))
        .record_system_access("tenantry.system_access")
        .build()
        .await
        .unwrap();
    let sign_in = SignIn::new(folder.path()).unwrap();
    let keys = Keys::read(sign_in.file.clone(), ISSUER, AUDIENCE).unwrap();
    let gate = Arc::new(Gate::new(pool.clone(), keys));
    tokio::spawn(Arc::clone(&gate).listen());
    let received = Received::default();
    let routes = tenantry_erp::routes(tenantry_erp::Service::new(pool, gate))
        .layer(from_fn_with_state(received.clone(), note));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let service = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, routes).into_future());
    let gateway = Gateway::start(&service, folder.path(), settings).await.unwrap();
    let (url, signs) = (gateway.url.clone(), sign_in.clone());
    let companies = tokio::task::spawn_blocking(move || sample::make(&url, &signs).unwrap()).await.unwrap();
    World { gateway, companies, sign_in, received, _database: database, _folder: folder }
}

impl World {
    async fn ask(&self, path: &str, token: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let authorization = format!("Bearer {token}");
        let mut all = vec![("authorization", &*authorization)];
        all.extend(headers);
        get(format!("{}{path}", self.gateway.url), &all).await
    }

    /// What the service has received at a path since it was last asked.
    fn received(&self, path: &str) -> Vec<Vec<String>> {
        let received = std::mem::take(&mut *self.received.lock().unwrap());
        received.into_iter().filter(|(at, _)| at == path).map(|(_, companies)| companies).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_is_the_one_that_the_token_names() {
    let world = world(&[]).await;
    let [padma, jamuna] = &world.companies;
    world.received("");
    for forged in [&[][..], &[("x-tenant-id", &*padma.id)], &[("X-Tenant-Id", &*padma.id)]] {
        let (status, body) = get(format!("{}/invoices", world.gateway.url), forged).await;
        assert_eq!((status, &*body), (401, ""));
    }
    // The service was asked about them, and did not receive them.
    assert_eq!(world.received("/invoices"), [[""; 0]; 0]);
    let forged = [("x-tenant-id", &*padma.id), ("x-tenant-id", "another"), ("connection", "x-tenant-id")];
    for forged in [&forged[..0], &forged[..1], &forged[..2], &forged[..]] {
        let (status, body) = world.ask("/company", &jamuna.token, forged).await;
        assert_eq!(status, 200, "{body}");
        assert!(body.contains("\"jamuna\"") && body.contains(&jamuna.id), "{body}");
        let received = world.received("/company");
        assert!(received.iter().all(|companies| *companies == [&*jamuna.id]), "{forged:?}: {received:?}");
        assert_eq!(received.len(), 1);
    }
    // Operators belong to no company, and name none.
    let operator = world.sign_in.operator().unwrap();
    let (status, body) = world.ask("/reports/turnover", &operator, &forged[..1]).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(world.received("/reports/turnover"), [[""; 0]]);
    assert_eq!(world.ask("/companies", &jamuna.token, &[]).await.0, 403);
    // What is there for everybody takes no token, and names no company.
    for path in ["/", "/openapi.json"] {
        let (status, body) = get(format!("{}{path}", world.gateway.url), &forged[..1]).await;
        assert_ne!(status, 401, "{path}: {body}");
        assert_eq!(world.received(path), [[""; 0]], "{path}");
    }
    world.gateway.program.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_the_services_own_is_not_to_be_reached() {
    let world = world(&[]).await;
    world.received("");
    let token = &world.companies[0].token;
    for path in [
        "/verify",
        "/health/live",
        "/health/ready",
        "/health/",
        "/HEALTH/ready",
        "//health/ready",
        "/company/../health/ready",
        "/%68ealth/ready",
        "/companies/../verify",
    ] {
        let (status, body) = world.ask(path, token, &[]).await;
        assert_eq!((status, body.contains("ready")), (404, false), "{path}");
    }
    let received = world.received.lock().unwrap().clone();
    // What the gateway asks by itself, and what is another path, where nothing is.
    let expected = ["/verify", "/health/live", "/HEALTH/ready"];
    assert!(received.iter().all(|(path, _)| expected.contains(&&**path)), "{received:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_company_is_kept_out_and_let_in_again() {
    let world = world(&[]).await;
    let [padma, jamuna] = &world.companies;
    let suspend = async |suspended: bool| {
        let url = format!("{}/companies/{}/suspension", world.gateway.url, padma.id);
        let authorization = format!("Bearer {}", world.sign_in.operator().unwrap());
        let body = json!({ "suspended": suspended, "reason": "unpaid" });
        let put = move || ureq::put(&url).header("authorization", authorization).send_json(body);
        tokio::task::spawn_blocking(put).await.unwrap().unwrap();
    };
    for (suspended, expected) in [(false, 200), (true, 403), (false, 200)] {
        suspend(suspended).await;
        // The gate hears of it from the server, a moment later.
        let mut status = 0;
        for _ in 0..500 {
            status = world.ask("/invoices", &padma.token, &[]).await.0;
            if status == expected {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        assert_eq!(status, expected);
        assert_eq!(world.ask("/invoices", &jamuna.token, &[]).await.0, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_that_asks_too_often_is_told_so_and_no_other_is() {
    let world = world(&[("ERP_RATE", "1"), ("ERP_BURST", "10")]).await;
    let [padma, jamuna] = &world.companies;
    let mut statuses = Vec::new();
    while statuses.last() != Some(&429) {
        assert!(statuses.len() < 500, "{statuses:?}");
        // A request is a company's whatever it calls itself.
        let forged = format!("company {}", statuses.len());
        statuses.push(world.ask("/company", &padma.token, &[("x-tenant-id", &forged)]).await.0);
    }
    let (last, before) = statuses.split_last().unwrap();
    assert!(*last == 429 && !before.is_empty() && before.iter().all(|status| *status == 200), "{statuses:?}");
    assert_eq!(world.ask("/company", &jamuna.token, &[]).await.0, 200);
}
