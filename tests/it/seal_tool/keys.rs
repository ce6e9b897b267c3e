//! `tenantry seal`, as people and their secret managers run it.

use std::io::Write;
use std::process::{Command, Stdio};

use tokio_postgres::Client;

use super::{SEALED, UNSEALED, World};
use crate::policy::{A, B};
use crate::tool::{Folder, Run, Tool};

const KEY: &str = "0123456789abcdef0123456789abcdef";
const NEXT: &str = "fedcba9876543210fedcba9876543210";

/// A world whose manifest and keys are in a folder.
pub(super) struct Desk {
    pub(super) world: World,
    pub(super) folder: Folder,
    pub(super) migrator: String,
}

impl Desk {
    pub(super) async fn new(missing: &'static str) -> Self {
        Self::of(missing, SEALED).await
    }

    pub(super) async fn of(missing: &'static str, seal: &'static str) -> Self {
        let world = World::planned(missing, seal).await;
        let folder = Folder::new();
        folder.write("tenantry.toml", &world.manifest_text());
        folder.write("key", KEY);
        folder.write("next", &format!("{NEXT}\n"));
        let migrator = world.name("migrator").to_owned();
        drop(world.admin.login(&migrator).await);
        Self { migrator: world.admin.url_as(&migrator), world, folder }
    }

    pub(super) fn seal(&self, args: &[&str]) -> Run {
        self.seal_as(&self.migrator, args)
    }

    pub(super) fn seal_as(&self, url: &str, args: &[&str]) -> Run {
        Tool::at(&self.folder).args(&["seal"]).args(args).args(&["--database-url", url]).run()
    }

    fn keys(&self) -> Vec<serde_json::Value> {
        self.seal(&["keys", "--format", "json"]).json()["keys"].as_array().unwrap().clone()
    }
}

/// What a query of the app role gives after the statements of a token.
async fn seen(client: &Client, token: &str) -> Result<i64, String> {
    client.batch_execute(token).await.unwrap();
    let row = client.query_one("SELECT count(*) FROM erp.invoice", &[]).await;
    row.map(|row| row.get(0)).map_err(|error| error.code().unwrap().code().to_owned())
}

#[test]
fn a_key_is_64_digits_that_nobody_else_gets() {
    let folder = Folder::new();
    let generate = || Tool::at(&folder).args(&["seal", "generate"]).run();
    let (one, other) = (generate(), generate());
    assert_eq!((one.code, one.err.as_str()), (0, ""), "{one:?}");
    assert!(
        one.out.len() == 65 && one.out.trim_end().bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{one:?}"
    );
    assert_ne!(one.out, other.out);
    let json = Tool::at(&folder).args(&["seal", "generate", "--format", "json"]).run().json();
    assert_eq!(json["id"].as_str().unwrap().len(), 8);
}

