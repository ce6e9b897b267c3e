//! What is found of tables that a statement may have changed which was not followed.
//!
//! Whether such a table is protected is not known, so nothing of the kind that is found of it is said to be certain: it is
//! told as low, and the statement that leaves it in doubt is told by what it holds back.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::Finding;
use super::record::Severity;
use super::rules::opaque_statement;
use crate::catalog::Object;
use crate::catalog::replay::{Opaque, Replayed, Step};
use crate::ident::QualifiedName;

/// The rules that miss something which the statement may have made.
const MISSING: [&str; 9] = [
    "command-coverage-gap",
    "copied-table-without-rls",
    "detached-partition-unprotected",
    "enable-before-policy",
    "force-missing",
    "policies-rls-off",
    "rls-disabled",
    "rls-no-permissive-policy",
    "table-swap-loses-rls",
];

/// How many tables are named.
const MOST_NAMED: usize = 3;

/// When each table was made: what came before cannot have changed it.
#[derive(Debug, Default)]
pub(super) struct Doubt {
    made: BTreeMap<QualifiedName, usize>,
}

impl Doubt {
    /// Goes on to a statement.
    pub(super) fn see(&mut self, step: &Step<'_>) {
        for (from, to) in step.renamed() {
            if let Some(made) = self.made.remove(from) {
                self.made.insert(to.clone(), made);
            }
        }
        for (name, before, now) in step.relations() {
            if before.is_none() && now.is_some() && !step.is_new_name(name) {
                self.made.insert(name.clone(), step.index);
            }
        }
    }

    /// Grades what is in doubt, and the statements that leave it so.
    pub(super) fn grade(&self, replayed: &Replayed, findings: &mut [Finding]) {
        let reaching: Vec<&Opaque> = replayed
            .opaque
            .iter()
            .filter(|opaque| !opaque.reach().is_nothing() && !opaque_statement::is_own(replayed, opaque))
            .collect();
        if reaching.is_empty() {
            return;
        }
        let mut held: BTreeMap<usize, (Severity, BTreeSet<QualifiedName>)> = BTreeMap::new();
        let missing =
            |finding: &&mut Finding| finding.severity > Severity::Low && MISSING.contains(&finding.rule.code);
        for finding in findings.iter_mut().filter(missing) {
            let Some(table) = finding.object.relation().cloned() else { continue };
            let made = self.made.get(&table);
            let after = |opaque: &&&Opaque| {
                made.is_none_or(|made| opaque.statement() > *made) && opaque.reach().has(&table)
            };
            let Some(opaque) = reaching.iter().find(after) else { continue };
            let (severity, tables) =
                held.entry(opaque.statement()).or_insert((Severity::Low, BTreeSet::new()));
            *severity = finding.severity.max(*severity);
            tables.insert(table);
            finding.severity = Severity::Low;
            finding.message = format!(
                "{}, unless {}:{} has seen to it, which is not followed",
                finding.message,
                opaque.file(),
                opaque.line()
            );
        }
        let opaque = findings.iter_mut().filter(|finding| finding.rule.code == opaque_statement::RULE.code);
        for finding in opaque {
            let Some((severity, tables)) = finding.statement.and_then(|at| held.get(&at)) else { continue };
            let named: Vec<String> = tables.iter().take(MOST_NAMED).map(QualifiedName::plain).collect();
            let more = tables.len().saturating_sub(MOST_NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            finding.message =
                format!("{}; whether {}{more} is protected is not known", finding.message, named.join(", "));
            // What it holds back is no worse than the doubt.
            finding.severity = finding.severity.max((*severity).min(Severity::High));
            if let (Object::Database, [only]) = (&finding.object, &tables.iter().collect::<Vec<_>>()[..]) {
                finding.object = Object::Relation((*only).clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::said;

    const TABLES: &str = "CREATE TABLE invoice (id int PRIMARY KEY, tenant_id uuid NOT NULL);
        CREATE TABLE box (id int PRIMARY KEY, tenant_id uuid NOT NULL);\n";

    fn graded(code: &str, sql: &str) -> Vec<String> {
        let after = "\nCREATE TABLE later (id int PRIMARY KEY, tenant_id uuid NOT NULL);";
        said(code, &format!("{TABLES}{sql}{after}"))
    }

    #[test]
    fn what_may_have_been_changed_is_no_certain_finding() {
        let off = |grade: &str, table: &str, unless: &str| {
            format!("{grade}: public.{table} holds tenants' rows, and row-level security is off{unless}")
        };
        let unless = ", unless 1.sql:3 has seen to it, which is not followed";
        for (sql, boxes, invoices) in [
            ("DO $$ BEGIN EXECUTE x; END $$;", false, false),
            (
                "DO $$ BEGIN EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', x); END $$;",
                false,
                false,
            ),
            ("DO $$ BEGIN EXECUTE format('ALTER TABLE box %s ROW LEVEL SECURITY', x); END $$;", false, true),
            ("DO $$ BEGIN EXECUTE format('CREATE POLICY %I ON box', x); END $$;", false, true),
            ("DO $$ BEGIN IF x THEN ALTER TABLE box ENABLE ROW LEVEL SECURITY; END IF; END $$;", false, true),
            ("DO $$ BEGIN PERFORM protect('public.box'); END $$;", false, true),
            ("SELECT app.protect('box');", false, true),
            ("DO LANGUAGE plpython3u $$ x $$;", false, false),
            ("DO $$ BEGIN EXECUTE format('CREATE INDEX ON %I (tenant_id)', x); END $$;", true, true),
            ("DO $$ BEGIN EXECUTE format('COMMENT ON TABLE %I IS %L', x, y); END $$;", true, true),
            ("DO $$ BEGIN RAISE NOTICE 'x'; END $$;", true, true),
        ] {
            let one = |certain: bool, table| {
                if certain { off("critical", table, "") } else { off("low", table, unless) }
            };
            let mut expected = vec![one(boxes, "box"), one(invoices, "invoice"), one(true, "later")];
            expected.sort();
            let mut found = graded("rls-disabled", sql);
            found.sort();
            assert_eq!(found, expected, "{sql}");
            let opaque = graded("opaque-statement", sql);
            let grave = opaque.iter().any(|said| said.starts_with("high: ") && said.contains("public.box"));
            assert_eq!(grave, !boxes, "{opaque:?}");
        }
    }
}
