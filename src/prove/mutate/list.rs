//! What can be weakened, by what a schema has.

use crate::catalog::{
    Argument, Command, Function, Grantee, Index, IndexColumn, IndexKey, Policy, Privilege, Relation,
    RelationKind,
};
use crate::error::Result;
use crate::ident::{Ident, QualifiedName, literal};
use crate::policy::matrix::Division;
use crate::policy::render::{Vars, render};
use crate::policy::resolver::Lookup;
use crate::policy::{Place, ddl};
use crate::prove::attempt::named_mutation;
use crate::prove::made::Known;
use crate::prove::mutate::seal;
use crate::prove::target::Target;
use crate::prove::window::What;
use crate::rule::tells_nothing;

/// One way to weaken something.
pub(super) struct Mutated {
    pub(super) what: String,
    pub(super) sql: String,
    pub(super) weakened: Weakened,
}

/// Where it shows.
#[derive(PartialEq)]
pub(super) enum Weakened {
    /// On the object.
    Object,
    /// On the object, by what it is now.
    Model(Box<Relation>),
    /// In a session of the app role.
    Session,
}

/// The list as it grows.
struct List(Vec<Mutated>);

impl List {
    fn add(&mut self, mutation: &str, of: Option<&Ident>, vars: Vars<'_>, weakened: Weakened) -> Result<()> {
        let text = named_mutation(mutation);
        let sql = render(text, &vars.named_in(text))?;
        let what = match of {
            Some(of) => format!("{mutation}: {}", of.plain()),
            None => mutation.to_owned(),
        };
        self.0.push(Mutated { what, sql, weakened });
        Ok(())
    }
}

/// Everything that can be weakened of one thing.
pub(super) fn mutations(known: &Known<'_>, target: &Target<'_>) -> Result<Vec<Mutated>> {
    let mut list = List(Vec::new());
    match target {
        Target::Table(name, place) => of_table(known, name, place, &mut list)?,
        Target::Sequence(name) => {
            let app = known.manifest.roles.app_role();
            let vars = Vars::default().sql("relation", name.to_string()).name("app", app);
            list.add("grant update on the sequence", None, vars, Weakened::Object)?;
        }
        Target::Resolver(lookup) => of_resolver(known, lookup, &mut list)?,
        Target::Seal => list.0.extend(seal::mutations(known)?),
        Target::LargeObjects => {
            let app = known.manifest.roles.app_role();
            list.add("large objects without privileges", None, Vars::default(), Weakened::Object)?;
            list.add("a large object for all", None, Vars::default().name("app", app), Weakened::Object)?;
        }
        Target::Window(window) => {
            let app = known.manifest.roles.app_role();
            let vars = || Vars::default().sql("relation", window.name.clone()).name("app", app);
            match window.what {
                What::View { reads_tables: true } => {
                    list.add("invoker off", None, vars(), Weakened::Object)?;
                }
                What::Closed { .. } => list.add("grant select", None, vars(), Weakened::Object)?,
                What::Function { is_invoker: true } => {
                    list.add("security definer", None, vars(), Weakened::Object)?;
                }
                // What views that ask as their reader stand before, they go on asking.
                What::View { reads_tables: false } | What::Function { .. } => {}
            }
        }
    }
    Ok(list.0)
}

