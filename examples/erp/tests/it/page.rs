//! The page in a real browser, Chromium: what each company sees, and what it does not.

use std::path::PathBuf;
use std::process::Stdio;

use axum::http::{Method, StatusCode};
use serde_json::json;
use tokio::process::Command;

use crate::support::World;
use crate::support::http::fetch;
use crate::support::running::{Running, program};

/// What a browser leaves behind, and takes with it.
struct Browser(PathBuf);

impl Browser {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("tenantry-erp-browser-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    /// Opens a page, and goes nowhere but to this machine.
    async fn open(&self, argument: &str, address: &str) -> String {
        let mut chromium = Command::new("chromium");
        chromium
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"])
            .args([
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-dev-shm-usage",
            ])
            .args(["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--window-size=900,480"])
            .args(["--virtual-time-budget=20000", argument, address])
            .arg(format!("--user-data-dir={}", self.0.display()))
            .env("HOME", &self.0)
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let output = chromium.output().await.expect("chromium is there; `make chromium` installs it");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_sees_its_invoices_and_is_told_that_anothers_are_not_there() {
    let world = World::new().await;
    let (one, customer, product) = world.shop("Padma <b>Traders</b>").await;
    let (other, other_customer, other_product) = world.shop("Jamuna Jute Mills").await;
    let mut invoices = Vec::new();
    for (who, customer, product, quantity, day) in [
        (&one, customer, product, "2", "2025-07-03"),
        (&one, customer, product, "12.5", "2025-07-14"),
        (&other, other_customer, other_product, "7", "2025-07-09"),
    ] {
        let lines = json!([{ "product_id": product, "quantity": quantity }]);
        let body = json!({ "customer_id": customer, "issued_on": day, "lines": lines });
        let invoice = world.post(who, "/invoices", body).await;
        assert_eq!(invoice.status, StatusCode::CREATED, "{invoice:?}");
        invoices.push(invoice.json()["id"].to_string());
    }
    let browser = Browser::new();
    let tokens = browser.0.join("tokens.json");
    let people = json!([
        { "name": "padma", "token": one.token }, { "name": "jamuna", "token": other.token },
    ]);
    std::fs::write(&tokens, people.to_string()).unwrap();
    let mut command = program(&world);
    command.env("ERP_DEMO_TOKENS_FILE", &tokens);
    let running = Running::start(command).await;
    let at = |fragment: &str| format!("{}/#{fragment}", running.address);

    let own = browser.open("--dump-dom", &at(&format!("as=padma&invoice={}", invoices[1]))).await;
    for shown in
        ["data-ready", "Padma &lt;b&gt;Traders&lt;/b&gt;", "806.27", "5039.16", "1 line(s)", "padma</button>"]
    {
        assert!(own.contains(shown), "{shown}: {own}");
    }
    assert!(!own.contains("Jamuna") && !own.contains("2821.93"), "{own}");

    let foreign = browser.open("--dump-dom", &at(&format!("as=jamuna&invoice={}", invoices[0]))).await;
    let told = format!("404: there is no invoice {} for this company.", invoices[0]);
    for shown in [&*told, "Jamuna Jute Mills", "2821.93"] {
        assert!(foreign.contains(shown), "{shown}: {foreign}");
    }
    assert!(!foreign.contains("Padma") && !foreign.contains("806.27"), "{foreign}");

    let picture = browser.0.join("screenshot.png");
    browser
        .open(
            &format!("--screenshot={}", picture.display()),
            &at(&format!("as=jamuna&invoice={}", invoices[0])),
        )
        .await;
    let bytes = std::fs::read(&picture).unwrap();
    assert!(
        bytes.starts_with(b"\x89PNG") && (2_000..150_000).contains(&bytes.len()),
        "{} bytes",
        bytes.len()
    );
    if let Some(kept) = std::env::var_os("TENANTRY_ERP_SCREENSHOT") {
        std::fs::copy(&picture, kept).unwrap();
    }
    std::fs::write(&tokens, json!([{ "name": "nobody", "token": "forged" }]).to_string()).unwrap();
    let nobody = browser.open("--dump-dom", &at("as=nobody")).await;
    assert!(nobody.contains("401: the token does not count."), "{nobody}");
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_lets_in_nothing_from_elsewhere_and_tokens_only_for_a_demonstration() {
    let world = World::new().await;
    let running = Running::start(program(&world)).await;
    for part in ["/", "/page.js", "/page.css"] {
        let got = fetch(Method::GET, &format!("{}{part}", running.address), &[], "").await;
        assert_eq!(got.status, StatusCode::OK, "{part}");
        let policy = got.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(got.headers["x-content-type-options"], "nosniff");
        assert!(
            !got.body.contains("style=") && !got.body.contains("onclick") && !got.body.contains("innerHTML")
        );
    }
    let tokens = fetch(Method::GET, &format!("{}/demo/tokens", running.address), &[], "").await;
    assert_eq!(tokens.status, StatusCode::NOT_FOUND);
    running.end().await;
}
