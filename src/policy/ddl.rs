//! Statements that change a schema, each from its file under `sql/ddl/`.

mod routine;

use std::collections::BTreeSet;

use super::render::{Vars, render};
use crate::catalog::{Column, ForeignKey, Grantee, Index, MatchType, Policy, Privilege, Signature};
use crate::error::Result;
use crate::ident::{Ident, QualifiedName, SettingName, literal};

pub(crate) use routine::{comment_function, create_function, drop_function};

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../sql/ddl/", $name, ".sql"))
    };
}

fn on(table: &QualifiedName) -> Vars<'_> {
    Vars::default().name("schema", table.schema()).name("table", table.name())
}

pub(crate) fn owner(object: Object<'_>, owner: &Ident) -> Result<String> {
    let (kind, name) = object.named();
    render(file!("owner"), &Vars::default().sql("kind", kind).sql("object", name).name("owner", owner))
}

pub(crate) fn default(table: &QualifiedName, column: &Ident, default: Option<&str>) -> Result<String> {
    let vars = on(table).name("column", column);
    match default {
        Some(default) => render(file!("default"), &vars.sql("default", default)),
        None => render(file!("drop_default"), &vars),
    }
}

pub(crate) fn not_null(table: &QualifiedName, column: &Ident, not_null: bool) -> Result<String> {
    let file = if not_null { file!("not_null") } else { file!("drop_not_null") };
    render(file, &on(table).name("column", column))
}

/// Makes a column NOT NULL for the rows that are there too.
pub(crate) fn prove_not_null(table: &QualifiedName, column: &Column) -> Result<String> {
    match &column.not_null_unvalidated {
        Some(constraint) => validate(table, constraint),
        None => not_null(table, &column.name, true),
    }
}

/// Makes a column what it was before that.
pub(crate) fn unprove_not_null(table: &QualifiedName, column: &Column) -> Result<String> {
    let dropped = not_null(table, &column.name, false)?;
    let Some(constraint) = &column.not_null_unvalidated else { return Ok(dropped) };
    let vars = on(table).name("constraint", constraint).name("column", &column.name);
    Ok(format!("{dropped}\n\n{}", render(file!("not_null_not_valid"), &vars)?))
}

/// Holds a constraint against the rows that are there.
pub(crate) fn validate(table: &QualifiedName, constraint: &Ident) -> Result<String> {
    render(file!("validate"), &on(table).name("constraint", constraint))
}

pub(crate) fn index(
    table: &QualifiedName,
    index: &Ident,
    columns: &[&Ident],
    unique: bool,
) -> Result<String> {
    let file = if unique { file!("unique") } else { file!("index") };
    render(file, &on(table).name("index", index).sql("columns", list(columns)))
}

/// A unique index for a foreign key to refer to, unless there is one of that name.
pub(crate) fn unique_if_missing(table: &QualifiedName, index: &Ident, columns: &[&Ident]) -> Result<String> {
    render(file!("unique_if_missing"), &on(table).name("index", index).sql("columns", list(columns)))
}

/// What a key keeps apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unique {
    /// Equal values.
    Values,
    /// Periods that overlap: the last column is one.
    Periods,
}

impl Unique {
    pub(crate) fn of(index: &Index) -> Self {
        if index.without_overlaps { Self::Periods } else { Self::Values }
    }

    /// What the key has to keep apart that a foreign key refers to.
    pub(crate) fn referenced_by(key: &ForeignKey) -> Self {
        if key.period { Self::Periods } else { Self::Values }
    }

    fn columns(self, columns: &[&Ident]) -> String {
        match self {
            Self::Values => list(columns),
            Self::Periods => format!("{} WITHOUT OVERLAPS", list(columns)),
        }
    }
}

/// Puts a unique constraint in the place of one of the same name.
pub(crate) fn unique_constraint(
    table: &QualifiedName,
    constraint: &Ident,
    columns: &[&Ident],
    unique: Unique,
) -> Result<String> {
    let vars = on(table).name("constraint", constraint).sql("columns", unique.columns(columns));
    render(file!("unique_constraint"), &vars)
}

/// A key WITHOUT OVERLAPS for foreign keys to refer to. There is no such index without its constraint.
pub(crate) fn without_overlaps(
    table: &QualifiedName,
    constraint: &Ident,
    columns: &[&Ident],
) -> Result<String> {
    add_unique(table, constraint, columns, Unique::Periods)
}

/// A unique constraint.
pub(crate) fn add_unique(
    table: &QualifiedName,
    constraint: &Ident,
    columns: &[&Ident],
    unique: Unique,
) -> Result<String> {
    let vars = on(table).name("constraint", constraint).sql("columns", unique.columns(columns));
    render(file!("add_unique"), &vars)
}