#[tokio::test]
async fn keys_come_and_go() {
    let desk = Desk::new("error").await;
    let none = desk.seal(&["keys"]);
    assert!(none.unwrapped().starts_with("no key is in "), "{none:?}");
    let added = desk.seal(&["add", "--key-file", "key", "--format", "json"]).json();
    let id = added["added"].as_str().unwrap().to_owned();
    assert_eq!(desk.keys()[0]["id"], id.as_str());
    desk.seal(&["retire", &id]).said(2, &[&format!("error: {id} is the last key"), "--last"]);
    desk.seal(&["retire", "00000000"])
        .said(2, &["error: the database knows no key 00000000", &format!("it knows {id}")]);

    let rotated = desk.seal(&["rotate", "--key-file", "next"]);
    let next = tenantry::SealKey::new(NEXT).unwrap().id().to_owned();
    assert!(rotated.unwrapped().contains(&format!("added key {next}")), "{rotated:?}");
    assert!(rotated.unwrapped().contains(&format!("tenantry seal retire {id} --after 2m")), "{rotated:?}");
    let rotated = desk.seal(&["rotate", "--key-file", "next", "--retire-others-after", "10m"]);
    assert!(
        rotated.unwrapped().contains(&format!("within 10 min 0 s: what {id} seals is refused then")),
        "{rotated:?}"
    );
    let listed = desk.seal(&["keys"]).unwrapped();
    assert!(listed.contains(", retires ") && listed.contains(&next), "{listed}");
    desk.seal(&["retire", &next]).said(2, &["is the last key"]);

    assert_eq!(desk.seal(&["forget"]).out.split(" in ").next(), Some("forgot 0 keys"));
    assert_eq!(desk.seal(&["retire", &id]).code, 0);
    assert!(desk.seal(&["keys"]).unwrapped().contains(", retired "));
    assert_eq!(desk.seal(&["forget"]).out.split(" in ").next(), Some("forgot 1 key"));
    assert_eq!(desk.seal(&["retire", &next, "--last"]).code, 0);
    assert_eq!(desk.keys()[0]["retired"], true);
    assert_eq!(desk.seal(&["add", "--key-file", "next"]).code, 0);
    assert_eq!(desk.keys()[0]["retired"], false);
}

/// As a secret manager hands it over, in no list of processes and in no file.
#[tokio::test]
async fn a_key_comes_by_the_standard_input() {
    let desk = Desk::new("error").await;
    let mut tool = Command::new(env!("CARGO_BIN_EXE_tenantry"));
    tool.current_dir(desk.folder.path("")).args([
        "seal",
        "add",
        "--key-file",
        "-",
        "--database-url",
        &desk.migrator,
    ]);
    let mut child = tool.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("{KEY}\n").as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(desk.keys().len(), 1);
}

#[tokio::test]
async fn what_goes_wrong_is_said_with_what_to_do() {
    let desk = Desk::new("error").await;
    desk.folder.write("short", "hush");
    desk.folder.write("unsealed.toml", &desk.world.manifest_text().replace("[seal]", ""));
    for (args, parts) in [
        (
            &["add", "--key-file", "nowhere"][..],
            &["error: the file of the seal's key nowhere cannot be read"][..],
        ),
        (&["add", "--key-file", "short"], &["error: the seal's key has 4 bytes; expected at least 32"]),
        (&["add", "--key-file", "-"], &["error: the standard input is empty; write the secret into it"]),
        (&["keys", "--config", "unsealed.toml"], &["error: unsealed.toml has no [seal]", "tenantry plan"]),
        (
            &["token", "--tenant", A, "--reason", "x"],
            &["error: no key is named to seal with", "TENANTRY_SEAL_KEY_FILE"],
        ),
        (
            &["token", "--tenant", A, "--reason", "x", "--for", "13h"],
            &["expected something between 1s and 12h"],
        ),
        (
            &["token", "--tenant", A, "--reason", " "],
            &["expected what somebody would want to read in the log"],
        ),
        (&["token", "--tenant", A], &["--reason"]),
    ] {
        let run = desk.seal(args);
        run.said(2, parts);
        assert!(!run.err.contains("hush"), "{run:?}");
    }
    let app = desk.world.name("app").to_owned();
    drop(desk.world.admin.login(&app).await);
    let url = desk.world.admin.url_as(&app);
    desk.seal_as(&url, &["keys"]).said(3, &["permission denied", "help: log in as the migrator of [roles]"]);
    let other = World::planned("error", UNSEALED).await;
    desk.seal_as(&other.admin.url(), &["keys"])
        .said(3, &["help: the database does not verify seals yet: apply tenantry plan"]);
}

