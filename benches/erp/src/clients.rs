//! Clients that ask for one page after the other, over connections that are kept.

use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::AnyError;
use crate::companies::Company;
use crate::stats::float;

#[derive(Clone)]
pub struct Clients {
    client: Client<HttpConnector, Empty<Bytes>>,
    requests: Vec<Request<Empty<Bytes>>>,
}

impl Clients {
    pub fn of(address: &str, companies: &[Company]) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let request = |company: &Company| {
            let authorization = format!("Bearer {}", company.token);
            Request::get(address).header("authorization", authorization).body(Empty::new())
        };
        Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            requests: companies.iter().filter_map(|company| request(company).ok()).collect(),
        }
    }

    /// The page of each company.
    pub async fn pages(&self) -> Result<Vec<Bytes>, AnyError> {
        let mut pages = Vec::new();
        for which in 0..self.requests.len() {
            pages.push(self.page(which).await?);
        }
        Ok(pages)
    }

    /// How many requests a second are served for so long.
    pub async fn ask_for(&self, length: Duration, clients: usize) -> Result<f64, AnyError> {
        let begun = Instant::now();
        let mut tasks = Vec::new();
        for client in 0..clients {
            let clients = self.clone();
            tasks.push(tokio::spawn(async move {
                let mut served = 0;
                while begun.elapsed() < length {
                    clients.page(client + served).await?;
                    served += 1;
                }
                Ok::<_, AnyError>(served)
            }));
        }
        let mut served = 0;
        for task in tasks {
            served += task.await??;
        }
        Ok(float(served) / begun.elapsed().as_secs_f64())
    }

    async fn page(&self, which: usize) -> Result<Bytes, AnyError> {
        let answer = self.client.request(self.requests[which % self.requests.len()].clone()).await?;
        let status = answer.status();
        let page = answer.into_body().collect().await?.to_bytes();
        if status != StatusCode::OK {
            return Err(format!("{status}: {}", String::from_utf8_lossy(&page)).into());
        }
        Ok(page)
    }
}
