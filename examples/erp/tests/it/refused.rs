//! What comes from people who mean no good, or err, to the program itself: the status of each answer, that nothing of another company is
//! in it, and that the log has one line for it, which tells nobody's secrets.

mod texts;

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::http::{Fetched, fetch};
use crate::support::running::{Running, program};
use crate::support::{Person, Said, World, eventually, operator, second_key, token};

/// What no answer to another company holds, and no line of the log.
const SECRET: &str = "Gopan Enterprise";

/// Text that would be SQL if anybody took it for that.
const SQL: [&str; 3] = [
    "'; DROP TABLE customer; --",
    "x' OR '1'='1",
    "\") UNION SELECT name FROM company; SELECT pg_sleep(60) --",
];

/// A session with the program, and what its log has to say of it.
struct Session {
    running: Running,
    /// The statuses of what was refused.
    refused: Vec<u16>,
    /// The routes that were sent SQL.
    tried: BTreeSet<String>,
}

impl Session {
    async fn send(&mut self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Fetched {
        let address = format!("{}{path}", self.running.address);
        let answer = fetch(method, &address, headers, body.to_owned()).await;
        if answer.status.is_client_error() {
            self.refused.push(answer.status.as_u16());
        }
        assert!(!answer.body.contains(SECRET), "{path}: {answer:?}");
        answer
    }

    async fn as_whom(&mut self, who: &Person, method: Method, path: &str, body: &str) -> Fetched {
        let authorization = format!("Bearer {}", who.token);
        let headers = [("authorization", &*authorization), ("content-type", "application/json")];
        self.send(method, path, &headers, body).await
    }

    /// Sends SQL to a route, in each of the texts that it takes, and expects one of these statuses.
    async fn sql(
        &mut self,
        who: &Person,
        method: Method,
        route: &str,
        fill: impl Fn(&str) -> (String, Value),
        expected: &[u16],
    ) {
        self.tried.insert(format!("{method} {route}"));
        for text in SQL {
            let (path, body) = fill(text);
            let body = if body.is_null() { String::new() } else { body.to_string() };
            let answer = self.as_whom(who, method.clone(), &path, &body).await;
            assert!(expected.contains(&answer.status.as_u16()), "{method} {path} {body}: {answer:?}");
        }
    }
}

async fn started(world: &World) -> Session {
    let mut command = program(world);
    // Nobody has to be there for an address to be signed.
    for (name, value) in
        [("ENDPOINT", "http://127.0.0.1:9"), ("BUCKET", "files"), ("ACCESS_KEY", "erp"), ("SECRET_KEY", "x")]
    {
        command.env(format!("ERP_S3_{name}"), value);
    }
    Session { running: Running::start(command).await, refused: Vec::new(), tried: BTreeSet::new() }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_tells_nothing_and_is_told_once() {
    let world = World::new().await;
    let (one, customer, product) = world.shop("padma").await;
    let (other, ..) = world.shop("jamuna").await;
    world.post(&other, "/customers", json!({ "name": SECRET })).await;
    let mut session = started(&world).await;
    let file = json!({ "name": SECRET, "content_type": "text/plain", "size": 5 }).to_string();
    let file = session.running.address.clone() + "/files|" + &file;
    let (address, body) = file.split_once('|').unwrap();
    let authorization = format!("Bearer {}", other.token);
    let headers = [("authorization", &*authorization), ("content-type", "application/json")];
    let foreign: Value =
        serde_json::from_str(&fetch(Method::POST, address, &headers, body.to_owned()).await.body).unwrap();
    let foreign = format!("/files/{}", foreign["id"].as_str().unwrap());

    tokens(&mut session, &world, &one).await;
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(session.as_whom(&one, method, &foreign, "").await.status, StatusCode::NOT_FOUND);
    }
    bodies(&mut session, &one).await;
    texts::sql(&mut session, &one, customer, product).await;
    revoked(&mut session, &world, &one).await;

    let untouched =
        "SELECT (SELECT count(*) FROM company), (SELECT count(*) FROM customer WHERE tenant_id = $1),
        (SELECT count(*) FROM customer WHERE name = ANY ($2))";
    let row = world.admin().await.query_one(untouched, &[&other.company, &&SQL[..]]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1), row.get::<_, i64>(2)), (6, 2, 3));
    log(session, &[one.company, other.company]).await;
}

