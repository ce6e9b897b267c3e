//! A server on which files are linted, one folder after the other.

use std::collections::BTreeSet;
use std::path::Path;

use tenantry::testing::{self, Server};
use tokio_postgres::Client;

use super::folder;
use crate::support::version;
use crate::tool::Tool;

/// A server of its own: files make roles, which are the whole cluster's.
pub(super) struct Stand {
    server: Server,
    admin: Client,
    roles: BTreeSet<String>,
    pub(super) version: u32,
}

/// A finding, as the tool tells it to programs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    pub(super) rule: String,
    pub(super) severity: String,
    pub(super) object: String,
    pub(super) file: String,
    pub(super) line: u64,
    pub(super) message: String,
}

/// What is found by the text, and by the server.
#[derive(Debug)]
pub(super) struct Both {
    pub(super) text: Vec<Found>,
    pub(super) server: Vec<Found>,
}

/// Who alone has found something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Text,
    Server,
}

impl Found {
    pub(super) fn is_grave(&self) -> bool {
        matches!(self.severity.as_str(), "critical" | "high")
    }
}

impl Both {
    /// What one has found and the other not, but for statements that are not followed.
    pub(super) fn differences(&self) -> Vec<(By, &Found)> {
        let text =
            self.text.iter().filter(|found| !self.server.contains(found)).map(|found| (By::Text, found));
        let server = self.server.iter().filter(|found| !self.text.contains(found));
        text.chain(server.map(|found| (By::Server, found)))
            .filter(|(_, found)| found.rule != "opaque-statement")
            .collect()
    }

    /// The differences, unless the text has said that it does not follow something that may be of account.
    pub(super) fn unexplained(&self) -> Vec<String> {
        let weighs = |found: &Found| found.rule == "opaque-statement" && found.severity != "low";
        if self.text.iter().any(weighs) {
            Vec::new()
        } else {
            self.differences().into_iter().map(line).collect()
        }
    }
}

pub(super) fn line((by, found): (By, &Found)) -> String {
    format!("{by:?} alone: {found:?}")
}

pub(super) fn file(name: &str, text: &str) -> (String, String) {
    (name.to_owned(), text.to_owned())
}

/// A file of these tests.
pub(super) fn folder_of(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

impl Stand {
    pub(super) async fn new() -> Self {
        let server = testing::Server::builder().start().await.unwrap();
        let admin = server.connect().await.unwrap();
        let version = version::of(&admin).await;
        let roles = roles(&admin).await;
        Self { server, admin, roles, version }
    }

    /// Lints files in either way, in an empty database. What they leave goes.
    pub(super) async fn compare(&self, manifest: &str, files: &[(String, String)]) -> Both {
        let folder = folder(manifest, files);
        self.run("CREATE DATABASE example TEMPLATE template0").await;
        let url = self.server.url().trim_end_matches("/postgres").to_owned() + "/example";
        let lint = |args: &[&str]| {
            let json = ["lint", "migrations", "--severity", "info", "--format", "json"];
            let run = Tool::at(&folder).args(&json).args(args).run();
            assert!(run.code <= 1 && run.err.is_empty(), "{run:#?}\n{files:#?}");
            let json = run.json();
            json["findings"].as_array().unwrap().iter().map(found).collect::<Vec<_>>()
        };
        let both = Both { text: lint(&[]), server: lint(&[&format!("--server={url}")]) };
        self.run("DROP DATABASE example WITH (FORCE)").await;
        for role in roles(&self.admin).await.difference(&self.roles) {
            self.run(&format!("DROP ROLE {role}")).await;
        }
        both
    }

    async fn run(&self, sql: &str) {
        self.admin.batch_execute(sql).await.unwrap_or_else(|error| panic!("{error:?} in {sql}"));
    }
}

async fn roles(admin: &Client) -> BTreeSet<String> {
    let rows = admin.query("SELECT quote_ident(rolname) FROM pg_roles", &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

fn found(finding: &serde_json::Value) -> Found {
    let text = |field: &str| finding[field].as_str().unwrap_or_default().to_owned();
    Found {
        rule: text("rule"),
        severity: text("severity"),
        object: text("object"),
        file: text("file"),
        line: finding["line"].as_u64().unwrap_or_default(),
        message: text("message"),
    }
}
