use super::{Child, Shape, TenantColumn};
use crate::ident::QualifiedName;
use crate::policy::{Membership, Missing, Roles, Tenancy, Tree};
use crate::tenant::TenantType;

fn tenancy(tenant_type: TenantType) -> Tenancy {
    Tenancy::new(tenant_type)
        .tree(Tree::new("erp.company", "id", "parent_id").unwrap())
        .membership(Membership::new("erp.member", "user_id", "tenant_id", TenantType::Integer).unwrap())
}

fn roles() -> Roles {
    Roles::new("own", "app").unwrap()
}

fn name(text: &str) -> QualifiedName {
    QualifiedName::parse(text).unwrap()
}

fn shapes() -> [Shape; 8] {
    let column = TenantColumn::default;
    let child = Child::new(["a", "b"], "erp.invoice", ["c", "d"]).unwrap().tenant(column());
    [
        Shape::Tenant(column()),
        Shape::Child(child),
        Shape::SharedRows(column()),
        Shape::Shared,
        Shape::Tree(column()),
        Shape::Membership(column()),
        Shape::Members,
        Shape::Deny,
    ]
}

#[test]
fn every_policy_says_which_shape_and_version_it_is_of() {
    for shape in shapes() {
        let sql = shape.policies(&name("erp.member"), &tenancy(TenantType::Uuid), &roles()).unwrap();
        let comment = format!("IS 'tenantry: {}, version {}';", shape.name(), shape.version());
        let policies = sql.matches("CREATE POLICY tenantry_").count();
        assert_eq!(sql.matches(&comment).count(), policies, "{sql}");
        assert_eq!(sql.matches("COMMENT ON").count(), policies, "{sql}");
        let restrictive = sql.matches("AS RESTRICTIVE").count();
        assert_eq!(sql.matches("TO PUBLIC").count(), restrictive, "every restrictive one is for all: {sql}");
        assert!(restrictive > 0, "{sql}");
    }
}

#[test]
fn without_an_owner_policies_name_the_app_role_alone() {
    let roles = Roles::without_owner("app").unwrap();
    for shape in shapes() {
        let sql = shape.policies(&name("erp.member"), &tenancy(TenantType::Uuid), &roles).unwrap();
        assert!(!sql.contains("own\""), "{sql}");
    }
    let shared = Shape::Shared.policies(&name("erp.currency"), &tenancy(TenantType::Uuid), &roles).unwrap();
    assert!(shared.contains("FOR INSERT\n    TO PUBLIC\n    WITH CHECK (false);"), "{shared}");
}

#[test]
fn an_alias_does_not_hide_the_table() {
    let child = Shape::Child(Child::new(["up"], "erp.parent", ["id"]).unwrap());
    let sql = child.policies(&name("crm.parent"), &tenancy(TenantType::Uuid), &roles()).unwrap();
    let expected = r#"FROM "erp"."parent" AS "tenantry_parent" WHERE "tenantry_parent"."id" = "parent"."up""#;
    assert!(sql.contains(expected), "{sql}");
}

#[test]
fn what_cannot_hold_is_refused() {
    let column = TenantColumn::default;
    let bare = Tenancy::default();
    let full = tenancy(TenantType::Uuid);
    let child = |parent: &str| Child::new(["a"], parent, ["b"]).unwrap();
    for (shape, tenancy, said) in [
        (Shape::Tree(column()), &bare, "Tenancy::tree"),
        (Shape::Membership(column()), &bare, "Tenancy::membership"),
        (Shape::Members, &bare, "Tenancy::membership"),
        (Shape::Members, &full, r#"expected "erp"."member""#),
        (Shape::Child(child("erp.t")), &full, "itself"),
        (Shape::Tree(column().direct()), &full, "many tenants"),
        (Shape::Membership(column().direct()), &full, "many tenants"),
        (Shape::Tenant(column().as_text()), &full, "values of type uuid"),
    ] {
        let error = shape.policies(&name("erp.t"), tenancy, &roles()).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    assert!(Child::new([], "erp.t", []).is_err());
    assert!(Child::new(["a"], "erp.t", []).is_err());
}

#[test]
fn a_text_needs_no_cast_and_another_text_type_needs_one() {
    let tenancy = tenancy(TenantType::Text).missing(Missing::Empty);
    let sql = Shape::Tenant(TenantColumn::default().as_text())
        .policies(&name("erp.t"), &tenancy, &roles())
        .unwrap();
    let expected = r#"USING (("tenant_id")::text = (SELECT nullif(pg_catalog.current_setting('app.tenant_id', true), '')))"#;
    assert!(sql.contains(expected), "{sql}");
}
