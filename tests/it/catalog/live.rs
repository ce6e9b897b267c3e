//! What is read from a server.

use std::path::Path;

use tenantry::catalog::live;

use super::page::page;
use super::{Place, own};

/// `UPDATE_EXPECTED=1 cargo test` writes the file anew.
#[tokio::test]
async fn the_whole_schema() {
    let mut place = Place::new().await;
    let catalog = own(live::load(&mut place.client).await.unwrap(), &place.role);
    let user: String = place.client.query_one("SELECT current_user::text", &[]).await.unwrap().get(0);
    let found = page(&catalog).replace(&place.role, "{role}").replace(&format!("\"{user}\""), "\"postgres\"");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/catalog/expected/live.txt");
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(&path, found).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    for (line, (found, expected)) in found.lines().zip(expected.lines()).enumerate() {
        assert_eq!(found, expected, "line {} of live.txt", line + 1);
    }
    assert_eq!(found, expected);
}
