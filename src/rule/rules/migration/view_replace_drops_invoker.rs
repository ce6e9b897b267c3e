//! `view-replace-drops-invoker`

use std::collections::BTreeSet;

use crate::catalog::replay::Step;
use crate::catalog::{Object, Relation, RelationKind};
use crate::ident::QualifiedName;
use crate::policy::ddl;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Ground;
use crate::rule::watch::Watch;
use crate::rule::watch::pending::{Pending, Until};

pub(super) const RULE: Rule = Rule {
    code: "view-replace-drops-invoker",
    severity: Severity::Critical,
    finds: "a view is made anew without the security_invoker that it had",
    why: "CREATE OR REPLACE VIEW takes away every option that it does not name, so the view reads with the rights of its \
          owner again, whom policies may not bind.",
    fix: "Repeat WITH (security_invoker = true) in every CREATE OR REPLACE VIEW.",
    bad: "-- PostgreSQL 15
CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE VIEW all_invoice WITH (security_invoker = true) AS SELECT id FROM invoice;
-- file: 2.sql
CREATE OR REPLACE VIEW all_invoice AS SELECT id, tenant_id FROM invoice;",
    good: "-- PostgreSQL 15
CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE VIEW all_invoice WITH (security_invoker = true) AS SELECT id FROM invoice;
-- file: 2.sql
CREATE OR REPLACE VIEW all_invoice WITH (security_invoker = true) AS SELECT id, tenant_id FROM invoice;",
    manual: "https://www.postgresql.org/docs/current/sql-createview.html",
    check: Check::Sequence(|| Box::new(ViewReplaceDropsInvoker::new())),
};

struct ViewReplaceDropsInvoker {
    /// Views that asked as the invoker and were dropped.
    dropped: BTreeSet<QualifiedName>,
    lost: Pending<QualifiedName>,
}

impl ViewReplaceDropsInvoker {
    fn new() -> Self {
        Self { dropped: BTreeSet::new(), lost: Pending::new(Until::Transaction) }
    }
}

fn invoker(relation: &Relation) -> bool {
    relation.option_is_on("security_invoker")
}

impl Watch for ViewReplaceDropsInvoker {
    fn see(&mut self, step: &Step<'_>, _: &Ground<'_>, found: &mut Findings) {
        tell(self.lost.go_on(step), found);
        for (view, before, now) in step.relations() {
            self.lost.keep(|lost| lost != view || now.is_some_and(|now| !invoker(now)));
            match (before, now) {
                (Some(before), None) if invoker(before) => drop(self.dropped.insert(view.clone())),
                (None, Some(now)) => {
                    let lost = self.dropped.remove(view) && now.kind == RelationKind::View && !invoker(now);
                    self.lost.extend(step, lost.then(|| view.clone()));
                }
                (Some(before), Some(now)) if invoker(before) && !invoker(now) => {
                    self.lost.add(step, view.clone());
                }
                _ => {}
            }
        }
    }

    fn end(&mut self, _: &Ground<'_>, found: &mut Findings) {
        tell(self.lost.take(), found);
    }
}

fn tell(lost: Vec<(usize, QualifiedName)>, found: &mut Findings) {
    for (statement, view) in lost {
        let message = format!("{} had security_invoker and has lost it", view.plain());
        let sql = ddl::view_options(&view, &[("security_invoker".to_owned(), "true".to_owned())]);
        found.add(Object::Relation(view), message).statement(statement).sql(sql);
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::severities;

    #[test]
    fn a_view_that_had_no_invoker_or_gets_it_back_is_fine() {
        for (before, sql, expected) in [
            ("", "CREATE OR REPLACE VIEW v AS SELECT 2 AS a;", 0),
            ("WITH (security_invoker)", "CREATE OR REPLACE VIEW v AS SELECT 2 AS a;", 1),
            (
                "WITH (security_invoker = on)",
                "CREATE OR REPLACE VIEW v WITH (security_invoker = 1) AS SELECT 2 AS a;",
                0,
            ),
            ("WITH (security_invoker = on)", "DROP VIEW v; CREATE VIEW v AS SELECT 2 AS a;", 1),
            ("WITH (security_invoker = on)", "ALTER VIEW v RESET (security_invoker);", 1),
            (
                "WITH (security_invoker = on)",
                "CREATE OR REPLACE VIEW v AS SELECT 2 AS a; ALTER VIEW v SET (security_invoker = true);",
                0,
            ),
        ] {
            let example = format!("CREATE VIEW v {before} AS SELECT 1 AS a;\n-- file: 2.sql\n{sql}");
            assert_eq!(severities(super::RULE.code, &example).len(), expected, "{before} {sql}");
        }
    }
}
