//! `secdef-function`

use crate::catalog::{Function, FunctionKind, Object, Signature};
use crate::policy::ddl;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::subject::definer::judge;

pub(super) const RULE: Rule = Rule {
    code: "secdef-function",
    severity: Severity::High,
    finds: "a SECURITY DEFINER function that tenants' statements may call reaches tenants' rows as an owner whom policies do not \
            bind",
    why: "Inside such a function policies are asked for its owner: where they do not bind the owner, the function reads and \
          changes the rows of all tenants for whoever calls it. PUBLIC may call every new function.",
    fix: "Make it SECURITY INVOKER. If it has to cross tenants, let its text say whose rows it means, revoke EXECUTE from \
          PUBLIC, and grant it to those who need it.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION invoice_count() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$ SELECT count(*) FROM invoice $$;",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE FUNCTION invoice_count() RETURNS bigint LANGUAGE sql STABLE
    AS $$ SELECT count(*) FROM invoice $$;",
    manual: "https://www.postgresql.org/docs/current/sql-createfunction.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (signature, function) in &subject.catalog.functions {
        let considered = function.security_definer
            && function.extension.is_none()
            && matches!(function.kind, FunctionKind::Function | FunctionKind::Procedure)
            && !is_trigger(function);
        if considered && !is_tree(subject, signature) && subject.may_call(function) {
            add(subject, signature, function, found);
        }
    }
}

fn add<'a>(subject: &Subject<'a>, signature: &Signature, function: &'a Function, found: &mut Findings) {
    let Some((severity, what)) = judge(subject, function, Severity::High) else { return };
    let object = Object::Function(signature.clone());
    let message = format!("{object} {what}");
    let finding = found.add(object, message).severity(severity);
    if severity == Severity::High {
        finding.sql(ddl::alter_function(signature, "SECURITY INVOKER"));
    }
}

fn is_trigger(function: &Function) -> bool {
    matches!(function.returns.as_deref(), Some("trigger" | "event_trigger"))
}

/// The function that the policies of class `tree` ask: it gives tenants alone, those below the one that is bound.
fn is_tree(subject: &Subject<'_>, signature: &Signature) -> bool {
    let tenancy = &subject.manifest.tenancy;
    tenancy.tenant_tree().is_some()
        && signature.name.schema() == tenancy.support()
        && signature.name.name().as_str() == "tenant_tree"
        && signature.arguments.is_empty()
}
