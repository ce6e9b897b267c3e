//! The document says what the routes are, and the routes are what the document says.

use std::path::PathBuf;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::json;

use crate::support::{Person, Said, World, token};

/// No router tells its routes. So each has to be made of its document, and these two are asked whether they agree.
#[tokio::test(flavor = "multi_thread")]
async fn the_document_and_the_routes_agree() {
    let sources = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).unwrap();
    // What Prometheus scrapes has an address of its own.
    let of_the_document = |source: &PathBuf| !source.ends_with("metrics.rs");
    for source in sources.map(|entry| entry.unwrap().path()).filter(of_the_document) {
        let text = std::fs::read_to_string(&source).unwrap();
        for way in [".route(", ".route_service(", ".nest(", ".nest_service(", ".fallback(", "routing::"] {
            assert!(
                !text.contains(way),
                "{}: {way} makes routes that are not in the document",
                source.display()
            );
        }
    }
    let world = World::new().await;
    let owner = world.company("padma").await;
    // The gates let this one through to each route.
    let said = Said::of(owner.company, "owner of padma").with("operator", json!(true));
    let who = Person { token: token(&said), company: owner.company };
    let document = world.send(Request::get("/openapi.json").body(Body::empty()).unwrap()).await.json();
    let paths = document["paths"].as_object().unwrap();
    let mut operations = 0;
    for (path, item) in paths {
        let target = path.replace("{id}", "1").replace("{subject}", "x");
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let documented = item.get(method.as_str().to_lowercase()).is_some();
            operations += usize::from(documented);
            let answer = world.ask(&who, method.clone(), &target, None).await;
            let refused = answer.status == StatusCode::METHOD_NOT_ALLOWED;
            assert_eq!(refused, !documented, "{method} {path}: {answer:?}");
            // Where there is no route nobody says so.
            let no_route = answer.status == StatusCode::NOT_FOUND && answer.body.is_empty();
            assert!(!no_route, "{method} {path}: {answer:?}");
        }
    }
    assert!(paths.len() >= 20 && operations >= 25, "{} paths, {operations} operations", paths.len());
    for route in ["/", "/files/{id}", "/invoices.csv", "/verify"] {
        assert!(paths.contains_key(route), "{route}");
    }
    // All but these are for who has a token.
    let open = [
        "/",
        "/page.js",
        "/page.css",
        "/openapi.json",
        "/demo/tokens",
        "/by-host",
        "/health/live",
        "/health/ready",
    ];
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            assert_eq!(operation.get("security").is_some(), open.contains(&path.as_str()), "{method} {path}");
            let target = path.replace("{id}", "1").replace("{subject}", "x");
            let request = Request::builder().method(&*method.to_uppercase()).uri(target);
            let status = world.send(request.body(Body::empty()).unwrap()).await.status;
            let refused = status == StatusCode::UNAUTHORIZED;
            assert_eq!(refused, !open.contains(&path.as_str()), "{method} {path}: {status}");
        }
    }
    assert_eq!(document["security"], json!([{ "bearer": [] }]));
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
}