pub(crate) fn drop_constraint(table: &QualifiedName, constraint: &Ident) -> Result<String> {
    render(file!("drop_constraint"), &on(table).name("constraint", constraint))
}

pub(crate) fn drop_index(table: &QualifiedName, index: &Ident) -> Result<String> {
    render(file!("drop_index"), &Vars::default().name("schema", table.schema()).name("index", index))
}

pub(crate) fn foreign_key(table: &QualifiedName, constraint: &Ident, key: &ForeignKey) -> Result<String> {
    let vars = on(table).name("constraint", constraint).sql("definition", foreign_key_definition(key));
    render(file!("foreign_key"), &vars)
}

pub(crate) fn foreign_key_definition(key: &ForeignKey) -> String {
    let names = |columns: &[Ident]| list(&columns.iter().collect::<Vec<_>>());
    let side = |columns: &[Ident]| match columns {
        [scalars @ .., period] if key.period => format!("{}, PERIOD {period}", names(scalars)),
        _ => names(columns),
    };
    let checks = match (key.enforced, key.validated) {
        (false, _) => " NOT ENFORCED",
        (true, false) => " NOT VALID",
        (true, true) => "",
    };
    let set = &key.on_delete_columns;
    let on_delete_columns = if set.is_empty() { String::new() } else { format!(" ({})", names(set)) };
    let deferrable = match (key.deferrable, key.initially_deferred) {
        (true, true) => " DEFERRABLE INITIALLY DEFERRED",
        (true, false) => " DEFERRABLE",
        (false, _) => "",
    };
    format!(
        "FOREIGN KEY ({}) REFERENCES {} ({}){} ON UPDATE {} ON DELETE {}{on_delete_columns}{deferrable}{checks}",
        side(&key.columns),
        key.references,
        side(&key.referenced_columns),
        if key.match_type == MatchType::Full { " MATCH FULL" } else { "" },
        key.on_update.sql(),
        key.on_delete.sql(),
    )
}

pub(crate) fn row_security(table: &QualifiedName, enable: bool) -> Result<String> {
    render(if enable { file!("enable") } else { file!("disable") }, &on(table))
}

pub(crate) fn force(table: &QualifiedName, force: bool) -> Result<String> {
    render(if force { file!("force") } else { file!("no_force") }, &on(table))
}

pub(crate) fn create_policy(table: &QualifiedName, name: &Ident, policy: &Policy) -> Result<String> {
    let vars = on(table)
        .name("policy", name)
        .sql("kind", if policy.permissive { "PERMISSIVE" } else { "RESTRICTIVE" })
        .sql("command", policy.command.sql())
        .sql("roles", roles(&policy.roles))
        .sql("conditions", conditions(policy));
    let created = render(file!("create_policy"), &vars)?;
    match &policy.comment {
        Some(_) => Ok(format!("{created}\n\n{}", comment_policy(table, name, policy)?)),
        None => Ok(created),
    }
}

/// Gives a policy the roles and conditions of this one, which has at least the conditions that the other has.
pub(crate) fn alter_policy(table: &QualifiedName, name: &Ident, policy: &Policy) -> Result<String> {
    let vars = on(table)
        .name("policy", name)
        .sql("roles", roles(&policy.roles))
        .sql("conditions", conditions(policy));
    render(file!("alter_policy"), &vars)
}

pub(crate) fn drop_policy(table: &QualifiedName, name: &Ident) -> Result<String> {
    render(file!("drop_policy"), &on(table).name("policy", name))
}

pub(crate) fn comment_policy(table: &QualifiedName, name: &Ident, policy: &Policy) -> Result<String> {
    let comment = policy.comment.as_deref().map_or_else(|| "NULL".to_owned(), literal);
    render(file!("comment_policy"), &on(table).name("policy", name).sql("comment", comment))
}

fn conditions(policy: &Policy) -> String {
    let using = policy.using.iter().map(|using| format!("\n    USING ({using})"));
    let with_check = policy.with_check.iter().map(|check| format!("\n    WITH CHECK ({check})"));
    using.chain(with_check).collect()
}

pub(crate) fn view_options(view: &QualifiedName, options: &[(String, String)]) -> Result<String> {
    let options: Vec<String> = options.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    let vars = Vars::default().name("schema", view.schema()).name("view", view.name());
    render(file!("view_options"), &vars.sql("options", options.join(", ")))
}

pub(crate) fn view_reset(view: &QualifiedName, options: &[String]) -> Result<String> {
    let vars = Vars::default().name("schema", view.schema()).name("view", view.name());
    render(file!("view_reset"), &vars.sql("options", options.join(", ")))
}

/// Changes an attribute of a function or procedure.
pub(crate) fn alter_function(function: &Signature, change: impl Into<String>) -> Result<String> {
    let vars = Vars::default().sql("function", called(function)).sql("change", change);
    render(file!("alter_function"), &vars)
}

