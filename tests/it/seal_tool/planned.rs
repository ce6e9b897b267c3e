//! From a database without seals to one that takes nothing else, and back.

use tenantry::catalog::replay::{Source, replay};
use tenantry::rule::{self, Finding};
use tenantry::{migrate, plan};

use super::{BARE, SCHEMA, SEALED, UNSEALED, World};
use crate::policy::A;
use crate::support::expected;

/// What a bare setting gives the app role.
async fn bare(world: &World) -> String {
    let mut app = world.app().await;
    crate::policy::outcome(&mut app, Some(A), "SELECT id FROM erp.invoice").await
}

#[tokio::test]
async fn a_database_gets_there_by_steps_and_back() {
    for missing in ["error", "empty"] {
        let mut world = World::planned(missing, UNSEALED).await;
        let unsealed = world.catalog().await;
        let mut page = String::new();
        for (seal, title) in
            [(BARE, "bare"), (SEALED, "sealed"), (BARE, "bare again"), (UNSEALED, "unsealed again")]
        {
            let before = world.catalog().await;
            world.seal(seal);
            let plan = world.apply().await;
            page.push_str(&format!("{title}\n"));
            for line in world.titles(&plan) {
                page.push_str(&format!("  {line}\n"));
            }
            for line in world.remarks(&plan) {
                page.push_str(&format!("  - {line}\n"));
            }
            let after = world.catalog().await;
            let down = plan.down().unwrap();
            migrate::apply(&mut world.admin, &down).await.unwrap_or_else(|error| panic!("{error:?}\n{down}"));
            let mut back = world.catalog().await;
            back.roles.clone_from(&before.roles);
            assert_eq!(back.functions, before.functions, "{missing} {title}");
            assert!(back == before, "{missing} {title}");
            world.apply().await;
            assert!(world.catalog().await == after, "{missing} {title}");
            let refused = if missing == "error" { "TN003" } else { "0" };
            assert_eq!(bare(&world).await, if seal == SEALED { refused } else { "1" }, "{missing} {title}");
        }
        expected::compare(&format!("seal_tool/planned.{missing}.txt"), &page);
        let back = world.catalog().await;
        assert!(back.functions == unsealed.functions);
        let left = if missing == "error" { "TABLE tenantry.seal_key" } else { "SCHEMA tenantry CASCADE" };
        world.run(&format!("DROP {left}")).await;
        let mut back = world.catalog().await;
        back.roles.clone_from(&unsealed.roles);
        assert!(back == unsealed, "{missing}");
    }
}

/// Services that do not seal yet would fail, and nobody has said so.
#[tokio::test]
async fn who_skips_a_step_is_told() {
    for missing in ["error", "empty"] {
        let told = "function tenantry.tenant_id: what services bind without a seal is refused from this plan on: give them their key, \
                    and set bare = true in [seal] first";
        for (from, to, is_told) in [
            (Some(UNSEALED), SEALED, true),
            (None, SEALED, false),
            (Some(UNSEALED), BARE, false),
            (Some(BARE), SEALED, false),
        ] {
            let mut world = World::new(missing, from.unwrap_or(to)).await;
            if from.is_some() {
                world.apply().await;
                world.seal(to);
            }
            let plan = world.apply().await;
            let told = world.remarks(&plan).contains(&told.to_owned());
            assert_eq!(told, is_told, "{missing} {from:?} {to:?}: {:#?}", world.remarks(&plan));
        }
    }
}

