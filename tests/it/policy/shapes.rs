//! What the matrix does not show of shapes.

use tenantry::policy::{Bootstrap, Missing, Roles, Shape, Tenancy, TenantColumn, Tree};
use tenantry::{QualifiedName, TenantType, migrate};

use super::{Place, admin, outcome, unique};

fn name(text: &str) -> QualifiedName {
    QualifiedName::parse(text).unwrap()
}

impl Place {
    async fn shape(&mut self, table: &str, shape: &Shape) {
        let script = shape.script(&name(table), &self.tenancy, &self.roles).unwrap();
        self.apply_as_owner(&script).await.unwrap();
    }

    async fn policies(&self, table: &str) -> Vec<String> {
        let names = "SELECT polname::text FROM pg_policy WHERE polrelid = $1::text::regclass ORDER BY 1";
        self.admin.query(names, &[&table]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }
}

/// Tenants 1 to 6, where 2 and 3 are below 1, 4 is below 3, and 5 and 6 are below each other.
async fn tree(missing: Missing) -> Place {
    let tenancy = Tenancy::new(TenantType::Integer).missing(missing);
    let mut place = Place::new(tenancy.clone()).await;
    place
        .as_owner(
            "CREATE TABLE erp.company (id int PRIMARY KEY, parent_id int);
             INSERT INTO erp.company VALUES (1, NULL), (2, 1), (3, 1), (4, 3), (5, 6), (6, 5)",
        )
        .await;
    place.tenancy = tenancy.tree(Tree::new("erp.company", "id", "parent_id").unwrap());
    let script = Bootstrap::new(place.tenancy.clone(), place.roles.clone()).script().unwrap();
    for _ in 0..2 {
        migrate::apply(&mut place.admin, &script).await.unwrap();
    }
    place.shape("erp.company", &Shape::Tree(TenantColumn::named("id").unwrap())).await;
    place
}

#[tokio::test]
async fn a_tenant_reads_what_is_below_it_at_every_depth() {
    for missing in [Missing::Error, Missing::Empty] {
        let place = tree(missing).await;
        let mut app = place.as_app().await;
        for (tenant, below) in [("1", "4"), ("2", "1"), ("3", "2"), ("4", "1"), ("5", "2"), ("7", "0")] {
            let found = outcome(&mut app, Some(tenant), "SELECT FROM erp.company").await;
            assert_eq!(found, below, "tenant {tenant}");
        }
        let unbound = if missing == Missing::Error { "TN001" } else { "0" };
        assert_eq!(outcome(&mut app, None, "SELECT FROM erp.company").await, unbound);
        // Who is above a tenant is said by its own row, so none gets below itself whom it likes.
        for steal in
            ["INSERT INTO erp.company VALUES (8, 2)", "UPDATE erp.company SET parent_id = 2 WHERE id <> 2"]
        {
            let found = outcome(&mut app, Some("2"), steal).await;
            assert!(["42501", "0"].contains(&found.as_str()), "{steal}: {found}");
        }
    }
}

#[tokio::test]
async fn the_function_of_the_tree_is_one_that_plans_can_use() {
    let place = tree(Missing::Error).await;
    let row = place
        .admin
        .query_one(
            "SELECT concat_ws(' ', provolatile, proparallel, prosecdef, proconfig), proowner::regrole::text,
                 has_function_privilege('public', oid, 'EXECUTE'), has_schema_privilege(proowner, 'tenantry', 'CREATE')
             FROM pg_proc WHERE oid = 'tenantry.tenant_tree()'::regprocedure",
            &[],
        )
        .await
        .unwrap();
    let path = "{\"search_path=pg_catalog, pg_temp\"}";
    assert_eq!(row.get::<_, &str>(0), format!("s s t {path}"));
    assert_eq!(row.get::<_, &str>(1), place.system);
    assert_eq!((row.get(2), row.get(3)), (true, false), "EXECUTE for PUBLIC, CREATE no longer");

    // In a worker the tenant is the one of the leader.
    let version: String = place.admin.query_one("SHOW server_version_num", &[]).await.unwrap().get(0);
    let force = if version.as_str() < "160000" { "force_parallel_mode" } else { "debug_parallel_query" };
    let app = place.as_app().await;
    let found = app
        .simple_query(&format!(
            "BEGIN; SET LOCAL {force} = on; SET LOCAL app.tenant_id = '3';
             SELECT count(*), tenantry.tenant_tree() FROM erp.company; COMMIT"
        ))
        .await
        .unwrap();
    let row = found.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => {
            Some((row.get(0).unwrap().to_owned(), row.get(1).unwrap().to_owned()))
        }
        _ => None,
    });
    assert_eq!(row, Some(("2".to_owned(), "{3,4}".to_owned())));
}

#[tokio::test]
async fn a_shape_takes_the_place_of_another() {
    let mut place = Place::new(Tenancy::default()).await;
    place
        .as_owner(
            "CREATE TABLE erp.note (tenant_id uuid, id int); CREATE POLICY mine ON erp.note USING (true)",
        )
        .await;
    place.shape("erp.note", &Shape::SharedRows(TenantColumn::default())).await;
    assert_eq!(place.policies("erp.note").await.len(), 9);
    let first = place.catalog().await;
    place.shape("erp.note", &Shape::SharedRows(TenantColumn::default())).await;
    assert_eq!(place.catalog().await, first, "a second run changes nothing");
    place.shape("erp.note", &Shape::Tenant(TenantColumn::default())).await;
    assert_eq!(place.policies("erp.note").await, ["mine", "tenantry_floor", "tenantry_tenant"]);
    place.shape("erp.note", &Shape::Deny).await;
    assert_eq!(place.policies("erp.note").await, ["mine", "tenantry_floor"]);
    let privileges =
        "SELECT has_any_column_privilege($1::text, 'erp.note', 'SELECT, INSERT, UPDATE, REFERENCES')";
    assert!(!place.admin.query_one(privileges, &[&place.app]).await.unwrap().get::<_, bool>(0));
}

#[tokio::test]
async fn without_an_owner_nobody_writes_what_is_shared() {
    let mut admin = admin().await;
    let app = unique("app");
    let roles = Roles::without_owner(&app).unwrap();
    let tenancy = Tenancy::default().missing(Missing::Empty);
    let bootstrap = Bootstrap::new(tenancy.clone(), roles.clone()).script().unwrap();
    migrate::apply(&mut admin, &bootstrap).await.unwrap();
    let schema = unique("Shared ");
    let owner = unique("someone");
    admin
        .batch_execute(&format!(
            "CREATE ROLE {owner}; CREATE SCHEMA \"{schema}\" AUTHORIZATION {owner}; SET ROLE {owner};
             CREATE TABLE \"{schema}\".currency (code text); INSERT INTO \"{schema}\".currency VALUES ('EUR'); RESET ROLE"
        ))
        .await
        .unwrap();
    let table = name(&format!("\"{schema}\".currency"));
    let script = Shape::Shared.script(&table, &tenancy, &roles).unwrap();
    migrate::apply(&mut admin, &script).await.unwrap();
    let select = format!("SELECT FROM {table}");
    let insert = format!("INSERT INTO {table} VALUES ('USD')");
    for (role, reads) in [(&app, "1"), (&owner, "0")] {
        admin.batch_execute(&format!("SET ROLE {role}")).await.unwrap();
        assert_eq!(outcome(&mut admin, None, &select).await, reads, "{role}");
        assert_eq!(outcome(&mut admin, None, &insert).await, "42501", "{role}");
        admin.batch_execute("RESET ROLE").await.unwrap();
    }
}
