//! Runs that nobody disturbs.

use super::world::{A, B, BY_COMPANY, TABLES, World, same, same_told};
use crate::policy::outcome;
use crate::support::version;

/// Each row has the tenant of its parent, services see their own alone, and a plan has nothing to add.
#[tokio::test]
async fn a_tree_of_tables_gets_the_tenants_of_its_parents() {
    let mut world = World::new().await;
    let before = world.rows().await.len();
    let run = world.adopted(&[BY_COMPANY, &["--batch", "50"]].concat());
    assert!(run.out.contains("ADD COLUMN \"tenant_id\" uuid;"), "{run:#?}");
    assert_eq!(world.wrong_rows().await, 0);
    assert_eq!(world.rows().await.len(), before);
    let left = world.planned().await;
    let of_others = ["erp.company: ", "erp.open_invoice: "];
    assert!(left.iter().all(|step| step.starts_with(of_others[0])), "{left:#?}");
    let mut app = world.as_app().await;
    for (table, _) in TABLES {
        let name = tenantry::Ident::new(table).unwrap();
        let select = format!("SELECT * FROM erp.{name}");
        assert_eq!(outcome(&mut app, None, &select).await, "TN001", "{table}");
        let (of_a, of_b) =
            (outcome(&mut app, Some(A), &select).await, outcome(&mut app, Some(B), &select).await);
        assert!(
            of_a.parse::<u32>().unwrap() > 0 && of_b.parse::<u32>().unwrap() > 0,
            "{table}: {of_a} {of_b}"
        );
    }
    let of_view = if version::of(&world.client).await < version::FIFTEEN { "42501" } else { "0" };
    assert_eq!(outcome(&mut app, Some(A), "SELECT * FROM erp.open_invoice").await, of_view);
    // A new row gets the tenant that is bound, and cannot refer to another's.
    let insert =
        |customer: u32| format!("INSERT INTO erp.invoice (customer_id, number) VALUES ({customer}, 'new')");
    assert_eq!(outcome(&mut app, Some(A), &insert(3)).await, "1");
    assert_eq!(outcome(&mut app, Some(A), &insert(1)).await, "23503");
    // Nothing of the transition is left.
    let catalog = world.catalog().await;
    assert!(catalog.functions.keys().all(|of| !of.name.name().as_str().starts_with("adopt")));
    assert!(
        catalog.relations.values().all(|relation| relation.triggers.is_empty() && relation.checks.is_empty())
    );
    // And there is nothing left to do.
    let run = world.adopted(&["customer"]);
    assert!(run.out.contains("nothing is left to do"), "{run:#?}");
}

/// A key that is to be unique within a tenant is built beside the one that is there, which stays until code is looked at.
#[tokio::test]
async fn what_is_unique_within_a_tenant_gets_a_key_online() {
    let mut world = World::new().await;
    let entry = "\"erp.invoice\" = { class = \"tenant\"";
    let manifest =
        world.folder.read("tenantry.toml").replace(entry, &format!("{entry}, unique = [\"number\"]"));
    world.folder.write("tenantry.toml", &manifest);
    world.client.batch_execute("CREATE UNIQUE INDEX numbered ON erp.invoice (number)").await.unwrap();
    let run = world.adopted(BY_COMPANY);
    assert!(run.out.contains("UNIQUE INDEX CONCURRENTLY \"invoice_tenant_id_number_key\""), "{run:#?}");
    let catalog = world.catalog().await;
    let invoice = tenantry::QualifiedName::parse("erp.invoice").unwrap();
    let columns = |index: &tenantry::catalog::Index| {
        index.columns().unwrap().into_iter().map(|column| column.as_str().to_owned()).collect::<Vec<_>>()
    };
    let unique = catalog.relations[&invoice].indexes.values().filter(|index| index.unique && index.valid);
    let unique: Vec<Vec<String>> = unique.map(|index| columns(index)).collect();
    for expected in [vec!["tenant_id", "number"], vec!["number"]] {
        assert!(unique.contains(&expected.iter().map(ToString::to_string).collect()), "{unique:?}");
    }
}

