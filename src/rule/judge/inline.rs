//! Functions of one expression, looked into where they are called: what they are given is what the row holds.

use std::sync::Arc;

use sqlparser::ast::{Expr, Function as Call, Ident, ObjectName, ObjectNamePart, Value};

use super::eval::{Eval, only};
use super::world::{Truth, Values, is_null};
use super::{Judge, names_columns, strip};
use crate::catalog::{Function, Signature, change_exprs, has_expr, has_relation};

/// How many functions are looked into that stand within one another.
const DEEPEST: usize = 8;

/// The server's own functions of which it is known what can come of them.
const KNOWN: [&str; 14] = [
    "array",
    "btrim",
    "coalesce",
    "current_role",
    "current_setting",
    "current_user",
    "lower",
    "nullif",
    "regexp_split_to_array",
    "session_user",
    "string_to_array",
    "unnest",
    "upper",
    "user",
];

impl Eval<'_, '_> {
    /// Whether the condition holds that a function is, if it can be looked into.
    pub(super) fn condition_within(&self, call: &Call, arguments: &[&Expr]) -> Option<Truth> {
        let (body, strict) = self.judge.within(call, arguments)?;
        let holds = self.deeper(|| self.condition(&body))?;
        // One that is STRICT says nothing of NULL.
        let given = arguments.iter().filter(|_| strict).map(|argument| is_null(self.value(argument)).not());
        Some(given.fold(holds, Truth::and))
    }

    /// The value that a function yields, if it can be looked into.
    pub(super) fn value_within(&self, call: &Call, arguments: &[&Expr]) -> Option<Values> {
        let (body, strict) = self.judge.within(call, arguments)?;
        if strict {
            return None;
        }
        self.deeper(|| self.value(&body))
    }

    fn deeper<T>(&self, look: impl FnOnce() -> T) -> Option<T> {
        let depth = self.judge.depth.get();
        if depth >= DEEPEST {
            return None;
        }
        self.judge.depth.set(depth + 1);
        let found = look();
        self.judge.depth.set(depth);
        Some(found)
    }
}

impl<'a> Judge<'_, 'a> {
    /// What a function says with what it is given here, and whether it is STRICT. One that is given nothing of the row is looked
    /// into elsewhere.
    fn within(&self, call: &Call, arguments: &[&Expr]) -> Option<(Expr, bool)> {
        if !arguments.iter().any(|argument| names_columns(argument)) {
            return None;
        }
        let called = self.called(call, arguments.len());
        let [(signature, function)] = called[..] else { return None };
        if signature.arguments.len() != arguments.len() {
            return None;
        }
        let mut body = Expr::clone(&*self.body(signature, function)?);
        change_exprs(&mut body, &mut |part| {
            if let Some(given) = parameter(part, signature, function).and_then(|at| arguments.get(at)) {
                *part = Expr::Nested(Box::new((*given).clone()));
            }
        });
        Some((body, function.strict))
    }

    /// The expression that a function is, if it is one and all its words are known.
    fn body(&self, signature: &'a Signature, function: &'a Function) -> Option<Arc<Expr>> {
        if let Some(known) = self.bodies.borrow().get(signature) {
            return known.clone();
        }
        let body = self.read_body(signature, function).map(Arc::new);
        self.bodies.borrow_mut().insert(signature, body.clone());
        body
    }

    fn read_body(&self, signature: &'a Signature, function: &'a Function) -> Option<Expr> {
        // Another owner, or another setting, can make it another answer.
        let sets = function.settings.keys().any(|name| !name.eq_ignore_ascii_case("search_path"));
        if function.language != "sql" || function.security_definer || sets {
            return None;
        }
        let mut body = match strip(&Self::expression(&function.body)?) {
            Expr::Subquery(query) => match only(query)? {
                (item, None) => item.clone(),
                _ => return None,
            },
            other => other.clone(),
        };
        if has_relation(&body) {
            return None;
        }
        change_exprs(&mut body, &mut |part| {
            if let Expr::Function(call) = part
                && let Some(name) = self.full_name(&call.name)
            {
                call.name = name;
            }
        });
        let unknown = has_expr(&body, &mut |part| {
            let known = match part {
                Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Value(_) => {
                    let is_name =
                        !matches!(part, Expr::Value(of) if !matches!(of.value, Value::Placeholder(_)));
                    !is_name || parameter(part, signature, function).is_some()
                }
                Expr::Function(call) => {
                    call.name.0.len() > 1 || KNOWN.contains(&call.name.to_string().as_str())
                }
                _ => true,
            };
            !known
        });
        (!unknown).then_some(body)
    }

    /// The name with its schema of a function that a body calls without it, where there is only one.
    fn full_name(&self, name: &ObjectName) -> Option<ObjectName> {
        let [ObjectNamePart::Identifier(own)] = &name.0[..] else { return None };
        let [only] = self.subject.functions_named(&own.value) else { return None };
        let parts = [only.name.schema(), only.name.name()];
        Some(ObjectName(parts.map(|part| ObjectNamePart::Identifier(Ident::new(part.as_str()))).to_vec()))
    }
}

