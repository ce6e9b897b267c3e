//! What comes out is what went in.

use super::{A, Archive, B, Database, Out, Shop, schema};

pub(super) async fn filled(shop: &Shop) -> Database {
    let database = shop.database().await;
    for (tenant, number) in [(A, "1"), (B, "2")] {
        let sql = schema::ROWS.replace("{tenant}", tenant).replace("{number}", number);
        database.admin.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{error:?}"));
    }
    let everybodys = "INSERT INTO template (tenant_id, body) VALUES (NULL, 'everybody''s')";
    database.admin.batch_execute(everybodys).await.unwrap();
    database
}

#[tokio::test]
async fn a_tenant_goes_into_another_database_and_comes_out_the_same() {
    let shop = Shop::new();
    let from = filled(&shop).await;
    let (out, again) = (Out::new(), Out::new());
    let described = from.export(A, &out).await.unwrap();
    assert_eq!(described.shared, ["\"public\".\"unit\""]);
    assert_eq!(described.left_out, ["\"public\".\"secret\""]);
    let rows: Vec<(String, u64)> = described.tables.iter().map(|table| (table.plain(), table.rows)).collect();
    let of = |name: &str| rows.iter().find(|(table, _)| table == name).map(|(_, rows)| *rows);
    assert_eq!(of("public.invoice"), Some(1000));
    assert_eq!(of("public.line"), Some(2000));
    assert_eq!(of("public.template"), Some(1));
    assert_eq!(of("public.event"), Some(2));
    assert_eq!(rows.iter().map(|(_, rows)| rows).sum::<u64>(), 3015);

    let into = shop.database().await;
    let imported = into.import(A, &out).await.unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(imported.rows.iter().map(|(_, rows)| rows).sum::<u64>(), 3015);
    into.export(A, &again).await.unwrap();
    assert_eq!(out.files().keys().collect::<Vec<_>>(), again.files().keys().collect::<Vec<_>>());
    for (name, bytes) in out.files() {
        assert!(again.files()[&name] == bytes, "{name} is another one");
    }

    // Nobody else's have come along, and what is written next clashes with nothing.
    assert_eq!(into.texts("SELECT DISTINCT tenant_id::text FROM invoice").await, [A]);
    assert_eq!(into.texts("SELECT body FROM template WHERE tenant_id IS NULL").await, Vec::<String>::new());
    let next = format!("INSERT INTO invoice (tenant_id) VALUES ('{A}') RETURNING id::text");
    assert_eq!(into.texts(&next).await, ["1001"]);
    let next = format!("INSERT INTO template (tenant_id) VALUES ('{A}') RETURNING id::text");
    assert_eq!(into.texts(&next).await, ["2"]);
}

#[tokio::test]
async fn a_tenant_comes_into_the_same_database_as_another_one() {
    let shop = Shop::new();
    let database = filled(&shop).await;
    database.admin.batch_execute("DELETE FROM template").await.unwrap();
    let out = Out::new();
    database.export(A, &out).await.unwrap();
    let other = "cccccccc-0000-0000-0000-00000000000c";
    let imported = database.import(other, &out).await.unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(imported.rows.iter().map(|(_, rows)| rows).sum::<u64>(), 3014);
    let of_all = "SELECT tenant_id::text || ' ' || count(*) FROM invoice GROUP BY tenant_id ORDER BY 1";
    assert_eq!(
        database.texts(of_all).await,
        [format!("{A} 1000"), format!("{B} 1000"), format!("{other} 1000")]
    );
    let of_lines = "SELECT invoice_tenant::text || ' ' || count(*) FROM line GROUP BY invoice_tenant";
    assert_eq!(database.texts(of_lines).await.len(), 3);
}

#[tokio::test]
async fn an_export_that_was_broken_off_is_written_anew() {
    let shop = Shop::new();
    let database = filled(&shop).await;
    let (out, whole) = (Out::new(), Out::new());
    database.export(A, &whole).await.unwrap();
    database.export(A, &out).await.unwrap();
    std::fs::remove_file(out.path().join("tenant.json")).unwrap();
    assert!(Archive::open(&out.path()).unwrap_err().to_string().contains("which an export writes last"));
    let first = out.files().into_keys().next().unwrap();
    std::fs::write(out.path().join(&first), "half of it").unwrap();
    database.export(A, &out).await.unwrap();
    assert!(out.files() == whole.files());
}

#[tokio::test]
async fn triggers_do_not_fire_and_references_hold_all_the_same() {
    let shop = Shop::new();
    let trail = "CREATE TABLE trail (tenant_id uuid NOT NULL, id bigint GENERATED ALWAYS AS IDENTITY, what text, PRIMARY KEY (tenant_id, id));
        CREATE FUNCTION trace() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO trail (tenant_id, what) VALUES (NEW.tenant_id, TG_TABLE_NAME); RETURN NEW; END $$;
        CREATE TRIGGER traced AFTER INSERT ON invoice FOR EACH ROW EXECUTE FUNCTION trace();";
    let tables = format!("{}{trail}", schema::TABLES);
    let (from, into) = (shop.secured(&tables).await, shop.secured(&tables).await);
    let sql = schema::ROWS.replace("{tenant}", A).replace("{number}", "1");
    from.admin.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{error:?}"));
    let out = Out::new();
    from.export(A, &out).await.unwrap();

    into.admin.batch_execute("DELETE FROM unit WHERE name = 'kg'").await.unwrap();
    let error = into.import(A, &out).await.unwrap_err().to_string();
    assert!(
        error.contains(
            "a row of public.invoice refers to one that is not there, by foreign key invoice_unit_fkey"
        ),
        "{error}"
    );
    assert_eq!(into.texts("SELECT count(*)::text FROM trail").await, ["0"]);
    into.admin.batch_execute("INSERT INTO unit VALUES ('kg')").await.unwrap();
    into.import(A, &out).await.unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(into.texts("SELECT count(*)::text FROM trail").await, ["1000"]);
}