/// Those that do not count, whoever has made them.
async fn tokens(session: &mut Session, world: &World, one: &Person) {
    let said = || Said::of(one.company, "owner of padma");
    let (head, signature) = one.token.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", signature.chars().rev().collect::<String>());
    for (what, token, status) in [
        ("its own", one.token.clone(), 200),
        ("forged", forged, 401),
        ("of another's key", token(&Said { key: second_key(), ..said() }), 401),
        ("expired", token(&said().with("exp", json!(1_000_000_000))), 401),
        ("of another issuer", token(&said().with("iss", json!("https://elsewhere.test"))), 401),
        ("for another service", token(&said().with("aud", json!("crm"))), 401),
        ("of a company that is not there", token(&Said::of(Uuid::from_u128(7), "owner of padma")), 403),
        ("of an owner elsewhere", token(&Said::of(one.company, "owner of jamuna")), 403),
        ("of SQL", token(&Said::of(one.company, SQL[0])), 403),
    ] {
        let who = Person { token, company: one.company };
        for path in ["/company", "/verify"] {
            let answer = session.as_whom(&who, Method::GET, path, "").await;
            assert_eq!(answer.status.as_u16(), status, "{what}: {answer:?}");
            assert!(status == 200 || answer.body.is_empty(), "{what}: {answer:?}");
        }
    }
    // The word of a gateway counts for nothing here, neither alone nor beside a token.
    let elsewhere = world.company("meghna").await.company.to_string();
    let alone = session.send(Method::GET, "/company", &[("x-tenant-id", &elsewhere)], "").await;
    assert_eq!(alone.status, StatusCode::UNAUTHORIZED);
    let authorization = format!("Bearer {}", one.token);
    let beside = [("authorization", &*authorization), ("x-tenant-id", &*elsewhere)];
    let beside = session.send(Method::GET, "/company", &beside, "").await;
    assert!(beside.status == StatusCode::OK && beside.body.contains("padma"), "{beside:?}");
    assert_eq!(session.send(Method::GET, "/company", &[], "").await.status, StatusCode::UNAUTHORIZED);
    for path in ["/companies", "/reports/turnover"] {
        assert_eq!(session.as_whom(one, Method::GET, path, "").await.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(session.as_whom(one, Method::GET, "/nowhere", "").await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        session.as_whom(one, Method::PATCH, "/company", "").await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
    // The host of a company tells its name, and of no other.
    let by_host = |host: &'static str| [("host", host)];
    let found = session.send(Method::GET, "/by-host", &by_host("PADMA.erp.test:8080"), "").await;
    assert_eq!(found.status, StatusCode::OK, "{found:?}");
    assert_eq!(serde_json::from_str::<Value>(&found.body).unwrap()["name"], "padma");
    for host in ["erp.test", "padma.erp.test'--", "_"] {
        assert_eq!(
            session.send(Method::GET, "/by-host", &by_host(host), "").await.status,
            StatusCode::NOT_FOUND
        );
    }
}

/// Too large, or none.
async fn bodies(session: &mut Session, one: &Person) {
    let large = json!({ "name": "x".repeat(300 << 10) }).to_string();
    for (body, status) in [
        (&*large, 413),
        ("{", 400),
        ("", 400),
        ("{\"name\": \"x\"", 400),
        ("[]", 422),
        ("{\"name\": null}", 422),
        ("{\"name\": \"x\", \"tenant_id\": \"x\"}", 422),
        ("{\"name\": \"\\u0000\"}", 422),
        ("{\"name\": \"\"}", 422),
    ] {
        let answer = session.as_whom(one, Method::POST, "/customers", body).await;
        assert_eq!(answer.status.as_u16(), status, "{}: {answer:?}", &body[..body.len().min(40)]);
    }
    let authorization = format!("Bearer {}", one.token);
    let no_type = [("authorization", &*authorization)];
    let answer = session.send(Method::POST, "/customers", &no_type, "{\"name\": \"x\"}").await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

/// Of a person who was dismissed, and of a company that was suspended, by another process.
async fn revoked(session: &mut Session, world: &World, one: &Person) {
    let reader = Person { token: token(&Said::of(one.company, "reader")), company: one.company };
    let role = json!({ "name": "Karim", "role": "reader" });
    let admitted = world.ask(one, Method::PUT, "/people/reader", Some(role)).await;
    assert_eq!(admitted.status, StatusCode::NO_CONTENT, "{admitted:?}");
    let mut hears = async |who: &Person, expected: StatusCode| {
        eventually(async || session.as_whom(who, Method::GET, "/company", "").await.status == expected).await;
    };
    hears(&reader, StatusCode::OK).await;
    assert_eq!(world.get(&reader, "/company").await.status, StatusCode::OK);
    assert_eq!(world.ask(one, Method::DELETE, "/people/reader", None).await.status, StatusCode::NO_CONTENT);
    // The process that has done it knows at once, and the other as soon as it hears of it.
    assert_eq!(world.get(&reader, "/company").await.status, StatusCode::FORBIDDEN);
    hears(&reader, StatusCode::FORBIDDEN).await;
    hears(one, StatusCode::OK).await;
    let owner = "/people/owner%20of%20padma";
    assert_eq!(world.ask(one, Method::DELETE, owner, None).await.status, StatusCode::CONFLICT);

    let suspension = json!({ "suspended": true, "reason": "unpaid" });
    let path = format!("/companies/{}/suspension", one.company);
    let suspended = world.ask(&operator(), Method::PUT, &path, Some(suspension)).await;
    assert_eq!(suspended.status, StatusCode::NO_CONTENT, "{suspended:?}");
    assert_eq!(world.get(one, "/company").await.status, StatusCode::FORBIDDEN);
    hears(one, StatusCode::FORBIDDEN).await;
    let host = session.send(Method::GET, "/by-host", &[("host", "padma.erp.test")], "").await;
    assert_eq!(host.status, StatusCode::NOT_FOUND);
}

/// One JSON object a line, one line for each that was refused, and nothing in it that is somebody's.
async fn log(session: Session, companies: &[Uuid]) {
    let lines = session.running.end().await;
    let mut secrets: Vec<String> = companies.iter().map(Uuid::to_string).collect();
    for secret in [
        SECRET,
        "owner of",
        "padma",
        "jamuna",
        "আলম",
        "DROP TABLE",
        "UNION",
        "' OR",
        "Bearer",
        "eyJ",
        "Karim",
    ] {
        secrets.push(secret.to_owned());
    }
    let mut refused = Vec::new();
    for line in &lines {
        let Value::Object(entry) = serde_json::from_str(line).unwrap() else { panic!("{line}") };
        assert!(
            ["timestamp", "level", "fields", "target"].iter().all(|key| entry.contains_key(*key)),
            "{line}"
        );
        assert!(entry["level"] == "INFO", "{line}");
        for secret in &secrets {
            assert!(!line.contains(secret), "{secret}: {line}");
        }
        if entry["fields"]["message"] == "a request was refused" {
            refused.push(u16::try_from(entry["fields"]["status"].as_u64().unwrap()).unwrap());
        }
    }
    assert_eq!(refused, session.refused);
    assert!(refused.len() > 60, "{refused:?}");
}
