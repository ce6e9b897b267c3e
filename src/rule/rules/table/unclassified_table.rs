//! `unclassified-table`

use super::{indirect_tenant_table, tenant_type_mismatch};
use crate::catalog::Object;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "unclassified-table",
    severity: Severity::High,
    finds: "nobody has said whose the rows of a relation are",
    why: "A table that no rule knows is a table that no policy guards. New tables slip through this way.",
    fix: "Give the table the tenant column, or an entry under [tables] in the manifest.",
    bad: "CREATE TABLE note (id bigint PRIMARY KEY, body text NOT NULL);",
    good: "CREATE TABLE note (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, body text NOT NULL);
ALTER TABLE note ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON note
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
    manual: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (name, problem) in &subject.places.unsettled {
        let told_elsewhere = indirect_tenant_table::way(subject, name).is_some()
            || tenant_type_mismatch::column(subject, name).is_some();
        if !told_elsewhere {
            found.add(Object::Relation((*name).clone()), &problem.what);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::{said, said_under};

    #[test]
    fn undecided_is_not_decided() {
        let manifest = "[tenancy]\ntype = \"uuid\"\n[roles]\napp = \"erp_app\"\n[tables]\n\
                        \"public.note\" = { class = \"undecided\" }\n";
        let sql = "CREATE TABLE note (id bigint, tenant_id uuid); CREATE SCHEMA apart; CREATE TABLE apart.t (id int);";
        let expected = ["high: public.note is undecided; choose its class"];
        assert_eq!(said_under("unclassified-table", manifest, sql), expected);
    }

    #[test]
    fn what_the_manifest_classes_and_what_a_view_reads_of_it_has_its_place() {
        let sql = "CREATE TABLE currency (code text); CREATE VIEW v AS SELECT code FROM currency; CREATE SEQUENCE s;";
        assert!(said("unclassified-table", sql).is_empty());
    }
}