#[tokio::test]
async fn what_somebody_changes_is_planned_again() {
    let mut world = World::planned("error", SEALED).await;
    for (drift, step) in [
        (
            "CREATE OR REPLACE FUNCTION tenantry.tenant_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
                 SET search_path = pg_catalog, pg_temp AS $$ SELECT current_setting('app.tenant_id')::uuid $$",
            "function tenantry.tenant_id: takes what is sealed alone",
        ),
        ("ALTER FUNCTION tenantry.tenant_id SECURITY INVOKER", "function tenantry.tenant_id: takes what is sealed alone"),
        ("ALTER FUNCTION tenantry.tenant_id RESET search_path", "function tenantry.tenant_id: takes what is sealed alone"),
        ("ALTER FUNCTION tenantry.user_id VOLATILE", "function tenantry.user_id: takes what is sealed alone"),
        ("ALTER FUNCTION tenantry.user_id OWNER TO {system}", "function tenantry.user_id: takes what is sealed alone"),
        ("COMMENT ON FUNCTION tenantry.tenant_id IS NULL", "function tenantry.tenant_id: takes what is sealed alone"),
        ("REVOKE EXECUTE ON FUNCTION tenantry.tenant_id FROM PUBLIC", "function tenantry.tenant_id: takes what is sealed alone"),
        (
            "CREATE OR REPLACE FUNCTION tenantry.not_sealed(setting text, why text) RETURNS void LANGUAGE plpgsql STABLE PARALLEL SAFE
                 SET search_path = pg_catalog AS $$ BEGIN END $$",
            "function tenantry.not_sealed: the function as the manifest has it",
        ),
        ("DROP FUNCTION tenantry.not_sealed", "function tenantry.not_sealed: function that policies call"),
        (
            "ALTER TABLE tenantry.seal_key OWNER TO {owner}",
            "table tenantry.seal_key: the keys are SEALER's, row-level security is enabled",
        ),
        (
            "ALTER TABLE tenantry.seal_key DISABLE ROW LEVEL SECURITY",
            "table tenantry.seal_key: the keys are SEALER's, row-level security is enabled",
        ),
        ("ALTER TABLE tenantry.seal_key FORCE ROW LEVEL SECURITY", "table tenantry.seal_key: row-level security is not forced"),
        ("GRANT SELECT ON tenantry.seal_key TO {app}", "table tenantry.seal_key: no SELECT for APP"),
        ("GRANT SELECT ON tenantry.seal_key TO {migrator}", "table tenantry.seal_key: no SELECT for MIGRATOR"),
        ("GRANT SELECT (inner_pad) ON tenantry.seal_key TO PUBLIC", "table tenantry.seal_key: no SELECT (inner_pad) for PUBLIC"),
        ("REVOKE DELETE ON tenantry.seal_key FROM {migrator}", "table tenantry.seal_key: DELETE for MIGRATOR"),
        (
            "CREATE POLICY opened ON tenantry.seal_key TO {app} USING (true)",
            "table tenantry.seal_key: no other policy opens the keys, opened",
        ),
        (
            "ALTER POLICY tenantry_keeper ON tenantry.seal_key TO {app}",
            "table tenantry.seal_key: the policy of who adds and retires keys, tenantry_keeper",
        ),
        (
            "DROP POLICY tenantry_keeper ON tenantry.seal_key",
            "table tenantry.seal_key: the policy of who adds and retires keys, tenantry_keeper",
        ),
    ] {
        let undrifted = world.catalog().await;
        world.run(drift).await;
        let before = world.catalog().await;
        let plan = world.plan().await;
        assert!(world.titles(&plan).iter().any(|title| title == step), "{drift}: {:#?}", world.titles(&plan));
        migrate::apply(&mut world.admin, &plan.up().unwrap()).await.unwrap_or_else(|error| panic!("{drift}: {error:?}"));
        assert_eq!(world.catalog().await, undrifted, "{drift}");
        migrate::apply(&mut world.admin, &plan.down().unwrap()).await.unwrap_or_else(|error| panic!("{drift}: {error:?}"));
        let back = world.catalog().await;
        assert_eq!(back.functions, before.functions, "{drift}");
        assert_eq!(back, before, "{drift}");
        let up = world.plan().await.up().unwrap();
        migrate::apply(&mut world.admin, &up).await.unwrap();
    }
}

/// Files say the same as the server that they were run on.
#[tokio::test]
async fn files_with_the_plans_in_them_leave_nothing_to_do() {
    for missing in ["error", "empty"] {
        let mut world = World::new(missing, UNSEALED).await;
        let mut files = vec![Source::new("1.sql", world.fill(SCHEMA))];
        for (at, seal) in [UNSEALED, BARE, SEALED, UNSEALED, SEALED].into_iter().enumerate() {
            world.seal(seal);
            let manifest = world.manifest();
            let replayed = replay(&files, &manifest.replay_options());
            // Whether the migrator is a member of the owner is asked when the first plan runs.
            let opaque = replayed.opaque.iter().find(|of| of.file() != "2.sql");
            assert!(opaque.is_none(), "{opaque:?}");
            let of_files =
                plan::plan(&manifest, &replayed.catalog).unwrap_or_else(|problems| panic!("{problems:#?}"));
            let plan = world.apply().await;
            // Who runs the files owns what they make.
            let of_seals = |titles: Vec<String>| {
                titles.into_iter().filter(|title| title.contains("tenantry.")).collect::<Vec<_>>()
            };
            assert_eq!(of_seals(world.titles(&of_files)), of_seals(world.titles(&plan)), "{seal}");
            let name = format!("{}.sql", at + 2);
            files.push(Source::new(name.as_str(), plan.up().unwrap().to_string()));
            let replayed = replay(&files, &manifest.replay_options());
            let then =
                plan::plan(&manifest, &replayed.catalog).unwrap_or_else(|problems| panic!("{problems:#?}"));
            assert_eq!(of_seals(world.titles(&then)), Vec::<String>::new(), "{seal}");
            if at == 0 {
                continue;
            }
            let report = rule::lint(&manifest, &files);
            let of_plan = |found: &&Finding| found.place.as_ref().is_some_and(|place| place.file == name);
            let said: Vec<String> = report
                .findings
                .iter()
                .filter(of_plan)
                .map(|found| world.plain(&format!("{}: {}", found.rule.code, found.message)))
                .collect();
            assert_eq!(said, Vec::<String>::new(), "{missing} {seal}");
        }
    }
}

#[test]
fn a_seal_is_not_verified_for_each_row() {
    let text = "[tenancy]\ntype = \"uuid\"\n[roles]\napp = \"a\"\n[seal]\n[schemas]\ninclude = [\"public\"]\n[tables]\n\
                \"public.t\" = { class = \"tenant\", direct = true }\n";
    let problems = tenantry::policy::manifest::Manifest::parse(text).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:#?}");
    assert!(
        problems[0]
            .to_string()
            .starts_with("line 9: direct = true would have the seal verified for each row"),
        "{}",
        problems[0]
    );
}

#[tokio::test]
async fn a_proposal_knows_what_is_sealed() {
    for (seal, section) in [(SEALED, Some("bare = false")), (BARE, Some("bare = true")), (UNSEALED, None)] {
        let mut world = World::planned("error", seal).await;
        let catalog = world.catalog().await;
        let proposal = plan::propose(&catalog, &plan::Hints::default(), &plan::Facts::default());
        let text = world.plain(&proposal.to_toml());
        assert_eq!(text.contains("[seal]"), section.is_some(), "{text}");
        if let Some(section) = section {
            assert!(text.contains(section) && text.contains("sealer = \"SEALER\""), "{text}");
        }
    }
}
