//! `unused-suppression`

use crate::rule::record::{Check, Rule, Severity};

pub(in crate::rule) const RULE: Rule = Rule {
    code: "unused-suppression",
    severity: Severity::Medium,
    finds: "a finding is allowed that is not there, or without a reason, or of a rule that is none",
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
