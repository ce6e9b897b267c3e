//! What is around the service, with the real programs: a gateway that asks it who may come in, a Prometheus that watches it, and the files by
//! which it is deployed.

#[path = "../../examples/whole/parts/mod.rs"]
#[allow(dead_code, reason = "the example uses the rest")]
mod parts;

mod deployed;
mod gateway;
mod schema;
mod watched;
mod whole;

use std::path::{Path, PathBuf};

use uuid::Uuid;

/// A folder that is gone after the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("tenantry-erp-{}", Uuid::new_v4()));
        std::fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The status and the text of an answer to a GET.
async fn get(url: impl Into<String>, headers: &[(&str, &str)]) -> (u16, String) {
    let url = url.into();
    let headers: Vec<_> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let ask = move || {
        let mut request = ureq::get(&url).config().http_status_as_error(false).build();
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let mut answer = request.call().unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    };
    tokio::task::spawn_blocking(ask).await.unwrap()
}
