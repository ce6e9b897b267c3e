//! `tenantry.toml`: how a database is divided among tenants, as people declare it.
//!
//! ```toml
//! [tenancy]
//! column = "tenant_id"            # default: tenant_id
//! type = "uuid"                   # uuid | bigint | integer | text; required
//! setting = "app.tenant_id"       # default: app.tenant_id
//! missing = "error"               # error | empty; what a statement without a tenant gets; default: error
//! support_schema = "tenantry"     # where the functions that policies call are; default: tenantry
//!
//! [roles]
//! app = "erp_app"                 # what services log in as; required
//! owner = "erp_owner"             # owns the tables and cannot log in; default: each table keeps its owner
//! migrator = "erp_migrator"       # runs migrations, as a member of owner; default: none
//! system = "erp_system"           # work across tenants, BYPASSRLS; default: none
//! backup = "erp_backup"           # pg_dump logs in as it: it reads everything, BYPASSRLS, and writes nothing; default: none
//! resolver = "erp_resolver"       # resolvers run as it, nobody else, BYPASSRLS; default: app with _resolver, where there are resolvers
//! sealer = "erp_sealer"           # owns the keys of seals, cannot log in; default: app with _sealer, where there is [seal]
//!
//! [seal]                          # policies take no tenant but a sealed one, see Seal; default: any SQL can bind any tenant
//! bare = false                    # whether one without a seal is taken too, while services are moved; default: false
//!
//! [system]
//! record = true                   # work across tenants leaves rows in system_access of the support schema; default: false
//!
//! [migrations]                    # who runs the migrations; default: nobody says, see below
//! role = "erp_owner"              # what the objects that they make belong to; required
//! bypass_rls = false              # whether policies bind it to nothing: a superuser, BYPASSRLS; default: false
//!
//! [schemas]
//! include = ["public"]            # whose tables are governed; default: public
//!
//! [tenants]                       # what has a row for each tenant; default: the table whose primary key is the tenant column
//! table = "public.company"
//! column = "id"                   # default: the tenant column
//!
//! [tree]                          # for tables of class tree: which tenant is above which
//! table = "public.company"
//! id = "id"                       # default: id
//! parent = "parent_id"            # default: parent_id
//!
//! [membership]                    # for tables of class membership: which user belongs to which tenants
//! table = "public.membership"
//! user = "user_id"                # default: user_id
//! tenant = "tenant_id"            # default: the tenant column
//! type = "uuid"                   # of the user; default: the tenants'
//! setting = "app.user_id"         # default: app.user_id
//!
//! [resolvers.tenant_by_host]      # function tenantry.tenant_by_host(host): a look-up before the tenant is known
//! table = "public.company_host"   # what it reads; required
//! by = ["host"]                   # what the caller knows, which together is unique: columns, or lower(column); required
//! returns = ["tenant_id"]         # what it learns, the tenant first; required
//!
//! [tables]
//! "public.currency" = { class = "shared" }
//! "public.invoice_line" = { class = "child", via = "invoice" }
//! "public.refinery_schema_history" = { class = "exempt", reason = "migration ledger" }
//! ```
//!
//! A table with the tenant column needs no entry: it is of class `tenant`. Any other needs one.
//!
//! | class | whose rows | who writes |
//! |---|---|---|
//! | `tenant` | the tenant's in the tenant column | the tenant |
//! | `child` | the tenant's of the row that it refers to, `via` a table or a foreign key | that tenant |
//! | `shared` | everybody's; in a table with the tenant column, those without a tenant | owner and system role; a tenant its own |
//! | `tree` | the tenant's and those of the tenants below it | the tenant its own |
//! | `membership` | those of the tenants that the user is a member of | such a user |
//! | `deny` | nobody's | nobody but roles with BYPASSRLS |
//! | `exempt` | not governed, for a `reason` | whoever has the grants |
//! | `undecided` | nobody has said yet, and there is no plan before somebody does | |
//!
//! A row of a child whose parent has no tenant, in a table of class `shared`, is seen by nobody: only rows that say whose
//! they are can be shared.
//!
//! Any entry can have `column`, the name of this table's tenant column, and `grants`, a list of what the app role may do
//! with it in place of the class's own (`select`, `insert`, `update`, `delete`). Class `tenant` can have `direct = true`: the
//! policy compares with the setting itself and not with a subselect of it, so that the planner sees the value. With `[seal]` it cannot.
//!
//! `unique = ["number", "year, code"]` lists what is unique within a tenant, each as one column or several: a plan makes the key that
//! begins with the tenant column, and drops the one without it as soon as it has seen that no statement names it.

//!
//! A resolver is a function in the support schema that services call while no tenant is bound: a login page that knows a host, a
//! webhook that knows a token. It gives one row for a key that is there and none for one that is not, and so tells whoever may call it
//! which keys there are, one guess at a time; nobody can list them by it. The app role alone may call it.
//!
//! `[migrations]` names the role that runs the migrations, the one that they SET ROLE to if they all do. Views and SECURITY
//! DEFINER functions read with the rights of their owner, so it decides whether policies bind them. Without it files are
//! followed as run by the owner of `[roles]`, and what is only assumed to be that one's is judged as if a superuser had made it:
//! `ALTER … OWNER TO` and `SET ROLE` in the files say whose an object is, and the assumption then ends.

