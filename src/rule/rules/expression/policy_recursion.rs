//! `policy-recursion`

use crate::catalog::Object;
use crate::ident::QualifiedName;
use crate::rule::finding::Findings;
use crate::rule::judge::Action;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use std::collections::{BTreeMap, BTreeSet};

pub(super) const RULE: Rule = Rule {
    code: "policy-recursion",
    severity: Severity::High,
    finds: "a policy reads its own table, itself or by way of another one's policies",
    why: "Every statement on the table fails with infinite recursion detected in policy.",
    fix: "Read the other table in a SECURITY DEFINER function with a search_path of its own, or keep what the policy needs in another table.",
    bad: "CREATE TABLE team (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, lead boolean NOT NULL DEFAULT false);
ALTER TABLE team ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY team_tenant ON team
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid)
        AND EXISTS (SELECT FROM team AS t WHERE t.tenant_id = team.tenant_id AND t.lead));",
    good: "CREATE TABLE team (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, lead boolean NOT NULL DEFAULT false);
ALTER TABLE team ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY team_tenant ON team
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
    manual: "https://www.postgresql.org/docs/current/sql-createpolicy.html",
    check: Check::Model(check),
};

/// The tables that a table's policies read when it is read.
type Reads<'r> = BTreeMap<&'r QualifiedName, BTreeSet<&'r QualifiedName>>;

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let tables = || subject.judged().iter().filter(|table| table.relation.row_security);
    let mut reads = Reads::new();
    let mut queries = BTreeSet::new();
    for table in tables() {
        let asked = table.policies.iter().filter(|policy| policy.covers(Action::Read));
        let conditions: Vec<_> = asked.filter_map(|policy| policy.using.as_ref()).collect();
        reads
            .insert(table.table, conditions.iter().flat_map(|condition| &condition.uses.relations).collect());
        if conditions.iter().any(|condition| condition.uses.queries) {
            queries.insert(table.table);
        }
    }
    // The server looks for a table among those whose policies it is about to put in, but only where there are subselects in
    // them, and be it one that reads no table: a policy of INSERT that reads its table then fails too.
    for table in tables().filter(|table| queries.contains(table.table)) {
        for policy in &table.policies {
            let first = policy.conditions().flat_map(|(_, condition)| &condition.uses.relations);
            let Some(way) = first.into_iter().find_map(|first| way(&reads, first, table.table)) else {
                continue;
            };
            let (name, own) = (policy.name, table.table);
            let by = match way.first() {
                Some(other) if **other != *own => {
                    format!("reads {}, whose policies lead back to it", other.plain())
                }
                _ => "reads its own table".to_owned(),
            };
            found.add(Object::policy(own, name), format!("policy {} of {} {by}", name.plain(), own.plain()));
        }
    }
}

/// The tables from one that is read to one that is wanted.
fn way<'r>(
    reads: &Reads<'r>,
    first: &'r QualifiedName,
    wanted: &QualifiedName,
) -> Option<Vec<&'r QualifiedName>> {
    let mut seen = BTreeSet::from([first]);
    let mut left = vec![vec![first]];
    while let Some(way) = left.pop() {
        let at = *way.last()?;
        if at == wanted {
            return Some(way);
        }
        for next in reads.get(at).into_iter().flatten().filter(|next| seen.insert(next)) {
            left.push(way.iter().copied().chain([*next]).collect());
        }
    }
    None
}
