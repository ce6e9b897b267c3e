//! `function-replace-resets-attributes`

use crate::catalog::replay::{Statement, Step};
use crate::catalog::{Expr, Function, Object, Parallel, Signature, Volatility};
use crate::rule::code::sentence::Sentence;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Ground;
use crate::rule::watch::Watch;
use crate::rule::watch::pending::{Pending, Until};

pub(super) const RULE: Rule = Rule {
    code: "function-replace-resets-attributes",
    severity: Severity::Medium,
    finds: "a CREATE OR REPLACE FUNCTION takes away attributes that the function had",
    why: "What the statement does not repeat is reset: a function of a policy becomes VOLATILE and is called for every row, \
          and one with SECURITY DEFINER finds its names by the caller's search_path.",
    fix: "Repeat STABLE, PARALLEL SAFE and SET search_path in every CREATE OR REPLACE FUNCTION.",
    bad: "CREATE FUNCTION current_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('app.tenant_id', true), '')::uuid $$;
CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE POLICY invoice_tenant ON invoice USING (tenant_id = current_tenant());
-- file: 2.sql
CREATE OR REPLACE FUNCTION current_tenant() RETURNS uuid LANGUAGE sql
    AS $$ SELECT nullif(current_setting('app.tenant_id', true), '')::uuid $$;",
    good: "CREATE FUNCTION current_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('app.tenant_id', true), '')::uuid $$;
CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE POLICY invoice_tenant ON invoice USING (tenant_id = current_tenant());
-- file: 2.sql
CREATE OR REPLACE FUNCTION current_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('app.tenant_id', true), '')::uuid $$;",
    manual: "https://www.postgresql.org/docs/current/sql-createfunction.html",
    check: Check::Sequence(|| Box::new(FunctionReplaceResetsAttributes(Pending::new(Until::Transaction)))),
};

struct FunctionReplaceResetsAttributes(Pending<Reset>);

/// A function that was made anew, as it was and as it is.
struct Reset {
    signature: Signature,
    before: Function,
    now: Function,
    /// Whether the statement itself says how volatile it is to be.
    says_volatile: bool,
    in_policy: bool,
}

impl Watch for FunctionReplaceResetsAttributes {
    fn see(&mut self, step: &Step<'_>, _: &Ground<'_>, found: &mut Findings) {
        tell(self.0.go_on(step), found);
        for (signature, before, now) in step.functions() {
            let Some(now) = now else {
                self.0.keep(|reset| reset.signature != *signature);
                continue;
            };
            self.0.keep(|reset| {
                if reset.signature == *signature {
                    reset.now = now.clone();
                }
                true
            });
            let (Some(before), Some(Statement::CreateFunction(made))) = (before, step.statement) else {
                continue;
            };
            self.0.add(
                step,
                Reset {
                    signature: signature.clone(),
                    before: before.clone(),
                    now: now.clone(),
                    says_volatile: made.attributes.volatility.is_some(),
                    in_policy: !lost(before, now).is_empty() && is_in_policy(signature, step),
                },
            );
        }
    }

    fn end(&mut self, _: &Ground<'_>, found: &mut Findings) {
        tell(self.0.take(), found);
    }
}

fn is_in_policy(signature: &Signature, step: &Step<'_>) -> bool {
    let names = |condition: &Expr| {
        let sentence = Sentence::of(condition.as_str());
        sentence.calls().iter().any(|call| call.name.name == *signature.name.name())
    };
    step.all_relations().flat_map(|(_, relation)| relation.policies.values()).any(|policy| {
        let mut conditions = policy.using.iter().chain(&policy.with_check);
        conditions.any(names)
    })
}

/// The attributes that a function has no more.
fn lost(before: &Function, now: &Function) -> Vec<String> {
    let mut lost = Vec::new();
    if now.volatility == Volatility::Volatile && before.volatility != now.volatility {
        lost.push(if before.volatility == Volatility::Stable { "STABLE" } else { "IMMUTABLE" }.to_owned());
    }
    if now.parallel == Parallel::Unsafe && before.parallel != Parallel::Unsafe {
        let safe = before.parallel == Parallel::Safe;
        lost.push(if safe { "PARALLEL SAFE" } else { "PARALLEL RESTRICTED" }.to_owned());
    }
    // A body in standard SQL has found its names when it was made.
    let finds_names =
        |name: &String| name != "search_path" || now.security_definer || !now.is_in_standard_sql();
    let unset = before.settings.keys().filter(|name| !now.settings.contains_key(*name) && finds_names(name));
    lost.extend(unset.map(|name| format!("SET {name}")));
    lost
}

fn tell(reset: Vec<(usize, Reset)>, found: &mut Findings) {
    for (statement, Reset { signature, before, now, says_volatile, in_policy }) in reset {
        let mut lost = lost(&before, &now);
        lost.retain(|what| !(says_volatile && matches!(what.as_str(), "STABLE" | "IMMUTABLE")));
        if lost.is_empty() {
            continue;
        }
        let pinned = now.security_definer && lost.iter().any(|lost| lost == "SET search_path");
        let severity = if in_policy || pinned { Severity::Medium } else { Severity::Low };
        let message = format!("{} is made anew and loses {}", signature.name.plain(), lost.join(", "));
        found.add(Object::Function(signature), message).statement(statement).severity(severity);
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::{messages, severities};

    #[test]
    fn what_is_lost_is_named_and_what_comes_back_is_fine() {
        let start =
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
            AS 'SELECT 1';\n-- file: 2.sql\n";
        let replace = "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql";
        for (sql, expected) in [
            (format!("{replace} SECURITY DEFINER AS 'SELECT 2';"), &["medium"][..]),
            (format!("{replace} AS 'SELECT 2';"), &["low"]),
            (format!("{replace} VOLATILE SET search_path = public AS 'SELECT 2';"), &[]),
            (format!("{replace} AS 'SELECT 2'; ALTER FUNCTION f() STABLE SET search_path = public;"), &[]),
            (format!("DROP FUNCTION f(); {replace} AS 'SELECT 2';"), &[]),
        ] {
            assert_eq!(severities(super::RULE.code, &format!("{start}{sql}")), expected, "{sql}");
        }
        let lost = messages(super::RULE.code, &format!("{start}{replace} AS 'SELECT 2';"));
        assert!(lost.ends_with("loses STABLE, SET search_path"), "{lost}");
    }
}
