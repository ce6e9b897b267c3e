//! The whole way of a schema in which no table has a tenant column, and whose service owns everything: from `init` to an audit.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use tenantry::catalog::live;
use tenantry::plan;
use tenantry::policy::manifest::Manifest;
use tenantry::testing;

use super::owned::apply;
use super::writers::{Knows, Service};
use crate::plan::owned::{owned, rights};
use crate::policy::unique;
use crate::support::version;
use crate::tool::{Folder, Run, Tool};

/// A customer with an invoice, its line and what is told of it, some changes, and one row less.
fn writes(name: &str) -> Vec<String> {
    let of_customer = format!("(SELECT id FROM customer WHERE name = '{name}')");
    let invoice = format!("(SELECT id FROM invoice WHERE customer_id = {of_customer})");
    vec![
        format!("INSERT INTO customer (name) VALUES ('{name}')"),
        format!(
            "INSERT INTO invoice (customer_id, currency) SELECT id, 'EUR' FROM customer WHERE name = '{name}'"
        ),
        format!(
            "INSERT INTO invoice_line SELECT id, n, n FROM invoice, generate_series(1, 2) AS n WHERE id = {invoice}"
        ),
        format!("INSERT INTO outbox (kind, ref) VALUES ('invoice', {invoice})"),
        format!("UPDATE invoice SET total = total + 1 WHERE id = {invoice}"),
        // One of those that were there before.
        format!("UPDATE invoice SET total = total + 1 WHERE id = {}", 1 + name.len() * 7 % 200),
        format!("DELETE FROM invoice_line WHERE invoice_id = {invoice} AND position = 2"),
    ]
}

/// What a page shows, and fails where a row is gone from sight.
fn reads(views: bool) -> Vec<String> {
    let view = "SELECT 1 / (count(*) >= 200)::int FROM open_invoice".to_owned();
    let tables = [
        "SELECT 1 / (count(*) >= 200)::int FROM invoice JOIN customer ON customer.id = customer_id JOIN currency ON code = currency"
            .to_owned(),
        "SELECT 1 / (count(*) >= 200)::int FROM outbox JOIN invoice ON invoice.id = ref".to_owned(),
        "SELECT 1 / (count(*) >= 1)::int FROM company".to_owned(),
    ];
    tables.into_iter().chain(views.then_some(view)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_without_a_tenant_column_gets_its_tenants_while_its_service_works_on() {
    let database = testing::server().await.unwrap().database().await.unwrap();
    let mut client = database.connect().await.unwrap();
    let [app, owner, system] = ["app", "owner", "system"].map(unique);
    let roles = format!("CREATE ROLE {app} LOGIN PASSWORD 'x'; CREATE ROLE {system} LOGIN BYPASSRLS;");
    client.batch_execute(&(roles + &include_str!("shop.sql").replace("{app}", &app))).await.unwrap();
    let had = rights(&client, &app).await;
    let folder = Folder::new();
    let run = |args: &[&str]| Tool::at(&folder).args(args).env("DATABASE_URL", database.url()).run();

    let named = ["--schema", "shop", "--app", &app, "--owner", &owner, "--system", &system];
    let found = run(&[&["init", "--column", "company_id", "--format", "json"], &named[..]].concat());
    assert_eq!(found.code, 1, "{found:#?}");
    // Before PostgreSQL 15 a view reads with its owner's rights.
    let has_invokers = version::of(&client).await >= version::FIFTEEN;
    let settle = |line: &str| match line.split_once(" = ") {
        Some((view @ "\"shop.open_invoice\"", _)) if !has_invokers => {
            format!("{view} = {{ class = \"deny\" }}\n")
        }
        _ => line.replace("\"undecided\"", "\"tenant\"") + "\n",
    };
    let settled: String = folder.read("tenantry.toml").lines().map(settle).collect();
    folder.write("tenantry.toml", &settled);
    let found = found.json();
    let commands: Vec<String> = found["adopt"]
        .as_array()
        .unwrap()
        .iter()
        .map(|command| command.as_str().unwrap().replace(" --tenant ID", " --tenant 1"))
        .collect();
    assert!(commands.len() > 2, "{commands:?}");

    let as_app = || async { database.connect_as(&app, "x").await.unwrap() };
    let writer = Service::of(as_app().await, Knows::Tenant("1"), writes).await;
    let reader = Service::of(as_app().await, Knows::Tenant("1"), move |_| reads(has_invokers)).await;
    for command in &commands {
        let args: Vec<&str> = command.split(' ').skip(1).chain(["--batch", "50"]).collect();
        let done: Run = tokio::task::block_in_place(|| run(&args));
        assert_eq!(done.code, 0, "{command}: {done:#?}");
        writer.meets().await;
        reader.meets().await;
    }

    let manifest = Manifest::parse(&settled).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let catalog = live::load(&mut client).await.unwrap();
    let planned = plan::plan(&manifest, &catalog).unwrap_or_else(|problems| panic!("{problems:#?}"));
    // Shorter than the server waits before it looks for deadlocks.
    let script = planned.up().unwrap().lock_timeout(Duration::from_millis(500)).unwrap();
    apply(&mut client, &script).await;
    writer.end().await;
    reader.end().await;

    let check = run(&["plan", "--check"]);
    assert_eq!(check.code, 0, "{check:#?}");
    let audit = run(&["audit", "--format", "json"]).json();
    let grave = |of: &&Value| ["critical", "high"].iter().any(|severity| of["severity"] == *severity);
    // What a newer release of the server mends is not the schema's.
    let found =
        audit["findings"].as_array().unwrap().iter().filter(grave).filter(|of| of["rule"] != "server-cve");
    assert_eq!(found.collect::<Vec<_>>(), Vec::<&Value>::new());
    assert_eq!(owned(&client, &app).await, Vec::<String>::new());
    let lost: BTreeSet<String> = had.difference(&rights(&client, &app).await).cloned().collect();
    assert!(lost.iter().all(|right| right.starts_with("shop.open_invoice: ")), "{lost:#?}");

    // The other company begins with nothing.
    let mut other = as_app().await;
    for (table, rows) in
        [("company", "1"), ("customer", "0"), ("invoice", "0"), ("outbox", "0"), ("currency", "0")]
    {
        let select = format!("SELECT * FROM {table}");
        assert_eq!(crate::policy::outcome(&mut other, Some("2"), &select).await, rows, "{table}");
    }
}
