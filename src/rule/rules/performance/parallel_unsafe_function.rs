//! `parallel-unsafe-function`

use crate::catalog::{Object, Parallel, Volatility};
use crate::policy::ddl;
use crate::policy::sealed::is_verifier;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::subject::callee;

pub(super) const RULE: Rule = Rule {
    code: "parallel-unsafe-function",
    severity: Severity::Medium,
    finds: "a policy calls a function that is not PARALLEL SAFE",
    why: "No statement on the table gets a parallel plan, however large the table is. A new function is PARALLEL UNSAFE unless it says \
          otherwise.",
    fix: "Declare the function PARALLEL SAFE.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE FUNCTION my_tenant() RETURNS uuid LANGUAGE sql STABLE
    RETURN nullif(current_setting('app.tenant_id', true), '')::uuid;
CREATE POLICY invoice_tenant ON invoice USING (tenant_id = (SELECT my_tenant()));",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE FUNCTION my_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('app.tenant_id', true), '')::uuid;
CREATE POLICY invoice_tenant ON invoice USING (tenant_id = (SELECT my_tenant()));",
    manual: "https://www.postgresql.org/docs/current/parallel-safety.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (signature, (call, table, policy)) in callee::of_policies(subject) {
        let function = call.function;
        if function.extension.is_some() || function.parallel == Parallel::Safe {
            continue;
        }
        // What verifies seals asks which process serves the connection, which the leader of a parallel plan alone knows.
        if is_verifier(&subject.manifest.tenancy, signature, function) {
            continue;
        }
        let (what, severity) = match function.parallel {
            Parallel::Restricted => ("RESTRICTED", Severity::Low),
            _ => ("UNSAFE", Severity::Medium),
        };
        let message = format!(
            "{} is PARALLEL {what}, and policy {} of {} calls it",
            signature.name.plain(),
            policy.name.plain(),
            table.table.plain()
        );
        let finding = found.add(Object::Function(signature.clone()), message);
        finding.severity(severity);
        // What a volatile function does nobody knows.
        if function.volatility != Volatility::Volatile {
            finding.sql(ddl::alter_function(signature, "PARALLEL SAFE"));
        }
    }
}
