//! What is read from a server.

use tenantry::catalog::{
    Catalog, Grantee, Index, IndexColumn, Persistence, Privilege, Relation, RelationKind, live,
};
use tenantry::{Ident, QualifiedName};

use super::page::page;
use super::{Place, own};
use crate::support::{expected, version};

fn ident(name: &str) -> Ident {
    Ident::new(name).unwrap()
}

fn relation<'a>(catalog: &'a Catalog, name: &str) -> &'a Relation {
    catalog.relations.get(&QualifiedName::parse(name).unwrap()).unwrap_or_else(|| panic!("no {name}"))
}

fn index<'a>(catalog: &'a Catalog, table: &str, name: &str) -> &'a Index {
    &relation(catalog, table).indexes[&ident(name)]
}

/// What is read after a script, in a database with nothing else in it.
async fn after(sql: &str) -> Catalog {
    let mut place = Place::empty().await;
    place.run(sql).await;
    live::load(&mut place.client).await.unwrap()
}

/// `UPDATE_EXPECTED=1 cargo test` writes the file anew.
#[tokio::test]
async fn the_whole_schema() {
    let mut place = Place::new().await;
    let catalog = own(live::load(&mut place.client).await.unwrap(), &place.role);
    let user: String = place.client.query_one("SELECT current_user::text", &[]).await.unwrap().get(0);
    let found = page(&catalog).replace(&place.role, "{role}").replace(&format!("\"{user}\""), "\"postgres\"");
    expected::compare_on(version::of(&place.client).await, "catalog/expected/live.txt", &found);
}

#[tokio::test]
async fn whoever_reads_reads_the_same() {
    let mut place = Place::new().await;
    let constants = "
        CREATE TABLE public.constants (
            at timestamptz DEFAULT '2026-01-01 12:00+00'::timestamptz,
            bytes bytea DEFAULT '\\xff00'::bytea,
            ratio float8 DEFAULT '0.12345678901234'::float8
        )";
    place.run(constants).await;
    let mut stranger = place.stranger().await;
    let mut all = [Vec::new(), Vec::new()];
    for (client, all) in [&mut place.client, &mut stranger].into_iter().zip(&mut all) {
        all.push(own(live::load(client).await.unwrap(), &place.role));
        // Neither does it matter what the session has been told before, and it keeps what it has been told.
        let told = "
            SET search_path = erp, app, public;
            SET quote_all_identifiers = on;
            SET datestyle = 'German, DMY';
            SET intervalstyle = 'sql_standard';
            SET timezone = 'Asia/Tokyo';
            SET bytea_output = 'escape';
            SET extra_float_digits = -3;
            CREATE TEMPORARY TABLE pg_class (oid oid, relname name);
            CREATE TEMPORARY TABLE mine (id int PRIMARY KEY);
            CREATE TEMPORARY VIEW theirs AS SELECT id FROM mine;";
        client.batch_execute(told).await.unwrap();
        all.push(own(live::load(client).await.unwrap(), &place.role));
        let path: String = client.query_one("SHOW search_path", &[]).await.unwrap().get(0);
        assert_eq!(path, "erp, app, public");
    }
    let [mut owners, strangers] = all;
    let first = owners.swap_remove(0);
    assert!(!first.relations.is_empty());
    for other in owners.iter().chain(&strangers) {
        assert_eq!(page(other), page(&first));
    }
}

#[tokio::test]
async fn who_may_not_read_is_told_what() {
    let place = Place::new().await;
    let mut stranger = place.stranger().await;
    for (object, named, part) in [
        ("TABLE pg_class", "pg_class", "reading the relations failed: "),
        ("TABLE pg_attribute", "pg_attribute", "reading the columns failed: "),
        ("TABLE pg_constraint", "pg_constraint", "reading the constraints failed: "),
        ("TABLE pg_opclass", "pg_opclass", "reading the keys of indexes failed: "),
        ("TABLE pg_language", "pg_language", "reading the functions failed: "),
        ("TABLE pg_trigger", "pg_trigger", "reading the triggers failed: "),
        ("TABLE pg_policy", "pg_policy", "reading the policies failed: "),
        ("TABLE pg_roles", "pg_roles", "reading the roles failed: "),
        (
            "TABLE pg_db_role_setting",
            "pg_db_role_setting",
            "reading the settings of roles and databases failed: ",
        ),
        ("TABLE pg_publication", "pg_publication", "reading the publications failed: "),
        ("FUNCTION pg_get_partkeydef(oid)", "pg_get_partkeydef", "reading the relations failed: "),
    ] {
        let privilege = if object.starts_with("TABLE") { "SELECT" } else { "EXECUTE" };
        place.run(&format!("REVOKE {privilege} ON {object} FROM PUBLIC")).await;
        let error = live::load(&mut stranger).await.expect_err(named);
        let line = error.to_string();
        assert!(line.starts_with(part) && line.contains(named) && line.contains(privilege), "{line}");
        assert!(error.is_denied(), "{line}");
        // The connection is as good as before.
        place.run(&format!("GRANT {privilege} ON {object} TO PUBLIC")).await;
        live::load(&mut stranger).await.unwrap_or_else(|error| panic!("{named}: {error}"));
    }
}

