//! The functions that find a tenant before one is bound, as a manifest declares them.
//!
//! Such a function has to read a row of whichever tenant, and no policy lets anybody do that who has not bound one: the floors of
//! the shapes are restrictive and hold for PUBLIC. The function runs with the rights of a role of its own, which
//!
//! - has BYPASSRLS, cannot log in, and has no members: no statement runs as it but the bodies of these functions;
//! - has SELECT on the columns that they name, and on nothing else. A policy could confine it no further, since any row's key may be
//!   asked for: it would be `USING (true)`, for whole tables rather than for columns.
//!
//! The other way would be a role that policies bind, and floors that leave it out: `tenant_id = … OR (SELECT current_user = '…')`. That was
//! measured on PostgreSQL 18: 1.24 times the time of a scan of 500,000 rows of the app role, whose permissive policy no longer is the
//! same condition and is evaluated beside the floor, and counted twice where the planner estimates rows. And each floor of such a
//! table would have an exception that every later reader has to understand. As it is, policies and plans of the app role stay what they
//! are; and whoever becomes a member of the role meets what already looks for BYPASSRLS: the pool's guard, the plan, the audit.

use std::collections::{BTreeMap, BTreeSet};

use super::manifest::{Manifest, Problem, Resolver, ResolverKey, nearest};
use super::place::fits;
use super::render::{Vars, render};
use crate::catalog::{
    Argument, Catalog, Column, Expr, Function, FunctionKind, Grant, Grantee, Index, IndexColumn, Parallel,
    Privilege, Relation, RelationKind, Signature, Volatility,
};
use crate::error::Result;
use crate::ident::{Ident, QualifiedName};

/// A resolver, and the function that it is to be.
pub(crate) struct Lookup<'a> {
    pub(crate) resolver: &'a Resolver,
    pub(crate) signature: Signature,
    pub(crate) function: Function,
}

/// The types that a resolver takes and gives. Their operators are those of `pg_catalog`, whatever else is installed.
const TYPES: [&str; 19] = [
    "smallint",
    "integer",
    "bigint",
    "numeric",
    "real",
    "double precision",
    "boolean",
    "uuid",
    "text",
    "character varying",
    "character",
    "bytea",
    "date",
    "timestamp with time zone",
    "timestamp without time zone",
    "inet",
    "cidr",
    "json",
    "jsonb",
];

/// The functions of all resolvers, or what has to be settled first.
pub(crate) fn lookups<'a>(manifest: &'a Manifest, catalog: &'a Catalog) -> (Vec<Lookup<'a>>, Vec<Problem>) {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for (name, resolver) in &manifest.resolvers {
        match lookup(manifest, catalog, name, resolver) {
            Ok(lookup) => found.push(lookup),
            Err(what) => {
                let what = format!("resolver {} {what}", name.plain());
                problems.push(Problem { line: Some(resolver.line), what });
            }
        }
    }
    (found, problems)
}

/// What the role of resolvers reads: the columns of each table that one of them names.
pub(crate) fn columns<'a>(lookups: &[Lookup<'a>]) -> BTreeMap<&'a QualifiedName, BTreeSet<&'a Ident>> {
    let mut found: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for Lookup { resolver, .. } in lookups {
        let by = resolver.by.iter().map(|key| &key.column);
        found.entry(&resolver.table).or_default().extend(by.chain(&resolver.returns));
    }
    found
}

impl Lookup<'_> {
    /// Whether a function does the same with the same rights, whoever owns it and may call it.
    pub(crate) fn is_done_by(&self, other: &Function) -> bool {
        let wanted = &self.function;
        let same_parts = (other.kind, other.volatility, other.parallel)
            == (wanted.kind, wanted.volatility, wanted.parallel)
            && (other.security_definer, other.leakproof, other.strict)
                == (wanted.security_definer, wanted.leakproof, wanted.strict);
        same_parts
            && self.is_called_as(other)
            && other.language == wanted.language
            && other.settings == wanted.settings
            && other.body == wanted.body
    }

    /// Whether it takes the same arguments, and gives the same columns.
    pub(crate) fn is_called_as(&self, other: &Function) -> bool {
        let gives_rows = other.returns.as_deref().is_some_and(|returns| returns.starts_with("TABLE"));
        gives_rows && other.arguments == self.function.arguments
    }
}

/// Whether no two rows have the same of these keys.
pub(crate) fn is_unique(relation: &Relation, by: &[ResolverKey]) -> bool {
    relation.indexes.values().any(|index| is_key(index, by))
}

