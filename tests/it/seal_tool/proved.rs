//! Proofs of sealed manifests: with sealed tenants, and that nothing else is taken for one.

use tenantry::{SealKey, prove};

use super::keys::Desk;
use super::{BARE, SEALED};
use crate::tool::{Run, Tool};

fn proving(desk: &Desk, args: &[&str]) -> Run {
    let url = desk.world.admin.url_as(desk.world.name("app"));
    Tool::at(&desk.folder).args(&["prove", "--database-url", &url]).args(args).run()
}

async fn desk(missing: &'static str, seal: &'static str) -> Desk {
    let desk = Desk::of(missing, seal).await;
    drop(desk.world.app().await);
    assert_eq!(desk.seal(&["add", "--key-file", "key"]).code, 0);
    desk
}

/// The attempts on what verifies seals, with the verdict of each.
fn of_seals(run: &Run) -> Vec<(String, String)> {
    let json = run.json();
    let subjects = json["subjects"].as_array().unwrap();
    let seal = subjects.iter().find(|subject| subject["kind"] == "seal").unwrap_or_else(|| panic!("{json}"));
    let text = |cell: &serde_json::Value, field: &str| cell[field].as_str().unwrap_or_default().to_owned();
    seal["cells"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cell| (text(cell, "attempt"), text(cell, "verdict")))
        .collect()
}

#[tokio::test]
async fn a_sealed_database_is_proved_with_sealed_tenants() {
    for (missing, seal, attempts) in [("error", SEALED, 14), ("empty", SEALED, 14), ("error", BARE, 12)] {
        let desk = desk(missing, seal).await;
        let superuser = desk.world.admin.url();
        let without = proving(&desk, &["--seed-url", &superuser]);
        if seal == SEALED {
            without.said(
                2,
                &[
                    "error: the manifest has [seal], and no key is named to seal tenants with",
                    "--seal-key-file",
                ],
            );
        }
        let key = ["--seal-key-file", "key", "--format", "json"];
        for seeded in [&["--seed-url", superuser.as_str()][..], &["--allow-unproved"]] {
            let run = proving(&desk, &[&key[..], seeded].concat());
            assert_eq!(run.code, 0, "{missing} {seal} {seeded:?}: {run:#?}");
            let found = of_seals(&run);
            assert_eq!(found.len(), attempts, "{found:#?}");
            assert!(found.iter().all(|(_, verdict)| verdict == "held"), "{found:#?}");
        }
    }
}