/// Which of its parameters a function names there.
fn parameter(part: &Expr, signature: &Signature, function: &Function) -> Option<usize> {
    let named = |name: &str| {
        let given = function.arguments.iter().filter(|argument| !matches!(argument.mode, "OUT" | "TABLE"));
        let mut names = given.map(|argument| argument.name.as_ref());
        names.position(|of| of.is_some_and(|of| of.as_str() == name))
    };
    match part {
        Expr::Identifier(name) => named(&name.value),
        Expr::CompoundIdentifier(parts) => match &parts[..] {
            [of, name] if of.value == signature.name.name().as_str() => named(&name.value),
            _ => None,
        },
        Expr::Value(of) => match &of.value {
            Value::Placeholder(number) => number.strip_prefix('$')?.parse::<usize>().ok()?.checked_sub(1),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::said;

    const CODE: &str = "tenant-predicate-not-conjunctive";

    /// What is said of policies that ask a function.
    fn of(functions: &str, using: &str) -> Vec<String> {
        let sql = format!(
            "CREATE TABLE t (id bigint, tenant_id uuid NOT NULL, other_id uuid);
             {functions}
             ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
             CREATE POLICY p ON t USING ({using});"
        );
        said(CODE, &sql)
    }

    #[test]
    fn a_function_of_one_expression_is_looked_into() {
        let own = "NULLIF(current_setting('app.tenant_id', true), '')::uuid";
        let helper = format!("CREATE FUNCTION own() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT {own} $$;");
        let asks = |with: &str| format!("CREATE FUNCTION f(t uuid) RETURNS boolean {with};");
        let sql = |body: &str| asks(&format!("LANGUAGE sql STABLE AS $$ {body} $$"));
        for functions in [
            sql(&format!("SELECT t = {own}")),
            sql(&format!("SELECT $1 = (SELECT {own})")),
            sql(&format!("SELECT f.t IS NOT DISTINCT FROM {own};")),
            sql(&format!("SELECT coalesce(t = {own}, false)")),
            asks(&format!("LANGUAGE sql STABLE STRICT AS $$ SELECT t = {own} $$")),
            asks(&format!("LANGUAGE sql STABLE RETURN t = {own}")),
            format!("{helper}{}", sql("SELECT t = own()")),
            format!("{helper}{}", sql("SELECT t = (SELECT public.own()) AND own() IS NOT NULL")),
            format!(
                "CREATE FUNCTION g(u uuid) RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT u = {own} $$; {}",
                sql("SELECT g(t)")
            ),
        ] {
            assert_eq!(of(&functions, "f(tenant_id)"), [""; 0], "{functions}");
        }
        let open = "critical: policy p of public.t can be true without the tenant, so a tenant can read, insert, change and delete rows of others";
        let wide = sql(&format!("SELECT t = {own} OR {own} IS NOT NULL"));
        assert_eq!(of(&wide, "f(tenant_id)"), [open]);
        // It asks for the tenant in a column that does not say whose the row is.
        assert_ne!(of(&sql(&format!("SELECT t = {own}")), "f(tenant_id) OR f(other_id)"), [""; 0]);
    }

    #[test]
    fn one_that_is_not_looked_into_is_found_once_for_all_policies() {
        let function = "CREATE FUNCTION f(t uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$ BEGIN
            RETURN t::text = ANY (string_to_array(current_setting('app.tenant_id', true), ',')); END $$;";
        let more = "f(tenant_id)); CREATE POLICY q ON t FOR SELECT USING (f(tenant_id)";
        let why = "so nobody knows whether it asks for the tenant";
        let one = of(function, "f(tenant_id)");
        assert_eq!(
            one,
            [format!("low: policy p of public.t depends on what is not looked into here, {why}")]
        );
        assert_eq!(
            of(function, more),
            [format!(
                "low: public.f(uuid) decides in policies p of public.t and q of public.t, and is not looked into here, {why}"
            )]
        );
        // A function that calls itself, and one that runs as its owner.
        for body in [
            "LANGUAGE sql STABLE AS $$ SELECT f(t) OR t::text = current_setting('app.tenant_id', true) $$",
            "LANGUAGE sql STABLE SECURITY DEFINER AS $$ SELECT t::text = current_setting('app.tenant_id', true) $$",
        ] {
            let function = format!("CREATE FUNCTION f(t uuid) RETURNS boolean {body};");
            assert_eq!(of(&function, "f(tenant_id)").len(), 1, "{body}");
        }
    }
}