/// A resolver that finds more than the row of a key, tells more of it, or nothing at all.
fn of_resolver(known: &Known<'_>, lookup: &Lookup<'_>, list: &mut List) -> Result<()> {
    let (signature, wanted) = (&lookup.signature, &lookup.function);
    let Some(present) = known.catalog.functions.get(signature) else { return Ok(()) };
    let mut add = |what: &str, sql| {
        list.0.push(Mutated { what: what.to_owned(), sql, weakened: Weakened::Object });
    };
    if let Some((all, _)) = wanted.body.split_once(" WHERE ") {
        let open = Function { body: all.to_owned(), ..wanted.clone() };
        add("resolver without its key", ddl::create_function(signature, &open, true, None)?);
    }
    let app = Grantee::Role(known.manifest.roles.app_role().clone());
    let execute = ddl::Privileges::from([(Privilege::Execute, None)]);
    let object = ddl::Object::Routine(signature);
    let mut more = Function { body: wanted.body.replacen("SELECT ", "SELECT 1, ", 1), ..wanted.clone() };
    let first = more.arguments.iter().position(|argument| argument.mode == "TABLE").unwrap_or_default();
    let name = Some(Ident::known("tenantry_mutation"));
    more.arguments.insert(first, Argument { name, data_type: "integer".to_owned(), mode: "TABLE" });
    let steps = [
        ddl::drop_function(signature)?,
        ddl::create_function(signature, &more, false, None)?,
        ddl::grant(object, &execute, &app, false)?,
        ddl::owner(object, &present.owner)?,
    ];
    add("resolver with another column", steps.join("\n"));
    // What is everybody's its caller finds as well.
    let place = known.places.relations.get(&lookup.resolver.table);
    if place.is_some_and(Place::holds_tenants) {
        add("resolver as its caller", ddl::alter_function(signature, "SECURITY INVOKER")?);
    }
    add("no execute", ddl::revoke(object, &execute, &app)?);
    Ok(())
}

/// What can be weakened of roles and schemas.
pub(super) fn of_roles(known: &Known<'_>) -> Result<Vec<Mutated>> {
    let mut list = List(Vec::new());
    let roles = &known.manifest.roles;
    let app = roles.app_role();
    let vars = || Vars::default().name("app", app);
    list.add("bypassrls", None, vars(), Weakened::Object)?;
    list.add("superuser", None, vars(), Weakened::Object)?;
    let others = [
        roles.owner_role(),
        roles.system_role(),
        roles.migrator_role(),
        roles.backup_role(),
        roles.resolver_role(),
        roles.sealer_role(),
    ];
    for role in others.into_iter().flatten().filter(|role| known.catalog.roles.contains_key(*role)) {
        list.add("member of", Some(role), vars().name("role", role), Weakened::Session)?;
    }
    for schema in known.manifest.schemas.iter().filter(|schema| known.catalog.schemas.contains_key(*schema)) {
        list.add("create in", Some(schema), vars().name("schema", schema), Weakened::Session)?;
    }
    Ok(list.0)
}

fn of_table(known: &Known<'_>, name: &QualifiedName, place: &Place<'_>, list: &mut List) -> Result<()> {
    let Some(relation) = known.catalog.relations.get(name) else { return Ok(()) };
    let Some(division) = Division::of(place) else { return Ok(()) };
    let version = known.catalog.server_version.unwrap_or_default() / 10_000;
    let (app, table) = (known.manifest.roles.app_role(), name.to_string());
    let vars = || Vars::default().sql("relation", table.clone()).name("app", app);
    let grants = ["truncate", "references", "trigger", "maintain", "select"];
    for grant in grants {
        let is_given = grant == "select" && division != Division::Closed;
        if is_given || (grant == "maintain" && version < 17) {
            continue;
        }
        list.add(&format!("grant {grant}"), None, vars(), Weakened::Object)?;
    }
    list.add("owned by app", None, vars(), Weakened::Object)?;
    if matches!(division, Division::Closed | Division::Nobody) {
        return Ok(());
    }
    list.add("revoke all", None, vars(), Weakened::Object)?;
    list.add("disable", None, vars(), Weakened::Object)?;
    let owner = known.catalog.roles.get(&relation.owner);
    if owner.is_some_and(|owner| !owner.superuser && !owner.bypass_rls) {
        list.add("no force", None, vars(), Weakened::Object)?;
    }
    list.add("permissive copy", None, vars(), Weakened::Object)?;
    for (policy, of) in &relation.policies {
        of_policy(known, relation, place, (policy, of), &vars, list)?;
    }
    of_keys(known, name, relation, place, &vars, list)
}

