//! Keys of PostgreSQL 18: periods, and constraints that are NOT ENFORCED or NOT VALID.

use tenantry::catalog::replay::{Options, Source, replay};
use tenantry::catalog::{Catalog, live};
use tenantry::{migrate, plan};

use super::{plan_for, same, titles};
use crate::policy::{A, Admin, B, admin, outcome, unique};
use crate::support::kept;

const TABLES: &str = "CREATE EXTENSION btree_gist;
CREATE TABLE room (
    id bigint,
    tenant_id uuid NOT NULL,
    during daterange,
    PRIMARY KEY (id, during WITHOUT OVERLAPS)
);
CREATE TABLE booking (
    id bigint PRIMARY KEY,
    tenant_id uuid,
    room_id bigint,
    during daterange,
    CONSTRAINT booked FOREIGN KEY (room_id, PERIOD during) REFERENCES room (id, PERIOD during),
    CONSTRAINT noted FOREIGN KEY (room_id, PERIOD during) REFERENCES room (id, PERIOD during) NOT ENFORCED
);
ALTER TABLE booking ADD CONSTRAINT has_tenant NOT NULL tenant_id NOT VALID;
";

fn manifest(app: &str) -> String {
    format!("[tenancy]\ntype = \"uuid\"\n[roles]\napp = \"{app}\"\n")
}

/// The catalog without the roles of other tests.
async fn catalog(admin: &mut Admin, app: &str) -> Catalog {
    let mut catalog = live::load(admin).await.unwrap();
    catalog.roles.retain(|name, _| name.as_str() == app || name.as_str() == "postgres");
    catalog.memberships.clear();
    catalog
}

/// The SQL of a plan for files with these tables.
fn planned(tables: &str) -> plan::Plan {
    let replayed = replay(&[Source::new("1.sql", tables)], &Options::default());
    assert!(replayed.opaque.is_empty(), "{:?}", replayed.opaque);
    plan_for(&manifest("erp_app"), &replayed.catalog)
}

