//! `publication-unfiltered`

use crate::catalog::{Object, Publication};
use crate::ident::QualifiedName;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "publication-unfiltered",
    severity: Severity::Medium,
    finds: "a publication sends the rows of all tenants",
    why: "Changes are sent without asking policies: whoever subscribes, or decodes them, gets those of every tenant, and at \
          the other end nobody is kept from them before policies stand there too. The first copy of a subscription is a query, \
          and does ask the policies of the publisher: for a role that they bind it brings no row, and counts as done.",
    fix: "Publish tables by name, those of tenants with a row filter, or make sure that only roles of the system's subscribe \
          and that the other end has the same policies. Let a subscription log in as a role with BYPASSRLS; with \
          `options=-crow_security=off` in its connection string the first copy of another one fails, rather than be empty. From \
          PostgreSQL 16 on, changes are applied as the owner of the table, which fails under FORCE, for the subscription of a \
          superuser too: give that owner BYPASSRLS, or set run_as_owner where the subscription's own owner is not bound.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE PUBLICATION warehouse FOR TABLE invoice;",
    good: "-- PostgreSQL 15
CREATE TABLE invoice (id bigint, tenant_id uuid NOT NULL, PRIMARY KEY (tenant_id, id));
CREATE PUBLICATION warehouse FOR TABLE invoice WHERE (tenant_id = '6f1c0a52-9d0f-4f57-8a0e-2f8f3f1f0a11');",
    manual: "https://www.postgresql.org/docs/current/logical-replication-row-filter.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (name, publication) in &subject.catalog.publications {
        let tables = subject.catalog.relations.iter().filter(|(_, relation)| relation.is_table());
        let tables = tables.map(|(table, _)| table).filter(|table| subject.holds_tenants(table));
        let sent: Vec<&QualifiedName> =
            tables.filter(|table| sends_all(subject, publication, table)).collect();
        let [first, others @ ..] = &sent[..] else { continue };
        let more = match others.len() {
            0 => String::new(),
            1 => " and one more tenant table".to_owned(),
            count => format!(" and {count} more tenant tables"),
        };
        let message = format!("publication {} sends all rows of {}{more}", name.plain(), first.plain());
        found.add(Object::Publication(name.clone()), message);
    }
}

/// Partitions go with the table that is published.
fn sends_all(subject: &Subject<'_>, publication: &Publication, table: &QualifiedName) -> bool {
    let is_partition =
        subject.catalog.relations.get(table).is_some_and(|relation| relation.partition_of.is_some());
    let all = publication.all_tables || publication.schemas.contains(table.schema());
    (all && !is_partition) || matches!(publication.tables.get(table), Some(None))
}
