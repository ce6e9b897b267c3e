//! `leakproof-user-function`

use crate::catalog::Object;
use crate::policy::ddl;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "leakproof-user-function",
    severity: Severity::High,
    finds: "a function that somebody wrote is LEAKPROOF, and tenants' statements may call it",
    why: "The planner calls a LEAKPROOF function before a policy is asked: it sees rows of all tenants, and what it raises, \
          prints or writes of them reaches the tenant that calls it.",
    fix: "Make it NOT LEAKPROOF. Only a function that says nothing of its arguments, in errors neither, may be LEAKPROOF.",
    bad: "CREATE FUNCTION is_large(total numeric) RETURNS boolean LANGUAGE plpgsql IMMUTABLE LEAKPROOF AS $$
BEGIN
    RAISE NOTICE 'total %', total;
    RETURN total > 1000;
END
$$;",
    good: "CREATE FUNCTION is_large(total numeric) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT total > 1000 $$;",
    manual: "https://www.postgresql.org/docs/current/sql-createfunction.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (signature, function) in &subject.catalog.functions {
        if function.leakproof && function.extension.is_none() && subject.may_call(function) {
            let object = Object::Function(signature.clone());
            let message = format!("{object} is LEAKPROOF, so it is called before policies are asked");
            found.add(object, message).sql(ddl::alter_function(signature, "NOT LEAKPROOF"));
        }
    }
}
