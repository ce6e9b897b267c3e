//! `fk-validated-under-force`

use crate::catalog::replay::{Action, ConstraintKind, Statement, Step};
use crate::catalog::{ForeignKey, Object};
use crate::ident::{Ident, QualifiedName};
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Ground;
use crate::rule::watch::Watch;
use crate::rule::watch::bound::{Made, binds, fails_loudly};

pub(super) const RULE: Rule = Rule {
    code: "fk-validated-under-force",
    severity: Severity::High,
    finds: "a foreign key is checked by a role that sees no row of one of its tables",
    why: "The check of the rows that are there obeys the policies: under FORCE the key counts as valid while rows break it, \
          or is refused while none does.",
    fix: "Take FORCE off both tables for the transaction, or validate, or make it ENFORCED, as a role with BYPASSRLS.",
    bad: "CREATE TABLE customer (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, customer_id bigint);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- file: 2.sql
ALTER TABLE invoice ADD CONSTRAINT invoice_customer FOREIGN KEY (customer_id) REFERENCES customer (id);",
    good: "CREATE TABLE customer (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, customer_id bigint);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- file: 2.sql
SET LOCAL lock_timeout = '2s';
ALTER TABLE invoice NO FORCE ROW LEVEL SECURITY;
ALTER TABLE invoice ADD CONSTRAINT invoice_customer FOREIGN KEY (customer_id) REFERENCES customer (id);
ALTER TABLE invoice FORCE ROW LEVEL SECURITY;",
    manual: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    check: Check::Sequence(|| Box::new(FkValidatedUnderForce::default())),
};

#[derive(Default)]
struct FkValidatedUnderForce {
    made: Made,
}

impl Watch for FkValidatedUnderForce {
    fn see(&mut self, step: &Step<'_>, ground: &Ground<'_>, found: &mut Findings) {
        self.made.go_on(step);
        if let Some(Statement::Change { table: Some(table), .. }) = step.statement
            && let Some(table) = step.resolve(table)
        {
            self.made.forget(&table);
        }
        // An error is what it gets with row_security off, which is better than a wrong answer.
        if fails_loudly(step) || !checks(step) {
            return;
        }
        for (table, before, now) in step.relations() {
            let (Some(before), Some(now)) = (before, now) else { continue };
            for (name, key) in now.foreign_keys.iter().filter(|(_, key)| key.validated && !key.inherited) {
                let was_valid = before.foreign_keys.get(name).is_some_and(|key| key.validated);
                if !was_valid && !self.made.has(table) {
                    check(step, ground, (table, name, key), found);
                }
            }
        }
    }
}

/// Whether the statement makes the server look at the rows for a foreign key.
fn checks(step: &Step<'_>) -> bool {
    let Some(Statement::AlterTable(altered)) = step.statement else { return false };
    altered.actions.iter().any(|action| match action {
        Action::AddConstraint(added) => {
            matches!(added.kind, ConstraintKind::ForeignKey(_)) && added.timing.is_validated()
        }
        Action::ValidateConstraint(_) => true,
        Action::AlterConstraint(_, timing) => timing.enforced == Some(true),
        _ => false,
    })
}

fn check(
    step: &Step<'_>,
    ground: &Ground<'_>,
    (table, name, key): (&QualifiedName, &Ident, &ForeignKey),
    found: &mut Findings,
) {
    let bound = |name: &QualifiedName| step.relation(name).is_some_and(|of| binds(step, ground, of));
    let (child, parent) = (bound(table), bound(&key.references));
    let message = if child {
        format!("{} is checked against no row of {}, which is under FORCE", name.plain(), table.plain())
    } else if parent {
        format!("{} finds no row of {}, which is under FORCE", name.plain(), key.references.plain())
    } else {
        return;
    };
    found.add(Object::foreign_key(table, name), message).at(step);
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::severities;

    #[test]
    fn only_rows_that_policies_hide_matter() {
        let start = "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a_id int);
            ALTER TABLE a ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;\n-- file: 2.sql\n";
        let add = "ALTER TABLE b ADD CONSTRAINT f FOREIGN KEY (a_id) REFERENCES a (id)";
        for (sql, expected) in [
            (format!("{add};"), 1),
            (format!("{add} NOT VALID;"), 0),
            (format!("{add} NOT VALID; ALTER TABLE b VALIDATE CONSTRAINT f;"), 1),
            (format!("{add} NOT ENFORCED;"), 0),
            (format!("{add} NOT ENFORCED; ALTER TABLE b ALTER CONSTRAINT f ENFORCED;"), 1),
            (format!("{add} NOT ENFORCED; ALTER TABLE b ALTER CONSTRAINT f DEFERRABLE;"), 0),
            (format!("SET LOCAL row_security = off; {add};"), 0),
            (format!("SET ROLE erp_system; {add};"), 0),
            (format!("SET ROLE postgres; {add};"), 0),
            (
                format!(
                    "ALTER TABLE a NO FORCE ROW LEVEL SECURITY; {add}; ALTER TABLE a FORCE ROW LEVEL SECURITY;"
                ),
                0,
            ),
            (format!("DROP TABLE b; CREATE TABLE b (a_id int); {add};"), 0),
            (format!("DROP TABLE b; CREATE TABLE b (a_id int); INSERT INTO b VALUES (1); {add};"), 1),
        ] {
            assert_eq!(severities(super::RULE.code, &format!("{start}{sql}")).len(), expected, "{sql}");
        }
    }
}
