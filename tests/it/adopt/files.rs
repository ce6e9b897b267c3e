//! Adoptions as files: for review, and for the environments that come after.

use std::collections::BTreeSet;

use serde_json::Value;

use super::world::{A, BY_COMPANY, World, same_told};
use crate::policy::unique;
use crate::support::version;
use crate::tool::{Run, Tool};

/// What is not looked at here: the table of companies, which the adoption leaves for a plan, is without policies.
const UNGATED: [&str; 4] = ["--lint", "never", "--audit", "never"];

#[track_caller]
fn done(run: &Run) -> &Run {
    assert_eq!(run.code, 0, "{run:#?}");
    run
}

/// Writes the files of an adoption behind the migration that makes the tables.
fn write(world: &World, args: &[&str]) -> Run {
    std::fs::create_dir_all(world.folder.path("migrations")).unwrap();
    world.folder.write("migrations/V1__erp.sql", &world.first());
    world.adopt(&[args, &["--out", "migrations", "--style", "refinery"]].concat())
}

/// Takes them away again.
fn remove(world: &World) {
    for name in ["V2__adopt_customer.sql", "V2__adopt_customer.down.sql"] {
        std::fs::remove_file(world.folder.path("migrations").join(name)).unwrap();
    }
}

/// Another environment with these files applied.
async fn migrated(world: &World) -> World {
    let next = world.beside().await;
    std::fs::create_dir(next.folder.path("migrations")).unwrap();
    for name in ["V1__erp.sql", "V2__adopt_customer.sql", "V2__adopt_customer.down.sql"] {
        let name = format!("migrations/{name}");
        next.folder.write(&name, &world.folder.read(&name));
    }
    done(&next.tool(&[&["migrate"][..], &UNGATED].concat()));
    next
}

/// What was made step by step while services were at work, and what a file makes at once.
#[tokio::test]
async fn a_file_leads_to_the_schema_and_the_rows_of_the_adoption() {
    let tenant: &[&str] = &["customer", "--children", "--tenant", A];
    for args in [BY_COMPANY, tenant] {
        let mut world = World::new().await;
        let run = write(&world, args);
        let said = done(&run).unwrapped();
        for part in ["wrote migrations/V2__adopt_customer.sql", "Nothing was run"] {
            assert!(said.contains(part), "{part} in {run:#?}");
        }
        let ahead = world.folder.read("migrations/V2__adopt_customer.sql");
        assert!(world.adopt(&["--status"]).out.contains("no adoption has been begun"));
        let before = world.told().await;
        world.adopted(args);

        // Once it is done, the records tell the same.
        remove(&world);
        for again in [&["customer"][..], &["--name", "adopt_customer"]] {
            let run = write(&world, again);
            assert!(done(&run).unwrapped().contains("This database has them already"), "{run:#?}");
            let behind = world.folder.read("migrations/V2__adopt_customer.sql");
            assert_eq!(behind, ahead);
            if again.len() == 1 {
                remove(&world);
            }
        }

        let mut next = migrated(&world).await;
        same_told(&next.told().await, &world.told().await);
        // And back, but for the schema of the functions, which stays.
        next.sql(&format!("BEGIN; {} COMMIT", next.folder.read("migrations/V2__adopt_customer.down.sql")))
            .await;
        next.sql("DROP SCHEMA tenantry").await;
        same_told(&next.told().await, &before);
    }
}

/// Where the adoption was made online, the file counts as applied, and the next ones go on from there.
#[tokio::test]
async fn the_ledger_of_the_database_that_was_adopted_has_the_file_without_running_it() {
    let world = World::new().await;
    done(&write(&world, BY_COMPANY));
    world.adopted(BY_COMPANY);
    let migrate = |args: &[&str]| world.tool(&[&["migrate"][..], args].concat());
    let early = migrate(&["--applied", "V2__adopt_customer"]);
    early.said(2, &["V1__erp has not been applied, and comes before V2__adopt_customer"]);
    migrate(&["--applied", "V3__other"]).said(2, &["there is no migration \"V3__other\" among the files"]);
    for name in ["V1__erp", "migrations/V2__adopt_customer.sql"] {
        let run = migrate(&["--applied", name]);
        assert!(done(&run).out.contains("added to the ledger"), "{run:#?}");
    }
    let again = migrate(&["--applied", "V2__adopt_customer"]);
    assert!(done(&again).out.contains("in the ledger already"), "{again:#?}");
    done(&migrate(&["--check"]));
    world.folder.write("migrations/V3__more.sql", "ALTER TABLE erp.note ADD COLUMN more text;");
    done(&migrate(&UNGATED));
    // The same file as everywhere: a change of it is noticed.
    let file = world.folder.read("migrations/V2__adopt_customer.sql");
    world.folder.write("migrations/V2__adopt_customer.sql", &(file + "\n"));
    migrate(&["--check"]).said(2, &["V2__adopt_customer is not what was applied as V2__adopt_customer"]);
}