#[tokio::test]
async fn an_empty_database_has_its_public_schema_alone() {
    let catalog = after("").await;
    assert_eq!(catalog.schemas.len(), 1);
    assert!(catalog.relations.is_empty() && catalog.functions.is_empty() && catalog.publications.is_empty());
    assert_eq!(catalog.extensions.len(), 1);
    assert!(catalog.roles.keys().all(|role| !role.as_str().starts_with("pg_")));
    let grants = &catalog.schemas[&ident("public")].grants;
    let to_public: Vec<Privilege> =
        grants.iter().filter(|grant| grant.grantee == Grantee::Public).map(|grant| grant.privilege).collect();
    let expected: &[Privilege] = match catalog.server_version.unwrap() {
        ..150_000 => &[Privilege::Usage, Privilege::Create],
        _ => &[Privilege::Usage],
    };
    assert_eq!(to_public, expected);
}

#[tokio::test]
async fn what_belongs_to_an_extension_says_so() {
    let catalog = after(
        "CREATE SCHEMA theirs;
         CREATE TABLE theirs.thing (id int);
         CREATE TABLE theirs.own (id int);
         CREATE FUNCTION theirs.call() RETURNS int LANGUAGE sql AS 'SELECT 1';
         ALTER EXTENSION plpgsql ADD SCHEMA theirs;
         ALTER EXTENSION plpgsql ADD TABLE theirs.thing;
         ALTER EXTENSION plpgsql ADD FUNCTION theirs.call();",
    )
    .await;
    let plpgsql = Some(ident("plpgsql"));
    assert_eq!(catalog.schemas[&ident("theirs")].extension, plpgsql);
    assert_eq!(relation(&catalog, "theirs.thing").extension, plpgsql);
    assert_eq!(relation(&catalog, "theirs.own").extension, None);
    assert!(catalog.functions.values().all(|function| function.extension == plpgsql));
    assert_eq!(catalog.functions.len(), 1);
}

#[tokio::test]
async fn an_index_says_what_it_is_good_for() {
    let mut place = Place::empty().await;
    place
        .run(
            "CREATE SCHEMA \"Odd\";
             CREATE OPERATOR CLASS \"Odd\".\"Int Ops\" FOR TYPE int USING btree AS
                 OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int);
             CREATE TABLE t (a int, b text, c numeric, d tsvector, e uuid, f bigint, g timestamptz, h inet);
             CREATE INDEX theirs ON t (a \"Odd\".\"Int Ops\", b);
             CREATE INDEX ours ON t (e, f, g, b, a, c);
             CREATE INDEX words ON t USING gin (d);
             CREATE INDEX net ON t USING gist (h inet_ops);
             INSERT INTO t (a) VALUES (1), (1);
             CREATE TABLE p (a int) PARTITION BY RANGE (a);
             CREATE TABLE p_1 PARTITION OF p FOR VALUES FROM (1) TO (2);
             CREATE INDEX p_a ON ONLY p (a);",
        )
        .await;
    // Two rows are alike, so it is left half built.
    let half = place.client.batch_execute("CREATE UNIQUE INDEX CONCURRENTLY half ON t (a)").await;
    assert!(half.is_err());
    let catalog = live::load(&mut place.client).await.unwrap();
    let keys = |name| {
        let key = |key: &tenantry::catalog::IndexKey| (key.opclass.clone(), key.leakproof);
        index(&catalog, "public.t", name).keys.iter().map(key).collect::<Vec<_>>()
    };
    assert_eq!(keys("theirs"), [(Some("\"Odd\".\"Int Ops\"".to_owned()), None), (None, Some(true))]);
    let leakproof: Vec<bool> = keys("ours").into_iter().filter_map(|(_, leakproof)| leakproof).collect();
    assert_eq!(leakproof, [true, true, true, true, true, false]);
    assert_eq!(keys("words"), [(None, Some(false))]);
    assert_eq!(keys("net"), [(Some("inet_ops".to_owned()), Some(false))]);
    assert!(!index(&catalog, "public.t", "half").valid && index(&catalog, "public.t", "ours").valid);
    assert!(!index(&catalog, "public.p", "p_a").valid);
    assert!(relation(&catalog, "public.p_1").indexes.is_empty());
}

