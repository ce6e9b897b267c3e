//! What is rendered, as files to read.

use tenantry::policy::{
    Bootstrap, Child, ForeignKey, Membership, Missing, OnDelete, Password, Roles, Shape, Tenancy,
    TenantColumn, TenantTable, Tree, secure,
};
use tenantry::{QualifiedName, TenantType};

use crate::support::expected;

/// Compares a text with a file of this module's, or writes the file.
pub(super) fn compare(name: &str, found: &str) {
    expected::compare(&format!("policy/expected/{name}"), found);
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
    compare("bootstrap.sql", &bootstrap.script().unwrap().to_string());
}

#[test]
fn bootstrap_of_a_tree_without_functions() {
    let tenancy = with_everything(Tenancy::new(TenantType::Text).missing(Missing::Empty));
    let roles = Roles::without_owner("erp_app").unwrap().system("erp_system").unwrap();
    compare("bootstrap_tree.sql", &Bootstrap::new(tenancy, roles).script().unwrap().to_string());
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
    compare("tenant_column.sql", &secure(&Tenancy::default(), &roles(), &tables).unwrap().to_string());
}

#[test]
fn tenant_column_without_functions() {
    let tenancy = Tenancy::new(TenantType::Bigint).setting("erp.company").unwrap().missing(Missing::Empty);
    let table = TenantTable::new("erp.invoice").unwrap().column("Company").unwrap();
    compare("tenant_column_empty.sql", &secure(&tenancy, &roles(), &[table]).unwrap().to_string());
}

fn with_everything(tenancy: Tenancy) -> Tenancy {
    let membership = Membership::new("erp.membership", "user_id", "tenant_id", TenantType::Bigint).unwrap();
    tenancy.tree(Tree::new("erp.company", "id", "parent_id").unwrap()).membership(membership)
}

#[test]
fn policies_of_every_shape() {
    let column = TenantColumn::default;
    let child = Child::new(["invoice_id", "year"], "erp.invoice", ["id", "year"]).unwrap();
    let tenancies = [
        Tenancy::default(),
        Tenancy::new(TenantType::Text).missing(Missing::Empty).column("Company").unwrap(),
    ];
    for (table, shapes) in [
        ("erp.invoice", vec![Shape::Tenant(column()), Shape::Tenant(column().direct())]),
        ("erp.invoice_line", vec![Shape::Child(child.clone().tenant(column())), Shape::Child(child)]),
        ("erp.product", vec![Shape::SharedRows(column())]),
        ("erp.currency", vec![Shape::Shared]),
        ("erp.report", vec![Shape::Tree(column())]),
        ("erp.document", vec![Shape::Membership(column())]),
        ("erp.membership", vec![Shape::Members]),
        ("erp.secret", vec![Shape::Deny]),
    ] {
        let name = shapes[0].name();
        let table = QualifiedName::parse(table).unwrap();
        let mut text = String::new();
        for tenancy in tenancies.clone().map(with_everything) {
            for shape in &shapes {
                text += &format!("-- {shape:?}\n{}\n\n", shape.policies(&table, &tenancy, &roles()).unwrap());
            }
        }
        compare(&format!("shape_{name}.sql"), text.trim_end());
    }
}

#[test]
fn script_of_a_shape() {
    let table = QualifiedName::parse("erp.currency").unwrap();
    let script = Shape::Shared.script(&table, &Tenancy::default(), &roles()).unwrap();
    compare("script_of_a_shape.sql", &script.to_string());
}
