//! Keys with a period, of PostgreSQL 18, on the way to tenants.

use std::fs;

use tenantry::catalog::Catalog;
use tenantry::policy::manifest::Manifest;
use tenantry::{Ident, QualifiedName, plan};

use super::world::{A, World};
use crate::policy::outcome;

const TABLES: &str = "CREATE EXTENSION btree_gist;
CREATE TABLE erp.room (id bigint, during daterange, PRIMARY KEY (id, during WITHOUT OVERLAPS));
CREATE TABLE erp.booking (
    id bigint PRIMARY KEY,
    room_id bigint,
    during daterange,
    tenant_id uuid,
    CONSTRAINT booked FOREIGN KEY (room_id, PERIOD during) REFERENCES erp.room (id, PERIOD during)
);
INSERT INTO erp.room VALUES (1, '[2026-01-01,2026-02-01)'), (1, '[2026-02-01,2026-03-01)');
INSERT INTO erp.booking VALUES (1, 1, '[2026-01-20,2026-02-10)');
ALTER TABLE erp.booking ADD CONSTRAINT has_tenant NOT NULL tenant_id NOT VALID;";

const INSERT: &str = "INSERT INTO erp.booking (id, room_id, during) VALUES (2, 1, '[2026-01-20,2026-02-10)')";

/// Rows that were taken before are taken afterwards.
#[tokio::test]
async fn what_services_write_is_taken_on_the_way_and_after_it() {
    let mut world = World::new().await;
    let made = world.client.batch_execute(TABLES).await;
    if world.catalog().await.server_version.unwrap() < 180_000 {
        assert_eq!(made.unwrap_err().code().unwrap().code(), "42601");
        return;
    }
    made.unwrap();
    let owner = &world.owner;
    world
        .sql(&format!("ALTER TABLE erp.room OWNER TO {owner}; ALTER TABLE erp.booking OWNER TO {owner}"))
        .await;
    let path = world.folder.path("tenantry.toml");
    let classes = "\"erp.room\" = { class = \"tenant\" }\n\"erp.booking\" = { class = \"tenant\" }\n";
    fs::write(&path, fs::read_to_string(&path).unwrap() + classes).unwrap();
    let before = world.catalog().await;

    let column = |catalog: &Catalog| {
        let booking = &catalog.relations[&QualifiedName::parse("erp.booking").unwrap()];
        booking.column(&Ident::new("tenant_id").unwrap()).unwrap().clone()
    };
    let keys = |catalog: &Catalog| {
        let keys =
            catalog.foreign_keys().map(|(table, name, key)| (table.clone(), name.clone(), key.clone()));
        keys.collect::<Vec<_>>()
    };
    let args = ["room", "booking", "--tenant", A];
    world.adopted(&[&args[..], &["--until", "foreign-keys"]].concat());
    assert!(column(&world.catalog().await).not_null);
    // The way back does not leave out what was refused before.
    world.adopted(&["--abort"]);
    let back = world.catalog().await;
    assert_eq!(column(&back), column(&before));
    assert_eq!(keys(&back), keys(&before));

    let run = world.adopted(&args);
    assert!(run.err.contains("foreign key booked stays as it is"), "{run:#?}");
    let after = world.catalog().await;
    assert!(column(&after).not_null);
    assert_eq!(keys(&after), keys(&before));
    let mut app = world.as_app().await;
    assert_eq!(outcome(&mut app, Some(A), INSERT).await, "1");
    // The rest is a plan's.
    let text = world.folder.read("tenantry.toml");
    let others = ["company", "customer", "invoice", "\"Odd \"\"line\"\"\"", "note"];
    let exempt =
        others.map(|name| format!("'erp.{name}' = {{ class = \"exempt\", reason = \"a test\" }}\n")).concat();
    let (head, _) = text.split_once("[tree]").unwrap();
    let manifest = Manifest::parse(&format!("{head}[tables]\n{exempt}")).unwrap();
    let planned = plan::plan(&manifest, &after).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let planned: Vec<&str> = planned.steps.iter().map(|step| step.what.as_str()).collect();
    assert_eq!(
        planned,
        [
            "unique key on tenant_id, id, during WITHOUT OVERLAPS",
            "the owner sees all rows, for the next checks",
            "the owner sees all rows, for the next checks",
            "foreign key booked includes the tenant",
            "the owner is bound again",
            "the owner is bound again",
        ]
    );
}
