//! Policies, grants, roles and what they bring along.

use std::collections::BTreeSet;

use futures_util::future::{try_join, try_join5};
use tokio_postgres::Transaction;

use super::super::{
    Catalog, Command, Database, DefaultPrivileges, Grant, Grantee, Membership, ObjectKind, Policy, Privilege,
    Role, ServerGrant, ServerRight, Setting,
};
use super::building::Building;
use super::read::{Line, Oid, Query, rows};
use super::relations::settings;
use crate::error::Result;
use crate::ident::Ident;

const POLICIES: Query = Query { what: "the policies", sql: include_str!("../../../sql/catalog/policy.sql") };
const GRANTS: Query = Query { what: "the grants", sql: include_str!("../../../sql/catalog/grant.sql") };
const ROLES: Query = Query { what: "the roles", sql: include_str!("../../../sql/catalog/role.sql") };
const MEMBERSHIPS: Query =
    Query { what: "the memberships of roles", sql: include_str!("../../../sql/catalog/membership.sql") };
const DEFAULT_PRIVILEGES: Query = Query {
    what: "the default privileges",
    sql: include_str!("../../../sql/catalog/default_privileges.sql"),
};
const SETTINGS: Query = Query {
    what: "the settings of roles and databases",
    sql: include_str!("../../../sql/catalog/setting.sql"),
};
const SERVER_GRANTS: Query = Query {
    what: "the rights that reach past tables",
    sql: include_str!("../../../sql/catalog/server_grant.sql"),
};
const PARAMETER_GRANTS: Query =
    Query { what: "the grants on settings", sql: include_str!("../../../sql/catalog/parameter_grant.sql") };
const DATABASE: Query =
    Query { what: "the database", sql: include_str!("../../../sql/catalog/database.sql") };

pub(super) struct OnObjects {
    policies: Vec<(Oid, Ident, Policy)>,
    grants: Vec<(Object, Oid, Grant)>,
}

#[derive(Clone, Copy)]
enum Object {
    Relation,
    Schema,
    Function,
    Type,
}

/// What others may do with objects.
pub(super) async fn on_objects(transaction: &Transaction<'_>) -> Result<OnObjects> {
    let (policies, grants) =
        try_join(rows(transaction, POLICIES, policy), rows(transaction, GRANTS, granted)).await?;
    Ok(OnObjects { policies, grants })
}

impl OnObjects {
    pub(super) fn add_to(self, building: &mut Building) {
        for (oid, name, policy) in self.policies {
            if let Some(relation) = building.relation(oid) {
                relation.policies.insert(name, policy);
            }
        }
        for (object, oid, grant) in self.grants {
            let grants = match object {
                Object::Relation => building.relation(oid).map(|relation| &mut relation.grants),
                Object::Schema => building.schema(oid).map(|schema| &mut schema.grants),
                Object::Function => building.function(oid).map(|function| &mut function.grants),
                Object::Type => building.user_type(oid).map(|of| &mut of.grants),
            };
            if let Some(grants) = grants {
                grants.insert(grant);
            }
        }
    }
}

pub(super) struct OfRoles {
    roles: Vec<(Ident, Role)>,
    memberships: Vec<Membership>,
    default_privileges: Vec<DefaultPrivileges>,
    settings: Vec<Vec<Setting>>,
    database: Vec<(Database, Option<Grant>)>,
}

/// What there is of roles themselves, and of the database.
pub(super) async fn roles(transaction: &Transaction<'_>) -> Result<OfRoles> {
    let (roles, memberships, default_privileges, settings, database) = try_join5(
        rows(transaction, ROLES, role),
        rows(transaction, MEMBERSHIPS, membership),
        rows(transaction, DEFAULT_PRIVILEGES, default_privilege),
        rows(transaction, SETTINGS, setting),
        rows(transaction, DATABASE, database),
    )
    .await?;
    Ok(OfRoles { roles, memberships, default_privileges, settings, database })
}

impl OfRoles {
    pub(super) fn add_to(self, catalog: &mut Catalog) {
        catalog.roles.extend(self.roles);
        catalog.memberships.extend(self.memberships);
        catalog.default_privileges.extend(self.default_privileges);
        catalog.settings.extend(self.settings.into_iter().flatten());
        for (database, grant) in self.database {
            catalog.database.get_or_insert(database).grants.extend(grant);
        }
    }
}

