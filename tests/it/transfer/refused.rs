//! What is refused, with nothing left behind.

use super::{A, B, Out, Shop, schema};

const UNKNOWN: &str = "dddddddd-0000-0000-0000-00000000000d";

#[tokio::test]
async fn what_cannot_be_transferred_is_said() {
    let shop = Shop::new();
    let (from, into) = (shop.database().await, shop.database().await);
    let sql = schema::ROWS.replace("{tenant}", A).replace("{number}", "1");
    from.admin.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{error:?}"));
    let out = Out::new();
    for (tenant, said) in [
        (UNKNOWN, "public.company has no row for that tenant"),
        ("seven", "invalid input syntax for type uuid"),
    ] {
        let error = from.export(tenant, &out).await.unwrap_err();
        let all = format!("{error} {:?}", error.as_db_error());
        assert!(all.contains(said), "{all}");
        assert!(!out.path().exists());
    }
    from.export(A, &out).await.unwrap();
    let error = from.export(A, &out).await.unwrap_err().to_string();
    assert!(error.contains("holds an archive already"), "{error}");
    let error = from.import(A, &out).await.unwrap_err().to_string();
    assert!(
        error.contains("already; nothing was written: import it as another tenant, or erase it first"),
        "{error}"
    );

    // A file that was edited, cut short, or is another one.
    let whole = out.files();
    let (name, bytes) = whole.iter().find(|(name, _)| name.contains("invoice")).unwrap();
    let other = whole.iter().find(|(name, _)| name.contains("heap")).unwrap().1;
    // As many rows and bytes, but other ones.
    from.admin.batch_execute("UPDATE invoice SET note = replace(note, 'no', 'on')").await.unwrap();
    let altered = Out::new();
    from.export(A, &altered).await.unwrap();
    let altered = &altered.files()[name];
    for edited in [&bytes[..bytes.len() / 2], &bytes[..0], other, altered] {
        std::fs::write(out.path().join(name), edited).unwrap();
        let error = into.import(A, &out).await.unwrap_err().to_string();
        assert!(error.contains("invoice"), "{error}");
        assert_eq!(into.texts("SELECT name FROM company").await, Vec::<String>::new(), "{error}");
    }
    std::fs::write(out.path().join(name), bytes).unwrap();

    let described = std::fs::read_to_string(out.path().join("tenant.json")).unwrap();
    for (edited, said) in [
        (described.replace("\"format\": 1", "\"format\": 2"), "the archive is of form 2"),
        (
            described.replace("\"rows\": 1000", "\"rows\": 999"),
            "has 1000 rows in the archive, which says 999",
        ),
        ("{}".to_owned(), "is not what an export writes"),
        (described.replace(name.as_str(), &format!("../{name}")), "which is no name of a file"),
        (described.replace("\\\"heap\\\"", "\\\"line\\\""), "is in the archive twice"),
        (described.replace("\\\"heap\\\"", "\\\"gone\\\""), "public.heap is not in the archive"),
    ] {
        std::fs::write(out.path().join("tenant.json"), edited).unwrap();
        let error = into.import(A, &out).await.unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    std::fs::write(out.path().join("tenant.json"), &described).unwrap();
    into.import(A, &out).await.unwrap_or_else(|error| panic!("{error:?}"));
}

#[tokio::test]
async fn another_schema_is_refused_with_the_difference() {
    let shop = Shop::new();
    let from = shop.database().await;
    let sql = schema::ROWS.replace("{tenant}", A).replace("{number}", "1");
    from.admin.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{error:?}"));
    let out = Out::new();
    from.export(A, &out).await.unwrap();
    let changed = schema::TABLES
        .replace("total numeric(14,2)", "total numeric(14,4)")
        .replace("body text);\nCREATE TABLE staff", "body text, more text);\nCREATE TABLE staff")
        .replace("CREATE TABLE heap (tenant_id uuid NOT NULL, body text);", "");
    let into = shop.secured(&changed).await;
    let error = into.import(A, &out).await.unwrap_err().to_string();
    for said in [
        "total of public.invoice is of type numeric(14,4), and was numeric(14,2)",
        "public.template has column more as well",
        "public.heap is not there",
    ] {
        assert!(error.contains(said), "{error}");
    }
}

/// A row of another tenant in the files is shown to nobody, and so nothing stays.
#[tokio::test]
async fn rows_of_another_tenant_are_not_taken_for_ones_own() {
    let shop = Shop::new();
    let (from, into) = (shop.database().await, shop.database().await);
    let sql = schema::ROWS.replace("{tenant}", A).replace("{number}", "1");
    from.admin.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{error:?}"));
    let out = Out::new();
    from.export(A, &out).await.unwrap();
    let described = std::fs::read_to_string(out.path().join("tenant.json")).unwrap();
    // The rows carry A, and the description says B.
    std::fs::write(out.path().join("tenant.json"), described.replace(A, B)).unwrap();
    let error = into.import(B, &out).await.unwrap_err().to_string();
    assert!(error.contains("its policies show 0 of them to the tenant; nothing stays"), "{error}");
    assert_eq!(into.texts("SELECT name FROM company").await, Vec::<String>::new());
}

#[tokio::test]
async fn a_table_whose_policies_do_not_bind_is_not_read() {
    let shop = Shop::new();
    let from = shop.database().await;
    let sql = schema::ROWS.replace("{tenant}", A).replace("{number}", "1");
    from.admin.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{error:?}"));
    from.admin.batch_execute("ALTER TABLE invoice NO FORCE ROW LEVEL SECURITY").await.unwrap();
    let out = Out::new();
    let error = from.export(A, &out).await.unwrap_err().to_string();
    assert!(
        error.contains("policies do not bind the role that is to see the tenant's rows alone"),
        "{error}"
    );
}

#[tokio::test]
async fn a_tenant_of_which_nothing_is_known_is_not_exported() {
    let mut shop = Shop::new();
    let (tenants, rest) = shop.manifest.split_once("[tenants]").unwrap();
    shop.manifest = format!("{tenants}[tables]{}", rest.split_once("[tables]").unwrap().1);
    // Two tables could be the one that has a row for each tenant.
    let from =
        shop.secured(&format!("{}CREATE TABLE rate (tenant_id uuid PRIMARY KEY);", schema::TABLES)).await;
    let out = Out::new();
    let error = from.export(UNKNOWN, &out).await.unwrap_err().to_string();
    assert!(error.contains("no table has a row of that tenant's"), "{error}");
    assert!(!out.path().join("tenant.json").exists());
}

#[tokio::test]
async fn a_child_of_a_tree_is_not_taken_for_the_tenants_own() {
    let mut shop = Shop::new();
    shop.manifest = shop.manifest.replace("[tables]", "[tree]\ntable = \"public.company\"\n[tables]\n\"public.node\" = { class = \"tree\" }\n\"public.leaf\" = { class = \"child\", via = \"node\" }");
    let tables = schema::TABLES.replace(
        "CREATE TABLE company (id uuid PRIMARY KEY,",
        "CREATE TABLE company (id uuid PRIMARY KEY, parent_id uuid REFERENCES company,",
    );
    let more = "CREATE TABLE node (tenant_id uuid NOT NULL, id bigint PRIMARY KEY); CREATE TABLE leaf (node bigint NOT NULL REFERENCES node, id bigint PRIMARY KEY);";
    let from = shop.secured(&format!("{tables}{more}")).await;
    let error = from.export(A, &Out::new()).await.unwrap_err().to_string();
    assert!(error.contains("public.leaf is a child of a table of class tree"), "{error}");
}