fn of_policy<'a>(
    known: &Known<'a>,
    relation: &'a Relation,
    place: &Place<'_>,
    (name, policy): (&'a Ident, &'a Policy),
    vars: &dyn Fn() -> Vars<'a>,
    list: &mut List,
) -> Result<()> {
    let vars = || vars().name("policy", name);
    let of = Some(name);
    list.add("drop policy", of, vars(), Weakened::Object)?;
    // Rows that may not be written as they come to be are not written.
    let is_checked = policy.command == Command::Update && policy.with_check.is_some();
    let is_closed = policy.with_check.as_ref().is_some_and(|check| check.as_str() == "false");
    if let Some(using) = policy.using.as_ref().filter(|_| !(is_checked && is_closed)) {
        list.add("using true", of, vars(), Weakened::Object)?;
        let tenant = place.tenant_column().map(|column| &column.name);
        let other = relation.columns.iter().find(|column| column.not_null && Some(&column.name) != tenant);
        let condition = || vars().sql("condition", using.as_str());
        if let Some(column) = other {
            let vars = condition().sql("column", column.name.to_string());
            list.add("or another column", of, vars, Weakened::Object)?;
        }
        let setting = known.manifest.tenancy.setting_name().as_str();
        if !is_checked {
            list.add("or no tenant", of, condition().text("setting", setting), Weakened::Object)?;
        }
    }
    let is_without_rows = policy.using.as_ref().is_some_and(|using| using.as_str() == "false");
    if policy.with_check.is_some() && !is_without_rows {
        list.add("with check true", of, vars(), Weakened::Object)?;
    }
    if !policy.permissive && policy.roles.contains(&Grantee::Public) {
        list.add("to one role", of, vars(), Weakened::Object)?;
    }
    Ok(())
}

fn of_keys<'a>(
    known: &Known<'a>,
    name: &QualifiedName,
    relation: &Relation,
    place: &Place<'_>,
    vars: &dyn Fn() -> Vars<'a>,
    list: &mut List,
) -> Result<()> {
    let Some(tenant) = place.tenant_column() else { return Ok(()) };
    if tenant.default.is_some() {
        let value = match known.manifest.tenancy.tenant_type().sql() {
            "uuid" => "00000000-0000-4000-8000-000000000000",
            _ => "1",
        };
        let vars = vars().sql("tenant", tenant.name.to_string()).sql("value", literal(value));
        list.add("constant default", None, vars, Weakened::Object)?;
    }
    for (key_name, key) in relation.foreign_keys.iter().filter(|(_, key)| !key.inherited && !key.period) {
        let Some(at) = key.columns.iter().position(|column| *column == tenant.name) else { continue };
        let mut without = key.clone();
        without.columns.remove(at);
        without.referenced_columns.remove(at);
        let parent = known.catalog.relations.get(&key.references);
        let referenced: Vec<&Ident> = without.referenced_columns.iter().collect();
        let is_key = parent.is_some_and(|of| of.indexes.values().any(|index| index.is_key_of(&referenced)));
        if without.columns.is_empty() || !is_key {
            continue;
        }
        let vars = vars()
            .name("key", key_name)
            .sql("columns", listed(&without.columns))
            .sql("parent", key.references.to_string())
            .sql("referenced", listed(&without.referenced_columns));
        let mut changed = relation.clone();
        changed.foreign_keys.insert(key_name.clone(), without);
        list.add("key without the tenant", Some(key_name), vars, Weakened::Model(Box::new(changed)))?;
    }
    for (index_name, index) in relation.indexes.iter().filter(|(_, index)| index.unique && !index.inherited) {
        let Some(columns) = index.columns() else { continue };
        let rest: Vec<Ident> =
            columns.into_iter().filter(|column| **column != tenant.name).cloned().collect();
        if rest.len() + 1 != index.keys.len() || rest.is_empty() || relation.kind != RelationKind::Table {
            continue;
        }
        let own = Ident::joined(&["tenantry_mutation", name.name().as_str(), index_name.as_str()]);
        let key = |column: &Ident| IndexKey {
            column: IndexColumn::Column(column.clone()),
            opclass: None,
            leakproof: None,
        };
        let without = Index { keys: rest.iter().map(key).collect(), ..Index::clone(index) };
        // A key that tells nothing is not held against.
        if tells_nothing(relation, &own, &without) {
            continue;
        }
        let mut changed = relation.clone();
        changed.indexes.insert(own.clone(), Box::new(without));
        let vars = vars().name("name", &own).sql("columns", listed(&rest));
        list.add("unique without the tenant", Some(index_name), vars, Weakened::Model(Box::new(changed)))?;
    }
    Ok(())
}

fn listed(columns: &[Ident]) -> String {
    columns.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
