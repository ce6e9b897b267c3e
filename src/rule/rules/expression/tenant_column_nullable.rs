//! `tenant-column-nullable`

use crate::catalog::Object;
use crate::policy::{Place, ddl};
use crate::rule::finding::Findings;
use crate::rule::judge::fault::{Fault, faulty};
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "tenant-column-nullable",
    severity: Severity::Medium,
    finds: "the tenant column may be NULL",
    why: "A row without a tenant is nobody's: no tenant sees it, and a foreign key with a NULL among its columns is not checked.",
    fix: "Set the column NOT NULL. Class the table shared if rows without a tenant are meant for all.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
    manual: "https://www.postgresql.org/docs/current/ddl-constraints.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for table in subject.tables() {
        let Some(column) = table.tenant_column() else { continue };
        if column.not_null || matches!(table.place, Place::SharedRows { .. }) {
            continue;
        }
        let judged = subject.judged_table(table.name);
        // A constraint can refuse NULL as well.
        if judged.is_some_and(|judged| !judged.kinds.free) {
            continue;
        }
        let mut open = faulty(judged.map_or(&[], std::slice::from_ref), Fault::Free);
        let (name, column_name) = (table.name.plain(), column.name.plain());
        let (message, severity) = match open.next() {
            Some(faulty) if !faulty.opening.now.is_empty() => (
                format!(
                    "{column_name} of {name} may be NULL, and policy {} shows such rows to all",
                    faulty.policy.name.plain()
                ),
                Severity::High,
            ),
            _ => (format!("{column_name} of {name} may be NULL"), Severity::Medium),
        };
        let message = match &column.not_null_unvalidated {
            Some(constraint) => format!(
                "{message}: {} refuses NULL in rows that are written, and is NOT VALID for those that were there",
                constraint.plain()
            ),
            None => message,
        };
        found
            .add(Object::column(table.name, &column.name), message)
            .severity(severity)
            .sql(ddl::prove_not_null(table.name, column));
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::said;

    #[test]
    fn what_was_not_held_against_the_rows_proves_nothing() {
        let start = "CREATE TABLE t (tenant_id uuid);
            ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
            CREATE POLICY p ON t USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));";
        let open = "medium: tenant_id of public.t may be NULL";
        let unvalidated = format!(
            "{open}: n refuses NULL in rows that are written, and is NOT VALID for those that were there"
        );
        let check = "ADD CHECK (tenant_id IS NOT NULL)";
        for (sql, expected) in [
            (check.to_owned(), None),
            (format!("{check} NOT VALID"), Some(open)),
            (format!("{check} NOT ENFORCED"), Some(open)),
            ("ADD CONSTRAINT n NOT NULL tenant_id".to_owned(), None),
            ("ADD CONSTRAINT n NOT NULL tenant_id NOT VALID".to_owned(), Some(&*unvalidated)),
            ("ADD CONSTRAINT n NOT NULL tenant_id NOT VALID, VALIDATE CONSTRAINT n".to_owned(), None),
            ("ADD CONSTRAINT n NOT NULL tenant_id NOT VALID, DROP CONSTRAINT n".to_owned(), Some(open)),
        ] {
            let found = said(super::RULE.code, &format!("{start}ALTER TABLE t {sql};"));
            assert_eq!(found, Vec::from_iter(expected.map(str::to_owned)), "{sql}");
        }
    }
}
