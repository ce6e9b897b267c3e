//! What this crate itself writes is left alone by its own rules.

use std::fs;
use std::path::{Path, PathBuf};

use tenantry::TenantType;
use tenantry::catalog::replay::{Options, Source, replay};
use tenantry::plan::Style;
use tenantry::policy::manifest::Manifest;
use tenantry::policy::{
    Bootstrap, ForeignKey, Missing, OnDelete, Roles, Script, Shape, Tenancy, TenantTable, Tree, secure,
};
use tenantry::rule::{Severity, lint};

use crate::plan::{plan_for, types};
use crate::support::version::{FIFTEEN, fit};

/// What rules find in the files that follow the first one, from medium on.
fn found(manifest: &str, files: &[Source]) -> Vec<String> {
    let manifest = Manifest::parse(manifest).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let report = lint(&manifest, files);
    assert!(report.statements > 10, "the files say something");
    let first = files[0].name();
    let of_ours = report.from(Severity::Medium).filter(|finding| {
        let place = finding.place.as_ref();
        place.is_none_or(|place| place.file != first)
    });
    of_ours
        .map(|finding| {
            format!(
                "{} {} {}: {}",
                finding.rule.code,
                finding.severity.name(),
                finding.object,
                finding.message
            )
        })
        .collect()
}

/// The plan for a schema, as each runner's files say it. It makes roles where the files before it make any.
fn plans(manifest: &str, schema: &str) {
    for roles in ["", "CREATE ROLE erp_reader;"] {
        let schema = Source::new("1.sql", format!("{roles}{schema}")).in_one_transaction(true);
        let replayed = replay(std::slice::from_ref(&schema), &Options::default());
        let plan = plan_for(manifest, &replayed.catalog);
        for style in [Style::Sqlx, Style::Dbmate, Style::Plain] {
            let file = style.files(&plan, 2, "tenancy").unwrap().swap_remove(0);
            assert_eq!(file.text.contains("role_name"), !roles.is_empty());
            let tenancy = Source::new(file.name, file.text).in_one_transaction(style != Style::Plain);
            let found = found(manifest, &[schema.clone(), tenancy]);
            assert_eq!(found, Vec::<String>::new(), "{style:?}\n{manifest}");
        }
    }
}

fn fill(text: &str, pairs: &[(&str, &str)]) -> String {
    pairs.iter().fold(text.to_owned(), |text, (place, value)| text.replace(place, value))
}

#[test]
fn the_plan_for_an_erp() {
    let names = [
        ("{owner}", "erp_owner"),
        ("{app}", "erp_app"),
        ("{system}", "erp_system"),
        ("{migrator}", "erp_migrator"),
    ];
    let manifest = fill(&fit(include_str!("../plan/tenantry.toml"), FIFTEEN), &names);
    plans(&manifest, &fill(include_str!("../plan/erp.sql"), &names));
}

#[test]
fn plans_for_every_class_and_type_of_tenant() {
    for (tenant_type, column) in [
        ("uuid", "uuid"),
        ("bigint", "bigint"),
        ("integer", "integer"),
        ("text", "text"),
        ("text", "character varying(20)"),
    ] {
        for missing in ["error", "empty"] {
            let pairs = [
                ("{column}", column),
                ("{type}", tenant_type),
                ("{missing}", missing),
                ("{app}", "erp_app"),
                ("{system}", "erp_system"),
                ("{a}", "'1'"),
                ("{b}", "'2'"),
            ];
            plans(&fill(types::MANIFEST, &pairs), &fill(types::TABLES, &pairs));
        }
    }
}

const MANIFEST: &str = r#"
    [tenancy]
    type = "{type}"
    missing = "{missing}"
    [roles]
    app = "erp_app"
    owner = "erp_owner"
    system = "erp_system"
    [schemas]
    include = ["erp"]
    [tree]
    table = "erp.company"
    [tables]
    "erp.company" = { class = "tree", column = "id" }