pub(crate) mod fields;
mod parse;
pub(crate) mod resolver;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::model::Tenancy;
use super::roles::Roles;
use crate::catalog::Privilege;
use crate::catalog::replay::Options;
use crate::error::Result;
use crate::ident::{Ident, QualifiedName};
pub(crate) use fields::nearest;
pub use resolver::{Resolver, ResolverKey};

/// What a `tenantry.toml` declares. See the module's own page for its fields.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// How tenants are told apart.
    pub tenancy: Tenancy,
    /// The roles.
    pub roles: Roles,
    /// Who runs the migrations, where that is said.
    pub migrations: Option<Migrations>,
    /// What has a row for each tenant, where that is said.
    pub tenants: Option<Tenants>,
    /// The schemas whose relations are governed.
    pub schemas: BTreeSet<Ident>,
    /// The relations that the defaults do not settle, or not as wanted.
    pub tables: BTreeMap<QualifiedName, Entry>,
    /// The look-ups before the tenant is known, by the names of their functions.
    pub resolvers: BTreeMap<Ident, Resolver>,
}

/// Who runs the migrations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrations {
    /// The role that what they make belongs to.
    pub role: Ident,
    /// Whether policies bind the role to nothing: it is a superuser, or has BYPASSRLS.
    pub bypass_rls: bool,
}

/// The relation that has a row for each tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenants {
    /// Its name.
    pub table: QualifiedName,
    /// The column with the tenant.
    pub column: Ident,
    /// The line of the file that says so.
    pub line: usize,
}

/// What a manifest says of one relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whose its rows are.
    pub class: Class,
    /// Its tenant column, where that is not the tenancy's.
    pub column: Option<Ident>,
    /// What the app role may do with it, where that is not what the class says.
    pub grants: Option<BTreeSet<Privilege>>,
    /// What is unique within a tenant, each a list of columns.
    pub unique: Vec<Vec<Ident>>,
    /// The line of the file that it stands on, the first being 1; 0 for one that was made in code.
    pub line: usize,
}

/// Whose the rows of a table are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Class {
    /// The tenant's in the tenant column.
    Tenant {
        /// Whether the policy compares with the setting itself.
        direct: bool,
    },
    /// The tenant's of the row that it refers to.
    Child {
        /// The referenced table, or the name of the foreign key where there are several.
        via: Via,
    },
    /// Everybody's.
    Shared,
    /// The tenant's and those of the tenants below it.
    Tree,
    /// Those of the tenants that the user is a member of.
    Membership,
    /// Nobody's.
    Deny,
    /// It is not governed.
    Exempt {
        /// Why not.
        reason: String,
    },
    /// Nobody has said yet. `tenantry init` proposes it where it finds several answers, and there is no plan before it is
    /// settled.
    Undecided,
}

/// The way from a child to its parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    /// The only foreign key to this table.
    Table(QualifiedName),
    /// Whatever of the two has this name: a foreign key of the table's own, or a table in the same schema.
    Name(Ident),
}

impl Class {
    /// As the file writes it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Tenant { .. } => "tenant",
            Self::Child { .. } => "child",
            Self::Shared => "shared",
            Self::Tree => "tree",
            Self::Membership => "membership",
            Self::Deny => "deny",
            Self::Exempt { .. } => "exempt",
            Self::Undecided => "undecided",
        }
    }
}

/// Something that has to be settled before the manifest and the database agree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The line of the file that it is about, the first being 1.
    pub line: Option<usize>,
    /// What is wrong and what to do, in one line.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl Manifest {
    /// Reads the text of a `tenantry.toml`.
    ///
    /// # Errors
    ///
    /// All that is wrong with it: it is not TOML, a field is unknown (and which was meant, perhaps), missing, or not what it
    /// has to be.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        parse::manifest(text)
    }

    /// How files are followed: run by the role of `[migrations]`, or else by whoever is to own what they make, which is no more
    /// than an assumption then.
    #[must_use]
    pub fn replay_options(&self) -> Options {
        let mut options = Options { role_is_assumed: self.migrations.is_none(), ..Options::default() };
        let said = self.migrations.as_ref().map(|migrations| &migrations.role);
        if let Some(role) = said.or(self.roles.owner_role()) {
            options.role = role.clone();
        }
        options
    }

    /// Why policies do not bind a role of which nothing is known but its name, if they do not: what the manifest says of it,
    /// and that `postgres` is a superuser.
    pub(crate) fn bypasses(&self, role: &Ident) -> Option<&'static str> {
        let runs = self.migrations.as_ref().is_some_and(|of| of.bypass_rls && of.role == *role);
        if role.as_str() == "postgres" {
            Some("is a superuser")
        } else if self.roles.is_above_policies(role) {
            Some("has BYPASSRLS")
        } else {
            runs.then_some("is not bound by policies, as [migrations] says")
        }
    }

    /// What it says of a relation itself, defaults apart.
    #[must_use]
    pub fn entry(&self, name: &QualifiedName) -> Option<&Entry> {
        self.tables.get(name)
    }

    /// The tenant column of a table.
    #[must_use]
    pub fn column(&self, name: &QualifiedName) -> &Ident {
        self.entry(name).and_then(|entry| entry.column.as_ref()).unwrap_or(self.tenancy.tenant_column())
    }

    /// Whether a relation is one of those that it governs.
    #[must_use]
    pub fn governs(&self, name: &QualifiedName) -> bool {
        let is_ours = self.tenancy.system_access().as_ref() == Some(name);
        !is_ours && (self.schemas.contains(name.schema()) || self.tables.contains_key(name))
    }
}

#[cfg(test)]
mod tests;
