//! Reads the file, section by section.

use std::collections::BTreeSet;

use toml_edit::Item;

use super::fields::{Field, Fields, Text, nearest};
use super::resolver::{resolvers, with_role};
use super::{Class, Entry, Manifest, Migrations, Problem, Tenants, Via};
use crate::catalog::{DML, Privilege};
use crate::ident::{Ident, QualifiedName};
use crate::policy::{Membership, Missing, Roles, Seal, Tenancy, Tree};
use crate::tenant::TenantType;

const TYPES: [TenantType; 4] = [TenantType::Uuid, TenantType::Bigint, TenantType::Integer, TenantType::Text];
const CLASSES: [&str; 7] = ["tenant", "child", "shared", "tree", "membership", "deny", "exempt"];

pub(super) fn manifest(text: &str) -> Result<Manifest, Vec<Problem>> {
    let about = Text::new(text);
    let Some(document) = about.document() else { return Err(about.into_problems()) };
    let read = read(Fields::new("the file", None, Some(document.as_table()), &about), &about);
    let problems = about.into_problems();
    match read {
        Some(manifest) if problems.is_empty() => Ok(manifest),
        _ => Err(problems),
    }
}

fn read<'t>(mut file: Fields<'t>, text: &'t Text<'t>) -> Option<Manifest> {
    let tenancy = tenancy(file.section("tenancy"), text);
    let roles = roles(file.section("roles"), text);
    let migrations = migrations(file.section("migrations"), text);
    let schemas = schemas(file.section("schemas"), text);
    let tenants = tenants(file.section("tenants"), tenancy.as_ref(), text);
    let tree = tree(file.section("tree"), text);
    let membership = membership(file.section("membership"), tenancy.as_ref(), text);
    let record = record(file.section("system"));
    let seal = seal(file.section("seal"));
    let resolvers = resolvers(&file.section("resolvers"), text);
    let roles = roles.and_then(|roles| with_role(roles, &resolvers, text));
    let roles = roles.and_then(|roles| with_sealer(roles, seal, text));
    let tables = file.section("tables");
    let mut entries = std::collections::BTreeMap::new();
    for (name, line, item) in tables.entries() {
        let named = text.take(line, QualifiedName::parse(name));
        let entry = entry(name, line, item, text);
        if let (Some(name), Some(entry)) = (named, entry) {
            entries.insert(name, entry);
        }
    }
    file.finish();
    for (name, entry) in &entries {
        let missing = match entry.class {
            Class::Tree if tree.is_none() => "[tree]",
            Class::Membership if membership.is_none() => "[membership]",
            _ => continue,
        };
        let class = entry.class.name();
        text.problem(
            Some(entry.line),
            format!("{} is of class {class}, which needs a section {missing}", name.plain()),
        );
    }
    let is_direct = |entry: &&Entry| matches!(entry.class, Class::Tenant { direct: true });
    for entry in entries.values().filter(is_direct).filter(|_| seal.is_some()) {
        text.problem(
            Some(entry.line),
            "direct = true would have the seal verified for each row, which takes the server some 30 µs; take it out, or [seal]",
        );
    }
    if let Some(roles) = &roles {
        if tree.is_some() && roles.system_role().is_none() {
            text.problem(
                None,
                "[tree] needs system in [roles]: what reads the tree of tenants runs as that role",
            );
        }
        if let Some(record) = &record
            && roles.system_role().is_none()
        {
            text.problem(
                record.line,
                "record in [system] needs system in [roles]: it is that role's accesses that are recorded",
            );
        }
        if roles.migrator_role().is_some() && roles.owner_role().is_none() {
            text.problem(None, "migrator in [roles] needs owner there: it is a member of that role");
        }
    }
    let mut tenancy = tenancy?;
    if let Some(tree) = tree {
        tenancy = tenancy.tree(tree);
    }
    if let Some(membership) = membership {
        tenancy = tenancy.membership(membership);
    }
    if let Some(seal) = seal {
        tenancy = tenancy.seal(seal);
    }
    if record.is_some() {
        tenancy = tenancy.record_system_access();
    }
    Some(Manifest {
        tenancy,
        roles: roles?,
        migrations,
        tenants,
        schemas: schemas?,
        tables: entries,
        resolvers,
    })
}

