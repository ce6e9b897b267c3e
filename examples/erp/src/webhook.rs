//! Messages that leave by HTTP: each is posted to one address, as JSON.

use std::time::Duration;

use axum::http::header::CONTENT_TYPE;
use axum::http::{Request, Uri};
use http_body_util::Full;
use serde_json::json;
use uuid::Uuid;

use crate::client::Client;
use crate::outbox::{Delivering, Delivery, Message};

/// How long whoever is told may take to answer.
const LIMIT: Duration = Duration::from_secs(4);

pub struct Webhook {
    address: Uri,
    client: Client,
}

impl Webhook {
    /// # Errors
    ///
    /// The address is none.
    pub fn at(address: &str, client: &Client) -> Result<Self, String> {
        match address.parse::<Uri>() {
            Ok(address) if address.authority().is_some() && address.scheme().is_some() => {
                Ok(Self { address, client: client.clone() })
            }
            _ => Err("ERP_WEBHOOK_URL is no URL".to_owned()),
        }
    }
}

/// The header `Idempotency-Key` is the same each time that a message comes, by which its receiver knows one that it has had.
impl Delivery for Webhook {
    fn deliver<'a>(&'a self, company: Uuid, message: &'a Message) -> Delivering<'a> {
        Box::pin(async move {
            let Message { id, topic, payload } = message;
            let body = json!({ "company": company, "id": id, "topic": topic, "payload": payload });
            let request = Request::post(&self.address)
                .header(CONTENT_TYPE, "application/json")
                .header("idempotency-key", format!("{company}/{id}"))
                .body(Full::from(body.to_string()))
                .map_err(|error| error.to_string())?;
            match self.client.send(request, LIMIT).await? {
                status if status.is_success() => Ok(()),
                status => Err(format!("the answer was {status}")),
            }
        })
    }
}
