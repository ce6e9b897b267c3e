//! `set-local-outside-tx`

use crate::catalog::Object;
use crate::catalog::replay::{Session, Statement, Step, TransactionKind};
use crate::rule::code::sentence::{Scope, Sentence};
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Ground;
use crate::rule::watch::Watch;

pub(super) const RULE: Rule = Rule {
    code: "set-local-outside-tx",
    severity: Severity::High,
    finds: "a setting is set for a transaction that ends with the statement",
    why: "Outside a transaction SET LOCAL does nothing but warn, and set_config(…, true) is over before the next statement: that \
          runs as no tenant, or without the limit that it was to have.",
    fix: "Begin a transaction first, and commit it behind the statements that need the setting.",
    bad: "-- tenantry: no-transaction
SET LOCAL app.tenant_id = '6f1c0a52-9d0f-4f57-8a0e-2f8f3f1f0a11';",
    good: "-- tenantry: no-transaction
BEGIN;
SET LOCAL app.tenant_id = '6f1c0a52-9d0f-4f57-8a0e-2f8f3f1f0a11';
COMMIT;",
    manual: "https://www.postgresql.org/docs/current/sql-set.html",
    check: Check::Sequence(|| Box::new(SetLocalOutsideTx)),
};

struct SetLocalOutsideTx;

impl Watch for SetLocalOutsideTx {
    fn see(&mut self, step: &Step<'_>, ground: &Ground<'_>, found: &mut Findings) {
        let sets = matches!(
            step.statement,
            Some(
                Statement::Select(_)
                    | Statement::Session(
                        Session::Set { local: true, .. }
                            | Session::Role { local: true, .. }
                            | Session::Authorization { local: true, .. }
                    )
            )
        );
        if step.transaction.kind != TransactionKind::Statement || !sets {
            return;
        }
        let tenancy = ground.manifest.tenancy.setting_name().as_str();
        for set in
            Sentence::of(step.located.text()).sets().iter().filter(|set| set.scope == Scope::Transaction)
        {
            let grave =
                [tenancy, "role", "session authorization", "row_security"].contains(&set.name.as_str());
            let severity = if grave { Severity::High } else { Severity::Medium };
            let message = format!("{} is set for a transaction that ends with this statement", set.name);
            found.add(Object::Database, message).at(step).severity(severity);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::severities;

    #[test]
    fn what_is_in_a_transaction_of_whatever_kind_is_fine() {
        for (sql, expected) in [
            ("SET LOCAL ROLE erp_app;", &["high"][..]),
            ("SET LOCAL lock_timeout = '1s';", &["medium"]),
            ("SELECT set_config('app.tenant_id', 'a', true);", &["high"]),
            ("SELECT set_config('app.tenant_id', 'a', false);", &[]),
            (
                "BEGIN; SELECT set_config('app.tenant_id', 'a', true); COMMIT; SET LOCAL ROLE erp_app;",
                &["high"],
            ),
            ("SET lock_timeout = '1s';", &[]),
        ] {
            let example = format!("-- tenantry: no-transaction\n{sql}");
            assert_eq!(severities(super::RULE.code, &example), expected, "{sql}");
            let within = severities(super::RULE.code, &sql.replace("COMMIT;", ""));
            assert_eq!(within, &[] as &[&str], "{sql}");
        }
    }
}
