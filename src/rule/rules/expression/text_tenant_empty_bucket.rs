//! `text-tenant-empty-bucket`

use crate::catalog::Object;
use crate::rule::finding::Findings;
use crate::rule::judge::fault::{Fault, faulty};
use crate::rule::judge::rewrite;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "text-tenant-empty-bucket",
    severity: Severity::High,
    finds: "rows with an empty tenant are shown while no tenant is bound",
    why: "A setting that was set once reads as an empty text afterwards, and an empty text is equal to the tenant column of such rows.",
    fix: "Write NULLIF around the setting, and refuse an empty tenant with CHECK.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id varchar(36) NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice USING (tenant_id = (SELECT current_setting('app.tenant_id', true)));",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id varchar(36) NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')));",
    manual: "https://www.postgresql.org/docs/current/functions-admin.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for faulty in faulty(subject.judged(), Fault::Blank) {
        let what = "shows rows with an empty tenant while no tenant is bound";
        let finding = found.add(Object::policy(faulty.table.table, faulty.policy.name), faulty.message(what));
        finding.severity(faulty.severity(Severity::High));
        if let Some(sql) = rewrite::alter(faulty.table, faulty.policy, &mut rewrite::compared_null) {
            finding.sql(sql);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::said;

    #[test]
    fn an_empty_element_of_an_array_is_one_too() {
        let of = |condition: &str| {
            let sql = format!(
                "CREATE TABLE t (id bigint PRIMARY KEY, tenant_id text NOT NULL);
                 ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
                 CREATE POLICY p ON t USING (tenant_id = ANY ({condition}));"
            );
            said("text-tenant-empty-bucket", &sql)
        };
        assert_eq!(of("ARRAY[current_setting('app.tenant_id', true)]").len(), 1);
        assert_eq!(of("ARRAY[current_setting('app.tenant_id', true)]::text[]").len(), 1);
        // An empty text is no array, and nothing is in it.
        assert!(of("current_setting('app.tenant_id', true)::text[]").is_empty());
        assert!(of("string_to_array(current_setting('app.tenant_id', true), ',')::text[]").is_empty());
    }
}
