//! A service with two companies, on a database of its own, and the tokens of its people.

#[path = "../../examples/whole/parts/database.rs"]
mod database;
pub mod http;
pub mod running;
pub mod s3;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};
use tenantry::TenantPool;
use tenantry::testing::Database;
use tenantry_erp::gate::Gate;
use tenantry_erp::token::Keys;
use tenantry_erp::{Service, routes};
use tokio_postgres::Client;
use tower::ServiceExt;
use uuid::Uuid;

pub use self::database::PASSWORD;

pub const ISSUER: &str = "https://sign-in.test";
pub const AUDIENCE: &str = "erp";

/// What the part that sets a database up takes from whoever has it.
type AnyError = Box<dyn std::error::Error + Send + Sync>;

fn path(of_package: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(of_package)
}

/// A service, its database and the keys of those who sign tokens for it.
pub struct World {
    pub database: Database,
    pub pool: TenantPool,
    pub routes: Router,
    pub keys: PathBuf,
}

/// What a request was answered.
#[derive(Debug)]
pub struct Answered {
    pub status: StatusCode,
    pub body: String,
}

impl Answered {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A person who works for a company, or operates the service.
#[derive(Clone)]
pub struct Person {
    pub token: String,
    pub company: Uuid,
}

impl World {
    pub async fn new() -> Self {
        Self::serving(|service| service).await
    }

    /// With what the service is equipped with.
    pub async fn serving(equip: impl FnOnce(Service) -> Service) -> Self {
        let database = database::create().await.unwrap();
        let pool = TenantPool::builder(&database.url_as("erp_app", PASSWORD))
            .system_url(&database.url_as("erp_system", PASSWORD))
            .record_system_access("tenantry.system_access")
            .max_size(8)
            .build()
            .await
            .unwrap();
        let keys = std::env::temp_dir().join(format!("tenantry-erp-{}.json", Uuid::new_v4()));
        std::fs::write(&keys, jwks(&[("first", first_key())])).unwrap();
        let gate = Arc::new(Gate::new(pool.clone(), Keys::read(keys.clone(), ISSUER, AUDIENCE).unwrap()));
        let routes = routes(equip(Service::new(pool.clone(), gate)));
        Self { database, pool, routes, keys }
    }

    pub async fn ask(&self, who: &Person, method: Method, path: &str, body: Option<Value>) -> Answered {
        self.ask_with(who, method, path, body, &[]).await
    }

    pub async fn ask_with(
        &self,
        who: &Person,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answered {
        let authorization = format!("Bearer {}", who.token);
        let mut request = Request::builder().method(method).uri(path).header("authorization", authorization);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).unwrap()).await
    }

    pub async fn send(&self, request: Request<Body>) -> Answered {
        let answer = self.routes.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        Answered { status, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    pub async fn get(&self, who: &Person, path: &str) -> Answered {
        self.ask(who, Method::GET, path, None).await
    }

    pub async fn post(&self, who: &Person, path: &str, body: Value) -> Answered {
        self.ask(who, Method::POST, path, Some(body)).await
    }

    /// Makes a company, and returns who owns it.
    pub async fn company(&self, name: &str) -> Person {
        let owner = format!("owner of {name}");
        let body =
            json!({ "name": name, "host": format!("{name}.erp.test"), "subject": owner, "person": "Rahima" });
        let made = self.post(&operator(), "/companies", body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        let company = made.json()["id"].as_str().unwrap().parse().unwrap();
        Person { token: token(&Said::of(company, &owner)), company }
    }

    /// One with a customer and a product, whose ids are returned.
    pub async fn shop(&self, name: &str) -> (Person, i64, i64) {
        let owner = self.company(name).await;
        let customer = self.post(&owner, "/customers", json!({ "name": "আলম ট্রেডার্স" })).await;
        let product =
            self.post(&owner, "/products", json!({ "sku": "T-1", "name": "চা", "price": "350.55" })).await;
        let id = |made: &Answered| made.json()["id"].as_i64().unwrap();
        (owner, id(&customer), id(&product))
    }

    pub async fn admin(&self) -> Client {
        self.database.connect().await.unwrap()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.keys);
    }
}

/// What a token says.
pub struct Said {
    pub claims: Value,
    pub kid: &'static str,
    pub key: &'static RsaPrivateKey,
}

impl Said {
    pub fn of(company: Uuid, subject: &str) -> Self {
        let claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "exp": now() + 600, "sub": subject, "company": company,
        });
        Self { claims, kid: "first", key: first_key() }
    }

    pub fn with(mut self, claim: &str, value: Value) -> Self {
        self.claims[claim] = value;
        self
    }
}

pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

pub fn token(said: &Said) -> String {
    let mut header = Header::new(Algorithm::RS256);
    header.kid = Some(said.kid.to_owned());
    let pem = said.key.to_pkcs1_pem(rsa::pkcs1::LineEnding::LF).unwrap();
    encode(&header, &said.claims, &EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap()).unwrap()
}

/// Who operates the service.
pub fn operator() -> Person {
    let said = Said::of(Uuid::nil(), "operator").with("operator", json!(true));
    Person { token: token(&said), company: Uuid::nil() }
}

pub fn first_key() -> &'static RsaPrivateKey {
    static KEY: OnceLock<RsaPrivateKey> = OnceLock::new();
    KEY.get_or_init(key)
}

pub fn second_key() -> &'static RsaPrivateKey {
    static KEY: OnceLock<RsaPrivateKey> = OnceLock::new();
    KEY.get_or_init(key)
}

fn key() -> RsaPrivateKey {
    RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap()
}

pub fn jwks(keys: &[(&str, &RsaPrivateKey)]) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let one = |(kid, key): &(&str, &RsaPrivateKey)| {
        let (n, e) = (key.n().to_bytes_be(), key.e().to_bytes_be());
        json!({
            "kty": "RSA", "alg": "RS256", "use": "sig", "kid": kid,
            "n": URL_SAFE_NO_PAD.encode(n), "e": URL_SAFE_NO_PAD.encode(e),
        })
    };
    json!({ "keys": keys.iter().map(one).collect::<Vec<_>>() }).to_string()
}

/// Waits until something holds, for 20 s at most: less than the gate keeps what it knows of a member.
pub async fn eventually(mut holds: impl AsyncFnMut() -> bool) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !holds().await {
        assert!(std::time::Instant::now() < deadline, "waited 20 s in vain");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}