/// What has an owner, and what privileges are granted on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Object<'a> {
    Table(&'a QualifiedName),
    Sequence(&'a QualifiedName),
    Schema(&'a Ident),
    Database(&'a Ident),
    Routine(&'a Signature),
    Type(&'a QualifiedName),
}

impl Object<'_> {
    fn named(self) -> (&'static str, String) {
        match self {
            Self::Table(name) => ("TABLE", name.to_string()),
            Self::Sequence(name) => ("SEQUENCE", name.to_string()),
            Self::Schema(name) => ("SCHEMA", name.to_string()),
            Self::Database(name) => ("DATABASE", name.to_string()),
            Self::Routine(signature) => ("ROUTINE", called(signature)),
            Self::Type(name) => ("TYPE", name.to_string()),
        }
    }

    fn vars(self, privileges: String, grantee: &Grantee) -> Vars<'static> {
        let (kind, name) = self.named();
        Vars::default()
            .sql("privileges", privileges)
            .sql("kind", kind)
            .sql("object", name)
            .sql("grantee", grantee.to_string())
    }
}

/// Privileges, each with the column that it is confined to.
pub(crate) type Privileges<'a> = BTreeSet<(Privilege, Option<&'a Ident>)>;

fn privileges(of: &Privileges<'_>) -> String {
    let one = |(privilege, column): &(Privilege, Option<&Ident>)| match column {
        Some(column) => format!("{} ({column})", privilege.sql()),
        None => privilege.sql().to_owned(),
    };
    of.iter().map(one).collect::<Vec<_>>().join(", ")
}

pub(crate) fn grant(
    object: Object<'_>,
    granted: &Privileges<'_>,
    to: &Grantee,
    grant_option: bool,
) -> Result<String> {
    let option = if grant_option { " WITH GRANT OPTION" } else { "" };
    render(file!("grant"), &object.vars(privileges(granted), to).sql("option", option))
}

pub(crate) fn revoke(object: Object<'_>, revoked: &Privileges<'_>, grantee: &Grantee) -> Result<String> {
    render(file!("revoke"), &object.vars(privileges(revoked), grantee))
}

/// Gives a role these attributes, such as `NOBYPASSRLS`.
pub(crate) fn alter_role(role: &Ident, options: &[&str]) -> Result<String> {
    render(file!("alter_role"), &Vars::default().name("role", role).sql("options", options.join(" ")))
}

/// Ends a membership, or takes its ADMIN OPTION alone.
pub(crate) fn grant_role(role: &Ident, member: &Ident) -> Result<String> {
    render(file!("grant_role"), &Vars::default().name("role", role).name("member", member))
}

/// A schema of a role's, and the way back.
pub(crate) fn schema(schema: &Ident, owner: &Ident) -> Result<(String, String)> {
    let vars = || Vars::default().name("schema", schema);
    Ok((
        render(file!("create_schema"), &vars().name("owner", owner))?,
        render(file!("drop_schema"), &vars())?,
    ))
}

pub(crate) fn revoke_role(role: &Ident, member: &Ident, admin_only: bool) -> Result<String> {
    let file = if admin_only { file!("revoke_admin") } else { file!("revoke_role") };
    render(file, &Vars::default().name("role", role).name("member", member))
}

/// Takes back what tables that a role will make grant.
pub(crate) fn revoke_default(
    role: &Ident,
    schema: Option<&Ident>,
    revoked: &Privileges<'_>,
    grantee: &Grantee,
) -> Result<String> {
    let schema = schema.map(|schema| format!("IN SCHEMA {schema}")).unwrap_or_default();
    let vars = Vars::default()
        .name("role", role)
        .sql("schema", schema)
        .sql("privileges", privileges(revoked))
        .sql("grantee", grantee.to_string());
    render(file!("revoke_default"), &vars)
}

/// Lets a role call a function.
pub(crate) fn grant_execute(function: &Signature, role: &Ident) -> Result<String> {
    render(file!("grant_execute"), &Vars::default().sql("function", called(function)).name("role", role))
}

fn called(function: &Signature) -> String {
    format!("{}({})", function.name, function.arguments.join(", "))
}

/// Takes away a setting that a role brings along.
pub(crate) fn reset(role: &Ident, setting: &str) -> Result<String> {
    let setting = SettingName::new(setting)?;
    render(file!("reset"), &Vars::default().name("role", role).sql("setting", setting.quoted()))
}

fn list_of<T>(of: &[T], written: impl Fn(&T) -> String) -> String {
    of.iter().map(written).collect::<Vec<_>>().join(", ")
}

fn list(names: &[&Ident]) -> String {
    list_of(names, ToString::to_string)
}

fn roles(of: &BTreeSet<Grantee>) -> String {
    of.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
