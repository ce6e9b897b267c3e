//! `indirect-tenant-table`

use std::collections::BTreeSet;

use crate::catalog::Object;
use crate::ident::{Ident, QualifiedName};
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "indirect-tenant-table",
    severity: Severity::High,
    finds: "a table without a tenant column refers to tenants' rows, and row-level security is off",
    why: "Its rows belong to the tenants of the rows that they refer to, and every tenant reads and changes all of them.",
    fix: "Add the tenant column, with a foreign key that includes it; or class the table child, whose policy looks at the \
          row referred to. If its rows are everybody's after all, class it shared.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE TABLE payment (id bigint PRIMARY KEY, invoice_id bigint NOT NULL REFERENCES invoice);",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, UNIQUE (tenant_id, id));
CREATE TABLE payment (
    id bigint PRIMARY KEY,
    tenant_id uuid NOT NULL,
    invoice_id bigint NOT NULL,
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoice (tenant_id, id)
);
ALTER TABLE payment ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;",
    manual: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for name in subject.places.unsettled.keys() {
        let Some((key, to)) = way(subject, name) else { continue };
        let message = format!(
            "{} has no tenant column and no row-level security, and refers to rows of tenants in {} by {}",
            name.plain(),
            to.plain(),
            key.plain()
        );
        found.add(Object::Relation((*name).clone()), message);
    }
}

/// The foreign key by which an unguarded table that has no place leads to tenants' rows, and the table where it arrives.
pub(super) fn way<'a>(subject: &Subject<'a>, name: &QualifiedName) -> Option<(&'a Ident, &'a QualifiedName)> {
    let itself = subject.catalog.relations.get(name)?;
    let has_column = itself.column(subject.manifest.column(name)).is_some();
    if subject.holds_tenants(name)
        || !itself.is_table()
        || itself.row_security
        || itself.partition_of.is_some()
        || has_column
    {
        return None;
    }
    let mut seen: BTreeSet<&QualifiedName> = BTreeSet::new();
    let mut left: Vec<(&Ident, &QualifiedName)> =
        itself.foreign_keys.iter().map(|(key, of)| (key, &of.references)).collect();
    while let Some((key, to)) = left.pop() {
        if to == name || !seen.insert(to) {
            continue;
        }
        if subject.holds_tenants(to) {
            return Some((key, to));
        }
        // Rows that are said to be everybody's lead no further.
        if subject.places.unsettled.contains_key(to)
            && let Some(relation) = subject.catalog.relations.get(to)
        {
            left.extend(relation.foreign_keys.values().map(|of| (key, &of.references)));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::{said, said_under};

    const CODE: &str = "indirect-tenant-table";
    const INVOICE: &str = "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
        CREATE TABLE currency (code text PRIMARY KEY);";

    #[test]
    fn it_follows_keys_over_tables_that_nobody_has_classified() {
        let sql = format!(
            "{INVOICE} CREATE TABLE payment (id bigint PRIMARY KEY, invoice_id bigint REFERENCES invoice);
             CREATE TABLE refund (id bigint PRIMARY KEY, payment_id bigint REFERENCES payment, of_id bigint REFERENCES refund);
             CREATE TABLE rate (code text REFERENCES currency, at date);"
        );
        let has = "has no tenant column and no row-level security, and refers to rows of tenants in public.invoice by";
        let expected = [
            format!("high: public.payment {has} payment_invoice_id_fkey"),
            format!("high: public.refund {has} refund_payment_id_fkey"),
        ];
        assert_eq!(said(CODE, &sql), expected);
        // The others are for whom they have no place.
        let unclassified = said("unclassified-table", &sql);
        assert!(
            unclassified.len() == 1 && unclassified[0].starts_with("high: public.rate "),
            "{unclassified:?}"
        );
    }

    #[test]
    fn a_child_by_the_manifest_is_none() {
        let sql =
            format!("{INVOICE} CREATE TABLE invoice_line (id bigint, invoice_id bigint REFERENCES invoice);");
        assert!(said(CODE, &sql).is_empty());
    }

    #[test]
    fn a_child_that_leads_nowhere_is_of_no_class_and_not_indirect() {
        let manifest = "[tenancy]\ntype = \"uuid\"\n[roles]\napp = \"erp_app\"\n[tables]\n\
                        \"public.a\" = { class = \"child\", via = \"b\" }\n\
                        \"public.b\" = { class = \"child\", via = \"a\" }\n";
        let sql = "CREATE TABLE a (id int PRIMARY KEY, b int); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);
            ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b;";
        assert!(said_under(CODE, manifest, sql).is_empty());
        assert_eq!(said_under("unclassified-table", manifest, sql).len(), 2);
    }
}
