//! A key that becomes unique within a tenant, in steps, with a service that names it.

use tokio_postgres::error::SqlState;

use super::{Folder, Run, Tool, place};
use crate::policy::unique;

const TABLE: &str =
    "CREATE TABLE invoice (tenant_id bigint NOT NULL, id bigint PRIMARY KEY, number text NOT NULL UNIQUE)";

const OLD: &str =
    "insert into invoice (tenant_id, id, number) values ($1, $2, $3) on conflict (number) do nothing";

const NEW: &str = "insert into invoice (tenant_id, id, number) values ($1, $2, $3) on conflict (tenant_id, number) do nothing";

#[tokio::test]
async fn a_key_gets_the_tenant_without_a_statement_that_fails() {
    let place = place().await;
    let admin = place.database.connect().await.unwrap();
    let folder = Folder::new();
    let manifest = "[tenancy]\ntype = \"bigint\"\n[roles]\napp = \"{app}\"\n[tables]\n\
                    \"public.invoice\" = { class = \"tenant\", unique = [\"number\"] }\n";
    folder.write("tenantry.toml", &manifest.replace("{app}", &unique("app")));
    std::fs::create_dir(folder.path("src")).unwrap();
    folder.write("src/invoice.rs", &format!("const ADD: &str = \"{OLD}\";\n"));
    admin.batch_execute(TABLE).await.unwrap();
    let run = |args: &[&str]| Tool::at(&folder).args(args).env("DATABASE_URL", place.database.url()).run();
    let apply = async |args: &[&str]| -> Run {
        let script = run(&[args, &["--out", "-"]].concat());
        assert_eq!(script.code, 0, "{script:#?}");
        admin.batch_execute(&script.out).await.unwrap();
        run(&[args, &["--check"]].concat())
    };
    let add = async |sql: &str, tenant: i64, id: i64| admin.execute(sql, &[&tenant, &id, &"2026-1"]).await;

    let first = apply(&["plan"]).await;
    assert!(first.code == 0 && first.unwrapped().contains("plan --queries"), "{first:#?}");
    assert_eq!(add(OLD, 1, 1).await.unwrap(), 1);
    let named = apply(&["plan", "--queries", "src"]).await;
    assert!(named.code == 0 && named.out.contains("src/invoice.rs:1"), "{named:#?}");
    assert_eq!(add(OLD, 1, 2).await.unwrap(), 0, "the old statement still has its key");
    assert_eq!(add(NEW, 1, 2).await.unwrap(), 0, "and the new one has its own");

    folder.write("src/invoice.rs", &format!("const ADD: &str = \"{NEW}\";\n"));
    let gone = apply(&["plan", "--queries", "src"]).await;
    assert!(gone.code == 0 && !gone.out.contains("invoice_number_key"), "{gone:#?}");
    assert_eq!(add(NEW, 2, 3).await.unwrap(), 1, "another tenant may have the number, too");
    let twice = add("insert into invoice values ($1, $2, $3)", 2, 4).await.unwrap_err();
    assert_eq!(twice.code(), Some(&SqlState::UNIQUE_VIOLATION));
    let audit = run(&["audit"]);
    assert!(!audit.out.contains("unique-not-tenant"), "{audit:#?}");
}

#[test]
fn code_that_is_not_there_is_said() {
    let folder = Folder::new();
    folder.write("tenantry.toml", "[tenancy]\ntype = \"bigint\"\n[roles]\napp = \"erp_app\"\n");
    folder.write("a.sql", "select 1;");
    let run = |path: &str| Tool::at(&folder).args(&["plan", "--from", "a.sql", "--queries", path]).run();
    run("nowhere").said(2, &["nowhere cannot be read"]);
    std::fs::create_dir(folder.path("empty")).unwrap();
    run("empty").said(2, &["empty has no code in it", "whatever their language"]);
    assert_eq!(run("a.sql").code, 0);
}
