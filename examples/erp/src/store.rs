//! The S3 store in which files lie. Who may read or write one gets an address that is signed, for that object and for a short time.

use std::time::Duration;

use axum::http::Request;
use http_body_util::Full;
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use uuid::Uuid;

use crate::client::Client;
use crate::settings::{Lookup, secret, text};

/// How long a signed address can be used.
pub const VALID: Duration = Duration::from_secs(300);

/// How long the store may take to delete an object.
const LIMIT: Duration = Duration::from_secs(10);

pub struct Store {
    bucket: Bucket,
    credentials: Credentials,
    client: Client,
}

/// Where the object of a file lies.
pub fn object(company: Uuid, file: Uuid) -> String {
    format!("tenant/{company}/{file}")
}

impl Store {
    /// The store that variables describe, or none where they name no `ERP_S3_ENDPOINT`.
    ///
    /// # Errors
    ///
    /// One of the others is missing or no such thing, or a file of a secret cannot be read.
    pub fn from_variables(lookup: Lookup, client: &Client) -> Result<Option<Self>, String> {
        let Some(endpoint) = text(lookup, "ERP_S3_ENDPOINT") else { return Ok(None) };
        let needed = |name: &str, value: Option<String>| {
            value.ok_or_else(|| format!("{name} is not set, and ERP_S3_ENDPOINT is"))
        };
        let bucket = needed("ERP_S3_BUCKET", text(lookup, "ERP_S3_BUCKET"))?;
        let region = text(lookup, "ERP_S3_REGION").unwrap_or_else(|| "us-east-1".to_owned());
        let key = needed("ERP_S3_ACCESS_KEY", secret(lookup, "ERP_S3_ACCESS_KEY")?)?;
        let password = needed("ERP_S3_SECRET_KEY", secret(lookup, "ERP_S3_SECRET_KEY")?)?;
        let endpoint = endpoint.parse().map_err(|error| format!("ERP_S3_ENDPOINT is no URL: {error}"))?;
        let bucket = Bucket::new(endpoint, UrlStyle::Path, bucket, region)
            .map_err(|error| format!("ERP_S3_ENDPOINT is no address of a store: {error}"))?;
        Ok(Some(Self { bucket, credentials: Credentials::new(key, password), client: client.clone() }))
    }

    /// Where to put an object of this type and size, and no other, until a while after `now`.
    pub fn to_put(&self, object: &str, content_type: &str, size: i64, now: Timestamp) -> String {
        let mut put = self.bucket.put_object(Some(&self.credentials), object);
        put.headers_mut().insert("content-length", size.to_string());
        put.headers_mut().insert("content-type", content_type);
        put.sign_with_time(VALID, &now).into()
    }

    /// Where to get an object, as a file to be kept and not to be shown, until a while after `now`.
    pub fn to_get(&self, object: &str, name: &str, now: Timestamp) -> String {
        let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
        let mut get = self.bucket.get_object(Some(&self.credentials), object);
        get.query_mut()
            .insert("response-content-disposition", format!("attachment; filename*=UTF-8''{name}"));
        get.sign_with_time(VALID, &now).into()
    }

    /// Deletes an object, also one that is not there.
    pub async fn delete(&self, object: &str) -> Result<(), String> {
        let address = self.bucket.delete_object(Some(&self.credentials), object).sign(VALID);
        let request =
            Request::delete(address.as_str()).body(Full::default()).map_err(|error| error.to_string())?;
        match self.client.send(request, LIMIT).await? {
            status if status.is_success() => Ok(()),
            status => Err(format!("the answer was {status}")),
        }
    }
}
