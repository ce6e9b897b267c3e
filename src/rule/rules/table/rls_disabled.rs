//! `rls-disabled`

use crate::catalog::Object;
use crate::policy::ddl;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "rls-disabled",
    severity: Severity::Critical,
    finds: "a table holds tenants' rows, and row-level security is off",
    why: "Without row-level security every tenant reads and changes the rows of all, whatever the statement says.",
    fix: "Enable and force row-level security in the migration that makes the table, with its policies; tenantry plan \
          writes the whole.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;",
    manual: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for table in subject.tables().filter(|table| !table.relation.row_security) {
        // Policies that nobody asks are another rule's.
        if !table.relation.policies.is_empty() {
            continue;
        }
        let name = table.name.plain();
        found
            .add(
                Object::Relation(table.name.clone()),
                format!("{name} holds tenants' rows, and row-level security is off"),
            )
            .sql(ddl::row_security(table.name, true));
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::said;

    #[test]
    fn children_hold_tenants_rows_and_what_is_reached_through_others_does_not() {
        let sql = "CREATE TABLE invoice (id int PRIMARY KEY, tenant_id uuid);
            CREATE TABLE invoice_line (invoice_id int REFERENCES invoice);
            CREATE TABLE currency (code text); CREATE VIEW v AS SELECT id FROM invoice;
            CREATE TABLE p (tenant_id uuid) PARTITION BY LIST (tenant_id); CREATE TABLE p_1 PARTITION OF p DEFAULT;
            CREATE SCHEMA apart; CREATE TABLE apart.t (tenant_id uuid);";
        let off =
            |table| format!("critical: public.{table} holds tenants' rows, and row-level security is off");
        assert_eq!(said("rls-disabled", sql), ["invoice", "invoice_line", "p"].map(off));
    }
}
