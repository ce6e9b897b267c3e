//! `enable-before-policy`

use std::collections::BTreeMap;

use crate::catalog::replay::{Session, Statement, Step};
use crate::catalog::{Object, Relation};
use crate::ident::QualifiedName;
use crate::policy::manifest::Class;
use crate::policy::sealed::key_table;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Ground;
use crate::rule::watch::Watch;
use crate::rule::watch::bound::Made;

pub(super) const RULE: Rule = Rule {
    code: "enable-before-policy",
    severity: Severity::Medium,
    finds: "row-level security is enabled before there is a policy that shows a row",
    why: "Until the policy comes, every statement finds an empty table, and no error says why.",
    fix: "Enable row-level security and create its policies in one transaction.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- file: 2.sql
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);",
    manual: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    check: Check::Sequence(|| Box::new(EnableBeforePolicy::default())),
};

/// The tables that are under row-level security and have no permissive policy yet.
#[derive(Default)]
struct EnableBeforePolicy {
    closed: BTreeMap<QualifiedName, Closed>,
    made: Made,
}

struct Closed {
    statement: usize,
    transaction: usize,
    /// The file that makes the table, if that is the one that closes it: nobody has used the table before its end, as in a dump.
    made_in: Option<String>,
}

fn is_closed(relation: &Relation) -> bool {
    relation.row_security
        && relation.partition_of.is_none()
        && !relation.policies.values().any(|policy| policy.permissive)
}

impl Watch for EnableBeforePolicy {
    fn see(&mut self, step: &Step<'_>, _: &Ground<'_>, found: &mut Findings) {
        self.made.go_on(step);
        if let Some(Statement::Session(Session::Rollback { .. })) = step.statement {
            self.closed.retain(|_, closed| closed.transaction != step.transaction.number);
        }
        for (from, to) in step.renamed() {
            if let Some(closed) = self.closed.remove(from) {
                self.closed.insert(to.clone(), closed);
            }
        }
        for (table, before, now) in step.relations().filter(|(table, ..)| !step.is_new_name(table)) {
            let enabled = !before.is_some_and(|before| before.row_security);
            match now {
                Some(now) if is_closed(now) && enabled => {
                    let made_in = self.made.has(table).then(|| step.located.file().to_owned());
                    let (statement, transaction) = (step.index, step.transaction.number);
                    let closed = Closed { statement, transaction, made_in };
                    self.closed.insert(table.clone(), closed);
                }
                Some(now) if is_closed(now) => {}
                now => {
                    let Some(closed) = self.closed.remove(table) else { continue };
                    let opened = now.is_some_and(|now| now.row_security && now.partition_of.is_none());
                    let is_new = closed.made_in.as_deref() == Some(step.located.file());
                    if opened && !is_new && closed.transaction != step.transaction.number {
                        let message = format!(
                            "{} is under row-level security in one transaction and gets its first policy in a later one",
                            table.plain()
                        );
                        let object = Object::RowSecurity(table.clone());
                        found.add(object, message).statement(closed.statement).severity(Severity::Low);
                    }
                }
            }
        }
    }

    fn end(&mut self, ground: &Ground<'_>, found: &mut Findings) {
        for (table, closed) in &self.closed {
            let entry = ground.manifest.entry(table);
            let wanted = |class: &Class| matches!(class, Class::Deny | Class::Exempt { .. });
            let is_keys = *table == key_table(&ground.manifest.tenancy);
            if is_keys || entry.is_some_and(|entry| wanted(&entry.class)) {
                continue;
            }
            let message = format!(
                "{} is under row-level security, and no policy that shows a row follows",
                table.plain()
            );
            found.add(Object::RowSecurity(table.clone()), message).statement(closed.statement);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::severities;

    #[test]
    fn a_policy_may_come_before_or_after_within_the_transaction() {
        let policy = "CREATE POLICY p ON t USING (true);";
        let enable = "ALTER TABLE t ENABLE ROW LEVEL SECURITY;";
        for (sql, expected) in [
            (format!("{enable} {policy}"), &[][..]),
            (format!("{policy} {enable}"), &[]),
            (format!("{policy}\n-- file: 2.sql\n{enable}"), &[]),
            (format!("{enable}\n-- file: 2.sql\n{policy}"), &["low"]),
            (format!("{enable}\n-- file: 2.sql\nALTER TABLE t DISABLE ROW LEVEL SECURITY;"), &[]),
            (enable.to_owned(), &["medium"]),
            (
                "\n-- file: 2.sql\n-- tenantry: no-transaction\nCREATE TABLE u (tenant_id uuid); ALTER TABLE u ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON u USING (true);".to_owned(),
                &[],
            ),
            (format!("\n-- file: 2.sql\n-- tenantry: no-transaction\n{enable} {policy}"), &["low"]),
            (format!("\n-- file: 2.sql\n-- tenantry: no-transaction\nBEGIN; {enable} ROLLBACK;"), &[]),
            (format!("{enable} CREATE POLICY p ON t AS RESTRICTIVE USING (true);"), &["medium"]),
            (
                format!(
                    "{enable}\n-- file: 2.sql\nALTER TABLE t RENAME TO u; CREATE POLICY p ON u USING (true);"
                ),
                &["low"],
            ),
        ] {
            let example = format!("CREATE TABLE t (tenant_id uuid); {sql}");
            assert_eq!(severities(super::RULE.code, &example), expected, "{sql}");
        }
    }

    #[test]
    fn a_dump_enables_before_or_after_as_it_likes() {
        let table = "CREATE TABLE t (tenant_id uuid);";
        let alone = "-- tenantry: no-transaction\n";
        let (enable, policy) =
            ("ALTER TABLE t ENABLE ROW LEVEL SECURITY;", "CREATE POLICY p ON t USING (true);");
        for (sql, expected) in [
            (format!("{alone}{table} {enable} {policy}"), &[][..]),
            (format!("{alone}{table} {policy} {enable}"), &[]),
            // One that others use is empty until the policy comes, and so is one that stays without.
            (format!("{table}\n-- file: 2.sql\n{alone}{enable} {policy}"), &["low"]),
            (format!("{alone}{table} {enable}"), &["medium"]),
        ] {
            assert_eq!(severities(super::RULE.code, &sql), expected, "{sql}");
        }
    }
}