/// Whether an index keeps rows apart by exactly these, in any order.
pub(crate) fn is_key(index: &Index, by: &[ResolverKey]) -> bool {
    let is = |key: &ResolverKey, of: &IndexColumn| match of {
        IndexColumn::Column(column) => !key.lower && *column == key.column,
        IndexColumn::Expr(expr) => key.lower && lowered(&key.column).contains(expr),
    };
    index.unique
        && !index.without_overlaps
        && index.immediate
        && index.valid
        && index.predicate.is_none()
        && index.keys.len() == by.len()
        && by.iter().all(|key| index.keys.iter().any(|of| of.opclass.is_none() && is(key, &of.column)))
}

/// The column in lower case, as indexes write it for `text` and for `character varying`.
fn lowered(column: &Ident) -> [Expr; 2] {
    [Expr::new(format!("lower({column})")), Expr::new(format!("lower(({column})::text)"))]
}

fn lookup<'a>(
    manifest: &'a Manifest,
    catalog: &'a Catalog,
    name: &Ident,
    resolver: &'a Resolver,
) -> Result<Lookup<'a>, String> {
    let relation = table(catalog, resolver)?;
    let table = resolver.table.plain();
    let argument = |column: &Ident, mode| {
        let column = self::column(relation, column, &table)?;
        let data_type = data_type(column, &table)?;
        Ok::<_, String>(Argument { name: Some(column.name.clone()), data_type, mode })
    };
    let by = resolver.by.iter().map(|key| argument(&key.column, "IN")).collect::<Result<Vec<_>, _>>()?;
    let returns =
        resolver.returns.iter().map(|column| argument(column, "TABLE")).collect::<Result<Vec<_>, _>>()?;
    for (key, of) in resolver.by.iter().zip(&by) {
        if key.lower && !matches!(of.data_type.as_str(), "text" | "character varying") {
            let column = key.column.plain();
            return Err(format!(
                "compares {key} of {table}, and {column} is of type {}; expected text",
                of.data_type
            ));
        }
    }
    let tenant = tenant(manifest, relation, resolver)?;
    unique(manifest, relation, resolver)?;
    let arguments: Vec<String> = by.iter().map(|argument| argument.data_type.clone()).collect();
    let signature =
        Signature { name: QualifiedName::new(manifest.tenancy.support().clone(), name.clone()), arguments };
    overloads(manifest, catalog, &signature)?;
    let body = body(resolver, relation, tenant).map_err(|error| error.to_string())?;
    let app = Grantee::Role(manifest.roles.app_role().clone());
    let execute = Grant { grantee: app, privilege: Privilege::Execute, column: None, grant_option: false };
    let function = Function {
        kind: FunctionKind::Function,
        owner: role(manifest),
        owner_is_assumed: false,
        language: "sql".to_owned(),
        arguments: by.into_iter().chain(returns).collect(),
        returns: None,
        volatility: Volatility::Stable,
        // It only reads, so a statement that calls it may use workers for the rest.
        parallel: Parallel::Safe,
        security_definer: true,
        leakproof: false,
        // No row has a key that is NULL.
        strict: true,
        settings: BTreeMap::from([("search_path".to_owned(), "pg_catalog, pg_temp".to_owned())]),
        body,
        grants: BTreeSet::from([execute]),
        comment: None,
        extension: None,
    };
    Ok(Lookup { resolver, signature, function })
}

/// The role that resolvers run as, by its default name where the manifest has none any more.
pub(crate) fn role(manifest: &Manifest) -> Ident {
    let default = || Ident::joined(&[manifest.roles.app_role().as_str(), "resolver"]);
    manifest.roles.resolver_role().cloned().unwrap_or_else(default)
}

fn table<'a>(catalog: &'a Catalog, resolver: &Resolver) -> Result<&'a Relation, String> {
    let name = resolver.table.plain();
    let Some(relation) = catalog.relations.get(&resolver.table) else {
        let known: Vec<String> = catalog.relations.keys().map(QualifiedName::plain).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let advice = match nearest(&name, &known) {
            Some(meant) => format!("did you mean {meant}?"),
            None => "take the resolver out, or make the table first".to_owned(),
        };
        return Err(format!("reads {name}, which is not in the database; {advice}"));
    };
    if !matches!(relation.kind, RelationKind::Table | RelationKind::PartitionedTable) {
        return Err(format!("reads {name}, which is no table; name the table that has the key"));
    }
    match &relation.partition_of {
        Some(of) => Err(format!("reads {name}, which is a partition; name {}", of.parent.plain())),
        None => Ok(relation),
    }
}

fn column<'a>(relation: &'a Relation, name: &Ident, table: &str) -> Result<&'a Column, String> {
    relation.column(name).ok_or_else(|| {
        let known: Vec<&str> = relation.columns.iter().map(|column| column.name.as_str()).collect();
        let meant = nearest(name.as_str(), &known).map(|meant| format!("; did you mean {meant}?"));
        let advice = meant.unwrap_or_else(|| format!("; it has {}", known.join(", ")));
        format!("names column {} of {table}, which is not there{advice}", name.plain())
    })
}

