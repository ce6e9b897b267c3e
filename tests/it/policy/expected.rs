//! What is rendered, as files to read.

use tenantry::TenantType;
use tenantry::policy::{
    Bootstrap, ForeignKey, Missing, OnDelete, Password, Roles, Script, Tenancy, TenantTable, secure,
};

use crate::support::expected;

fn compare(name: &str, script: &Script) {
    expected::compare(&format!("policy/expected/{name}"), &script.to_string());
}

fn roles() -> Roles {
    Roles::new("erp_owner", "erp_app")
        .unwrap()
        .migrator("erp_migrator")
        .unwrap()
        .system("erp_system")
        .unwrap()
}

fn verifier() -> Password {
    let key = "A".repeat(43);
    Password::from_verifier(format!("SCRAM-SHA-256$4096:c2FsdA==${key}=:{key}=")).unwrap()
}

#[test]
fn bootstrap() {
    let bootstrap = Bootstrap::new(Tenancy::default(), roles()).app_password(verifier());
    compare("bootstrap.sql", &bootstrap.script().unwrap());
}

#[test]
fn tenant_column() {
    let key = ForeignKey::new(["customer_id"], "erp.customer", ["id"]).unwrap().on_delete(OnDelete::SetNull);
    let tables = [
        TenantTable::new("erp.customer").unwrap().unique(["id"]).unwrap(),
        TenantTable::new("erp.invoice")
            .unwrap()
            .foreign_key(key.replaces("invoice_customer_id_fkey").unwrap())
            .partition("erp.invoice_2026")
            .unwrap()
            .view("erp.open_invoice")
            .unwrap()
            .sequence("erp.invoice_id_seq")
            .unwrap(),
    ];
    compare("tenant_column.sql", &secure(&Tenancy::default(), &roles(), &tables).unwrap());
}

#[test]
fn tenant_column_without_functions() {
    let tenancy = Tenancy::new(TenantType::Bigint).setting("erp.company").unwrap().missing(Missing::Empty);
    let table = TenantTable::new("erp.invoice").unwrap().column("Company").unwrap();
    compare("tenant_column_empty.sql", &secure(&tenancy, &roles(), &[table]).unwrap());
}
