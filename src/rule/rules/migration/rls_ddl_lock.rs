//! `rls-ddl-lock`

use std::collections::BTreeSet;

use crate::catalog::Object;
use crate::catalog::replay::{Action, AlteredKind, Dropped, Name, Statement, Step};
use crate::ident::QualifiedName;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Ground;
use crate::rule::watch::Watch;
use crate::rule::watch::bound::Made;

pub(super) const RULE: Rule = Rule {
    code: "rls-ddl-lock",
    severity: Severity::Medium,
    finds: "a policy or the row-level security of a table in use is changed without a lock_timeout",
    why: "These statements take an ACCESS EXCLUSIVE lock: while one waits behind a long query, every other statement on the table waits too.",
    fix: "Begin the file with SET LOCAL lock_timeout = '2s' and run it again when it times out.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
-- file: 2.sql
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
-- file: 2.sql
SET LOCAL lock_timeout = '2s';
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;",
    manual: "https://www.postgresql.org/docs/current/explicit-locking.html",
    check: Check::Sequence(|| Box::new(RlsDdlLock::default())),
};

#[derive(Default)]
struct RlsDdlLock {
    made: Made,
    /// The relations that a file has been told of.
    told: BTreeSet<(String, QualifiedName)>,
}

impl Watch for RlsDdlLock {
    fn see(&mut self, step: &Step<'_>, _: &Ground<'_>, found: &mut Findings) {
        self.made.go_on(step);
        let Some((name, what)) = locks(step.statement) else { return };
        let limited =
            step.setting("lock_timeout").is_some_and(|limit| limit.starts_with(|c| ('1'..='9').contains(&c)));
        let Some(relation) = step.resolve(name).filter(|name| !limited && !self.made.has(name)) else {
            return;
        };
        if self.told.insert((step.located.file().to_owned(), relation.clone())) {
            let message = format!("{what} locks {} with no lock_timeout", relation.plain());
            found.add(Object::Relation(relation), message).at(step);
        }
    }
}

/// The relation that a statement locks for the sake of its policies, and what it is called.
fn locks(statement: Option<&Statement>) -> Option<(&Name, &'static str)> {
    match statement? {
        Statement::CreatePolicy(_, table, _) => Some((table, "create policy")),
        Statement::AlterPolicy { table, .. } => Some((table, "alter policy")),
        Statement::Drop(drop) => match &drop.what {
            Dropped::Policy(_, table) => Some((table, "drop policy")),
            _ => None,
        },
        Statement::AlterTable(altered) => {
            let of_view = altered.kind == AlteredKind::View;
            let rls = |action: &Action| match action {
                Action::RowSecurity(_) | Action::ForceRowSecurity(_) => true,
                Action::SetOptions(_) | Action::ResetOptions(_) => of_view,
                _ => false,
            };
            let what = if of_view { "alter view" } else { "a change of its row-level security" };
            altered.actions.iter().any(rls).then_some((&altered.name, what))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::severities;

    #[test]
    fn one_finding_for_a_table_that_was_there_before_the_file() {
        let start = "CREATE TABLE t (tenant_id uuid); CREATE VIEW v AS SELECT 1 AS a;
            CREATE POLICY p ON t USING (true);\n-- file: 2.sql\n";
        for (sql, expected) in [
            ("ALTER POLICY p ON t USING (false); DROP POLICY p ON t; CREATE POLICY q ON t USING (true);", 1),
            ("ALTER VIEW v SET (security_invoker = true);", 1),
            ("SET lock_timeout = '5s'; DROP POLICY p ON t;", 0),
            ("SET LOCAL lock_timeout = 0; DROP POLICY p ON t;", 1),
            ("ALTER TABLE t ADD COLUMN b int;", 0),
            (
                "CREATE TABLE u (a int); ALTER TABLE u RENAME TO w; ALTER TABLE w ENABLE ROW LEVEL SECURITY;",
                0,
            ),
            ("DROP POLICY p ON t;\n-- file: 3.sql\nALTER TABLE t FORCE ROW LEVEL SECURITY;", 2),
            (
                "-- tenantry: no-transaction
                 BEGIN; SET LOCAL lock_timeout = '1s'; COMMIT; DROP POLICY p ON t;",
                1,
            ),
        ] {
            assert_eq!(severities(super::RULE.code, &format!("{start}{sql}")).len(), expected, "{sql}");
        }
    }
}
