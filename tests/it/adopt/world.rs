//! An ERP to adopt, and the tool that does it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tenantry::catalog::{Catalog, live};
use tenantry::policy::manifest::Manifest;
use tenantry::testing::{self, Database, Server};
use tenantry::{Ident, plan};
use tokio_postgres::Client;

use crate::policy::unique;
use crate::support::kept::Held;
use crate::support::version;
use crate::tool::{Folder, Run, Tool};

pub(crate) const A: &str = "00000000-0000-0000-0000-00000000000a";
pub(crate) const B: &str = "00000000-0000-0000-0000-00000000000b";

/// From the companies down to the notes.
pub(crate) const BY_COMPANY: &[&str] =
    &["customer", "--children", "--via", "customer=company", "--via", LINES];
const LINES: &str = "erp.\"Odd \"\"line\"\"\"=invoice";

/// All tables that an adoption goes through, each with its tenant column.
pub(crate) const TABLES: [(&str, &str); 4] = [
    ("customer", "tenant_id"),
    ("invoice", "tenant_id"),
    ("Odd \"line\"", "Tenant's"),
    ("note", "tenant_id"),
];

pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) database: Database,
    pub(crate) folder: Folder,
    pub(crate) owner: String,
    pub(crate) app: String,
    pub(crate) system: String,
    roles: Vec<String>,
    manifest: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::on(testing::server().await.unwrap(), 300).await
    }

    /// With so many invoices, three times as many lines, and twice as many notes.
    pub(crate) async fn on(server: &Server, invoices: u32) -> Self {
        let database = server.database().await.unwrap();
        let client = database.connect().await.unwrap();
        let names = ["owner", "app", "system"].map(|role| (role, unique(role)));
        let fill = |text: &str| {
            let filled = names
                .iter()
                .fold(text.to_owned(), |text, (role, name)| text.replace(&format!("{{{role}}}"), name));
            filled.replace("{invoices}", &invoices.to_string())
        };
        let roles = "CREATE ROLE {owner}; CREATE ROLE {app} LOGIN PASSWORD 'x'; CREATE ROLE {system} LOGIN BYPASSRLS;";
        let grant =
            format!("GRANT CREATE ON DATABASE {} TO {{owner}};", Ident::new(database.name()).unwrap());
        client.batch_execute(&fill(&format!("{roles}{grant}{}", include_str!("erp.sql")))).await.unwrap();
        let folder = Folder::new();
        let version = version::of(&client).await;
        let manifest = fill(&version::fit(include_str!("tenantry.toml"), version));
        folder.write("tenantry.toml", &manifest);
        let [owner, app, system] = names.map(|(_, name)| name);
        let roles = vec![owner.clone(), app.clone(), system.clone()];
        Self { client, database, folder, owner, app, system, roles, manifest }
    }

    /// Another environment: an empty database of the same server, with the same manifest and roles.
    pub(crate) async fn beside(&self) -> Self {
        let database = testing::server().await.unwrap().database().await.unwrap();
        let client = database.connect().await.unwrap();
        let (name, owner) = (Ident::new(database.name()).unwrap(), Ident::new(self.owner.as_str()).unwrap());
        client.batch_execute(&format!("GRANT CREATE ON DATABASE {name} TO {owner}")).await.unwrap();
        let (folder, manifest) = (Folder::new(), self.manifest.clone());
        folder.write("tenantry.toml", &manifest);
        let [owner, app, system] = [&self.owner, &self.app, &self.system].map(Clone::clone);
        Self { client, database, folder, owner, app, system, roles: self.roles.clone(), manifest }
    }

    /// The schema and the rows before the adoption, as a migration.
    pub(crate) fn first(&self) -> String {
        let names = [("{owner}", &self.owner), ("{app}", &self.app), ("{invoices}", &"300".to_owned())];
        names.iter().fold(include_str!("erp.sql").to_owned(), |text, (role, name)| text.replace(role, name))
    }

    /// Runs another command of the tool.
    pub(crate) fn tool(&self, args: &[&str]) -> Run {
        Tool::at(&self.folder).args(args).env("DATABASE_URL", self.database.url()).run()
    }

    pub(crate) fn manifest(&self) -> Manifest {
        Manifest::parse(&self.manifest).unwrap_or_else(|problems| panic!("{problems:#?}"))
    }

    pub(crate) fn adopt(&self, args: &[&str]) -> Run {
        self.adopt_as(&self.database.url(), args)
    }

    pub(crate) fn adopt_as(&self, url: &str, args: &[&str]) -> Run {
        Tool::at(&self.folder).args(&["adopt"]).args(args).env("DATABASE_URL", url).run()
    }

    /// Runs it to its end, which is as it is to be.
    #[track_caller]
    pub(crate) fn adopted(&self, args: &[&str]) -> Run {
        let before = Before::of(self, args);
        let run = self.adopt(args);
        assert_eq!(run.code, 0, "{run:#?}");
        before.is_kept(&format!("{}\n{}", run.out, run.err));
        run
    }

    /// Starts the tool, which tells what it does line by line.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenantry"));
        command
            .env_clear()
            .env("DATABASE_URL", self.database.url())
            .current_dir(self.folder.path(""))
            .args(["adopt", "--format", "json"])
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let before = Before::of(self, args);
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Running { lines, patience: Patience::new(child.id()), child, before, said: String::new() }
    }

    /// The catalog without the roles of other tests, and without the records.
    pub(crate) async fn catalog(&mut self) -> Catalog {
        let mut catalog = live::load(&mut self.client).await.unwrap();
        catalog.roles.retain(|name, _| self.roles.iter().any(|own| own == name.as_str()));
        catalog.settings.retain(|of| {
            of.role.as_ref().is_none_or(|role| self.roles.iter().any(|own| own == role.as_str()))
        });
        catalog.memberships.retain(|of| self.roles.iter().any(|own| own == of.member.as_str()));
        let is_record = |name: &str| name.starts_with("adoption") || name == "refinery_schema_history";
        catalog.relations.retain(|name, _| !is_record(name.name().as_str()));
        catalog
    }

    /// The catalog as a text, and every row, with names that are the same in every run.
    pub(crate) async fn told(&mut self) -> (String, Vec<String>) {
        let text = format!("{:#?}", self.catalog().await);
        let named =
            self.roles.iter().fold(text, |text, name| text.replace(name, name.split('_').next().unwrap()));
        (named.replace(self.database.name(), "database"), self.rows().await)
    }

    /// The steps that are left for a plan.
    pub(crate) async fn planned(&mut self) -> Vec<String> {
        let catalog = self.catalog().await;
        let planned =
            plan::plan(&self.manifest(), &catalog).unwrap_or_else(|problems| panic!("{problems:#?}"));
        planned.steps.iter().map(|step| format!("{}: {}", step.object, step.what)).collect()
    }

    pub(crate) async fn sql(&self, text: &str) {
        self.client.batch_execute(text).await.unwrap_or_else(|error| panic!("{text}: {error:?}"));
    }

    pub(crate) async fn count(&self, query: &str) -> i64 {
        self.client.query_one(query, &[]).await.unwrap_or_else(|error| panic!("{query}: {error:?}")).get(0)
    }

    /// Every row of every table.
    pub(crate) async fn rows(&self) -> Vec<String> {
        let mut rows = Vec::new();
        for (table, _) in TABLES {
            let name = Ident::new(table).unwrap();
            let query = format!("SELECT to_jsonb(t)::text FROM erp.{name} AS t ORDER BY 1");
            let found = self.client.query(&query, &[]).await.unwrap();
            rows.extend(found.iter().map(|row| format!("{table}: {}", row.get::<_, String>(0))));
        }
        rows
    }

    /// Rows whose tenant is not the company of their customer.
    pub(crate) async fn wrong_rows(&self) -> i64 {
        self.count(include_str!("wrong.sql")).await
    }

    /// A connection of the services', that of the app role.
    pub(crate) async fn as_app(&self) -> Client {
        self.database.connect_as(&self.app, "x").await.unwrap()
    }
}