#[tokio::test]
async fn a_token_binds_a_tenant_in_psql() {
    for missing in ["error", "empty"] {
        let desk = Desk::new(missing).await;
        let superuser = desk.world.admin.url();
        let asked = |args: &[&str]| {
            let args = [&["token", "--reason", "ticket 815", "--key-file", "key"], args].concat();
            desk.seal_as(&superuser, &args)
        };
        let unknown = asked(&["--tenant", A]);
        unknown.said(2, &["error: the database does not know key "]);
        assert_eq!(desk.seal(&["add", "--key-file", "key"]).code, 0);
        let token = asked(&["--tenant", &A.to_uppercase(), "--for", "2h"]);
        assert_eq!(token.code, 0, "{token:?}");
        assert!(token.out.starts_with("SELECT set_config('app.tenant_id', '"), "{token:?}");
        let said = token.err.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains("; it holds until 20"), "{token:?}");
        let app = desk.world.app().await;
        assert_eq!(seen(&app, &token.out).await, Ok(1));
        // Another role's.
        let refused = if missing == "error" { Err("TN003".to_owned()) } else { Ok(0) };
        let system = desk.world.name("system").to_owned();
        let another = asked(&["--tenant", A, "--role", &system]);
        assert_eq!(seen(&app, &another.out).await, refused);
        let edited = token.out.replace(A, B);
        assert_eq!(seen(&app, &edited).await, refused);
        // With a user, whose memberships it has.
        desk.world
            .run("INSERT INTO erp.member VALUES ('{b}', '{a}'); INSERT INTO erp.desk VALUES ('{a}', 1)")
            .await;
        let user = asked(&["--tenant", A, "--user", B]);
        app.batch_execute(&user.out).await.unwrap();
        let desks: i64 = app.query_one("SELECT count(*) FROM erp.desk", &[]).await.unwrap().get(0);
        assert_eq!(desks, 1);
        let nobody = "00000000-0000-0000-0000-00000000000c";
        asked(&["--tenant", nobody]).said(2, &["error: there is no such tenant in erp.company"]);
        asked(&["--tenant", "acme"]).said(3, &["error: ", "invalid input syntax for type uuid"]);
        asked(&["--tenant", A, "--role", "nobody"]).said(2, &["error: there is no role nobody"]);
        let json = asked(&["--tenant", A, "--format", "json"]).json();
        assert_eq!(json["role"], desk.world.name("app"));
        assert_eq!(json["settings"][0]["name"], "app.tenant_id");
    }
}

#[tokio::test]
async fn a_token_leaves_a_trace() {
    let mut desk = Desk::new("error").await;
    let text = format!("{}[system]\nrecord = true\n", desk.world.manifest_text());
    desk.folder.write("tenantry.toml", &text);
    let manifest = tenantry::policy::manifest::Manifest::parse(&text).unwrap();
    let catalog = desk.world.catalog().await;
    let plan = tenantry::plan::plan(&manifest, &catalog).unwrap();
    tenantry::migrate::apply(&mut desk.world.admin, &plan.up().unwrap()).await.unwrap();
    assert_eq!(desk.seal(&["add", "--key-file", "key"]).code, 0);
    let args = ["token", "--tenant", A, "--reason", "ticket 815", "--key-file", "key"];
    let system = desk.world.name("system").to_owned();
    drop(desk.world.admin.login(&system).await);
    let system = desk.world.admin.url_as(&system);
    assert_eq!(desk.seal_as(&system, &args).code, 0);
    let row = desk
        .world
        .admin
        .query_one("SELECT role::text, reason FROM tenantry.system_access", &[])
        .await
        .unwrap();
    let (role, reason): (String, String) = (row.get(0), row.get(1));
    assert_eq!(role, desk.world.name("system"));
    let begins = format!("seal token for tenant {A} as role {} until ", desk.world.name("app"));
    assert!(reason.starts_with(&begins) && reason.ends_with("Z: ticket 815"), "{reason}");
    // Who may not record one gets none.
    let app = desk.world.name("app").to_owned();
    drop(desk.world.app().await);
    let refused = desk.seal_as(&desk.world.admin.url_as(&app), &args);
    refused.said(3, &["recording the token in tenantry.system_access", "help: log in as a role that "]);
    assert_eq!(refused.out, "");
}
