//! Tables that no foreign key leads to a tenant: an expression over the row tells it.

use super::abort::without_records;
use super::world::{A, BY_COMPANY, World, same, same_told};
use crate::policy::outcome;
use crate::tool::Run;

/// An outbox of everything, which refers to nothing.
const OUTBOX: &str = "
    CREATE TABLE erp.outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind text NOT NULL, ref bigint, payload jsonb);
    ALTER TABLE erp.outbox OWNER TO {owner};
    GRANT SELECT, INSERT, UPDATE, DELETE ON erp.outbox TO {app};
    INSERT INTO erp.outbox (kind, ref) SELECT 'invoice', id FROM erp.invoice ORDER BY id;
    INSERT INTO erp.outbox (kind, payload) SELECT 'note', jsonb_build_object('company', id) FROM erp.company ORDER BY id;
";

/// With names as services write them, by the path of their role.
const TELLS: &str = "CASE kind
    WHEN 'invoice' THEN (
        SELECT customer.company_id
        FROM invoice JOIN customer ON customer.id = invoice.customer_id
        WHERE invoice.id = outbox.ref -- the row itself
    )
    ELSE (payload->>'company')::uuid
END;";

const WRONG: &str = "SELECT count(*) FROM erp.outbox AS o
    LEFT JOIN erp.invoice AS i ON o.kind = 'invoice' AND i.id = o.ref
    LEFT JOIN erp.customer AS c ON c.id = i.customer_id
    WHERE o.tenant_id IS DISTINCT FROM coalesce(c.company_id, (o.payload->>'company')::uuid)";

async fn world() -> World {
    let world = World::new().await;
    world.sql(&outbox(&world)).await;
    world.sql(&format!("ALTER ROLE {} SET search_path = erp, public", world.app)).await;
    world.folder.write("tenantry.toml", &with_outbox(&world));
    world
}

fn outbox(world: &World) -> String {
    OUTBOX.replace("{owner}", &world.owner).replace("{app}", &world.app)
}

fn with_outbox(world: &World) -> String {
    world.folder.read("tenantry.toml") + "\n\"erp.outbox\" = { class = \"tenant\" }\n"
}

fn fill(world: &World, args: &[&str]) -> Run {
    world.adopt(&[&["outbox", "--fill", TELLS], args].concat())
}

/// Nothing is guessed, and nothing is begun where the expression leaves rows out.
#[tokio::test]
async fn rows_that_the_expression_leaves_out_are_counted_and_listed_first() {
    let mut world = world().await;
    world
        .sql(
            "INSERT INTO erp.outbox (kind, ref) VALUES ('invoice', 100000), ('other', 1);
             INSERT INTO erp.outbox (kind, payload) VALUES ('note', '{\"company\": \"00000000-0000-0000-0000-00000000000f\"}')",
        )
        .await;
    let before = world.catalog().await;
    let run = fill(&world, &[]);
    assert_eq!(run.code, 1, "{run:#?}");
    for part in [
        "3 rows of erp.outbox left out: 2 without a tenant by the expression, 1 with one that the table of tenants does not have",
        "nothing was begun",
    ] {
        assert!(run.unwrapped().contains(part), "{part} in {run:#?}");
    }
    let json = fill(&world, &["--format", "json"]);
    assert_eq!(json.code, 1, "{json:#?}");
    let last: serde_json::Value = serde_json::from_str(json.out.lines().last().unwrap()).unwrap();
    assert_eq!((&last["untold"], &last["unknown"]), (&2.into(), &1.into()), "{last}");
    // The query is one to run, where names mean what they mean to services.
    world.sql("SET search_path = erp").await;
    let listed = world.client.query(last["query"].as_str().unwrap(), &[]).await.unwrap();
    assert_eq!(listed.iter().map(|row| row.get::<_, i64>("id")).collect::<Vec<_>>(), [304, 305, 306]);
    world.sql("RESET search_path").await;
    assert!(world.adopted(&["--status"]).out.contains("no adoption has been begun"));
    same(&world.catalog().await, &before);

    for (expression, why) in [
        ("payload->>'company'; SELECT 1", "is more than one statement"),
        ("payload->>'company') , (kind", "closes a parenthesis that it does not open"),
        (" ", "is empty"),
    ] {
        let run = world.adopt(&["outbox", "--fill", expression]);
        assert!(run.code == 1 && run.unwrapped().contains(why), "{run:#?}");
    }
    world
        .adopt(&["outbox", "--fill", "kind::int::text::uuid"])
        .said(3, &["asking the expression for the rows of erp.outbox"]);
    let two = world.adopt(&["outbox", "customer", "--fill", TELLS]);
    assert!(two.code == 1 && two.unwrapped().contains("tells the tenants of one table"), "{two:#?}");
}