#[tokio::test]
async fn a_period_stays_one_in_the_key_that_includes_the_tenant() {
    let text = planned(TABLES).up().unwrap().to_string();
    for part in [
        "UNIQUE (\"tenant_id\", \"id\", \"during\" WITHOUT OVERLAPS)",
        "ADD CONSTRAINT \"booked\" FOREIGN KEY (\"tenant_id\", \"room_id\", PERIOD \"during\") REFERENCES \"public\".\"room\" \
         (\"tenant_id\", \"id\", PERIOD \"during\") ON UPDATE NO ACTION ON DELETE NO ACTION;",
        "(\"tenant_id\", \"id\", PERIOD \"during\") ON UPDATE NO ACTION ON DELETE NO ACTION NOT ENFORCED;",
        "VALIDATE CONSTRAINT \"has_tenant\";",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let app = unique("app");
    let mut admin = admin().await;
    admin.batch_execute(&format!("CREATE ROLE {app} LOGIN")).await.unwrap();
    let made = admin.batch_execute(TABLES).await;
    if live::load(&mut admin).await.unwrap().server_version.unwrap() < 180_000 {
        assert_eq!(made.unwrap_err().code().unwrap().code(), "42601");
        return;
    }
    made.unwrap();
    let rows = format!(
        "INSERT INTO room VALUES (1, '{A}', '[2026-01-01,2026-02-01)'), (1, '{A}', '[2026-02-01,2026-03-01)'),
             (2, '{B}', '[2026-01-01,2026-03-01)')"
    );
    admin.batch_execute(&rows).await.unwrap();
    let manifest = manifest(&app);
    let before = catalog(&mut admin, &app).await;
    let plan = plan_for(&manifest, &before);
    let up = plan.up().unwrap();
    kept::apply(&mut admin, &app, &plan).await.unwrap_or_else(|error| panic!("{error:?}\n{up}"));
    let after = catalog(&mut admin, &app).await;
    assert_eq!(titles(&plan_for(&manifest, &after)), Vec::<String>::new());
    let mut service = admin.login(&app).await;
    for (sql, as_a, as_b) in [
        // Two rows cover the period together.
        ("INSERT INTO booking (id, room_id, during) VALUES (1, 1, '[2026-01-20,2026-02-10)')", "1", "23503"),
        (
            "INSERT INTO booking (id, room_id, during) VALUES (1, 1, '[2026-02-20,2026-03-10)')",
            "23503",
            "23503",
        ),
        ("INSERT INTO booking (id, room_id, during) VALUES (1, 2, '[2026-01-20,2026-02-10)')", "23503", "1"),
        ("INSERT INTO room (id, during) VALUES (1, '[2026-01-31,2026-02-02)')", "23P01", "23P01"),
    ] {
        let found = [outcome(&mut service, Some(A), sql).await, outcome(&mut service, Some(B), sql).await];
        assert_eq!(found, [as_a, as_b], "{sql}");
    }
    let down = plan.down().unwrap();
    migrate::apply(&mut admin, &down).await.unwrap_or_else(|error| panic!("{error:?}\n{down}"));
    same(&catalog(&mut admin, &app).await, &before);
    migrate::apply(&mut admin, &up).await.unwrap();
    same(&catalog(&mut admin, &app).await, &after);
}

#[test]
fn what_a_plan_cannot_do_is_named_and_left() {
    let about = |sql: &str| {
        let plan = planned(sql);
        assert!(!plan.steps.iter().any(|step| step.up.contains("booked")), "{}", plan.up().unwrap());
        plan.remarks.into_iter().map(|remark| remark.what).collect::<Vec<_>>().join("\n")
    };
    let remarks = about(&TABLES.replace("CREATE EXTENSION btree_gist;", ""));
    assert!(
        remarks.contains("foreign key booked can cross") && remarks.contains("CREATE EXTENSION btree_gist"),
        "{remarks}"
    );
    assert!(remarks.contains("foreign key noted is NOT ENFORCED, so nothing keeps"), "{remarks}");
    // A child whose parents may be several has no tenant by them, and one that checks nothing has perhaps none.
    let child = TABLES
        .replace("    tenant_id uuid,\n", "")
        .replace("ALTER TABLE booking ADD CONSTRAINT has_tenant NOT NULL tenant_id NOT VALID;", "");
    let catalog = replay(&[Source::new("1.sql", child)], &Options::default()).catalog;
    for (via, why) in [("booked", "has a PERIOD"), ("noted", "has a PERIOD")] {
        let text = format!(
            "{}[tables]\n\"public.booking\" = {{ class = \"child\", via = \"{via}\" }}\n",
            manifest("erp_app")
        );
        let manifest = tenantry::policy::manifest::Manifest::parse(&text).unwrap();
        let problems = plan::plan(&manifest, &catalog).unwrap_err();
        assert!(problems.iter().any(|problem| problem.what.contains(why)), "{problems:?}");
    }
    let unsure = "CREATE TABLE a (id int PRIMARY KEY, tenant_id uuid); CREATE TABLE b (a_id int REFERENCES a NOT ENFORCED);";
    let catalog = replay(&[Source::new("1.sql", unsure)], &Options::default()).catalog;
    let text =
        format!("{}[tables]\n\"public.b\" = {{ class = \"child\", via = \"a\" }}\n", manifest("erp_app"));
    let problems =
        plan::plan(&tenantry::policy::manifest::Manifest::parse(&text).unwrap(), &catalog).unwrap_err();
    assert!(problems.iter().any(|problem| problem.what.contains("is NOT ENFORCED")), "{problems:?}");
}

/// Of many partitions by tenant a plan says what they cost.
#[test]
fn partitions_that_no_policy_prunes_are_remarked_on() {
    let mut sql =
        "CREATE TABLE e (tenant_id uuid NOT NULL, id int) PARTITION BY HASH (tenant_id);".to_owned();
    for number in 0..32 {
        sql += &format!(
            "CREATE TABLE e_{number} PARTITION OF e FOR VALUES WITH (MODULUS 32, REMAINDER {number});"
        );
    }
    let remarks: Vec<String> = planned(&sql).remarks.into_iter().map(|remark| remark.what).collect();
    assert!(
        remarks.iter().any(|what| what.starts_with("a statement locks all 32 partitions")),
        "{remarks:?}"
    );
    let few = sql.replace("CREATE TABLE e_31 PARTITION OF e FOR VALUES WITH (MODULUS 32, REMAINDER 31);", "");
    assert!(planned(&few).remarks.is_empty());
}
