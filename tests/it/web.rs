//! The feature `axum`, over HTTP: whom a request is for, how long it takes, and what an error is.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::{Next, from_fn};
use axum::routing::get;
use tenantry::axum::{Deadline, Scoped, TenantAccess, TrustedHop, status};
use tenantry::{Fairness, Result, TenantContext, TenantId, TenantPool, TenantType, testing};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::erp::{Erp, open_accounts, tenant};
use crate::support::eventually;

const HEADER: &str = "x-tenant-id";
const SECRET: &str = "a secret of the gateway";

struct Answer {
    status: u16,
    head: String,
    body: String,
}

/// A service on a port of its own.
struct Service(SocketAddr);

impl Service {
    async fn start(routes: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = routes.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self(address)
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask("GET", path, headers).await
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut stream = TcpStream::connect(self.0).await.unwrap();
        let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let request =
            format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{lines}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_lowercase(), body: body.to_owned() }
    }
}

/// What a middleware of a service puts into the request once a token was verified.
#[derive(Clone)]
struct Claims(Option<TenantId>);

/// Stands for the verification of a token: `good n`, `none` or anything else.
async fn verify(mut request: Request, next: Next) -> axum::response::Response {
    let token = request.headers().get("authorization").and_then(|token| token.to_str().ok());
    let claims = match token.and_then(|token| token.split_once(' ')) {
        Some(("good", n)) => Some(Claims(n.parse().ok().map(tenant))),
        _ => None,
    };
    if let Some(claims) = claims {
        request.extensions_mut().insert(claims);
    }
    next.run(request).await
}

async fn count(Scoped(scope): Scoped) -> Result<String> {
    let row = scope.query_one("select count(*) from erp.account", &[]).await?;
    Ok(row.try_get::<_, i64>(0)?.to_string())
}

/// Whether the request can write, and the user for whom it is.
async fn context(Scoped(scope): Scoped) -> Result<String> {
    let sql = "select current_setting('transaction_read_only') || ' ' || current_setting('app.user_id')";
    Ok(scope.query_one(sql, &[]).await?.try_get(0)?)
}

#[tokio::test]
async fn a_claim_may_give_a_context_and_safe_methods_may_only_read() {
    let erp = Erp::new().await;
    let pool = erp.pool(2).await;
    for (safe, get_reads) in [(false, "off"), (true, "on")] {
        let access = TenantAccess::by_claim(pool.clone(), |claims: &Claims| {
            TenantContext::new(claims.0.clone()?).set("app.user_id", "anna").ok()
        });
        let access = if safe { access.safe_methods_read_only() } else { access };
        let routes = Router::new().route("/", get(context).post(context));
        let service = Service::start(routes.layer(from_fn(verify)).with_state(access)).await;
        for (method, reads) in [("GET", get_reads), ("POST", "off")] {
            let answer = service.ask(method, "/", &[("authorization", "good 1")]).await;
            assert_eq!((answer.status, answer.body), (200, format!("{reads} anna")), "{method} {safe}");
        }
    }
}

fn by_claim(pool: TenantPool) -> Router {
    let access = TenantAccess::by_claim(pool, |claims: &Claims| claims.0.clone());
    Router::new().route("/count", get(count)).layer(from_fn(verify)).with_state(access)
}

#[tokio::test]
async fn a_verified_claim_is_whom_a_request_is_for_and_a_header_never_is() {
    let erp = Erp::new().await;
    let pool = erp.pool(2).await;
    open_accounts(&pool, &tenant(1), 1, 3).await;
    let service = Service::start(by_claim(pool)).await;
    let forged = tenant(1).as_setting();
    for (headers, status, body) in [
        (vec![("authorization", "good 1")], 200, "3"),
        (vec![("authorization", "good 2")], 200, "0"),
        (vec![("authorization", "good 2"), (HEADER, &*forged)], 200, "0"),
        (vec![("authorization", "good nobody")], 403, ""),
        (vec![("authorization", "forged 1")], 401, ""),
        (vec![(HEADER, &*forged)], 401, ""),
        (vec![], 401, ""),
    ] {
        let answer = service.get("/count", &headers).await;
        assert_eq!((answer.status, &*answer.body), (status, body), "{headers:?}");
        assert_eq!(answer.head.contains("www-authenticate: bearer"), status == 401);
    }
}

#[tokio::test]
async fn a_header_counts_from_a_trusted_hop_alone() {
    let erp = Erp::new().await;
    let pool = erp.pool(2).await;
    open_accounts(&pool, &tenant(1), 1, 3).await;
    let hop = TrustedHop::with_secret("x-gateway-secret", SECRET).unwrap();
    let access = TenantAccess::by_header(pool.clone(), HEADER, TenantType::Uuid, hop).unwrap();
    let service = Service::start(Router::new().route("/count", get(count)).with_state(access)).await;
    let (one, two) = (tenant(1).as_setting(), tenant(2).as_setting());
    let secret = ("x-gateway-secret", SECRET);
    for (headers, status, body) in [
        (vec![secret, (HEADER, &*one)], 200, "3"),
        (vec![secret, (HEADER, &*two)], 200, "0"),
        (vec![(HEADER, &*one)], 403, ""),
        (vec![("x-gateway-secret", "another secret, as long"), (HEADER, &*one)], 403, ""),
        (vec![secret, secret, (HEADER, &*one)], 403, ""),
        (vec![secret], 401, ""),
        (vec![secret, (HEADER, "no tenant")], 401, ""),
        (vec![secret, (HEADER, "")], 401, ""),
        (vec![secret, (HEADER, &*one), (HEADER, &*two)], 401, ""),
        (vec![secret, (HEADER, "1' or '1'='1")], 401, ""),
    ] {
        let answer = service.get("/count", &headers).await;
        assert_eq!((answer.status, &*answer.body), (status, body), "{headers:?}");
    }
    let near = TrustedHop::when(|parts| {
        parts.extensions.get::<ConnectInfo<SocketAddr>>().is_some_and(|peer| peer.0.ip().is_loopback())
    });
    let access = TenantAccess::by_header(pool, HEADER, TenantType::Uuid, near).unwrap();
    let service = Service::start(Router::new().route("/count", get(count)).with_state(access)).await;
    assert_eq!(service.get("/count", &[(HEADER, &one)]).await.body, "3");
}

