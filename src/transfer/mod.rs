//! One tenant's rows on their way: out of a database, and into another one.
//!
//! [`Export`] reads them through the policies, as that tenant, so that it cannot read another's; [`Import`] writes them into a database in
//! which the tenant has none yet. [`archive`] keeps them in a folder between the two. [`Erasure`] deletes them.
//!
//! The rows of a tenant are those of all tables whose class is `tenant`, `child`, `shared` with a tenant column, or `tree`. What belongs to
//! everybody stays where it is, and so does what no class says the owner of.

mod after;
pub mod archive;
mod erase;
mod export;
mod import;
mod seat;
mod sql;
mod table;

pub use erase::{Erasure, Share};
pub use export::Export;
pub use import::{Import, Imported};
pub use table::{Table, Tables};
