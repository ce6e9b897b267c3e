//! `rewrite-rule`

use crate::catalog::{Object, Part, Privilege, Relation};
use crate::ident::QualifiedName;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "rewrite-rule",
    severity: Severity::High,
    finds: "a rewrite rule reaches a tenant table with the rights of an owner whom policies do not bind",
    why: "What a rule adds to a statement is run with the rights of the relation's owner, on a view with security_invoker too: \
          a tenant's statement reads or changes rows of all tenants by it.",
    fix: "Use a trigger, which runs with the rights of the one who writes, and drop the rule.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE TABLE invoice_total (tenant_id uuid NOT NULL, invoices bigint NOT NULL);
ALTER TABLE invoice_total ENABLE ROW LEVEL SECURITY;
CREATE RULE count_invoice AS ON INSERT TO invoice DO ALSO UPDATE invoice_total SET invoices = invoices + 1;
GRANT SELECT, INSERT ON invoice TO erp_app;",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE TABLE invoice_total (tenant_id uuid NOT NULL, invoices bigint NOT NULL);
ALTER TABLE invoice_total ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE FUNCTION count_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE invoice_total SET invoices = invoices + 1 WHERE tenant_id = NEW.tenant_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER count_invoice AFTER INSERT ON invoice FOR EACH ROW EXECUTE FUNCTION count_invoice();
GRANT SELECT, INSERT ON invoice TO erp_app;
GRANT SELECT, UPDATE ON invoice_total TO erp_app;",
    manual: "https://www.postgresql.org/docs/current/rules-privileges.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (name, relation) in &subject.catalog.relations {
        for (rule_name, rule) in relation.rules.iter().filter(|(_, rule)| rule.enabled) {
            if !is_written(subject, name, relation, rule.event) {
                continue;
            }
            let unbound = rule.uses.iter().filter(|used| subject.holds_tenants(used)).find_map(|used| {
                let why = subject.unbound_owner(relation, used)?;
                Some((used, why))
            });
            if let Some((used, why)) = unbound {
                let message = format!(
                    "rule {} of {} reaches {} with its owner's rights, and {why}",
                    rule_name.plain(),
                    name.plain(),
                    used.plain()
                );
                found.add(Object::Part(Part::Rule, name.clone(), rule_name.clone()), message);
            }
        }
    }
}

/// Whether tenants' statements set off a rule of this event.
fn is_written(subject: &Subject<'_>, name: &QualifiedName, relation: &Relation, event: &str) -> bool {
    let privilege = Privilege::from_sql(event);
    !subject.is_exempt(name) && privilege.is_some_and(|privilege| subject.may(relation, privilege))
}
