//! `secdef-trigger`

use crate::catalog::{Function, Object, Part, Signature, Trigger};
use crate::policy::ddl;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::subject::definer::judge;

pub(super) const RULE: Rule = Rule {
    code: "secdef-trigger",
    severity: Severity::High,
    finds: "a trigger on a tenant table reaches tenants' rows as an owner whom policies do not bind",
    why: "The trigger's function is SECURITY DEFINER, so policies are asked for its owner, whom they do not bind: each \
          tenant's statement reads or changes rows of all tenants by it.",
    fix: "Make the function SECURITY INVOKER, or let its text say whose rows it means, by NEW and OLD.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE TABLE audit (tenant_id uuid NOT NULL, invoice_id bigint NOT NULL);
ALTER TABLE audit ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM audit WHERE invoice_id = OLD.id;
    RETURN OLD;
END
$$;
ALTER FUNCTION forget() OWNER TO erp_system;
CREATE TRIGGER forget AFTER DELETE ON invoice FOR EACH ROW EXECUTE FUNCTION forget();",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE TABLE audit (tenant_id uuid NOT NULL, invoice_id bigint NOT NULL);
ALTER TABLE audit ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM audit WHERE invoice_id = OLD.id;
    RETURN OLD;
END
$$;
CREATE TRIGGER forget AFTER DELETE ON invoice FOR EACH ROW EXECUTE FUNCTION forget();",
    manual: "https://www.postgresql.org/docs/current/sql-createtrigger.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (name, relation) in &subject.catalog.relations {
        if !subject.holds_tenants(name) {
            continue;
        }
        for (trigger_name, trigger) in &relation.triggers {
            let Some((signature, function)) = called(subject, trigger) else { continue };
            // What an audit trail does: the row comes from the statement, and none is read.
            let Some((severity, what)) = judge(subject, function, Severity::Low) else { continue };
            let message = format!(
                "trigger {} of {} calls {}, which {what}",
                trigger_name.plain(),
                name.plain(),
                signature.name.plain()
            );
            let object = Object::Part(Part::Trigger, name.clone(), trigger_name.clone());
            let finding = found.add(object, message).severity(severity);
            if severity == Severity::High {
                finding.sql(ddl::alter_function(signature, "SECURITY INVOKER"));
            }
        }
    }
}

/// The SECURITY DEFINER function that a trigger calls.
fn called<'a>(subject: &Subject<'a>, trigger: &Trigger) -> Option<(&'a Signature, &'a Function)> {
    if !trigger.enabled || trigger.inherited {
        return None;
    }
    let signature = Signature { name: trigger.function.clone(), arguments: Vec::new() };
    let (signature, function) = subject.catalog.functions.get_key_value(&signature)?;
    (function.security_definer && function.extension.is_none()).then_some((signature, function))
}
