//! `unused-suppression`

use crate::rule::record::{Check, Rule, Severity};

pub(in crate::rule) const RULE: Rule = Rule {
    code: "unused-suppression",
    severity: Severity::Medium,
    finds: "a comment allows what is not there, gives no reason, names no rule, or says nothing to the runner",
    why: "What allows nothing today allows the next mistake in the same place.",
    fix: "Take it out, or say what it is for: -- tenantry: allow RULE \"reason\".",
    bad: "-- tenantry: allow truncate-granted \"the role is only a group\"
CREATE TABLE currency (code text PRIMARY KEY);",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
-- tenantry: allow truncate-granted \"the table is emptied by its only tenant\"
GRANT TRUNCATE ON invoice TO erp_app;",
    manual: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    check: Check::Engine,
};
