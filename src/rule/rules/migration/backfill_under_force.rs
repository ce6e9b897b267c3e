//! `backfill-under-force`

use std::collections::BTreeSet;

use crate::catalog::replay::{Life, Statement, Step};
use crate::catalog::{Object, Relation};
use crate::ident::QualifiedName;
use crate::policy::Missing;
use crate::rule::code::of_statement;
use crate::rule::code::sentence::{Sentence, Use};
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Ground;
use crate::rule::watch::Watch;
use crate::rule::watch::bound::{Bound, Made, binds, fails_loudly, hides, touches_rows};
use crate::rule::watch::opened::is_opened;

pub(super) const RULE: Rule = Rule {
    code: "backfill-under-force",
    severity: Severity::High,
    finds: "a migration reads or changes rows under FORCE with no tenant bound",
    why: "The policies hide every row from the owner too: the UPDATE changes none, the copy is empty, and nothing fails.",
    fix: "Bind a tenant, or say -- tenantry: each-tenant or -- tenantry: system \"reason\" and let tenantry migrate run it. With \
          another runner, run it as a role with BYPASSRLS; SET LOCAL row_security = off makes it an error.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, total numeric);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- file: 2.sql
UPDATE invoice SET total = 0 WHERE total IS NULL;",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, total numeric);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- file: 2.sql
SET LOCAL app.tenant_id = '6f1c0a52-9d0f-4f57-8a0e-2f8f3f1f0a11';
UPDATE invoice SET total = 0 WHERE total IS NULL;",
    manual: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    check: Check::Sequence(|| Box::new(BackfillUnderForce::default())),
};

#[derive(Default)]
struct BackfillUnderForce {
    made: Made,
    bound: Bound,
    /// The last statement of a file of which something was told, and the tables that it was told of.
    told: (usize, BTreeSet<QualifiedName>),
}

impl Watch for BackfillUnderForce {
    fn see(&mut self, step: &Step<'_>, ground: &Ground<'_>, found: &mut Findings) {
        self.made.go_on(step);
        let Some(statement) = step.statement.filter(|statement| touches_rows(statement)) else { return };
        // The statements of a block come one by one.
        if matches!(statement, Statement::Do(_)) {
            return;
        }
        let sentences = of_statement(step.located.text());
        for sentence in &sentences {
            self.bound.see(step, ground.manifest, sentence);
            let told = self.look(step, ground, (sentence, is_temporary(statement)), found);
            // One finding for a statement says enough.
            if told {
                break;
            }
        }
        for sentence in &sentences {
            for (_, name) in sentence.relations().into_iter().filter(|(how, _)| *how == Use::Inserts) {
                if let Some(name) = step.resolve(&name) {
                    self.made.forget(&name);
                }
            }
        }
    }
}

fn is_temporary(statement: &Statement) -> bool {
    matches!(statement, Statement::CreateTableAs(made) if made.life == Life::Temporary)
}

impl BackfillUnderForce {
    fn look(
        &mut self,
        step: &Step<'_>,
        ground: &Ground<'_>,
        (sentence, temporary): (&Sentence, bool),
        found: &mut Findings,
    ) -> bool {
        if fails_loudly(step) || self.bound.holds(step, ground.manifest) {
            return false;
        }
        let uses = sentence.relations();
        // A query by itself changes nothing, and whoever reads its answer sees that it is empty.
        let does = temporary
            || step.asked
            || uses.iter().any(|(how, _)| *how != Use::Reads)
            || ["create", "copy", "select"].iter().any(|verb| sentence.starts(verb))
                && !is_plain_query(sentence);
        if !does {
            return false;
        }
        let whole = step.located.runs_within().unwrap_or(step.index);
        if self.told.0 != whole {
            self.told = (whole, BTreeSet::new());
        }
        for (how, name) in uses {
            // What a policy does not let in fails by itself.
            let Some(name) = step.resolve(&name).filter(|_| how != Use::Inserts) else { continue };
            let Some(relation) = step.relation(&name) else { continue };
            // The file is read for its annotation only where that decides.
            if hides(ground.manifest, &name, relation)
                && binds(step, ground, relation)
                && !is_opened(step, relation)
                && !self.made.has(&name)
                && !self.made.says_whose_rows(step)
                && self.told.1.insert(name.clone())
            {
                tell(step, ground, (&name, relation, how), found);
                return true;
            }
        }
        false
    }
}

/// Whether it is a SELECT that makes no table.
fn is_plain_query(sentence: &Sentence) -> bool {
    sentence.starts("select") && !sentence.says("into")
}

fn tell(
    step: &Step<'_>,
    ground: &Ground<'_>,
    (name, relation, how): (&QualifiedName, &Relation, Use),
    found: &mut Findings,
) {
    let what = if how == Use::Changes { "changes" } else { "reads" };
    let raises = raises(ground, relation);
    let (end, severity) =
        if raises { ("fails for want of one", Severity::Medium) } else { ("finds none", Severity::High) };
    let message = format!("it {what} rows of {} under FORCE with no tenant bound, and {end}", name.plain());
    found.add(Object::RowSecurity(name.clone()), message).at(step).severity(severity);
}

/// Whether the policies raise an error where no tenant is bound.
fn raises(ground: &Ground<'_>, relation: &Relation) -> bool {
    let tenancy = &ground.manifest.tenancy;
    let mut conditions =
        relation.policies.values().flat_map(|policy| policy.using.iter().chain(&policy.with_check));
    let support = format!("{}.", tenancy.support().as_str());
    tenancy.when_missing() == Missing::Error
        && conditions.any(|condition| {
            let text = condition.normal();
            text.contains(&format!("{support}tenant_id")) || text.contains(&format!("{support}no_tenant"))
        })
}

#[cfg(test)]
#[path = "backfill_under_force_tests.rs"]
mod tests;