#[tokio::test]
async fn what_takes_too_much_is_red() {
    let desk = desk("error", SEALED).await;
    let superuser = desk.world.admin.url();
    desk.world
        .run("CREATE OR REPLACE FUNCTION tenantry.tenant_id() RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER
                  SET search_path = pg_catalog, pg_temp
                  AS $$ SELECT nullif(split_part(current_setting('app.tenant_id', true), '.', 1), '')::uuid $$")
        .await;
    let run = proving(&desk, &["--seed-url", &superuser, "--seal-key-file", "key", "--format", "json"]);
    assert_eq!(run.code, 1, "{run:#?}");
    let red: Vec<String> = of_seals(&run)
        .into_iter()
        .filter(|(_, verdict)| verdict == "leaked")
        .map(|(attempt, _)| attempt)
        .collect();
    assert!(red.contains(&"bind a tenant without a seal".to_owned()) && red.len() > 8, "{red:#?}");
}

#[tokio::test]
async fn a_pools_own_proof_seals_too() {
    let desk = desk("error", SEALED).await;
    let url = desk.world.admin.url_as(desk.world.name("app"));
    let key = SealKey::from_file(desk.folder.path("key")).unwrap();
    let pool = tenantry::TenantPool::builder(&url).tenant_type(tenantry::TenantType::Uuid).seal(key.clone());
    let pool = pool.seal_setting("app.user_id").build().await.unwrap();
    let manifest = desk.world.manifest();
    let seeder: tokio_postgres::Config = desk.world.admin.url().parse().unwrap();
    let proof = prove::isolation(&pool, &manifest).seeder(seeder.clone()).seal(key).run().await.unwrap();
    proof.assert_clean();
    let error = prove::isolation(&pool, &manifest).seeder(seeder).run().await.unwrap_err();
    assert!(error.to_string().starts_with("the manifest has [seal], and no key is named"), "{error}");
}

#[tokio::test]
async fn nothing_forged_is_accepted_and_everything_valid_is() {
    for missing in ["error", "empty"] {
        let desk = desk(missing, SEALED).await;
        let run = proving(&desk, &["--seal", "3200", "--seal-key-file", "key", "--format", "json"]);
        assert_eq!(run.code, 0, "{run:#?}");
        let json = run.json();
        let numbers =
            ["forged", "accepted", "valid", "valid_accepted"].map(|field| json[field].as_u64().unwrap());
        assert_eq!(numbers, [3200, 0, 3200, 3200], "{json}");
        assert_eq!(json["kinds"].as_array().unwrap().len(), 16, "{json}");
        let said = proving(&desk, &["--seal", "32", "--seal-key-file", "key"]).unwrapped();
        assert!(said.contains("forged 32, accepted 0; valid 32, accepted 32; in "), "{said}");
        // One that refuses everything passes by nothing.
        desk.folder.write("next", "fedcba9876543210fedcba9876543210");
        let other = proving(&desk, &["--seal", "32", "--seal-key-file", "next"]);
        assert_eq!(other.code, 1, "{other:#?}");
        assert!(other.unwrapped().contains("valid 32, accepted 0"), "{other:#?}");
        desk.world
            .run(
                "DO $do$ BEGIN EXECUTE replace(pg_get_functiondef('tenantry.tenant_id()'::regprocedure),
                      'AND to_timestamp(part[2]::float8) > current_timestamp', ''); END $do$",
            )
            .await;
        let weak = proving(&desk, &["--seal", "320", "--seal-key-file", "key", "--format", "json"]);
        assert_eq!((weak.code, weak.json()["accepted"].as_u64()), (1, Some(20)), "{weak:#?}");
    }
}

#[tokio::test]
async fn there_has_to_be_something_to_forge() {
    let bare = desk("error", BARE).await;
    proving(&bare, &["--seal", "--seal-key-file", "key"])
        .said(2, &["error: bare = true in [seal] takes tenants without a seal"]);
    let sealed = desk("error", SEALED).await;
    proving(&sealed, &["--seal"]).said(2, &["error: no key is named to seal with"]);
    let superuser = sealed.world.admin.url();
    let run = Tool::at(&sealed.folder)
        .args(&["prove", "--seal", "8", "--seal-key-file", "key", "--database-url", &superuser])
        .run();
    run.said(2, &["and the app role of the manifest is"]);
}

#[tokio::test]
async fn each_way_to_weaken_a_seal_is_noticed() {
    let desk = desk("error", SEALED).await;
    let superuser = desk.world.admin.url();
    let run = proving(&desk, &["--mutate", "--seed-url", &superuser, "--format", "json"]);
    let json = run.json();
    let of_seal: Vec<(String, String)> = json["mutations"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|of| of["object"] == "tenantry.tenant_id")
        .map(|of| (of["what"].as_str().unwrap().to_owned(), of["fate"].as_str().unwrap().to_owned()))
        .collect();
    let names: Vec<&str> = of_seal.iter().map(|(what, _)| what.as_str()).collect();
    assert_eq!(
        names,
        [
            "setting read without its seal",
            "seal without its expiry",
            "seal without its connection",
            "seal without its MAC",
            "keys for the app role to read",
        ]
    );
    assert!(of_seal.iter().all(|(_, fate)| fate == "noticed"), "{of_seal:#?}");
    let survived: Vec<_> =
        json["mutations"].as_array().unwrap().iter().filter(|of| of["fate"] == "survived").collect();
    assert!(survived.is_empty(), "{survived:#?}");
}