"#;

const TABLES: &str = "CREATE SCHEMA erp;
    CREATE TABLE erp.company (id {type} PRIMARY KEY, parent_id {type});
    CREATE TABLE erp.customer (tenant_id {type}, id bigint PRIMARY KEY);
    CREATE TABLE erp.invoice (tenant_id {type}, id bigserial, customer_id bigint, day date)
        PARTITION BY RANGE (day);
    CREATE TABLE erp.invoice_2026 PARTITION OF erp.invoice FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    CREATE VIEW erp.open_invoice AS SELECT id FROM erp.invoice;";

#[test]
fn scripts_of_bootstraps_and_tables() {
    for tenant_type in [TenantType::Uuid, TenantType::Bigint, TenantType::Integer, TenantType::Text] {
        for (missing, word) in [(Missing::Error, "error"), (Missing::Empty, "empty")] {
            let name = format!("{tenant_type:?}").to_lowercase();
            let pairs = [("{type}", name.as_str()), ("{missing}", word)];
            let manifest = fill(MANIFEST, &pairs);
            let tenancy = Tenancy::new(tenant_type)
                .missing(missing)
                .tree(Tree::new("erp.company", "id", "parent_id").unwrap());
            let roles = Roles::new("erp_owner", "erp_app").unwrap().system("erp_system").unwrap();
            let key = ForeignKey::new(["customer_id"], "erp.customer", ["id"]).unwrap();
            let tables = [
                TenantTable::new("erp.customer").unwrap().unique(["id"]).unwrap(),
                TenantTable::new("erp.invoice")
                    .unwrap()
                    .foreign_key(key.on_delete(OnDelete::Cascade))
                    .partition("erp.invoice_2026")
                    .unwrap()
                    .view("erp.open_invoice")
                    .unwrap()
                    .sequence("erp.invoice_id_seq")
                    .unwrap(),
            ];
            let company = tenantry::QualifiedName::parse("erp.company").unwrap();
            let column = tenantry::policy::TenantColumn::named("id").unwrap();
            let scripts: Vec<Script> = vec![
                Bootstrap::new(tenancy.clone(), roles.clone()).script().unwrap(),
                secure(&tenancy, &roles, &tables).unwrap(),
                Shape::Tree(column).script(&company, &tenancy, &roles).unwrap(),
            ];
            let mut files = vec![Source::new("1.sql", fill(TABLES, &pairs))];
            let script =
                |(at, script): (usize, &Script)| Source::new(format!("{}.sql", at + 2), script.to_string());
            files.extend(scripts.iter().enumerate().map(script));
            assert_eq!(found(&manifest, &files), Vec::<String>::new(), "{tenant_type:?} {missing:?}");
        }
    }
}

/// Each block that is not followed is known word for word, and no other is.
#[test]
fn every_do_block_of_ours_is_known() {
    let manifest = Manifest::parse(&fill(MANIFEST, &[("{type}", "uuid"), ("{missing}", "error")])).unwrap();
    let severity = |block: &str| {
        let report = lint(&manifest, &[Source::new("1.sql", block)]);
        let opaque = report.findings.iter().find(|finding| finding.rule.code == "opaque-statement");
        opaque.map_or(Severity::Info, |finding| finding.severity)
    };
    let mut left: Vec<PathBuf> = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("sql")];
    let mut known = 0;
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let Some((_, after)) = text.split_once("\nDO $$\n") else { continue };
        let (body, _) = after.split_once("\n$$;").unwrap();
        assert!(severity(&format!("DO $$\n{body}\n$$;")) < Severity::Medium, "{}", path.display());
        let other =
            format!("DO $$\n{}\n$$;", body.replacen("BEGIN", "BEGIN EXECUTE current_setting('x');", 1));
        assert_eq!(severity(&other), Severity::Medium, "{}", path.display());
        known += 1;
    }
    assert!(known > 8, "{known}");
}