#[tokio::test]
async fn a_foreign_key_of_or_to_partitions_is_one() {
    let catalog = after(
        "CREATE TABLE node (id int PRIMARY KEY, parent int REFERENCES node) PARTITION BY RANGE (id);
         CREATE TABLE node_1 PARTITION OF node FOR VALUES FROM (1) TO (2) PARTITION BY RANGE (id);
         CREATE TABLE node_1_1 PARTITION OF node_1 DEFAULT;
         CREATE TABLE leaf (id int, node int) PARTITION BY LIST (id);
         ALTER TABLE leaf ADD CONSTRAINT leaf_node FOREIGN KEY (node) REFERENCES node;
         CREATE TABLE leaf_1 PARTITION OF leaf FOR VALUES IN (1);
         CREATE TABLE leaf_2 (id int, node int, CONSTRAINT before FOREIGN KEY (node) REFERENCES node);
         ALTER TABLE leaf ATTACH PARTITION leaf_2 FOR VALUES IN (2);
         CREATE TABLE node_2 PARTITION OF node FOR VALUES FROM (2) TO (3);",
    )
    .await;
    let node = QualifiedName::parse("public.node").unwrap();
    for (table, name, inherited) in [
        ("node", "node_parent_fkey", false),
        ("node_1", "node_parent_fkey", true),
        ("node_1_1", "node_parent_fkey", true),
        ("node_2", "node_parent_fkey", true),
        ("leaf", "leaf_node", false),
        ("leaf_1", "leaf_node", true),
        ("leaf_2", "before", true),
    ] {
        let keys = &relation(&catalog, &format!("public.{table}")).foreign_keys;
        assert_eq!(keys.keys().map(Ident::as_str).collect::<Vec<_>>(), [name], "{table}");
        let key = &keys[&ident(name)];
        assert!(key.references == node && key.inherited == inherited, "{table}: {key:?}");
    }
    assert_eq!(catalog.foreign_keys().count(), 2);
    assert_eq!(catalog.partitions(&node).len(), 3);
}

#[tokio::test]
async fn a_database_says_whose_it_is_and_who_may_do_what_in_it() {
    let mut place = Place::empty().await;
    let (name, role) = (place.database.name().to_owned(), place.role.clone());
    let granted = |catalog: &Catalog| {
        let database = catalog.database.clone().unwrap();
        assert_eq!(database.name, ident(&name));
        let grants = database.grants.iter().map(|grant| {
            let option = if grant.grant_option { "*" } else { "" };
            format!("{} {}{option}", grant.grantee.plain().replace(&role, "r"), grant.privilege.sql())
        });
        (database.owner.as_str().replace(&role, "r"), grants.collect::<Vec<_>>().join(", "))
    };
    let user: String = place.client.query_one("SELECT current_user::text", &[]).await.unwrap().get(0);
    let found = granted(&live::load(&mut place.client).await.unwrap());
    assert_eq!(found, (user, "PUBLIC CONNECT, PUBLIC TEMPORARY".to_owned()));

    let quoted = ident(&name).to_string();
    place.run(&format!("CREATE ROLE {role}; ALTER DATABASE {quoted} OWNER TO {role}")).await;
    place.run(&format!("REVOKE ALL ON DATABASE {quoted} FROM PUBLIC")).await;
    let found = granted(&live::load(&mut place.client).await.unwrap());
    assert_eq!(found, ("r".to_owned(), String::new()));

    place
        .run(&format!(
            "CREATE ROLE {role}_app; GRANT CREATE ON DATABASE {quoted} TO {role}_app WITH GRANT OPTION"
        ))
        .await;
    let found = granted(&live::load(&mut place.client).await.unwrap());
    assert_eq!(found, ("r".to_owned(), "r_app CREATE*".to_owned()));
}

