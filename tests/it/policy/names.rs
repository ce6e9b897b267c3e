//! Names as people write them, up to the longest that the server keeps.

use tenantry::migrate;
use tenantry::policy::{Bootstrap, ForeignKey, Roles, Tenancy, TenantTable};

use super::{A, Place, outcome, unique};

#[tokio::test]
async fn any_name_that_the_server_keeps_works() {
    let mut place = Place::new(Tenancy::default()).await;
    let long = |prefix: &str| format!("{prefix}{}", "x".repeat(63 - prefix.len()));
    for (schema, table, column, id) in [
        ("Big Co".to_owned(), "In\"voice; --".to_owned(), "Tenant \\ 'ID'".to_owned(), "a,{b}".to_owned()),
        (long("s"), long("t"), long("c"), long("i")),
        ("select".to_owned(), "table".to_owned(), "user".to_owned(), "$$".to_owned()),
        ("ä.ö".to_owned(), "ü\nx".to_owned(), ":ß".to_owned(), ":'id'".to_owned()),
    ] {
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        let name = format!("{}.{}", quoted(&schema), quoted(&table));
        let owner = unique("Odd \"Owner'");
        let app = long(&unique("Long App "));
        place.roles = Roles::new(&owner, &app).unwrap();
        place.tenancy = Tenancy::default().support_schema(unique("S'\"\\ ")).unwrap();
        let bootstrap = Bootstrap::new(place.tenancy.clone(), place.roles.clone()).script().unwrap();
        migrate::apply(&mut place.admin, &bootstrap).await.unwrap();
        place.owner = quoted(&owner);
        place
            .admin
            .batch_execute(&format!("CREATE SCHEMA {} AUTHORIZATION {}", quoted(&schema), place.owner))
            .await
            .unwrap();
        place.as_owner(&format!("CREATE TABLE {name} ({} uuid, {} int)", quoted(&column), quoted(&id))).await;

        let key = ForeignKey::new([&*id], &name, [&*id]).unwrap();
        let secured = TenantTable::new(&name).unwrap().column(&column).unwrap().unique([&*id]).unwrap();
        let secured = secured.foreign_key(key);
        place.secure(std::slice::from_ref(&secured)).await.unwrap();
        let first = place.catalog().await;
        place.secure(&[secured]).await.unwrap();
        assert_eq!(place.catalog().await, first);

        let mut client = place.login(&app).await;
        assert_eq!(
            outcome(&mut client, Some(A), &format!("INSERT INTO {name} VALUES ('{A}', 1)")).await,
            "1"
        );
        assert_eq!(
            outcome(&mut client, None, &format!("INSERT INTO {name} VALUES ('{A}', 1)")).await,
            "TN001"
        );
    }
}
