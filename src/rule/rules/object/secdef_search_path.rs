//! `secdef-search-path`

use std::collections::BTreeSet;

use crate::catalog::{Function, Object, Privilege, Signature};
use crate::ident::{Ident, QualifiedName};
use crate::policy::ddl;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "secdef-search-path",
    severity: Severity::High,
    finds: "a SECURITY DEFINER function looks names up where those who call it can put objects of their own",
    why: "Whoever calls the function can put a table, type or function in the place of one that it names, and has it read or \
          run with the rights of the function's owner. Temporary objects come first unless pg_temp is named last.",
    fix: "Pin the search path in the function, to schemas in which the app role cannot create, and name pg_temp last. CREATE \
          OR REPLACE FUNCTION has to repeat it.",
    bad: "CREATE FUNCTION next_number(series text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN nextval(series);
END
$$;",
    good: "-- Before PostgreSQL 15 everybody can create objects in it.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE FUNCTION next_number(series text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    RETURN nextval(series);
END
$$;",
    manual: "https://www.postgresql.org/docs/current/sql-createfunction.html#SQL-CREATEFUNCTION-SECURITY",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let triggers: BTreeSet<&QualifiedName> = subject
        .catalog
        .relations
        .values()
        .flat_map(|relation| relation.triggers.values().map(|trigger| &trigger.function))
        .collect();
    for (signature, function) in &subject.catalog.functions {
        let reached = subject.may_call(function) || triggers.contains(&signature.name);
        if function.security_definer
            && function.extension.is_none()
            && reached
            && !is_parsed(function)
            && !subject.app.contains(&function.owner)
        {
            judge(subject, signature, function, found);
        }
    }
}

/// A body in standard SQL has its names looked up once, when it is made.
fn is_parsed(function: &Function) -> bool {
    let starts = |words: &str| {
        let start = function.body.get(..words.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(words))
    };
    function.language == "sql" && (starts("RETURN ") || starts("BEGIN ATOMIC"))
}

fn judge(subject: &Subject<'_>, signature: &Signature, function: &Function, found: &mut Findings) {
    let object = Object::Function(signature.clone());
    let Some(written) = function.settings.get("search_path") else {
        let message =
            format!("{object} looks names up where the one who calls it says: it pins no search_path");
        let schema = signature.name.schema();
        let finding = found.add(object, message);
        // To a schema in which tenants' statements can create it is no use to pin it.
        if !is_writable(subject, schema) {
            finding.sql(pinned(signature, std::slice::from_ref(schema)));
        }
        return;
    };
    let path = schemas(written);
    if let Some(schema) = path.iter().find(|schema| is_writable(subject, schema)) {
        let schema = schema.plain();
        let message = format!("{object} looks names up in {schema}, where tenants' statements can create");
        found.add(object, message);
        return;
    }
    if path.last().is_some_and(|last| last.as_str() == "pg_temp") {
        return;
    }
    let named = path.iter().any(|schema| schema.as_str() != "pg_catalog");
    let severity = if named { Severity::Medium } else { Severity::Low };
    let message = format!(
        "{object} looks names up among temporary objects first: its search_path has no pg_temp at its end"
    );
    found.add(object, message).severity(severity).sql(pinned(signature, &path));
}

fn is_writable(subject: &Subject<'_>, name: &Ident) -> bool {
    let Some(schema) = subject.catalog.schemas.get(name) else { return false };
    let mut grants = schema.grants.iter().filter(|grant| grant.privilege == Privilege::Create);
    subject.app.contains(&schema.owner) || grants.any(|grant| subject.is_app(&grant.grantee))
}

/// The schemas of a search path, as the server keeps it.
fn schemas(path: &str) -> Vec<Ident> {
    let mut schemas = Vec::new();
    let mut rest = path.trim();
    while !rest.is_empty() {
        let (name, after) = if let Some(quoted) = rest.strip_prefix('"') {
            let end = quoted.find('"').unwrap_or(quoted.len());
            (quoted[..end].to_owned(), quoted.get(end + 1..).unwrap_or_default())
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            (rest[..end].trim().to_lowercase(), &rest[end..])
        };
        schemas.extend(Ident::new(name));
        rest = after.trim_start().trim_start_matches(',').trim_start();
    }
    schemas
}

/// The search path with `pg_temp` at its end.
fn pinned(signature: &Signature, path: &[Ident]) -> crate::error::Result<String> {
    let named = path.iter().filter(|schema| schema.as_str() != "pg_temp");
    let named: Vec<String> = named.map(ToString::to_string).chain(["pg_temp".to_owned()]).collect();
    ddl::alter_function(signature, format!("SET search_path = {}", named.join(", ")))
}