#[tokio::test]
async fn what_newer_servers_have_is_read_too() {
    let mut place = Place::empty().await;
    let role = &place.role;
    place.run(&format!("CREATE ROLE {role}_a; CREATE ROLE {role}_b; CREATE TABLE t (a int, b int)")).await;
    let version = live::load(&mut place.client).await.unwrap().server_version.unwrap();
    if version >= 160_000 {
        place.run(&format!("GRANT {role}_a TO {role}_b WITH ADMIN TRUE, INHERIT FALSE, SET FALSE")).await;
    }
    if version >= 170_000 {
        place.run(&format!("GRANT MAINTAIN ON t TO {role}_a")).await;
    }
    if version >= 180_000 {
        let sql =
            "ALTER TABLE t ADD COLUMN c int GENERATED ALWAYS AS (a + 1) VIRTUAL, ADD CONSTRAINT n NOT NULL a;
                   CREATE TABLE k (id int PRIMARY KEY);
                   ALTER TABLE t ADD CONSTRAINT t_k FOREIGN KEY (b) REFERENCES k NOT ENFORCED;";
        place.run(sql).await;
    }
    let catalog = live::load(&mut place.client).await.unwrap();
    let table = relation(&catalog, "public.t");
    if version >= 160_000 {
        let of = |membership: &&tenantry::catalog::Membership| {
            membership.member == ident(&format!("{}_b", place.role))
        };
        let membership = catalog.memberships.iter().find(of).unwrap();
        assert!(membership.admin && !membership.inherit && !membership.set);
    }
    if version >= 170_000 {
        assert!(table.grants.iter().any(|grant| grant.privilege == Privilege::Maintain));
    }
    if version >= 180_000 {
        let generated = table.column(&ident("c")).unwrap().generated.as_ref().unwrap();
        assert!(!generated.stored && generated.expression.as_str() == "(a + 1)");
        assert!(table.column(&ident("a")).unwrap().not_null && table.checks.is_empty());
        assert!(!table.foreign_keys[&ident("t_k")].validated);
    }
}

#[tokio::test]
async fn a_name_may_hold_anything() {
    let odd = "it's \"odd\"\\ {a,b} = 'c'; -- ünï\n\t";
    let quoted = ident(odd).to_string();
    let catalog = after(&format!(
        "CREATE SCHEMA {quoted};
         CREATE UNLOGGED TABLE {quoted}.{quoted} ({quoted} int, CONSTRAINT \"{{key}}\" PRIMARY KEY ({quoted}));
         CREATE INDEX \"a,b\" ON {quoted}.{quoted} (abs({quoted}));
         CREATE FUNCTION {quoted}.{quoted}({quoted} int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;"
    ))
    .await;
    let table = &catalog.relations[&QualifiedName::new(ident(odd), ident(odd))];
    assert_eq!((table.kind, table.persistence), (RelationKind::Table, Persistence::Unlogged));
    assert_eq!(table.primary_key().unwrap(), [ident(odd)]);
    let IndexColumn::Expr(key) = &table.indexes[&ident("a,b")].keys[0].column else { panic!("{table:?}") };
    assert_eq!(key.as_str(), format!("abs({quoted})"));
}

/// Temporary tables come and go in any database, and are nobody's concern. Others may be told about.
#[tokio::test]
async fn what_goes_meanwhile_does_no_harm() {
    let mut place = Place::empty().await;
    let other = place.database.connect().await.unwrap();
    for kind in ["TEMPORARY", ""] {
        let changes = [
            "CREATE {kind} TABLE gone (a int DEFAULT 1 CHECK (a > 0), b text) PARTITION BY LIST (a)",
            "CREATE {kind} TABLE gone_1 PARTITION OF gone FOR VALUES IN (1)",
            "CREATE INDEX ON gone_1 (lower(b)) WHERE a > 1",
            "CREATE TRIGGER t BEFORE INSERT ON gone_1 FOR EACH ROW WHEN (NEW.a > 1)
                 EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            "CREATE POLICY p ON gone USING (a > 1)",
            "DROP TABLE gone",
        ];
        let changes = async {
            for change in changes.iter().cycle() {
                other.batch_execute(&change.replace("{kind}", kind)).await.unwrap();
            }
        };
        let reads = async {
            for _ in 0..20 {
                match live::load(&mut place.client).await {
                    Ok(catalog) => assert!(kind != "TEMPORARY" || catalog.relations.is_empty()),
                    Err(error) => {
                        assert!(kind != "TEMPORARY" && error.to_string().starts_with("reading "), "{error}");
                    }
                }
            }
        };
        tokio::select! { () = reads => {}, () = changes => {} }
        other.batch_execute("DROP TABLE IF EXISTS gone").await.unwrap();
    }
    assert!(live::load(&mut place.client).await.unwrap().relations.is_empty());
}
