//! Services that own everything: they work on while a plan takes the ownership from them, and have no less afterwards.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use tenantry::catalog::{Catalog, live};
use tenantry::policy::manifest::Manifest;
use tenantry::rule::{Severity, audit};
use tenantry::{migrate, plan};
use tokio::task::JoinHandle;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::{plan_for, same, titles};
use crate::policy::{A, Admin, admin, outcome, unique};
use crate::support::kept::Held;
use crate::tool::{Folder, Tool};

/// How long a statement of a service may wait for a lock.
const LIMIT: &str = "2500ms";

const MANIFEST: &str = r#"
[tenancy]
type = "uuid"
[roles]
owner = "{owner}"
app = "{app}"
system = "{system}"
[schemas]
include = ["erp"]
[tables]
"erp.currency" = { class = "shared" }
"erp.revenue" = { class = "deny" }
"erp.job" = { class = "exempt", reason = "the service's own queue" }
"#;

pub(super) struct Erp {
    pub(super) admin: Admin,
    app: String,
    owner: String,
    system: String,
    manifest: String,
    views: bool,
}

impl Erp {
    pub(super) async fn new() -> Self {
        let [owner, app, system] = ["owner", "app", "system"].map(unique);
        let fill =
            |text: &str| text.replace("{owner}", &owner).replace("{app}", &app).replace("{system}", &system);
        let admin = admin().await;
        let roles = "CREATE ROLE {owner}; CREATE ROLE {app} LOGIN; CREATE ROLE {system} LOGIN BYPASSRLS;";
        admin.batch_execute(&fill(roles)).await.unwrap();
        admin.batch_execute(&fill(include_str!("owned.sql"))).await.unwrap();
        let views: bool =
            admin.query_one("SELECT to_regclass('erp.open_invoice') IS NOT NULL", &[]).await.unwrap().get(0);
        let manifest = fill(MANIFEST);
        Self { admin, app, owner, system, manifest, views }
    }

    async fn catalog(&mut self) -> Catalog {
        let mut catalog = live::load(&mut self.admin).await.unwrap();
        let own = [&self.app, &self.owner, &self.system];
        catalog.roles.retain(|name, _| own.iter().any(|own| *own == name.as_str()));
        catalog.memberships.retain(|of| own.iter().any(|own| *own == of.member.as_str()));
        catalog
    }

    pub(super) async fn plan(&mut self) -> plan::Plan {
        let catalog = self.catalog().await;
        plan_for(&self.manifest, &catalog)
    }

