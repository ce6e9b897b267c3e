//! The tables whose rows are tried, one or more for each shape.

use tenantry::policy::{Child, Shape, TenantColumn};
use tenantry::{QualifiedName, TenantType};

use super::naming::Naming;

/// A table with four rows, numbered from 1: A's, B's, one of C's, which is below A, and nobody's.
pub(super) struct Subject {
    pub(super) label: &'static str,
    pub(super) shape: Shape,
    pub(super) table: QualifiedName,
    /// The column that says whose a row is, in SQL.
    pub(super) column: String,
    /// Its values in the four rows, in SQL.
    pub(super) values: [String; 4],
    /// What is bound to be A and to be B.
    pub(super) context: Context,
}

impl Subject {
    /// Whether it is another way to write a shape that has a subject.
    pub(super) fn is_variant(&self) -> bool {
        self.label.contains(',')
    }
}

/// What is bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    Tenant,
    User,
}

/// The table that says which tenant is above which.
pub(super) const COMPANY: &str = "company";
/// The table that says which user is a member of which tenant.
pub(super) const MEMBERSHIP: &str = "membership_of_users";

/// The n-th tenant: A, B or C.
pub(super) fn tenant(tenant_type: TenantType, n: usize) -> String {
    match tenant_type {
        TenantType::Uuid => format!("00000000-0000-0000-0000-00000000000{}", ["a", "b", "c"][n]),
        TenantType::Bigint => (9_007_199_254_740_993 + n).to_string(),
        TenantType::Integer => format!("-{}", n + 7),
        TenantType::Text => ["o'brien \\ söhne", "b", "c"][n].to_owned(),
    }
}

/// The n-th user, a member of the n-th tenant.
pub(super) fn user(tenant_type: TenantType, n: usize) -> String {
    match tenant_type {
        TenantType::Uuid => format!("00000000-0000-0000-0000-0000000000f{n}"),
        TenantType::Bigint | TenantType::Integer => (100 + n).to_string(),
        TenantType::Text => format!("user {n}"),
    }
}

fn table_of(label: &str) -> String {
    label.chars().filter(|c| *c != '\'').map(|c| if c.is_alphanumeric() { c } else { '_' }).collect()
}

pub(super) fn literal(text: &str) -> String {
    let doubled = text.replace("'", "''");
    format!("'{doubled}'")
}

pub(super) fn subjects(naming: Naming, tenant_type: TenantType) -> Vec<Subject> {
    let name = |base: &str| naming.name(base);
    let of = |values: fn(TenantType, usize) -> String| {
        let value = |n: usize| literal(&values(tenant_type, n));
        [value(0), value(1), value(2), "NULL".to_owned()]
    };
    let tenant_id = || TenantColumn::default();
    let with_tenants = |label, shape| Subject {
        label,
        shape,
        table: naming.table("erp", &table_of(label)),
        column: naming.quoted("tenant_id"),
        values: of(tenant),
        context: Context::Tenant,
    };
    let child = |parent: &str| {
        let parent = naming.table("erp", &table_of(parent)).to_string();
        Child::new([name("parent_n").as_str()], &parent, [name("n").as_str()]).unwrap()
    };
    let with_parents = |label, shape| Subject {
        column: naming.quoted("parent_n"),
        values: ["1", "2", "3", "4"].map(str::to_owned),
        ..with_tenants(label, shape)
    };

    let mut subjects = vec![
        with_tenants("tenant", Shape::Tenant(tenant_id())),
        with_tenants("tenant, direct", Shape::Tenant(tenant_id().direct())),
        with_parents("child", Shape::Child(child("tenant").tenant(tenant_id()))),
        with_parents("child, parent's policies alone", Shape::Child(child("tenant"))),
        with_parents("child, direct", Shape::Child(child("tenant").tenant(tenant_id().direct()))),
        with_parents("child of child", Shape::Child(child("child"))),
        Subject {
            // A namesake of its parent's.
            table: naming.table("crm", "tenant"),
            ..with_parents("child, namesake", Shape::Child(child("tenant").tenant(tenant_id())))
        },
        Subject {
            table: naming.table("erp", "parent"),
            ..with_parents("child, named as the alias", Shape::Child(child("tenant")))
        },
        with_tenants("shared_rows", Shape::SharedRows(tenant_id())),
        with_tenants("shared_rows, direct", Shape::SharedRows(tenant_id().direct())),
        with_tenants("shared", Shape::Shared),
        with_tenants("tree", Shape::Tree(tenant_id())),
        Subject {
            table: naming.table("erp", COMPANY),
            column: naming.quoted("id"),
            ..with_tenants("tree, its table", Shape::Tree(TenantColumn::named(name("id")).unwrap()))
        },
        Subject { context: Context::User, ..with_tenants("membership", Shape::Membership(tenant_id())) },
        Subject {
            table: naming.table("erp", MEMBERSHIP),
            column: naming.quoted("user_id"),
            values: of(user),
            context: Context::User,
            ..with_tenants("members", Shape::Members)
        },
        with_tenants("deny", Shape::Deny),
    ];
    if tenant_type == TenantType::Text {
        subjects.extend([
            with_tenants("tenant, varchar", Shape::Tenant(tenant_id().as_text())),
            with_tenants("tree, varchar", Shape::Tree(tenant_id().as_text())),
            with_parents(
                "child, varchar",
                Shape::Child(child("tenant, varchar").tenant(tenant_id().as_text())),
            ),
            with_tenants("shared_rows, varchar", Shape::SharedRows(tenant_id().as_text())),
            Subject {
                context: Context::User,
                ..with_tenants("membership, varchar", Shape::Membership(tenant_id().as_text()))
            },
        ]);
    }
    subjects
}