/// The type of a column, without what narrows it.
fn data_type(column: &Column, table: &str) -> Result<String, String> {
    let written = &column.data_type;
    let bare = match (written.find('('), written.find(')')) {
        (Some(open), Some(close)) if open < close => format!("{}{}", &written[..open], &written[close + 1..]),
        _ => written.clone(),
    };
    if TYPES.contains(&bare.as_str()) {
        return Ok(bare);
    }
    Err(format!(
        "names column {} of {table}, which is of type {written}; expected one of {}",
        column.name.plain(),
        TYPES.join(", ")
    ))
}

/// The column that tells the tenant: the first that is returned.
fn tenant<'a>(
    manifest: &Manifest,
    relation: &'a Relation,
    resolver: &'a Resolver,
) -> Result<&'a Column, String> {
    let table = resolver.table.plain();
    let first = resolver.returns.first().ok_or("returns nothing; the tenant comes first")?;
    let of_tenants = manifest.tenants.as_ref().filter(|tenants| tenants.table == resolver.table);
    let column = of_tenants.map_or_else(|| manifest.column(&resolver.table), |tenants| &tenants.column);
    if first != column && relation.column(column).is_some() {
        let (first, column) = (first.plain(), column.plain());
        return Err(format!("returns {first} first; expected {column}, the tenant column of {table}"));
    }
    let column = self::column(relation, first, &table)?;
    let tenant_type = manifest.tenancy.tenant_type();
    if !fits(&column.data_type, tenant_type) {
        let (first, is) = (first.plain(), &column.data_type);
        return Err(format!(
            "returns {first} of {table} first, which is of type {is}; expected a tenant, of type {tenant_type}"
        ));
    }
    Ok(column)
}

fn unique(manifest: &Manifest, relation: &Relation, resolver: &Resolver) -> Result<(), String> {
    let table = resolver.table.plain();
    let by = resolver.by.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let mut columns: Vec<&Ident> = resolver.by.iter().map(|key| &key.column).collect();
    columns.sort();
    let of_tenant = manifest.entry(&resolver.table).into_iter().flat_map(|entry| &entry.unique).any(|list| {
        let mut list: Vec<&Ident> = list.iter().collect();
        list.sort();
        list == columns
    });
    if of_tenant {
        return Err(format!(
            "looks for {by}, which is unique in {table} within a tenant alone, as [tables] says; take it out of unique there"
        ));
    }
    if is_unique(relation, &resolver.by) {
        return Ok(());
    }
    Err(format!(
        "looks for {by}, and {table} has no unique index on just that, of all rows, that is valid and not deferrable; make one: two \
         rows with the same would be two answers"
    ))
}

/// A function of the same name that takes other arguments would answer some calls; nor is a procedure replaced.
fn overloads(manifest: &Manifest, catalog: &Catalog, wanted: &Signature) -> Result<(), String> {
    let role = role(manifest);
    let is_other = |signature: &Signature, function: &Function| {
        function.kind != FunctionKind::Function || (signature != wanted && function.owner != role)
    };
    let other = catalog
        .functions
        .iter()
        .find(|(signature, function)| signature.name == wanted.name && is_other(signature, function))
        .map(|(signature, _)| format!("{}({})", signature.name.plain(), signature.arguments.join(", ")));
    match other {
        Some(other) => {
            Err(format!("has the name of {other}, which is not this one; drop that, or choose another name"))
        }
        None => Ok(()),
    }
}

fn body(resolver: &Resolver, relation: &Relation, tenant: &Column) -> Result<String> {
    let of_row = |column: &Ident| format!("found.{column}");
    let key = |(at, key): (usize, &ResolverKey)| {
        let (column, number) = (of_row(&key.column), at + 1);
        if key.lower {
            format!("lower({column}) = lower(${number})")
        } else {
            format!("{column} = ${number}")
        }
    };
    // A row that belongs to no tenant answers the question with none.
    let has_tenant = (!tenant.not_null).then(|| format!("{} IS NOT NULL", of_row(&tenant.name)));
    let keys: Vec<String> = resolver.by.iter().enumerate().map(key).chain(has_tenant).collect();
    let vars = Vars::default()
        // A table that inherits from this one has keys of its own.
        .sql("only", if relation.kind == RelationKind::Table { "ONLY " } else { "" })
        .sql("columns", resolver.returns.iter().map(of_row).collect::<Vec<_>>().join(", "))
        .name("schema", resolver.table.schema())
        .name("table", resolver.table.name())
        .sql("keys", keys.join(" AND "));
    render(include_str!("../../sql/policy/resolver/body.sql"), &vars)
}