fn tenancy<'t>(mut fields: Fields<'t>, text: &'t Text<'t>) -> Option<Tenancy> {
    if !fields.is_there() {
        text.problem(None, "the file lacks [tenancy]; it says at least the type of the tenants' key");
    }
    let tenant_type = fields.required("type").and_then(|field| tenant_type(&field, text));
    let mut tenancy = Tenancy::new(tenant_type.unwrap_or_default());
    if let Some(Field { value, line }) = fields.string("column") {
        tenancy = text.take(line, tenancy.column(value))?;
    }
    if let Some(Field { value, line }) = fields.string("setting") {
        tenancy = text.take(line, tenancy.setting(value))?;
    }
    if let Some(Field { value, line }) = fields.string("support_schema") {
        tenancy = text.take(line, tenancy.support_schema(value))?;
    }
    match fields.string("missing") {
        None | Some(Field { value: "error", .. }) => {}
        Some(Field { value: "empty", .. }) => tenancy = tenancy.missing(Missing::Empty),
        Some(Field { value, line }) => {
            text.problem(line, format!("missing is {value:?}; expected \"error\" or \"empty\""));
        }
    }
    fields.finish();
    tenant_type.is_some().then_some(tenancy)
}

fn tenant_type(field: &Field<&str>, text: &Text<'_>) -> Option<TenantType> {
    let found = TYPES.into_iter().find(|of| of.sql() == field.value);
    if found.is_none() {
        let known: Vec<&str> = TYPES.iter().map(|of| of.sql()).collect();
        text.problem(field.line, format!("type is {:?}; expected one of {}", field.value, known.join(", ")));
    }
    found
}

fn roles<'t>(mut fields: Fields<'t>, text: &'t Text<'t>) -> Option<Roles> {
    if !fields.is_there() {
        text.problem(None, "the file lacks [roles]; it names at least app, the role that services log in as");
    }
    let app = fields.required("app");
    let owner = fields.string("owner");
    let mut roles = app.and_then(|app| match owner {
        Some(owner) => text.take(owner.line, Roles::new(owner.value, app.value)),
        None => text.take(app.line, Roles::without_owner(app.value)),
    });
    if let Some(Field { value, line }) = fields.string("migrator") {
        roles = roles.and_then(|roles| text.take(line, roles.migrator(value)));
    }
    if let Some(Field { value, line }) = fields.string("system") {
        roles = roles.and_then(|roles| text.take(line, roles.system(value)));
    }
    if let Some(Field { value, line }) = fields.string("backup") {
        roles = roles.and_then(|roles| text.take(line, roles.backup(value)));
    }
    if let Some(Field { value, line }) = fields.string("resolver") {
        roles = roles.and_then(|roles| text.take(line, roles.resolver(value)));
    }
    if let Some(Field { value, line }) = fields.string("sealer") {
        roles = roles.and_then(|roles| text.take(line, roles.sealer(value)));
    }
    fields.finish();
    roles
}

/// What has accesses across tenants recorded, if anything does.
fn record(mut fields: Fields<'_>) -> Option<Field<bool>> {
    let record = fields.flag("record");
    fields.finish();
    record.filter(|field| field.value)
}

/// Whether tenants have to be sealed.
fn seal(mut fields: Fields<'_>) -> Option<Seal> {
    if !fields.is_there() {
        return None;
    }
    let bare = fields.flag("bare").is_some_and(|field| field.value);
    fields.finish();
    Some(if bare { Seal::new().or_bare() } else { Seal::new() })
}

/// The roles with the one that the keys of seals belong to, by its default name unless the file names it.
fn with_sealer(roles: Roles, seal: Option<Seal>, text: &Text<'_>) -> Option<Roles> {
    if seal.is_none() || roles.sealer_role().is_some() {
        return Some(roles);
    }
    let name = Ident::joined(&[roles.app_role().as_str(), "sealer"]);
    text.take(None, roles.sealer(name.as_str()))
}

fn migrations<'t>(mut fields: Fields<'t>, text: &'t Text<'t>) -> Option<Migrations> {
    if !fields.is_there() {
        return None;
    }
    let role = fields.required("role");
    let bypass_rls = fields.flag("bypass_rls").is_some_and(|field| field.value);
    fields.finish();
    let role = role.and_then(|field| text.take(field.line, Ident::new(field.value)))?;
    Some(Migrations { role, bypass_rls })
}

fn schemas<'t>(mut fields: Fields<'t>, text: &'t Text<'t>) -> Option<BTreeSet<Ident>> {
    let include = fields.strings("include");
    fields.finish();
    let Some(Field { value, line }) = include else {
        return Some(BTreeSet::from([Ident::known("public")]));
    };
    value.into_iter().map(|name| text.take(line, Ident::new(name))).collect()
}

fn tenants<'t>(mut fields: Fields<'t>, tenancy: Option<&Tenancy>, text: &'t Text<'t>) -> Option<Tenants> {
    if !fields.is_there() {
        return None;
    }
    let table = fields.required("table");
    let column = fields.string("column");
    let line = fields.line().unwrap_or_default();
    fields.finish();
    let table = table.and_then(|field| text.take(field.line, QualifiedName::parse(field.value)))?;
    let column = match column {
        Some(field) => text.take(field.line, Ident::new(field.value))?,
        None => tenancy?.tenant_column().clone(),
    };
    Some(Tenants { table, column, line })
}