/// The tool at work.
pub(crate) struct Running {
    pub(crate) child: Child,
    lines: BufReader<ChildStdout>,
    patience: Patience,
    before: Before,
    said: String,
}

/// What there was before an adoption, which leaves nothing less.
struct Before {
    held: Held,
    url: String,
    app: String,
    /// Whether the adoption is taken back, and what it has made goes.
    is_back: bool,
}

impl Before {
    fn of(world: &World, args: &[&str]) -> Self {
        let (url, app) = (world.database.url(), world.app.clone());
        Self { held: Held::of_database(&url, &app), url, app, is_back: args.contains(&"--abort") }
    }

    /// Fails if something has been taken away and the report does not say so.
    #[track_caller]
    fn is_kept(&self, report: &str) {
        let after = Held::of_database(&self.url, &self.app);
        let gives_up = report.contains("gives up the ownership");
        let lost = self.held.lost(&after, |fact| fact.is_said(report) || (gives_up && fact.is_an_owners()));
        assert!(self.is_back || lost.is_empty(), "the adoption takes away, without saying so: {lost:#?}");
    }
}

impl Running {
    /// The next thing that it tells, or none if it has ended.
    pub(crate) fn next(&mut self) -> Option<Value> {
        let mut line = String::new();
        let read = self.lines.read_line(&mut line).unwrap();
        self.said.push_str(&line);
        (read > 0).then(|| serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}")))
    }

