//! `view-definer`

use std::collections::BTreeSet;

use crate::catalog::{Object, Relation, RelationKind};
use crate::ident::QualifiedName;
use crate::policy::ddl;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "view-definer",
    severity: Severity::Critical,
    finds: "a view that tenants' statements use asks the policies of its owner, not those of the one who reads it",
    why: "Policies are asked for the view's owner. Where they do not bind the owner, every tenant reads and, since simple \
          views can be written to, changes the rows of all.",
    fix: "Set security_invoker on the view, grant its readers what they need of the tables, and repeat the option in every \
          CREATE OR REPLACE VIEW. Before PostgreSQL 15 take the view away from the app role.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, paid boolean NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY;
CREATE VIEW open_invoice AS SELECT id, tenant_id FROM invoice WHERE NOT paid;
GRANT SELECT ON open_invoice TO erp_app;",
    good: "-- PostgreSQL 15
CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, paid boolean NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE VIEW open_invoice WITH (security_invoker = true, security_barrier = true) AS
    SELECT id, tenant_id FROM invoice WHERE NOT paid;
GRANT SELECT ON invoice, open_invoice TO erp_app;",
    manual: "https://www.postgresql.org/docs/current/sql-createview.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let old = subject.catalog.server_version.is_some_and(|version| version < 150_000);
    for (name, view) in used(subject).into_iter().filter(|(_, view)| is_definer(view)) {
        let reads = view.view.iter().flat_map(|view| &view.reads);
        let tables: Vec<&QualifiedName> = reads.filter(|table| holds_tenants(subject, table)).collect();
        let Some(first) = tables.first() else { continue };
        let unbound = tables.iter().find_map(|table| {
            let why = subject.unbound_owner(view, table)?;
            Some((*table, why))
        });
        let plain = name.plain();
        let (severity, message) = match unbound {
            Some((table, why)) => {
                let table = table.plain();
                (Severity::Critical, format!("view {plain} reads {table} with its owner's rights, and {why}"))
            }
            None if old => (
                Severity::High,
                format!(
                    "view {plain} reads {} with its owner's rights, as every view before PostgreSQL 15",
                    first.plain()
                ),
            ),
            None => (
                Severity::Low,
                format!(
                    "view {plain} reads {} with the rights of {}, whom policies bind",
                    first.plain(),
                    view.owner.plain()
                ),
            ),
        };
        let finding = found.add(Object::Relation(name.clone()), message).severity(severity);
        if !old {
            finding.sql(ddl::view_options(name, &[("security_invoker".to_owned(), "true".to_owned())]));
        }
    }
}

/// The views that tenants' statements use: those open to them, and those that these read with their owner's rights.
fn used<'a>(subject: &Subject<'a>) -> Vec<(&'a QualifiedName, &'a Relation)> {
    let is_view = |name: &QualifiedName, relation: &Relation| {
        relation.kind == RelationKind::View && relation.extension.is_none() && !subject.is_exempt(name)
    };
    let views = subject.catalog.relations.iter().filter(|(name, relation)| is_view(name, relation));
    let mut used: Vec<_> = views.filter(|(_, view)| subject.is_open(view)).collect();
    let mut seen: BTreeSet<&QualifiedName> = used.iter().map(|(name, _)| *name).collect();
    let mut at = 0;
    while let Some((_, view)) = used.get(at) {
        at += 1;
        let reads = view.view.iter().filter(|_| is_definer(view)).flat_map(|view| &view.reads);
        let found = reads.filter_map(|name| subject.catalog.relations.get_key_value(name));
        let more: Vec<_> = found.filter(|(name, relation)| is_view(name, relation)).collect();
        used.extend(more.into_iter().filter(|(name, _)| seen.insert(name)));
    }
    used
}

fn is_definer(view: &Relation) -> bool {
    !view.option_is_on("security_invoker")
}

/// Views in turn are looked at by themselves.
fn holds_tenants(subject: &Subject<'_>, name: &QualifiedName) -> bool {
    subject.catalog.relations.get(name).is_some_and(Relation::is_table) && subject.holds_tenants(name)
}
