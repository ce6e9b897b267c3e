//! What PostgreSQL 18 has of constraints, and what a step makes of a materialized view.

use super::super::{Adoption, Phase, Request, adopt};
use super::{TABLES, manifest, request};
use crate::catalog::replay::{Options, Source, replay};
use crate::policy::manifest::Manifest;

/// What this makes of tables, each of class tenant, to which a request gives the tenant 7.
fn adopted_of(sql: &str, tables: &[&str]) -> Adoption {
    let classes: String = tables
        .iter()
        .map(|name| format!("\"public.{name}\" = {{ class = \"tenant\" }}\n"))
        .collect::<Vec<_>>()
        .concat();
    let text = "[tenancy]\ntype = \"bigint\"\n[roles]\nowner = \"erp_owner\"\napp = \"erp_app\"\n[tables]\n";
    let manifest = Manifest::parse(&format!("{text}{classes}")).unwrap();
    let roles = "CREATE ROLE erp_owner NOLOGIN; CREATE ROLE erp_app LOGIN;";
    let found = replay(&[Source::new("tables.sql", format!("{roles}{sql}"))], &Options::default());
    assert!(found.opaque.is_empty(), "{:?}", found.opaque);
    let request = Request { tenant: Some("7".to_owned()), ..request(tables, &[]) };
    adopt(&manifest, &found.catalog, &request).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

const ROOMS: &str = "CREATE EXTENSION btree_gist;
    CREATE TABLE room (id bigint, during daterange, PRIMARY KEY (id, during WITHOUT OVERLAPS));
    CREATE TABLE booking (
        id bigint PRIMARY KEY, room_id bigint, during daterange,
        CONSTRAINT booked FOREIGN KEY (room_id, PERIOD during) REFERENCES room (id, PERIOD during)
    );";

/// One beside it that compares the periods would refuse what the service writes.
#[test]
fn a_key_with_a_period_stays_until_the_one_with_the_tenant_can_be_made() {
    let adoption = adopted_of(ROOMS, &["room", "booking"]);
    let touched = adoption.steps.iter().filter(|step| {
        let sql = step.up.shown();
        step.phase == Phase::ForeignKeys || sql.contains("booked") || sql.contains("OVERLAPS")
    });
    assert_eq!(touched.map(|step| step.what.as_str()).collect::<Vec<_>>(), Vec::<&str>::new());
    let remarks: Vec<&str> = adoption.remarks.iter().map(|remark| remark.what.as_str()).collect();
    assert!(
        remarks
            .iter()
            .any(|what| what.starts_with("foreign key booked stays as it is: its PERIOD refers to")),
        "{remarks:?}"
    );
    // Where the key is there, the foreign key is put in its place online.
    let key = "ALTER TABLE room ADD tenant_id bigint NOT NULL;
        ALTER TABLE room ADD UNIQUE (tenant_id, id, during WITHOUT OVERLAPS);";
    let adoption = adopted_of(&format!("{ROOMS}{key}"), &["room", "booking"]);
    let keys = adoption.steps.iter().filter(|step| step.phase == Phase::ForeignKeys);
    let keys: Vec<&str> = keys.map(|step| step.up.shown()).collect();
    let made = "FOREIGN KEY (\"tenant_id\", \"room_id\", PERIOD \"during\") REFERENCES \"public\".\"room\" (\"tenant_id\", \"id\", \
                PERIOD \"during\")";
    assert!(keys.len() == 3 && keys[0].contains(made), "{keys:#?}");
    // The rows of the primary key have no order to walk along.
    let batch = adopted_of(
        "CREATE TABLE room (id bigint, during daterange, tenant_id bigint, PRIMARY KEY (id, during WITHOUT OVERLAPS));",
        &["room"],
    );
    let batch = batch.steps.iter().find(|step| step.phase == Phase::Backfill).unwrap();
    assert!(batch.up.shown().contains("t.ctid >="), "{}", batch.up.shown());
}

#[test]
fn not_null_that_is_not_valid_is_filled_and_validated() {
    let sql = "CREATE TABLE note (id bigint PRIMARY KEY, tenant_id bigint);
        ALTER TABLE note ADD CONSTRAINT has_tenant NOT NULL tenant_id NOT VALID;";
    let adoption = adopted_of(sql, &["note"]);
    let of = |phase| adoption.steps.iter().filter(move |step| step.phase == phase);
    assert_eq!(of(Phase::Backfill).count(), 1);
    let steps: Vec<&str> = of(Phase::NotNull).map(|step| step.up.shown()).collect();
    assert!(steps.len() == 2 && steps[1].ends_with("VALIDATE CONSTRAINT \"has_tenant\";"), "{steps:#?}");
    let back = of(Phase::NotNull).next_back().unwrap().down.shown();
    assert!(back.contains("ADD CONSTRAINT \"has_tenant\" NOT NULL \"tenant_id\" NOT VALID"), "{back}");
}

#[test]
fn a_key_that_is_not_enforced_stays_so() {
    let sql = "CREATE TABLE customer (id bigint PRIMARY KEY);
        CREATE TABLE note (id bigint PRIMARY KEY, customer_id bigint CONSTRAINT f REFERENCES customer NOT ENFORCED);";
    let adoption = adopted_of(sql, &["customer", "note"]);
    let keys: Vec<&str> = adoption
        .steps
        .iter()
        .filter(|step| step.phase == Phase::ForeignKeys)
        .map(|step| step.up.shown())
        .collect();
    assert!(
        keys.len() == 2 && keys[0].contains("NOT ENFORCED") && !keys[1].contains("VALIDATE"),
        "{keys:#?}"
    );
}

#[test]
fn a_key_that_may_lead_to_no_row_or_several_tells_no_tenant() {
    let manifest = manifest();
    for (key, unsure) in [("REFERENCES company", false), ("REFERENCES company NOT ENFORCED", true)] {
        let sql =
            TABLES.replacen("company_id bigint REFERENCES company", &format!("company_id bigint {key}"), 1);
        let sql = format!("CREATE ROLE erp_system LOGIN BYPASSRLS;{sql}");
        let catalog = replay(&[Source::new("1.sql", sql)], &Options::default()).catalog;
        let found = adopt(&manifest, &catalog, &request(&["customer"], &[]));
        let says = found
            .err()
            .into_iter()
            .flatten()
            .any(|problem| problem.what.contains("that are NOT ENFORCED or have a PERIOD"));
        assert_eq!(says, unsure, "{key}");
    }
}

#[test]
fn what_a_refresh_will_read_is_said_before_force() {
    for (owner, says) in [("erp_owner", true), ("erp_report", false)] {
        let sql = format!(
            "CREATE ROLE erp_report BYPASSRLS; CREATE TABLE note (id bigint PRIMARY KEY);
             CREATE VIEW seen AS TABLE note; CREATE MATERIALIZED VIEW m AS SELECT count(*) FROM seen WITH NO DATA;
             ALTER MATERIALIZED VIEW m OWNER TO {owner};"
        );
        let remarks = adopted_of(&sql, &["note"]).remarks;
        let says_so =
            remarks.iter().any(|of| of.object == "public.m" && of.what.contains("from the last step on"));
        assert_eq!(says_so, says, "{owner}: {remarks:?}");
    }
}