    /// Waits until it tells of this event.
    pub(crate) fn until(&mut self, mut wanted: impl FnMut(&Value) -> bool) -> Option<Value> {
        loop {
            let event = self.next()?;
            if wanted(&event) {
                return Some(event);
            }
        }
    }

    /// Kills it, as `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.patience.end();
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> i32 {
        while self.next().is_some() {}
        self.patience.end();
        let code = self.child.wait().unwrap().code().unwrap();
        if code == 0 {
            let mut warned = String::new();
            self.child.stderr.take().unwrap().read_to_string(&mut warned).unwrap();
            self.said.push_str(&warned);
            self.before.is_kept(&self.said);
        }
        code
    }
}

/// Ends a tool that waits for what never comes, so that its test fails and does not wait with it.
struct Patience(Arc<AtomicBool>);

impl Patience {
    fn new(pid: u32) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        std::thread::spawn(move || {
            let deadline = Instant::now() + Duration::from_secs(90);
            while !ended.load(Ordering::Relaxed) {
                if Instant::now() > deadline {
                    let _ = Command::new("kill").args(["-9", &pid.to_string()]).status();
                    return;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        Self(over)
    }

    fn end(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Drop for Patience {
    fn drop(&mut self) {
        self.end();
    }
}

/// Equal states, or the first line in which they differ.
#[track_caller]
pub(crate) fn same_told(found: &(String, Vec<String>), expected: &(String, Vec<String>)) {
    let lines = |told: &(String, Vec<String>)| -> Vec<String> {
        told.0.lines().map(str::to_owned).chain(told.1.iter().cloned()).collect()
    };
    let (found, expected) = (lines(found), lines(expected));
    for (number, (found, wanted)) in found.iter().zip(&expected).enumerate() {
        assert_eq!(found, wanted, "behind {:#?}", &expected[number.saturating_sub(20)..number]);
    }
    assert_eq!(found.len(), expected.len());
}

/// Equal catalogs, or the first lines in which they differ.
#[track_caller]
pub(crate) fn same(found: &Catalog, expected: &Catalog) {
    let (found_text, expected_text) = (format!("{found:#?}"), format!("{expected:#?}"));
    for (number, (found, expected)) in found_text.lines().zip(expected_text.lines()).enumerate() {
        if found != expected {
            let around: Vec<&str> = expected_text.lines().skip(number.saturating_sub(40)).take(41).collect();
            panic!("line {number}: found {found}, expected {expected}, after\n{}", around.join("\n"));
        }
    }
    assert!(found == expected);
}