/// One tenant for all that is there.
#[tokio::test]
async fn one_tenant_gets_all_rows_that_are_there() {
    let mut world = World::new().await;
    let run = world.adopted(&["customer", "--children", "--tenant", A]);
    assert!(!run.out.contains("SKIP LOCKED"), "{run:#?}");
    for (table, column) in TABLES {
        let (name, column) = (tenantry::Ident::new(table).unwrap(), tenantry::Ident::new(column).unwrap());
        let others = format!("SELECT count(*) FROM erp.{name} WHERE {column} IS DISTINCT FROM '{A}'");
        assert_eq!(world.count(&others).await, 0, "{table}");
    }
    let left = world.planned().await;
    assert!(left.iter().all(|step| step.starts_with("erp.company: ")), "{left:#?}");
}

/// What was one statement of a plan or many short ones comes to the same.
#[tokio::test]
async fn an_adoption_ends_where_a_plan_would_have_led() {
    let mut adopted = World::new().await;
    adopted.adopted(BY_COMPANY);
    // A second time, from the state before, step by step up to each phase.
    let mut stepped = World::new().await;
    for phase in ["column", "fill", "backfill", "not-null", "keys", "foreign-keys", "policies"] {
        let args = if phase == "column" { BY_COMPANY } else { &[] };
        let run = stepped.adopted(&[args, &["--until", phase]].concat());
        let stopped = run.out.contains("stopped where it was to");
        assert_eq!(stopped, phase != "policies", "{run:#?}");
    }
    same_told(&stepped.told().await, &adopted.told().await);
}

/// Showing changes nothing.
#[tokio::test]
async fn a_dry_run_shows_every_statement_and_runs_none() {
    let mut world = World::new().await;
    let before = world.catalog().await;
    let run = world.adopted(&[BY_COMPANY, &["--dry-run"]].concat());
    for part in [
        "ADD COLUMN \"tenant_id\" uuid;",
        "SECURITY DEFINER",
        "FOR NO KEY UPDATE OF t SKIP LOCKED",
        "NOT VALID;",
        "VALIDATE CONSTRAINT",
        "CREATE UNIQUE INDEX CONCURRENTLY",
        "FORCE ROW LEVEL SECURITY",
    ] {
        assert!(run.out.contains(part), "{part} in {run:#?}");
    }
    same(&world.catalog().await, &before);
    assert!(world.adopted(&["--status"]).out.contains("no adoption has been begun"));
}

/// What is left of a backfill can be told only by who knows how much there is.
#[tokio::test]
async fn the_rows_of_a_table_that_was_never_analyzed_are_counted() {
    let world = World::new().await;
    world.adopted(&[BY_COMPANY, &["--until", "backfill"]].concat());
    let total =
        "SELECT max(total) FROM tenantry.adoption_step WHERE object = 'erp.invoice' AND phase = 'backfill'";
    assert_eq!(world.count(total).await, 300);
}

/// Triggers of the services' own look names up as in their sessions, those that wait for the commit too.
#[tokio::test]
async fn what_a_backfill_fires_looks_names_up_where_services_do() {
    let world = World::new().await;
    let triggers = format!(
        "CREATE TABLE erp.heard (of text, path text);
         GRANT INSERT ON erp.heard TO PUBLIC;
         CREATE FUNCTION erp.hear() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN
                 INSERT INTO heard SELECT tg_name, current_setting('search_path') FROM company LIMIT 1;
                 RETURN new;
             END $$;
         CREATE TRIGGER ahead BEFORE UPDATE ON erp.invoice FOR EACH ROW EXECUTE FUNCTION erp.hear();
         CREATE TRIGGER behind AFTER UPDATE ON erp.invoice FOR EACH ROW EXECUTE FUNCTION erp.hear();
         CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON erp.invoice INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION erp.hear();
         ALTER ROLE {} SET search_path = erp, public",
        world.app
    );
    world.sql(&triggers).await;
    world.adopted(&[BY_COMPANY, &["--until", "backfill", "--batch", "50"]].concat());
    assert_eq!(world.wrong_rows().await, 0);
    for (trigger, path) in [("ahead", "erp, public"), ("behind", "erp, public"), ("late", "erp, public")] {
        let heard = format!("SELECT count(*) FROM erp.heard WHERE of = '{trigger}' AND path = '{path}'");
        assert_eq!(world.count(&heard).await, 300, "{trigger}");
    }
}