fn tree<'t>(mut fields: Fields<'t>, text: &'t Text<'t>) -> Option<Tree> {
    if !fields.is_there() {
        return None;
    }
    let table = fields.required("table");
    let id = fields.string("id").map_or("id", |field| field.value);
    let parent = fields.string("parent").map_or("parent_id", |field| field.value);
    let line = fields.line();
    fields.finish();
    text.take(line, Tree::new(table?.value, id, parent))
}

fn membership<'t>(
    mut fields: Fields<'t>,
    tenancy: Option<&Tenancy>,
    text: &'t Text<'t>,
) -> Option<Membership> {
    if !fields.is_there() {
        return None;
    }
    let table = fields.required("table");
    let user = fields.string("user").map_or("user_id", |field| field.value);
    let tenant = fields.string("tenant").map(|field| field.value);
    let user_type = match fields.string("type") {
        Some(field) => tenant_type(&field, text),
        None => tenancy.map(Tenancy::tenant_type),
    };
    let setting = fields.string("setting");
    let line = fields.line();
    fields.finish();
    let tenant = tenant.or(tenancy.map(|tenancy| tenancy.tenant_column().as_str()))?;
    let membership = text.take(line, Membership::new(table?.value, user, tenant, user_type?))?;
    match setting {
        Some(Field { value, line }) => text.take(line, membership.setting(value)),
        None => Some(membership),
    }
}

fn entry<'t>(name: &str, line: Option<usize>, item: &'t Item, text: &'t Text<'t>) -> Option<Entry> {
    let table = item.as_table_like();
    if table.is_none() {
        text.problem(line, format!("{name} is not a table; write {name:?} = {{ class = \"…\" }}"));
        return None;
    }
    let mut fields = Fields::new(name, line, table, text);
    let class = fields.required("class");
    let column = fields.string("column").and_then(|field| text.take(field.line, Ident::new(field.value)));
    let grants = fields.strings("grants").and_then(|field| grants(&field, text));
    let unique = fields.strings("unique").and_then(|field| unique(&field, text)).unwrap_or_default();
    let class = class.and_then(|field| match field.value {
        "tenant" => Some(Class::Tenant { direct: fields.flag("direct").is_some_and(|direct| direct.value) }),
        "child" => {
            let via = fields.required("via")?;
            Some(Class::Child { via: text.take(via.line, self::via(via.value))? })
        }
        "shared" => Some(Class::Shared),
        "tree" => Some(Class::Tree),
        "membership" => Some(Class::Membership),
        "deny" => Some(Class::Deny),
        "exempt" => {
            let reason = fields.required("reason")?;
            if reason.value.trim().is_empty() {
                text.problem(reason.line, format!("the reason of {name} is empty; say why it is exempt"));
            }
            Some(Class::Exempt { reason: reason.value.to_owned() })
        }
        "undecided" => Some(Class::Undecided),
        other => {
            let advice = match nearest(other, &CLASSES) {
                Some(meant) => format!("did you mean {meant:?}?"),
                None => format!("expected one of {}", CLASSES.join(", ")),
            };
            text.problem(field.line, format!("{name} is of class {other:?}; {advice}"));
            None
        }
    });
    // Without a class nobody knows which of the fields belong to it.
    let class = class?;
    fields.finish();
    Some(Entry { class, column, grants, unique, line: line.unwrap_or_default() })
}

fn via(text: &str) -> crate::error::Result<Via> {
    match QualifiedName::parse(text) {
        Ok(table) => Ok(Via::Table(table)),
        Err(_) => Ident::new(text).map(Via::Name),
    }
}

/// Lists of columns, each in one text.
fn unique(field: &Field<Vec<&str>>, text: &Text<'_>) -> Option<Vec<Vec<Ident>>> {
    let list = |columns: &&str| {
        columns.split(',').map(|column| text.take(field.line, Ident::new(column.trim()))).collect()
    };
    field.value.iter().map(list).collect()
}

fn grants(field: &Field<Vec<&str>>, text: &Text<'_>) -> Option<BTreeSet<Privilege>> {
    let one = |name: &&str| {
        let privilege = Privilege::from_sql(name).filter(|privilege| DML.contains(privilege));
        if privilege.is_none() {
            text.problem(
                field.line,
                format!(
                    "grants has {name:?}; expected select, insert, update or delete, which policies govern"
                ),
            );
        }
        privilege
    };
    field.value.iter().map(one).collect()
}
