//! Roles and policies as SQL: what this module renders makes the database itself keep tenants apart.
//!
//! Nothing here talks to a server. [`Bootstrap`] and [`secure`] return a [`Script`], which prints itself as a file for
//! psql and which `migrate::apply` (feature `migrate`) runs. Every script can be run again: the second run changes nothing.
//!
//! ```
//! use tenantry::TenantType;
//! use tenantry::policy::{Bootstrap, ForeignKey, Roles, TenantTable, Tenancy, secure};
//!
//! # fn main() -> tenantry::Result<()> {
//! let tenancy = Tenancy::new(TenantType::Uuid);
//! let roles = Roles::new("erp_owner", "erp_app")?.system("erp_system")?;
//!
//! let once = Bootstrap::new(tenancy.clone(), roles.clone()).script()?;
//!
//! let tables = [
//!     TenantTable::new("erp.customer")?.unique(["id"])?,
//!     TenantTable::new("erp.invoice")?.foreign_key(
//!         ForeignKey::new(["customer_id"], "erp.customer", ["id"])?.replaces("invoice_customer_id_fkey")?,
//!     ),
//! ];
//! println!("{}", secure(&tenancy, &roles, &tables)?);
//! # assert!(once.to_string().contains("CREATE OR REPLACE FUNCTION \"tenantry\".tenant_id() RETURNS uuid"));
//! # Ok(())
//! # }
//! ```
//!
//! [`secure`] is for tables with a tenant column. A [`Shape`] has the policies of any table: that of a child, rows that all
//! share, tenants above others, users who are members.
//!
//! The policies are those of
//! [Row Security Policies](https://www.postgresql.org/docs/current/ddl-rowsecurity.html). Superusers and roles with
//! BYPASSRLS are not bound by them, and TRUNCATE and REFERENCES do not ask them.

#[cfg(feature = "lint")]
pub(crate) mod absent;
mod bootstrap;
#[cfg(feature = "lint")]
pub(crate) mod crossing;
#[cfg(feature = "lint")]
pub(crate) mod ddl;
mod foreign_key;
#[cfg(feature = "lint")]
pub(crate) mod granted;
#[cfg(feature = "lint")]
pub mod manifest;
#[cfg(feature = "lint")]
pub mod matrix;
mod membership;
mod model;
#[cfg(feature = "lint")]
pub(crate) mod owned;
mod part;
mod password;
#[cfg(feature = "lint")]
pub(crate) mod place;
mod privileges;
#[cfg(feature = "lint")]
pub(crate) mod pruning;
#[cfg(feature = "lint")]
pub(crate) mod reach;
#[cfg(feature = "lint")]
pub(crate) mod refresh;
pub(crate) mod render;
#[cfg(feature = "lint")]
pub(crate) mod resolver;
mod roles;
pub(crate) mod scan;
mod script;
pub(crate) mod sealed;
mod secure;
mod shapes;
mod tenant_table;
#[cfg(feature = "lint")]
pub(crate) mod transfer;
mod tree;

pub use bootstrap::Bootstrap;
#[cfg(feature = "lint")]
pub(crate) use bootstrap::READS_ALL;
pub use foreign_key::{ForeignKey, OnDelete};
pub use membership::Membership;
pub use model::{Missing, Tenancy};
#[cfg(feature = "lint")]
pub(crate) use part::{Part, PartKind};
pub use password::Password;
#[cfg(feature = "lint")]
pub use place::{Place, Places, places};
pub use roles::Roles;
#[cfg(feature = "migrate")]
pub(crate) use script::LOCK_TIMEOUT;
pub use script::{Script, Step};
pub use sealed::Seal;
pub use secure::secure;
pub use shapes::{Child, Shape, TenantColumn};
pub use tenant_table::TenantTable;
pub use tree::Tree;
