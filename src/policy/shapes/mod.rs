//! What a table can look like, one file for each shape.

mod foreign_key;
mod tenant_column;

pub use foreign_key::{ForeignKey, OnDelete};
pub use tenant_column::TenantTable;
