//! `large-objects`

use crate::catalog::Object;
use crate::rule::code::Code;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "large-objects",
    severity: Severity::Medium,
    finds: "large objects hold what belongs to tenants",
    why: "No policy governs a large object: whoever may read one by its number reads it, and all tenants share one role.",
    fix: "Keep the content in a bytea column of a table with policies.",
    bad: "CREATE TABLE attachment (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, content oid);",
    good: "CREATE TABLE attachment (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, content bytea);",
    manual: "https://www.postgresql.org/docs/current/lo-implementation.html",
    check: Check::Model(check),
};

const CALLS: [&str; 13] = [
    "lo_creat",
    "lo_create",
    "lo_export",
    "lo_from_bytea",
    "lo_get",
    "lo_import",
    "lo_open",
    "lo_put",
    "lo_truncate",
    "lo_truncate64",
    "lo_unlink",
    "loread",
    "lowrite",
];

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for table in subject.tables() {
        for column in &table.relation.columns {
            let data_type = column.data_type.as_str();
            let own = data_type.rsplit('.').next();
            if matches!(own, Some("oid" | "lo")) {
                let message = format!(
                    "column {} of {} refers to large objects, which no policy governs",
                    column.name.plain(),
                    table.name.plain()
                );
                found.add(Object::column(table.name, &column.name), message);
            }
        }
    }
    for (signature, function) in &subject.catalog.functions {
        let Some(code) = Code::of_function(signature, function) else { continue };
        if code.sentences.iter().any(|sentence| sentence.calls_one_of(&CALLS)) {
            let message =
                format!("{} reads or writes large objects, which no policy governs", signature.name.plain());
            found.add(Object::Function(signature.clone()), message);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::severities;

    #[test]
    fn columns_of_tenants_and_calls_are_seen() {
        for (sql, expected) in [
            ("CREATE FUNCTION f(x oid) RETURNS bytea LANGUAGE sql AS 'SELECT lo_get(x)';", 1),
            ("CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT ''lo_get(1)''';", 0),
            ("CREATE TABLE currency (code oid);", 0),
            ("CREATE TABLE t (tenant_id uuid, a regclass, b int);", 0),
        ] {
            assert_eq!(severities(super::RULE.code, sql).len(), expected, "{sql}");
        }
    }
}
