//! What a company sends over connections that are kept, and what it is answered.

use axum::body::Bytes;
use axum::http::header::RETRY_AFTER;
use axum::http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

#[derive(Clone)]
pub struct Client {
    http: legacy::Client<HttpConnector, Full<Bytes>>,
    address: String,
}

/// An answer. One that was lost on its way, or that nobody gave, has the status 0.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub says_when: bool,
    pub body: String,
}

impl Answer {
    pub fn is_success(&self) -> bool {
        matches!(self.status, 200 | 201)
    }

    /// Whether what was asked for has not been done: who answers that has not begun, or has taken it back.
    pub fn is_refusal(&self) -> bool {
        self.status == 503 || self.status == 429
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

impl Client {
    pub fn of(address: &str) -> Self {
        let http = legacy::Client::builder(TokioExecutor::new()).build_http();
        Self { http, address: address.to_owned() }
    }

    pub async fn get(&self, token: &str, path: &str) -> Answer {
        self.ask(Method::GET, token, path, None, None).await
    }

    pub async fn post(&self, token: &str, path: &str, body: &Value) -> Answer {
        self.ask(Method::POST, token, path, None, Some(body)).await
    }

    pub async fn post_once(&self, token: &str, path: &str, key: &str, body: &Value) -> Answer {
        self.ask(Method::POST, token, path, Some(key), Some(body)).await
    }

    async fn ask(
        &self,
        method: Method,
        token: &str,
        path: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.address))
            .header("authorization", format!("Bearer {token}"));
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        let sent = request.body(Full::new(Bytes::from(body))).unwrap();
        let lost = |reason: String| Answer { status: 0, says_when: false, body: reason };
        let (head, body) = match self.http.request(sent).await {
            Ok(answer) => answer.into_parts(),
            Err(error) => return lost(error.to_string()),
        };
        match body.collect().await {
            Ok(body) => Answer {
                status: head.status.as_u16(),
                says_when: head.headers.contains_key(RETRY_AFTER),
                body: String::from_utf8_lossy(&body.to_bytes()).into_owned(),
            },
            Err(error) => lost(error.to_string()),
        }
    }
}
