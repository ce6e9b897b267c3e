//! `sequence-shared`

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Column, Object, Privilege, RelationKind};
use crate::ident::QualifiedName;
use crate::policy::ddl;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "sequence-shared",
    severity: Severity::Info,
    finds: "all tenants draw from one sequence",
    why: "The numbers that a tenant gets, and the gaps between them, tell how much the others write. With UPDATE a tenant can \
          set the sequence back, and the inserts of all fail.",
    fix: "Where the volume is nobody's business, use random keys, or count per tenant in a table. Grant USAGE on sequences and \
          nothing more.",
    bad: "CREATE TABLE invoice (id bigserial PRIMARY KEY, tenant_id uuid NOT NULL);
GRANT USAGE ON SEQUENCE invoice_id_seq TO erp_app;",
    good: "CREATE TABLE invoice (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), tenant_id uuid NOT NULL);",
    manual: "https://www.postgresql.org/docs/current/functions-sequence.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (name, table) in numbered(subject) {
        let sequence = subject.catalog.relations.get(&name);
        let Some(relation) = sequence.filter(|of| of.kind == RelationKind::Sequence) else { continue };
        let considered = [Privilege::Usage, Privilege::Select, Privilege::Update];
        let grants = || relation.grants.iter().filter(|grant| considered.contains(&grant.privilege));
        let grantees: BTreeSet<_> = grants().map(|grant| &grant.grantee).collect();
        for grantee in grantees.into_iter().filter(|grantee| subject.is_app(grantee)) {
            let held: BTreeSet<Privilege> =
                grants().filter(|grant| grant.grantee == *grantee).map(|grant| grant.privilege).collect();
            let (plain, table) = (name.plain(), table.plain());
            let object = |privilege| Object::Grant(name.clone(), grantee.clone(), privilege);
            if held.contains(&Privilege::Update) {
                let message = format!(
                    "{} may set {plain}, from which all tenants number their rows of {table}",
                    grantee.plain()
                );
                let more = held.into_iter().filter(|privilege| *privilege != Privilege::Usage);
                let more = more.map(|privilege| (privilege, None)).collect();
                found.add(object(Privilege::Update), message).severity(Severity::Low).sql(ddl::revoke(
                    ddl::Object::Sequence(&name),
                    &more,
                    grantee,
                ));
            } else if let Some(first) = held.first() {
                let message = format!(
                    "all tenants number their rows of {table} from {plain}, and gaps tell how much the others write"
                );
                found.add(object(*first), message);
            }
        }
    }
}

/// The tenant tables that take their numbers from sequences, by those.
fn numbered<'a>(subject: &Subject<'a>) -> BTreeMap<QualifiedName, &'a QualifiedName> {
    let mut found = BTreeMap::new();
    for (name, relation) in &subject.catalog.relations {
        if let Some((table, _)) = relation.sequence.as_ref().and_then(|sequence| sequence.owned_by.as_ref()) {
            if subject.holds_tenants(table) {
                found.entry(name.clone()).or_insert(table);
            }
        } else if subject.holds_tenants(name) {
            for sequence in relation.columns.iter().filter_map(Column::sequence) {
                found.entry(sequence).or_insert(name);
            }
        }
    }
    found
}