/// The rights that reach past tables.
pub(super) async fn server_grants(
    transaction: &Transaction<'_>,
    version: u32,
) -> Result<BTreeSet<ServerGrant>> {
    let of_settings = async {
        // They came with PostgreSQL 15.
        if version < 150_000 {
            return Ok(Vec::new());
        }
        rows(transaction, PARAMETER_GRANTS, server_grant).await
    };
    let (others, of_settings) = try_join(rows(transaction, SERVER_GRANTS, server_grant), of_settings).await?;
    Ok(others.into_iter().chain(of_settings).collect())
}

fn server_grant(row: &Line) -> Result<ServerGrant> {
    let right = match row.get("kind")? {
        "execute" => ServerRight::Execute(row.ident("name")?),
        "foreign server" => ServerRight::ForeignServer(row.ident("name")?),
        "set" => ServerRight::Set(row.text("name")?),
        "alter system" => ServerRight::AlterSystem(row.text("name")?),
        other => return Err(row.unknown("kind", other)),
    };
    Ok(ServerGrant { grantee: grantee(row.get("grantee")?)?, right })
}

fn policy(row: &Line) -> Result<(Oid, Ident, Policy)> {
    let roles: Vec<Option<&str>> = row.get("roles")?;
    let policy = Policy {
        permissive: row.get("polpermissive")?,
        command: match row.letter("polcmd")? {
            '*' => Command::All,
            'r' => Command::Select,
            'a' => Command::Insert,
            'w' => Command::Update,
            'd' => Command::Delete,
            other => return Err(row.unknown("polcmd", other)),
        },
        roles: roles.into_iter().map(grantee).collect::<Result<BTreeSet<Grantee>>>()?,
        using: row.expr("using_expression")?,
        with_check: row.expr("check_expression")?,
        comment: row.get("comment")?,
    };
    Ok((row.get("relation")?, row.ident("polname")?, policy))
}

fn grantee(name: Option<&str>) -> Result<Grantee> {
    name.map_or(Ok(Grantee::Public), |name| Ident::new(name).map(Grantee::Role))
}

fn granted(row: &Line) -> Result<(Object, Oid, Grant)> {
    let object = match row.get("kind")? {
        "relation" => Object::Relation,
        "schema" => Object::Schema,
        "function" => Object::Function,
        "type" => Object::Type,
        other => return Err(row.unknown("kind", other)),
    };
    Ok((object, row.get("oid")?, grant(row, row.ident_if_any("attname")?)?))
}

fn grant(row: &Line, column: Option<Ident>) -> Result<Grant> {
    let privilege = row.get("privilege_type")?;
    Ok(Grant {
        grantee: grantee(row.get("grantee")?)?,
        privilege: Privilege::from_sql(privilege).ok_or_else(|| row.unknown("privilege_type", privilege))?,
        column,
        grant_option: row.get("grant_option")?,
    })
}

fn role(row: &Line) -> Result<(Ident, Role)> {
    let role = Role {
        superuser: row.get("rolsuper")?,
        bypass_rls: row.get("rolbypassrls")?,
        replication: row.get("rolreplication")?,
        create_role: row.get("rolcreaterole")?,
        create_db: row.get("rolcreatedb")?,
        login: row.get("rolcanlogin")?,
        inherit: row.get("rolinherit")?,
    };
    Ok((row.ident("rolname")?, role))
}

fn membership(row: &Line) -> Result<Membership> {
    Ok(Membership {
        member: row.ident("member")?,
        role: row.ident("role")?,
        admin: row.get("admin")?,
        inherit: row.get("inherit")?,
        set: row.get("set")?,
    })
}

fn default_privilege(row: &Line) -> Result<DefaultPrivileges> {
    Ok(DefaultPrivileges {
        role: row.ident("role")?,
        schema: row.ident_if_any("nspname")?,
        kind: match row.letter("defaclobjtype")? {
            'r' => ObjectKind::Table,
            'S' => ObjectKind::Sequence,
            'f' => ObjectKind::Function,
            'T' => ObjectKind::Type,
            'n' => ObjectKind::Schema,
            other => return Err(row.unknown("defaclobjtype", other)),
        },
        grant: grant(row, None)?,
    })
}

fn setting(row: &Line) -> Result<Vec<Setting>> {
    let role = row.ident_if_any("role")?;
    let in_database = row.get("in_database")?;
    let one = |(name, value)| Setting { role: role.clone(), in_database, name, value };
    Ok(settings(row, "setconfig")?.into_iter().map(one).collect())
}

fn database(row: &Line) -> Result<(Database, Option<Grant>)> {
    let database =
        Database { name: row.ident("datname")?, owner: row.ident("owner")?, grants: BTreeSet::new() };
    let granted = row.get::<Option<&str>>("privilege_type")?.is_some();
    Ok((database, granted.then(|| grant(row, None)).transpose()?))
}