/// The owner fills rows by a parent that hides its own from it, and leaves it as it was.
#[tokio::test]
async fn a_file_of_children_runs_as_the_owner_while_their_parent_is_under_force() {
    let mut world = World::new().await;
    let lines = "erp.\"Odd \"\"line\"\"\"=invoice";
    let children: &[&str] = &["invoice", "--children", "--via", "invoice=customer", "--via", lines];
    done(&write(&world, &["customer"]));
    world.adopted(&["customer"]);
    done(&world.adopt(&[children, &["--out", "migrations", "--style", "refinery"]].concat()));
    let file = world.folder.read("migrations/V3__adopt_invoice.sql");
    let mut next = migrated(&world).await;
    next.folder.write("migrations/V3__adopt_invoice.sql", &file);
    let migrator = unique("migrator");
    next.sql(&format!("CREATE ROLE {migrator} LOGIN PASSWORD 'x'; GRANT {} TO {migrator}", next.owner)).await;
    next.sql(&format!("ALTER TABLE refinery_schema_history OWNER TO {}", next.owner)).await;
    let url = next.database.url_as(&migrator, "x");
    let migrate = Tool::at(&next.folder).args(&["migrate"]).args(&UNGATED).env("DATABASE_URL", url);
    done(&migrate.run());
    assert_eq!(next.wrong_rows().await, 0);
    world.adopted(children);
    same_told(&next.told().await, &world.told().await);
}

/// A key that was never checked, a column that is there and has some tenants, and a table without a key.
const ODD: &str = "
    ALTER TABLE erp.invoice DROP CONSTRAINT invoice_copy_of_fkey,
        ADD CONSTRAINT invoice_copy_of_fkey FOREIGN KEY (copy_of) REFERENCES erp.invoice ON UPDATE CASCADE NOT VALID;
    CREATE TABLE erp.rating (
        customer_id bigint REFERENCES erp.customer,
        tenant_id uuid DEFAULT '00000000-0000-0000-0000-00000000000c',
        stars int
    );
    INSERT INTO erp.rating SELECT id, CASE WHEN id % 3 = 0 THEN company_id END, 5 FROM erp.customer;";

/// As a script on the standard output, it is one transaction.
#[tokio::test]
async fn a_script_leads_there_too() {
    for args in [[&["rating"], BY_COMPANY].concat(), vec!["rating", "customer", "--children", "--tenant", A]]
    {
        let mut world = World::new().await;
        world.sql(ODD).await;
        let run = world.adopted(&[&args[..], &["--out", "-"]].concat());
        assert_eq!(run.err, "", "{run:#?}");
        let json = world.adopted(&[&args[..], &["--out", "-", "--format", "json"]].concat()).json();
        assert_eq!(json["script"].as_str(), Some(run.out.as_str()));
        let mut next = world.beside().await;
        next.sql(&next.first()).await;
        next.sql(ODD).await;
        next.sql(&run.out).await;
        world.adopted(&args);
        same_told(&next.told().await, &world.told().await);
    }
}

/// Where nothing can be written, nothing is, and it is said why.
#[tokio::test]
async fn what_cannot_be_written_is_said() {
    let world = World::new().await;
    world.adopt(&["--out", "migrations"]).said(2, &["no adoption has been begun"]);
    let run = world.adopt(&["invoice", "--out", "-"]);
    assert_eq!(run.code, 1, "{run:#?}");
    world
        .adopt(&[BY_COMPANY, &["--out", "migrations", "--name", "../x"]].concat())
        .said(2, &["is not a name for a migration"]);
    assert!(!world.folder.path("migrations").exists());
    let run = world.adopt(&["customer", "--tenant", "00000000-0000-0000-0000-00000000000f", "--out", "-"]);
    assert!(run.code == 1 && run.err.contains("there is no tenant"), "{run:#?}");
    // A finished adoption whose table has nothing left, without records of it.
    world.adopted(BY_COMPANY);
    world.sql("DELETE FROM tenantry.adoption_file").await;
    world.adopt(&["--out", "-"]).said(3, &["was begun by a version that kept nothing for files"]);
}

/// What rules find in the tables that were adopted, by rule and object.
fn found(run: &Run) -> BTreeSet<(String, String)> {
    let text = |of: &Value, field: &str| of[field].as_str().unwrap_or_default().to_owned();
    let report = run.json();
    let all = report["findings"].as_array().unwrap_or_else(|| panic!("{run:#?}"));
    let pairs = all.iter().map(|of| (text(of, "object"), text(of, "rule")));
    pairs.filter(|(object, _)| !object.starts_with("erp.company")).collect()
}

/// Files and database say the same of these tables: a plan misses nothing, and rules find no more than in the database.
#[tokio::test]
async fn plan_and_lint_find_in_the_files_what_they_find_in_the_database() {
    let world = World::new().await;
    let planned = || -> Vec<String> {
        let report = world.tool(&["plan", "--from", "migrations", "--format", "json"]).json();
        assert_eq!(report["problems"].as_array().unwrap().len(), 0, "{report}");
        let steps = report["steps"].as_array().unwrap().iter().map(|step| step["object"].to_string());
        steps
            .filter(|object| ["customer", "invoice", "line", "note"].iter().any(|name| object.contains(name)))
            .collect()
    };
    let lint = || found(&world.tool(&["lint", "migrations", "--format", "json"]));
    done(&write(&world, BY_COMPANY));
    remove(&world);
    let without = lint();
    done(&write(&world, BY_COMPANY));
    // Files do not say what server they are for, and a plan takes it to be a newer one than PostgreSQL 14.
    if version::of(&world.client).await >= version::FIFTEEN {
        assert_eq!(planned(), Vec::<String>::new());
    }
    world.adopted(BY_COMPANY);
    let audit = found(&world.tool(&["audit", "--format", "json"]));
    let of_files = lint();
    let more: Vec<_> = of_files.difference(&audit).collect();
    assert!(more.is_empty(), "{more:#?}");
    assert!(without.difference(&audit).next().is_some(), "{without:#?}");
}
