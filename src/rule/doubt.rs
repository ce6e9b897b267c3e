//! What is found of tables that a statement may have changed which was not followed.
//!
//! Whether such a table is protected is not known, nor whether a policy or a grant is still there, so nothing of the kind that is
//! found of it is said to be certain: it is told as low, and the statement that leaves it in doubt is told by what it holds back.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::Finding;
use super::record::{Check, Severity};
use super::rules::opaque_statement;
use crate::catalog::replay::{Guard, Opaque, Replayed, Step};
use crate::catalog::{Object, Part};
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

    /// What of its table a finding is about, all of it perhaps, and the statement that made that so, if the finding is one that a
    /// later statement can have made void.
    fn in_doubt(
        &self,
        finding: &Finding,
        table: &QualifiedName,
        replayed: &Replayed,
    ) -> Option<(Option<Guard>, Option<usize>)> {
        if MISSING.contains(&finding.rule.code) {
            return Some((None, self.made.get(table).copied()));
        }
        // What a statement does on its way, it has done.
        if !matches!(finding.rule.check, Check::Model(_)) {
            return None;
        }
        let guard = match finding.object {
            Object::Part(Part::Policy, ..) => Guard::Policies,
            Object::Grant(..) => Guard::Grants,
            _ => return None,
        };
        Some((Some(guard), replayed.origins.of(&finding.object)))
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
        for finding in findings.iter_mut().filter(|finding| finding.severity > Severity::Low) {
            let Some(table) = finding.object.relation().cloned() else { continue };
            let Some((guard, made)) = self.in_doubt(finding, &table, replayed) else { continue };
            let after = |opaque: &&&Opaque| {
                let reach = opaque.reach();
                let reaches = guard.map_or(reach.has(&table), |guard| reach.has_guard(&table, guard));
                made.is_none_or(|made| opaque.statement() > made) && reaches
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

    #[test]
    fn a_policy_or_a_grant_that_may_be_gone_is_no_certain_finding() {
        let start = "ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
            CREATE POLICY open ON invoice USING (true); GRANT TRUNCATE ON invoice TO erp_app;";
        for (sql, policy, grant) in [
            ("", true, true),
            ("DO $$ BEGIN EXECUTE x; END $$;", false, false),
            ("DO $$ BEGIN EXECUTE format('DROP POLICY %I ON invoice', x); END $$;", false, true),
            ("DO $$ BEGIN IF x THEN DROP POLICY open ON invoice; END IF; END $$;", false, true),
            ("DO $$ BEGIN IF x THEN DROP POLICY open ON box; END IF; END $$;", true, true),
            ("DO $$ BEGIN EXECUTE format('REVOKE ALL ON invoice FROM %I', x); END $$;", true, false),
            ("DO $$ BEGIN IF x THEN REVOKE TRUNCATE ON invoice FROM erp_app; END IF; END $$;", true, false),
            (
                "DO $$ BEGIN EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA public FROM %I', x); END $$;",
                true,
                false,
            ),
            (
                "DO $$ BEGIN EXECUTE format('ALTER TABLE invoice %s ROW LEVEL SECURITY', x); END $$;",
                true,
                true,
            ),
            ("SELECT app.protect('invoice');", false, false),
        ] {
            let all = format!("{start}\n{sql}");
            for (code, certain) in [("using-true", policy), ("truncate-granted", grant)] {
                let found = graded(code, &all);
                assert!(!found.is_empty(), "{code}: {sql}");
                assert_eq!(
                    found.iter().all(|said| said.starts_with("critical: ")),
                    certain,
                    "{sql}: {found:?}"
                );
                assert_eq!(found.iter().all(|said| said.starts_with("low: ")), !certain, "{sql}: {found:?}");
            }
            let opaque = graded("opaque-statement", &all);
            let grave =
                opaque.iter().any(|said| said.starts_with("high: ") && said.contains("public.invoice"));
            assert_eq!(grave, !(policy && grant), "{sql}: {opaque:?}");
        }
        // What comes later is certain.
        let before = format!("DO $$ BEGIN EXECUTE x; END $$; {start}");
        assert!(graded("using-true", &before).iter().all(|said| said.starts_with("critical: ")));
    }
}
