//! Files: each company's own, in the database and in the store.

use axum::http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tenantry_erp::client::Client;
use tenantry_erp::store::{Store, VALID, object};

use crate::support::http::fetch;
use crate::support::s3::S3;
use crate::support::{Person, Said, World, token};

async fn announced(world: &World, who: &Person, name: &str, size: usize) -> Value {
    let body = json!({ "name": name, "content_type": "text/plain", "size": size });
    let answer = world.post(who, "/files", body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    answer.json()
}

async fn put(address: &str, content_type: &str, text: &'static str) -> StatusCode {
    fetch(Method::PUT, address, &[("content-type", content_type)], text).await.status
}

fn address(file: &Value) -> &str {
    file["address"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_put_got_listed_and_deleted_and_is_one_companys() {
    let s3 = S3::start().await;
    let world = World::serving(|service| service.store(Some(s3.store()))).await;
    let (one, other) = (world.company("padma").await, world.company("jamuna").await);
    let first = announced(&world, &one, "চালান ১.txt", 5).await;
    assert_eq!(put(address(&first), "text/plain", "first").await, StatusCode::OK);
    let second = announced(&world, &one, "second.txt", 0).await;
    let names = |files: Value| -> Vec<String> {
        files.as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(world.get(&one, "/files").await.json()), ["second.txt", "চালান ১.txt"]);
    let created = second["created_at"].as_str().unwrap();
    let page = format!("/files?created_at={created}&id={}", second["id"].as_str().unwrap());
    assert_eq!(names(world.get(&one, &page).await.json()), ["চালান ১.txt"]);
    let path = format!("/files/{}", first["id"].as_str().unwrap());
    let shown = world.get(&one, &path).await.json();
    let got = fetch(Method::GET, address(&shown), &[], "").await;
    assert_eq!((got.status, &*got.body), (StatusCode::OK, "first"));
    let kept = "attachment; filename*=UTF-8''%E0%A6%9A%E0%A6%BE%E0%A6%B2%E0%A6%BE%E0%A6%A8%20%E0%A7%A7%2Etxt";
    assert_eq!(got.headers["content-disposition"], kept);

    assert_eq!(world.get(&other, "/files").await.json(), json!([]));
    assert_eq!(world.get(&other, &path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(world.ask(&other, Method::DELETE, &path, None).await.status, StatusCode::NOT_FOUND);

    let reader = Person { token: token(&Said::of(one.company, "reader")), company: one.company };
    let role = json!({ "name": "Karim", "role": "reader" });
    assert_eq!(
        world.ask(&one, Method::PUT, "/people/reader", Some(role)).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(world.get(&reader, &path).await.status, StatusCode::OK);
    assert_eq!(world.ask(&reader, Method::DELETE, &path, None).await.status, StatusCode::FORBIDDEN);
    let body = json!({ "name": "x", "content_type": "text/plain", "size": 1 });
    assert_eq!(world.post(&reader, "/files", body).await.status, StatusCode::FORBIDDEN);

    assert_eq!(world.ask(&one, Method::DELETE, &path, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(fetch(Method::GET, address(&shown), &[], "").await.status, StatusCode::NOT_FOUND);
    assert_eq!(names(world.get(&one, "/files").await.json()), ["second.txt"]);
    assert_eq!(world.get(&one, &path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_refuses_what_was_not_signed() {
    let s3 = S3::start().await;
    let world = World::serving(|service| service.store(Some(s3.store()))).await;
    let (one, other) = (world.company("padma").await, world.company("jamuna").await);
    let own = announced(&world, &one, "own", 5).await;
    let foreign = announced(&world, &other, "foreign", 5).await;
    let id = |file: &Value| file["id"].as_str().unwrap().parse().unwrap();
    let (own_object, foreign_object) = (object(one.company, id(&own)), object(other.company, id(&foreign)));
    assert_eq!(own_object, format!("tenant/{}/{}", one.company, own["id"].as_str().unwrap()));
    assert_eq!(put(address(&foreign), "text/plain", "other").await, StatusCode::OK);
    let at_foreign = |address: &str| {
        assert!(address.contains(&own_object), "{address}");
        address.replace(&own_object, &foreign_object)
    };
    assert_eq!(put(&at_foreign(address(&own)), "text/plain", "taken").await, StatusCode::FORBIDDEN);
    assert_eq!(put(address(&own), "text/plain", "longer").await, StatusCode::FORBIDDEN);
    assert_eq!(put(address(&own), "text/html", "other").await, StatusCode::FORBIDDEN);
    assert_eq!(put(address(&own), "text/plain", "right").await, StatusCode::OK);

    let shown = world.get(&one, &format!("/files/{}", own["id"].as_str().unwrap())).await.json();
    let get = async |address: &str| fetch(Method::GET, address, &[], "").await.status;
    assert_eq!(get(address(&shown)).await, StatusCode::OK);
    assert_eq!(get(&at_foreign(address(&shown))).await, StatusCode::FORBIDDEN);
    let (bare, _) = address(&shown).split_once('?').unwrap();
    assert_eq!(get(bare).await, StatusCode::FORBIDDEN);
    let longer_valid = address(&shown).replace("X-Amz-Expires=300", "X-Amz-Expires=3000");
    assert!(longer_valid != address(&shown));
    assert_eq!(get(&longer_valid).await, StatusCode::FORBIDDEN);

    let store = s3.store();
    let ago = |seconds: i64| Timestamp::now() - SignedDuration::from_secs(seconds);
    let valid = i64::try_from(VALID.as_secs()).unwrap();
    assert_eq!(get(&store.to_get(&own_object, "own", ago(valid - 60))).await, StatusCode::OK);
    assert_eq!(get(&store.to_get(&own_object, "own", ago(valid + 1))).await, StatusCode::FORBIDDEN);
    let expired = store.to_put(&own_object, "text/plain", 5, ago(valid + 1));
    assert_eq!(put(&expired, "text/plain", "again").await, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_file_can_be_is_refused() {
    let s3 = S3::start().await;
    let world = World::serving(|service| service.store(Some(s3.store()))).await;
    let one = world.company("padma").await;
    let most = 25 << 20;
    for (name, content_type, size, status) in [
        ("x", "text/plain", most, 201),
        ("x", "text/plain", most + 1, 422),
        ("x", "text/plain", -1, 422),
        ("", "text/plain", 1, 422),
        (&*"x".repeat(256), "text/plain", 1, 422),
        ("x", "text", 1, 422),
        ("x", "text/plain\r\nx-amz-acl: public-read", 1, 422),
    ] {
        let body = json!({ "name": name, "content_type": content_type, "size": size });
        let answer = world.post(&one, "/files", body).await;
        assert_eq!(answer.status.as_u16(), status, "{name} {content_type} {size}: {answer:?}");
    }
    // With the store gone a file stays, and can be deleted later.
    let file = announced(&world, &one, "kept", 1).await;
    drop(s3);
    let path = format!("/files/{}", file["id"].as_str().unwrap());
    assert_eq!(world.ask(&one, Method::DELETE, &path, None).await.status, StatusCode::BAD_GATEWAY);
    assert_eq!(world.get(&one, &path).await.status, StatusCode::OK);

    let without = World::new().await;
    let two = without.company("meghna").await;
    let body = json!({ "name": "x", "content_type": "text/plain", "size": 1 });
    assert_eq!(without.post(&two, "/files", body).await.status, StatusCode::NOT_IMPLEMENTED);
}

#[test]
fn a_store_that_is_set_up_by_halves_is_one_clear_error() {
    let client = Client::new().unwrap();
    let reason = |set: &[(&str, &str)]| {
        let lookup =
            |name: &str| set.iter().find(|(of, _)| *of == name).map(|(_, value)| (*value).to_owned());
        Store::from_variables(&lookup, &client).map(|store| store.is_some())
    };
    let (endpoint, bucket, key) =
        (("ERP_S3_ENDPOINT", "http://s3.test"), ("ERP_S3_BUCKET", "files"), ("ERP_S3_ACCESS_KEY", "erp"));
    assert_eq!(reason(&[]), Ok(false));
    assert_eq!(reason(&[endpoint, bucket, key, ("ERP_S3_SECRET_KEY", "x")]), Ok(true));
    assert_eq!(
        reason(&[endpoint, bucket, key]),
        Err("ERP_S3_SECRET_KEY is not set, and ERP_S3_ENDPOINT is".to_owned())
    );
    let unreadable =
        reason(&[endpoint, bucket, key, ("ERP_S3_SECRET_KEY_FILE", "/there/is/none")]).unwrap_err();
    let expected = "ERP_S3_SECRET_KEY_FILE names /there/is/none, which cannot be read: ";
    assert!(unreadable.starts_with(expected), "{unreadable}");
    let no_url = reason(&[("ERP_S3_ENDPOINT", "s3"), bucket, key, ("ERP_S3_SECRET_KEY", "x")]).unwrap_err();
    assert!(no_url.starts_with("ERP_S3_ENDPOINT is no URL: "), "{no_url}");
}
