//! Migrations that are run for each tenant, where tenants have to be sealed.

use tenantry::catalog::replay::{Source, replay};
use tenantry::plan;
use tenantry::policy::manifest::Manifest;

use super::keys::Desk;
use super::{BARE, SCHEMA, SEALED, UNSEALED};
use crate::tool::{Run, Tool};

const FILE: &str = "-- tenantry: each-tenant\nUPDATE erp.invoice SET total = total + 1;\n";

fn migrate(desk: &Desk, args: &[&str]) -> Run {
    let url = &desk.migrator;
    Tool::at(&desk.folder).args(&["migrate", "--audit", "never", "--database-url", url]).args(args).run()
}

async fn totals(desk: &Desk) -> Vec<i32> {
    let rows = desk.world.admin.query("SELECT total FROM erp.invoice ORDER BY id", &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// A migrator that can become who reaches the rows of all tenants, and the owner of the tables.
async fn desk(seal: &'static str) -> Desk {
    let desk = Desk::of("error", seal).await;
    desk.world.run("GRANT {system} TO {migrator}; GRANT CREATE ON SCHEMA public TO {owner}").await;
    std::fs::create_dir(desk.folder.path("migrations")).unwrap();
    desk.folder.write("migrations/V1__more.sql", FILE);
    desk
}

#[tokio::test]
async fn tenants_are_sealed_where_the_database_asks_for_it() {
    let desk = desk(SEALED).await;
    let without = migrate(&desk, &[]);
    without.said(
        2,
        &["the database takes sealed tenants alone, and no key is named to seal with", "--seal-key-file"],
    );
    let unknown = migrate(&desk, &["--seal-key-file", "key"]);
    assert_eq!(unknown.code, 3, "{unknown:?}");
    assert!(unknown.err.contains("is not by a key of database"), "{unknown:?}");
    assert_eq!(totals(&desk).await, [10, 20]);
    assert_eq!(desk.seal(&["add", "--key-file", "key"]).code, 0);
    let done = migrate(&desk, &["--seal-key-file", "key"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(totals(&desk).await, [11, 21]);
}

#[tokio::test]
async fn a_database_that_asks_for_no_seal_needs_no_key() {
    for seal in [BARE, UNSEALED] {
        let desk = desk(seal).await;
        let done = migrate(&desk, &[]);
        assert_eq!(done.code, 0, "{done:?}");
        // With a key nothing else comes of it.
        desk.folder.write("migrations/V2__again.sql", FILE);
        if seal == BARE {
            assert_eq!(desk.seal(&["add", "--key-file", "key"]).code, 0);
        }
        let done = migrate(&desk, &["--seal-key-file", "key"]);
        assert_eq!(done.code, 0, "{done:?}");
        assert_eq!(totals(&desk).await, [12, 22]);
    }
}

/// A file that is run for each tenant, on a server where the files have made the functions and no key.
#[tokio::test]
async fn files_are_linted_on_a_server_that_asks_for_seals() {
    // Who runs the files is made for it, with every right.
    let desk = Desk::of("error", SEALED).await;
    let anew = |text: &str| {
        let roles =
            ["owner", "app", "system", "migrator", "sealer"].map(|role| desk.world.name(role).to_owned());
        roles.iter().fold(text.to_owned(), |text, role| text.replace(role, &format!("{role}_of_files")))
    };
    let text = anew(&desk.world.manifest_text());
    desk.folder.write("tenantry.toml", &text);
    let (schema, manifest) = (anew(&desk.world.fill(SCHEMA)), Manifest::parse(&text).unwrap());
    let before = replay(&[Source::new("1.sql", schema.as_str())], &manifest.replay_options());
    let plan = plan::plan(&manifest, &before.catalog).unwrap();
    std::fs::create_dir(desk.folder.path("files")).unwrap();
    desk.folder.write("files/V1__schema.sql", &schema);
    desk.folder.write("files/V2__tenancy.sql", &plan.up().unwrap().to_string());
    desk.folder.write("files/V3__more.sql", FILE);
    let empty = crate::policy::admin().await;
    let server = format!("--server={}", empty.url());
    let linted = Tool::at(&desk.folder).args(&["lint", "files", "--fail-on", "never", &server]).run();
    assert_eq!(linted.code, 0, "{linted:?}");
}