/// Runs the statement that the path names, as the first tenant.
fn statements(pool: TenantPool) -> Router {
    let access = TenantAccess::by_claim(pool, |claims: &Claims| claims.0.clone());
    let run = |sql: &'static str| {
        get(
            move |Scoped(scope): Scoped| async move { scope.execute(sql, &[]).await.map(|rows| rows.to_string()) },
        )
    };
    Router::new()
        .route("/unique", run("insert into erp.account (id, tag) values (1, '')"))
        .route("/missing", run("insert into erp.line (account_id) values (99)"))
        .route("/referred", run("delete from erp.account"))
        .route("/check", run("insert into erp.line (account_id, amount) values (1, -1)"))
        .route("/value", run("select 'x'::text::integer"))
        .route(
            "/other",
            run("insert into erp.account (tenant_id, id, tag) values (gen_random_uuid(), 7, '')"),
        )
        .route("/serialization", run("do $$ begin raise exception 'no' using errcode = '40001'; end $$"))
        .route("/wrong", run("select nothing"))
        .route("/slow", run("select pg_sleep(600)"))
        .layer(from_fn(verify))
        .with_state(access)
}

const LINES: &str =
    "create table erp.line (tenant_id uuid not null default tenantry.tenant_id(), account_id bigint,
        amount bigint check (amount > 0),
        foreign key (tenant_id, account_id) references erp.account (tenant_id, id));
    grant select, insert on erp.line to tenantry_it_app";

#[tokio::test]
async fn an_error_has_the_status_that_it_means_and_says_no_more() {
    let erp = Erp::new().await;
    erp.admin().await.batch_execute(LINES).await.unwrap();
    let pool = erp.pool(2).await;
    open_accounts(&pool, &tenant(1), 1, 1).await;
    pool.tenant(tenant(1)).execute("insert into erp.line (account_id) values (1)", &[]).await.unwrap();
    let service = Service::start(statements(pool)).await;
    for (path, status, retry) in [
        ("/unique", 409, false),
        ("/missing", 422, false),
        ("/referred", 409, false),
        ("/check", 422, false),
        ("/value", 422, false),
        ("/other", 403, false),
        ("/serialization", 503, true),
        ("/wrong", 500, false),
    ] {
        let answer = service.get(path, &[("authorization", "good 1")]).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.head.contains("retry-after: 1"), retry, "{path}");
        assert_eq!(answer.body, "", "{path}");
    }
}

#[tokio::test]
async fn a_pool_without_a_connection_in_time_is_unavailable_for_now() {
    let erp = Erp::new().await;
    let fairness = Fairness::round_robin().max_waiting(1);
    let builder = erp.builder().max_size(1).wait_timeout(Duration::from_millis(50)).fairness(fairness);
    let pool = builder.build().await.unwrap();
    let service = Service::start(by_claim(pool.clone())).await;
    let held = pool.tenant(tenant(1)).begin();
    held.query("select 1", &[]).await.unwrap();
    let headers = [("authorization", "good 1")];
    let (first, second) = futures_util::future::join(service.get("/count", &headers), async {
        eventually("one waits", || std::future::ready(pool.status().waiting == 1)).await;
        service.get("/count", &headers).await
    })
    .await;
    assert_eq!((first.status, second.status), (503, 429));
    assert!(first.head.contains("retry-after: 1") && second.head.contains("retry-after: 1"));
    held.commit().await.unwrap();
    assert_eq!(service.get("/count", &headers).await.status, 200);
}

#[tokio::test]
async fn a_request_ends_with_its_deadline_and_its_connection_lives_on() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let service =
        Service::start(statements(pool.clone()).layer(Deadline::within(Duration::from_millis(300)))).await;
    let backend = async || -> i32 {
        pool.tenant(tenant(1)).query_one("select pg_backend_pid()", &[]).await.unwrap().get(0)
    };
    let before = backend().await;
    let answer = service.get("/slow", &[("authorization", "good 1")]).await;
    assert_eq!(answer.status, 504);
    assert_eq!(backend().await, before, "the server has ended the statement, and the connection is the same");
    assert_eq!(service.get("/unique", &[("authorization", "good 1")]).await.status, 200);
    let none = Service::start(statements(pool).layer(Deadline::within(Duration::ZERO))).await;
    assert_eq!(none.get("/unique", &[("authorization", "good 1")]).await.status, 504);
}

#[test]
fn every_sqlstate_has_a_status() {
    for (code, expected) in [
        ("23505", 409),
        ("23P01", 409),
        ("23001", 409),
        ("23503", 409),
        ("23502", 422),
        ("23514", 422),
        ("22001", 422),
        ("22012", 500),
        ("40001", 503),
        ("40P01", 503),
        ("55P03", 503),
        ("53300", 503),
        ("57014", 504),
        ("42501", 403),
        (tenantry::NO_TENANT, 500),
        ("42601", 500),
        ("XX000", 500),
    ] {
        assert_eq!(status(&testing::error(code, "made")).as_u16(), expected, "{code}");
    }
}