    /// Applies a script as an operator does who tries again when the locks are not to be had.
    async fn apply(&mut self, script: &tenantry::policy::Script) {
        for _ in 0..50 {
            match migrate::apply(&mut self.admin, script).await {
                Ok(_) => return,
                Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        panic!("the locks are not to be had");
    }

    /// Applies a plan, which leaves the app role nothing less than it had unless it says so.
    async fn follow(&mut self, plan: &plan::Plan, script: &tenantry::policy::Script) {
        let before = Held::of(&self.admin, &self.app).await;
        self.apply(script).await;
        before.kept_by(&Held::of(&self.admin, &self.app).await, plan);
    }

    /// What the app role may do, one line for each right.
    async fn rights(&self) -> BTreeSet<String> {
        rights(&self.admin, &self.app).await
    }
}

/// The four verbs on relations, and the use of everything else, outside the server's own schemas.
pub(crate) async fn rights(client: &Client, role: &str) -> BTreeSet<String> {
    let rows = client.query(include_str!("rights.sql"), &[&role]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// What the app role owns.
pub(crate) async fn owned(client: &Client, role: &str) -> Vec<String> {
    let sql = "SELECT pg_describe_object(classid, objid, objsubid) FROM pg_shdepend
        WHERE deptype = 'o' AND refobjid = $1::text::regrole AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
        ORDER BY 1";
    client.query(sql, &[&role]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

struct Service {
    stop: Arc<AtomicBool>,
    rounds: Arc<AtomicU32>,
    task: JoinHandle<()>,
}

impl Service {
    async fn start(erp: &Erp, statements: Vec<&'static str>) -> Self {
        let (stop, rounds) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let mut client = erp.admin.login(&erp.app).await;
        client.execute("SELECT set_config('lock_timeout', $1, false)", &[&LIMIT]).await.unwrap();
        let (stopped, done) = (Arc::clone(&stop), Arc::clone(&rounds));
        let task = tokio::spawn(async move {
            while !stopped.load(Ordering::Relaxed) {
                for sql in &statements {
                    let transaction = client.transaction().await.unwrap();
                    let bind = "SELECT set_config('app.tenant_id', $1, true)";
                    transaction.query_one(bind, &[&A]).await.unwrap();
                    transaction.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
                    transaction.commit().await.unwrap();
                }
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self { stop, rounds, task }
    }

    /// Waits until it has gone through all its statements again, twice, so that one round was begun after now.
    async fn goes_on(&self) {
        let before = self.rounds.load(Ordering::Relaxed);
        let went_on =
            || async { self.rounds.load(Ordering::Relaxed) > before + 1 || self.task.is_finished() };
        crate::support::eventually("the service goes on", went_on).await;
    }

    async fn end(self) {
        self.goes_on().await;
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.expect("a statement of the service failed");
    }
}

fn writes(views: bool) -> Vec<&'static str> {
    let tenant = "INSERT INTO erp.customer (tenant_id, name)
        VALUES (current_setting('app.tenant_id')::uuid, 'new')";
    let mut statements = vec![
        tenant,
        "UPDATE erp.customer SET name = 'other' WHERE name = 'new'",
        "DELETE FROM erp.customer WHERE name = 'other'",
        "INSERT INTO erp.invoice (tenant_id, status, total, kind, address, term) VALUES
            (current_setting('app.tenant_id')::uuid, 'open'::erp.status, 1, '{a}', ROW ('a', 'b')::erp.address,
             erp.period('2026-01-01', '2026-02-01'))",
        "CALL erp.pay(1)",
        "INSERT INTO erp.entry VALUES (current_setting('app.tenant_id')::uuid, '2026-01-01', 1)",
        "SELECT nextval('erp.tray')",
        "INSERT INTO erp.job (done) VALUES (false)",
    ];
    if views {
        statements.push("UPDATE erp.open_invoice SET total = total + 1 WHERE id % 7 = 0");
    }
    statements
}

fn reads(views: bool) -> Vec<&'static str> {
    let mut statements = vec![
        "SELECT count(*) FROM erp.customer",
        "SELECT sum(erp.tax(total)), erp.most(total) FROM erp.invoice",
        "SELECT erp.open_total()",
        "SELECT code FROM erp.currency",
        "SELECT count(*) FROM erp.entry",
        "SELECT count(*) FROM erp.job",
        "SELECT code.apart()",
        "SELECT CAST('1' AS erp.amount), CAST('(a,b)' AS erp.address), CAST('b' AS code.kind)",
    ];
    if views {
        statements.push("SELECT count(*) FROM erp.open_invoice");
    }
    statements
}

/// What a class takes from the one who owned it.
fn is_taken(right: &str) -> bool {
    let shared = ["INSERT", "UPDATE", "DELETE"].map(|verb| format!("erp.currency: {verb}"));
    right.starts_with("erp.revenue: ")
        || right.starts_with("erp.entry_rest: ")
        || shared.iter().any(|of| of == right)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_owned_everything_works_on_and_has_no_less() {
    let mut erp = Erp::new().await;
    let before = erp.rights().await;
    assert!(before.len() > 50, "{before:#?}");
    let writer = Service::start(&erp, writes(erp.views)).await;
    let reader = Service::start(&erp, reads(erp.views)).await;
    writer.goes_on().await;
    reader.goes_on().await;
    // Shorter than the server waits before it looks for deadlocks, so that it is never a service that loses one.
    let plan = erp.plan().await;
    let script = plan.up().unwrap().lock_timeout(std::time::Duration::from_millis(500)).unwrap();
    erp.follow(&plan, &script).await;
    writer.end().await;
    reader.end().await;

    let after = erp.rights().await;
    let lost: Vec<&String> = before.difference(&after).filter(|right| !is_taken(right)).collect();
    assert!(lost.is_empty(), "{lost:#?}");
    let mut left = owned(&erp.admin, &erp.app).await;
    left.retain(|object| !object.contains("job") && !object.contains(" code"));
    assert_eq!(left, Vec::<String>::new());
    assert_eq!(titles(&erp.plan().await), Vec::<String>::new());

    let catalog = erp.catalog().await;
    let report = audit(&Manifest::parse(&erp.manifest).unwrap(), &catalog);
    let grave: Vec<String> = report
        .from(Severity::High)
        .filter(|finding| finding.object != tenantry::catalog::Object::Database)
        .map(|finding| format!("{}: {}", finding.rule.code, finding.message))
        .collect();
    assert_eq!(grave, Vec::<String>::new());

    let folder = Folder::new();
    folder.write("tenantry.toml", &erp.manifest);
    let run = Tool::at(&folder).args(&["plan", "--check"]).env("DATABASE_URL", erp.admin.url()).run();
    assert_eq!(run.code, 0, "{run:#?}");
}

#[tokio::test]
async fn the_way_back_gives_everything_back() {
    let mut erp = Erp::new().await;
    let before = erp.catalog().await;
    let rights = erp.rights().await;
    let plan = erp.plan().await;
    erp.follow(&plan, &plan.up().unwrap()).await;
    let between = erp.catalog().await;
    erp.apply(&plan.down().unwrap()).await;
    same(&erp.catalog().await, &before);
    assert_eq!(erp.rights().await, rights);
    erp.apply(&plan.up().unwrap()).await;
    same(&erp.catalog().await, &between);
}

/// Each grant stands right behind the change of owner that makes it needed.
#[tokio::test]
async fn the_grants_stand_beside_the_change_of_owner() {
    let mut erp = Erp::new().await;
    let plan = erp.plan().await;
    let step = |object: &str| {
        let found = plan.steps.iter().find(|step| step.object == object && step.up.contains(" OWNER TO "));
        found.unwrap_or_else(|| panic!("{object} in {:#?}", titles(&plan)))
    };
    for (object, granted) in [
        ("erp.customer", "GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE \"erp\".\"customer\" TO"),
        ("erp.customer", "GRANT SELECT, USAGE ON SEQUENCE \"erp\".\"customer_id_seq\" TO"),
        ("erp.invoice", "GRANT SELECT, USAGE ON SEQUENCE \"erp\".\"invoice_id_seq\" TO"),
        ("erp.number", "GRANT SELECT, USAGE ON SEQUENCE \"erp\".\"number\" TO"),
        ("erp.currency", "GRANT SELECT ON TABLE \"erp\".\"currency\" TO"),
        ("schema erp", "GRANT USAGE ON SCHEMA \"erp\" TO"),
        (
            "function erp.tax(erp.amount, numeric)",
            "GRANT EXECUTE ON ROUTINE \"erp\".\"tax\"(erp.amount, numeric) TO",
        ),
        ("function erp.open_total()", "ALTER ROUTINE \"erp\".\"open_total\"() SECURITY INVOKER"),
        ("type erp.address", "GRANT USAGE ON TYPE \"erp\".\"address\" TO"),
    ] {
        assert!(step(object).up.contains(granted), "{granted} in {}", step(object).up);
    }
    let remarks: Vec<String> = plan.remarks.iter().map(|of| format!("{}: {}", of.object, of.what)).collect();
    let remarks = remarks.join("\n");
    for part in ["TRUNCATE, REFERENCES, TRIGGER", "erp.currency: ", "erp.revenue: ", "was SECURITY DEFINER"] {
        assert!(remarks.contains(part), "{part} in {remarks}");
    }
}

/// A function that the app role could replace would run as the system role, with every tenant in sight.
#[tokio::test]
async fn what_the_app_role_could_replace_is_told_and_is_no_more() {
    let mut erp = Erp::new().await;
    let manifest = Manifest::parse(&erp.manifest).unwrap();
    let told = |catalog: &Catalog| -> Vec<String> {
        let report = audit(&manifest, catalog);
        let of = report.findings.iter().filter(|finding| finding.rule.code == "app-role-owns-object");
        of.map(|finding| finding.object.to_string()).collect()
    };
    let before = told(&erp.catalog().await);
    for object in [
        "code.touch()",
        "erp.tax(erp.amount, numeric)",
        "erp.pay(bigint)",
        "erp.status",
        "code.kind",
        "erp.tray",
    ] {
        assert!(before.iter().any(|found| found == object), "{object} in {before:#?}");
    }
    assert!(!before.iter().any(|found| found == "code.apart()"), "{before:#?}");
    let plan = erp.plan().await;
    erp.apply(&plan.up().unwrap()).await;
    assert_eq!(told(&erp.catalog().await), Vec::<String>::new());
    let mut app = erp.admin.login(&erp.app).await;
    for sql in [
        "CREATE OR REPLACE FUNCTION code.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
        "ALTER FUNCTION erp.open_total() SECURITY DEFINER",
        "ALTER DOMAIN erp.amount ADD CHECK (VALUE < 1)",
        "DROP TYPE erp.status CASCADE",
        "SELECT setval('erp.tray', 1)",
        "TRUNCATE erp.customer",
        "DROP SCHEMA erp CASCADE",
        "CREATE TABLE erp.mine (id int)",
    ] {
        assert_eq!(outcome(&mut app, Some(A), sql).await, "42501", "{sql}");
    }
}
