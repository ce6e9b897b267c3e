//! `copied-table-without-rls`

use crate::catalog::Object;
use crate::catalog::replay::{Element, Life, Name, Statement, Step};
use crate::ident::QualifiedName;
use crate::policy::ddl;
use crate::policy::manifest::Class;
use crate::rule::code::of_statement;
use crate::rule::code::sentence::Sentence;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Ground;
use crate::rule::watch::pending::{Pending, Until};
use crate::rule::watch::{Watch, follow};

pub(super) const RULE: Rule = Rule {
    code: "copied-table-without-rls",
    severity: Severity::High,
    finds: "a table is copied from one with row-level security, and gets none itself",
    why: "LIKE, CREATE TABLE AS and SELECT INTO copy columns and rows but never policies: the copy shows the rows of all tenants.",
    fix: "Enable and force row-level security on the copy in the same file, with its policies.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- file: 2.sql
CREATE TABLE invoice_archive (LIKE invoice INCLUDING ALL);",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- file: 2.sql
CREATE TABLE invoice_archive (LIKE invoice INCLUDING ALL);
ALTER TABLE invoice_archive ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_archive_tenant ON invoice_archive
    USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);",
    manual: "https://www.postgresql.org/docs/current/sql-createtable.html",
    check: Check::Sequence(|| Box::new(CopiedTableWithoutRls(Pending::new(Until::File)))),
};

struct CopiedTableWithoutRls(Pending<Copy>);

struct Copy {
    table: QualifiedName,
    of: QualifiedName,
    /// Whether the copy says whose its rows are.
    has_tenant: bool,
}

impl Watch for CopiedTableWithoutRls {
    fn see(&mut self, step: &Step<'_>, ground: &Ground<'_>, found: &mut Findings) {
        tell(self.0.go_on(step), ground, found);
        let renamed = step.renamed();
        for (table, before, now) in step.relations() {
            self.0.keep(|copy| {
                follow(&mut copy.table, renamed);
                copy.table != *table || now.is_some_and(|now| !now.row_security)
            });
            let (None, Some(now), false) = (before, now, step.is_new_name(table)) else { continue };
            if !now.is_table() || now.row_security || now.partition_of.is_some() {
                continue;
            }
            let secured = |name: Name| {
                let name = step.resolve(&name).filter(|name| name != table)?;
                step.relation(&name)?.row_security.then_some(name)
            };
            if let Some(of) = sources(step).into_iter().find_map(secured) {
                let has_tenant = now.column(ground.manifest.column(table)).is_some();
                self.0.add(step, Copy { table: table.clone(), of, has_tenant });
            }
        }
    }

    fn end(&mut self, ground: &Ground<'_>, found: &mut Findings) {
        tell(self.0.take(), ground, found);
    }
}

/// The relations that a statement copies from.
fn sources(step: &Step<'_>) -> Vec<Name> {
    match step.statement {
        Some(Statement::CreateTable(made)) if made.life != Life::Temporary => {
            let like = |element: &Element| match element {
                Element::Like(name, _) => Some(name.clone()),
                _ => None,
            };
            made.elements.iter().filter_map(like).collect()
        }
        Some(Statement::CreateTableAs(made)) if made.life != Life::Temporary && !made.materialized => {
            let of_query = of_statement(&made.query);
            of_query.iter().flat_map(Sentence::relations).map(|(_, name)| name).collect()
        }
        Some(Statement::Select(query)) => {
            of_statement(query).iter().flat_map(Sentence::relations).map(|(_, name)| name).collect()
        }
        _ => Vec::new(),
    }
}

fn tell(copies: Vec<(usize, Copy)>, ground: &Ground<'_>, found: &mut Findings) {
    for (statement, Copy { table, of, has_tenant }) in copies {
        let entry = ground.manifest.entry(&table);
        if entry.is_some_and(|entry| matches!(entry.class, Class::Exempt { .. })) {
            continue;
        }
        let severity = if has_tenant { Severity::High } else { Severity::Medium };
        let message =
            format!("{} is copied from {} without its row-level security", table.plain(), of.plain());
        let sql = ddl::row_security(&table, true);
        found.add(Object::RowSecurity(table), message).statement(statement).severity(severity).sql(sql);
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::severities;

    #[test]
    fn each_way_to_copy_is_seen() {
        let start = "CREATE TABLE t (tenant_id uuid, a int); CREATE TABLE plain (tenant_id uuid);
            ALTER TABLE t ENABLE ROW LEVEL SECURITY;\n-- file: 2.sql\n";
        for (sql, expected) in [
            ("CREATE TABLE c (LIKE t);", &["high"][..]),
            ("CREATE TABLE c AS SELECT * FROM plain, t;", &["high"]),
            ("CREATE TABLE c AS SELECT count(*) FROM t;", &["medium"]),
            ("SELECT * INTO c FROM t;", &["high"]),
            ("CREATE TABLE c AS SELECT * FROM plain;", &[]),
            ("CREATE TEMP TABLE c AS SELECT * FROM t;", &[]),
            ("CREATE TABLE c (LIKE t); DROP TABLE c;", &[]),
            (
                "CREATE TABLE c (LIKE t); ALTER TABLE c RENAME TO d; ALTER TABLE d ENABLE ROW LEVEL SECURITY;",
                &[],
            ),
            ("CREATE TABLE c (LIKE t);\n-- file: 3.sql\nALTER TABLE c ENABLE ROW LEVEL SECURITY;", &["high"]),
        ] {
            assert_eq!(severities(super::RULE.code, &format!("{start}{sql}")), expected, "{sql}");
        }
    }
}
