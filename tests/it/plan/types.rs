//! Every class with every type of tenant, and both answers to a statement without one.

use tenantry::catalog::live;
use tenantry::migrate;
use tenantry::policy::Script;

use super::{plan_for, same, titles};
use crate::policy::{admin, outcome, unique};
use crate::support::kept::Held;

/// One table of each class, with a row of each of two tenants; tenant {a} is above tenant {b}.
pub(crate) const TABLES: &str = "
    CREATE TABLE company (id {column} PRIMARY KEY, parent_id {column} REFERENCES company);
    CREATE TABLE membership (user_id {column}, tenant_id {column});
    CREATE TABLE own (tenant_id {column}, id int PRIMARY KEY, next int REFERENCES own ON DELETE SET NULL);
    CREATE TABLE direct (tenant_id {column}, id int);
    CREATE TABLE child (own_id int REFERENCES own, id int);
    CREATE TABLE grandchild (id int REFERENCES own, child_id int);
    CREATE TABLE some_shared (tenant_id {column}, id int);
    CREATE TABLE below (tenant_id {column}, id int);
    CREATE TABLE of_users (tenant_id {column}, id int);
    CREATE TABLE denied (tenant_id {column}, id int);
    INSERT INTO company VALUES ({a}, NULL), ({b}, {a});
    INSERT INTO membership VALUES ({a}, {b}), ({b}, {b});
    INSERT INTO own VALUES ({a}, 1), ({b}, 2);
    INSERT INTO direct VALUES ({a}, 1), ({b}, 2);
    INSERT INTO child VALUES (1, 1), (2, 2);
    INSERT INTO grandchild VALUES (1, 1), (2, 2);
    INSERT INTO some_shared VALUES ({a}, 1), ({b}, 2), (NULL, 3);
    INSERT INTO below VALUES ({a}, 1), ({b}, 2);
    INSERT INTO of_users VALUES ({a}, 1), ({b}, 2);
    INSERT INTO denied VALUES ({a}, 1), ({b}, 2);";

pub(crate) const MANIFEST: &str = r#"
    [tenancy]
    type = "{type}"
    missing = "{missing}"
    [roles]
    app = "{app}"
    system = "{system}"
    [tree]
    table = "public.company"
    [membership]
    table = "public.membership"
    [tables]
    "public.company" = { class = "tree", column = "id" }
    "public.membership" = { class = "membership" }
    "public.direct" = { class = "tenant", direct = true }
    "public.child" = { class = "child", via = "own" }
    "public.grandchild" = { class = "child", via = "grandchild_id_fkey" }
    "public.some_shared" = { class = "shared" }
    "public.below" = { class = "tree" }
    "public.of_users" = { class = "membership" }
    "public.denied" = { class = "deny" }
"#;

/// How many rows tenant a sees, and how many without a tenant where that is no error.
const SEEN: [(&str, &str, &str); 9] = [
    ("company", "2", "0"),
    ("own", "1", "0"),
    ("direct", "1", "0"),
    ("child", "1", "0"),
    ("grandchild", "1", "0"),
    ("some_shared", "2", "1"),
    ("below", "2", "0"),
    ("of_users", "1", "0"),
    ("denied", "42501", "42501"),
];

async fn check(missing: &str, tenant_type: &str, column: &str, [a, b]: [&str; 2]) {
    let (app, system) = (unique("app"), unique("system"));
    let fill = |text: &str| {
        let pairs = [
            ("{column}", column.to_owned()),
            ("{a}", format!("'{a}'")),
            ("{b}", format!("'{b}'")),
            ("{type}", tenant_type.to_owned()),
            ("{missing}", missing.to_owned()),
            ("{app}", app.clone()),
            ("{system}", system.clone()),
        ];
        pairs.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    };
    let mut admin = admin().await;
    admin.batch_execute(&fill(TABLES)).await.unwrap();
    let manifest = fill(MANIFEST);

    let mut before = live::load(&mut admin).await.unwrap();
    let plan = plan_for(&manifest, &before);
    let held = Held::of(&admin, &app).await;
    let url = admin.url();
    let mut apply = async |script: &Script| {
        let done = migrate::apply(&mut admin, script).await;
        done.unwrap_or_else(|error| panic!("{column} {missing}: {error:?}"));
        live::load(&mut admin).await.unwrap()
    };
    let (up, down) = (plan.up().unwrap(), plan.down().unwrap());
    let after = apply(&up).await;
    held.kept_by(&Held::of_database(&url, &app), &plan);
    assert_eq!(titles(&plan_for(&manifest, &after)), Vec::<String>::new(), "{column} {missing}");
    let mut again = apply(&down).await;
    // The roles of other tests come and go.
    for catalog in [&mut before, &mut again] {
        catalog.roles.clear();
        catalog.memberships.clear();
    }
    same(&again, &before);
    apply(&up).await;

    let mut client = admin.login(&app).await;
    for (table, own, none) in SEEN {
        let count = format!("SELECT * FROM {table}");
        let as_user = format!("SET LOCAL app.user_id = '{a}'; {count}");
        assert_eq!(outcome(&mut client, Some(a), &as_user).await, own, "{table} {column} {missing}");
        let without = outcome(&mut client, None, &count).await;
        let expected = if missing == "error" && none != "42501" { "TN001" } else { none };
        assert_eq!(without, expected, "{table} {column} {missing}, no tenant");
    }
}

const UUIDS: [&str; 2] = ["00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000b"];

#[tokio::test]
async fn every_class_works_with_every_type_of_tenant() {
    for (tenant_type, column, tenants) in [
        ("uuid", "uuid", UUIDS),
        ("bigint", "bigint", ["9007199254740993", "2"]),
        ("integer", "integer", ["-7", "2"]),
        ("text", "text", ["acme \\ söhne", "b"]),
        ("text", "character varying(20)", ["acme", "b"]),
    ] {
        for missing in ["error", "empty"] {
            check(missing, tenant_type, column, tenants).await;
        }
    }
}
