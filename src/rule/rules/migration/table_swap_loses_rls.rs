//! `table-swap-loses-rls`

use std::collections::BTreeMap;

use crate::catalog::Object;
use crate::catalog::replay::Step;
use crate::ident::QualifiedName;
use crate::policy::ddl;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Ground;
use crate::rule::watch::pending::{Pending, Until};
use crate::rule::watch::{Watch, follow};

pub(super) const RULE: Rule = Rule {
    code: "table-swap-loses-rls",
    severity: Severity::Critical,
    finds: "a table without row-level security takes the name of one that has it",
    why: "Policies stay with the old table whatever it is called, so statements that use the name see the rows of all tenants.",
    fix: "Enable and force row-level security on the new table, with its policies, before it takes the name.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- file: 2.sql
CREATE TABLE invoice_new (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, total numeric);
ALTER TABLE invoice RENAME TO invoice_old;
ALTER TABLE invoice_new RENAME TO invoice;",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- file: 2.sql
CREATE TABLE invoice_new (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, total numeric);
ALTER TABLE invoice_new ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice_new
    USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
ALTER TABLE invoice RENAME TO invoice_old;
ALTER TABLE invoice_new RENAME TO invoice;",
    manual: "https://www.postgresql.org/docs/current/sql-altertable.html",
    check: Check::Sequence(|| Box::new(TableSwapLosesRls::new())),
};

struct TableSwapLosesRls {
    /// Names that a table with row-level security has left, each with what that table is called now, if it is there.
    left: BTreeMap<QualifiedName, Option<QualifiedName>>,
    swapped: Pending<(QualifiedName, Option<QualifiedName>)>,
}

impl TableSwapLosesRls {
    fn new() -> Self {
        Self { left: BTreeMap::new(), swapped: Pending::new(Until::Transaction) }
    }
}

impl Watch for TableSwapLosesRls {
    fn see(&mut self, step: &Step<'_>, _: &Ground<'_>, found: &mut Findings) {
        tell(self.swapped.go_on(step), found);
        let renamed = step.renamed();
        for (table, before, now) in step.relations() {
            self.swapped.keep(|(swapped, _)| swapped != table || now.is_some_and(|now| !now.row_security));
            match (before, now) {
                (Some(before), None) if before.is_table() && before.row_security => {
                    let mut to = table.clone();
                    follow(&mut to, renamed);
                    let to = Some(to).filter(|to| to != table);
                    self.left.insert(table.clone(), to);
                }
                (None, Some(now)) if now.is_table() => {
                    let before = self.left.remove(table);
                    let taken = step.is_new_name(table) && !now.row_security;
                    if let Some(before) = before.filter(|_| taken) {
                        self.swapped.add(step, (table.clone(), before));
                    }
                }
                _ => {}
            }
        }
    }

    fn end(&mut self, _: &Ground<'_>, found: &mut Findings) {
        tell(self.swapped.take(), found);
    }
}

fn tell(swapped: Vec<(usize, (QualifiedName, Option<QualifiedName>))>, found: &mut Findings) {
    for (statement, (table, before)) in swapped {
        let name = table.plain();
        let message = match before {
            Some(before) => {
                format!(
                    "{name} is now a table without row-level security, and the policies are those of {}",
                    before.plain()
                )
            }
            None => format!(
                "{name} is now a table without row-level security, and the one with policies is dropped"
            ),
        };
        let sql = ddl::row_security(&table, true);
        found.add(Object::RowSecurity(table), message).statement(statement).sql(sql);
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::severities;

    #[test]
    fn a_table_that_takes_the_place_of_a_dropped_one_is_found_too() {
        let start = "CREATE TABLE t (tenant_id uuid);
            ALTER TABLE t ENABLE ROW LEVEL SECURITY;
            CREATE TABLE t_new (tenant_id uuid);\n-- file: 2.sql\n";
        for (sql, expected) in [
            ("DROP TABLE t; ALTER TABLE t_new RENAME TO t;", 1),
            ("ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME TO t;", 0),
            (
                "ALTER TABLE t RENAME TO u; ALTER TABLE t_new RENAME TO t; ALTER TABLE t ENABLE ROW LEVEL SECURITY;",
                0,
            ),
            ("ALTER TABLE t_new RENAME TO u;", 0),
        ] {
            assert_eq!(severities(super::RULE.code, &format!("{start}{sql}")).len(), expected, "{sql}");
        }
    }
}