/// Services that know nothing of tenants write on meanwhile, and each row has the tenant that is told of it.
#[tokio::test]
async fn each_row_gets_the_tenant_that_the_expression_tells() {
    let mut world = world().await;
    let before = without_records(world.catalog().await);
    let run = fill(&world, &["--until", "fill"]);
    assert_eq!(run.code, 0, "{run:#?}");
    let app = world.as_app().await;
    // One that nothing is told of is written all the same, until it may not be any more.
    for row in ["('invoice', 7, NULL)", "('note', NULL, '{\"company\": \"none\"}')", "('other', NULL, NULL)"]
    {
        app.batch_execute(&format!("INSERT INTO outbox (kind, ref, payload) VALUES {row}")).await.unwrap();
    }
    app.batch_execute("UPDATE outbox SET ref = 8 WHERE ref = 1; UPDATE outbox SET kind = kind WHERE ref = 2")
        .await
        .unwrap();
    let stopped = world.adopt(&["--batch", "50"]);
    assert!(
        stopped.code == 3 && stopped.unwrapped().contains("rows that are there get the tenant"),
        "{stopped:#?}"
    );
    app.batch_execute("UPDATE outbox SET payload = NULL WHERE payload->>'company' = 'none'").await.unwrap();
    let stopped = world.adopt(&["--batch", "50"]);
    assert!(
        stopped.code == 1 && stopped.unwrapped().contains("2 have none that the expression tells"),
        "{stopped:#?}"
    );
    let settle = format!(
        "UPDATE outbox SET kind = 'note', payload = '{{\"company\": \"{A}\"}}' WHERE ref IS NULL AND payload IS NULL"
    );
    app.batch_execute(&settle).await.unwrap();
    world.adopted(&["--until", "keys"]);
    app.batch_execute(
        "INSERT INTO outbox (kind, ref) VALUES ('invoice', 9); UPDATE outbox SET ref = 11 WHERE ref = 7",
    )
    .await
    .unwrap();
    world.adopted(&[]);
    assert_eq!(world.count(WRONG).await, 0);
    assert_eq!(world.count("SELECT count(*) FROM erp.outbox").await, 307);
    assert!(world.adopted(&["outbox"]).out.contains("nothing is left to do"));
    let functions = world.catalog().await.functions;
    assert!(functions.keys().all(|of| !of.name.name().as_str().starts_with("adopt")), "{functions:#?}");
    let mut app = world.as_app().await;
    assert_eq!(outcome(&mut app, Some(A), "UPDATE outbox SET kind = kind WHERE ref = 11").await, "3");

    world.adopted(&["--abort"]);
    same(&without_records(world.catalog().await), &before);
}

/// Files and script lead to the same, for a parent that is under FORCE too.
#[tokio::test]
async fn files_and_the_script_ask_the_expression_too() {
    let mut world = world().await;
    let script = world.adopted(&[BY_COMPANY, &["--out", "-"]].concat()).out;
    world.adopted(BY_COMPANY);
    let dry = fill(&world, &["--dry-run", "--batch", "100"]);
    let file = fill(&world, &["--out", "-"]);
    assert_eq!((dry.code, file.code), (0, 0), "{dry:#?} {file:#?}");
    assert_eq!(fill(&world, &[]).code, 0);
    assert_eq!(world.count(WRONG).await, 0);
    for statements in [super::script::statements(&dry.out), vec![file.out]] {
        let mut next = world.beside().await;
        next.sql(&next.first()).await;
        next.sql(&outbox(&world)).await;
        next.sql(&script).await;
        for statement in statements {
            next.sql(&statement).await;
        }
        next.sql("RESET ALL").await;
        assert_eq!(next.count(WRONG).await, 0);
        same_told(&next.told().await, &world.told().await);
    }
}

/// What services could put in the way of a name is not looked at: it would run with the rights of whoever adopts.
#[tokio::test]
async fn names_are_not_looked_up_where_others_may_create() {
    let world = world().await;
    world
        .sql(
            "CREATE FUNCTION erp.company_of(outbox erp.outbox) RETURNS uuid LANGUAGE sql STABLE SET search_path = erp AS $$
                 SELECT coalesce(customer.company_id, (outbox.payload->>'company')::uuid)
                 FROM (SELECT) AS one
                     LEFT JOIN (invoice JOIN customer ON customer.id = invoice.customer_id) ON invoice.id = outbox.ref
             $$;
             GRANT CREATE ON SCHEMA public TO PUBLIC",
        )
        .await;
    world.sql(&format!("ALTER ROLE {} SET search_path = public, erp", world.app)).await;
    let app = world.as_app().await;
    app.batch_execute(
        "CREATE FUNCTION public.company_of(erp.outbox) RETURNS uuid LANGUAGE plpgsql AS $$
         BEGIN RAISE EXCEPTION 'planted, and run as %', current_user; END $$",
    )
    .await
    .unwrap();
    let run = world.adopted(&["outbox", "--fill", "company_of(outbox)"]);
    assert!(
        run.err.contains("are not looked up in schema public, where others than its owner may create"),
        "{run:#?}"
    );
    assert_eq!(world.count(WRONG).await, 0);
}
