//! `tenant-default-unsafe`

use crate::catalog::{Expr, Object};
use crate::policy::ddl;
use crate::rule::finding::Findings;
use crate::rule::judge::rewrite;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "tenant-default-unsafe",
    severity: Severity::Medium,
    finds: "the default of the tenant column takes an empty setting for a tenant",
    why: "After its first transaction a setting reads as an empty text. The cast of it raises an error that says nothing of the tenant, \
          and as a text it makes rows of an empty tenant.",
    fix: "Write NULLIF around the setting, so that the row has no tenant and is refused.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL DEFAULT current_setting('app.tenant_id', true)::uuid);",
    good: "CREATE TABLE invoice (
    id bigint PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT nullif(current_setting('app.tenant_id', true), '')::uuid
);",
    manual: "https://www.postgresql.org/docs/current/functions-admin.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for table in subject.tables() {
        let Some(column) = table.tenant_column() else { continue };
        let Some(tree) = column.default.as_ref().and_then(Expr::normal_tree) else { continue };
        let safe = if rewrite::is_raw(&tree) {
            Some(rewrite::null_if_empty(&tree))
        } else {
            rewrite::rewritten(&tree, &mut rewrite::cast_of_null)
        };
        let Some(safe) = safe else { continue };
        let (name, column) = (table.name, &column.name);
        let message =
            format!("the default of {} of {} is a setting that can be empty", column.plain(), name.plain());
        found.add(Object::column(name, column), message).sql(ddl::default(name, column, Some(safe.as_str())));
    }
}
