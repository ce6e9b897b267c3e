//! Isolation shown by trying: what the app role reaches of the rows of other tenants, on a server.
//!
//! Rules read definitions, and policies are definitions. Whether rows are kept from other tenants is what a server does, so
//! this acts as the app role, binds one tenant, and tries to read, change, forge and take the rows of another: in tables and
//! through views, functions and keys. A row is made for each tenant and table first, from the types, checks and foreign keys
//! of its columns, so that nothing is kept merely because nothing is there; and that a tenant reaches its *own* rows is
//! tried as well, so that a table which is closed to all is not taken for a safe one.
//!
//! Everything runs in transactions that are rolled back, with limits for statements and locks. What a rollback does not take
//! back are the numbers that sequences have given out, and dead rows for the next vacuum.
//!
//! ```no_run
//! use tenantry::policy::manifest::Manifest;
//! use tenantry::{Config, TenantPool, prove};
//!
//! # async fn example(manifest: Manifest) -> Result<(), Box<dyn std::error::Error>> {
//! let pool = TenantPool::connect("postgresql://erp_app@localhost/erp").await?;
//! let prover: Config = "host=localhost user=erp_prover dbname=erp".parse()?;
//! let proof = prove::isolation(&pool, &manifest).seeder(prover).run().await?;
//! proof.assert_clean();
//! # Ok(())
//! # }
//! ```
//!
//! # Who makes the rows
//!
//! Without [`seeder`](Isolation::seeder) the app role makes them itself, as each tenant in turn, which it can where it may insert
//! into the table and all that it refers to. What it cannot make is *unproved*, with the reason. With a seeder, a superuser or a
//! member of the app role and of one with BYPASSRLS, rows are made by that one, and the attempts run in the same transaction, as
//! the app role: by [`SET SESSION AUTHORIZATION`](https://www.postgresql.org/docs/current/sql-set-session-authorization.html)
//! or `SET ROLE`.
//!
//! Rows that are made fire triggers and call the functions of defaults, checks and policies, and functions that the app role may
//! call are called. All of this is code of the database, in a session of the seeder's, which it can make act as the seeder again.
//! So a superuser is refused where a function that may run belongs to the app role or to a role that it is a member of. Who else
//! may have put code there, a proof does not know: seed as a role that is a member of the app role and of the system role and has
//! no more, or prove a copy; a superuser is for databases whose code one would run as a superuser.
//!
//! Where no row of a table can be made, because a trigger refuses it for instance, and two tenants have rows there, the seeder
//! looks for one of each. These are read, changed and deleted like rows that were made, which locks them for as long as an attempt
//! takes and fires their triggers, and the rollback restores them. What they hold is not read, so no report shows it. That no row
//! could be made stays unproved.
//!
//! A session in which no tenant was ever bound is tried on its own connection. With a seeder, rows are made in it. Without one, the
//! attempts there are an INSERT and statements on whatever the tables hold already; what finds nothing is left out of the report.
//!
//! Some attempts are statements without a WHERE, of a tenant that has no rows: they find none where policies hold. Where policies do
//! not, they lock what they find, for as long as a statement may take, until they are rolled back.
//!
//! Large objects have no policies, and a manifest does not class them. Those that the app role can read or write are red, whoever
//! owns them: every tenant can.
//!
//! A resolver of the manifest is tried with a key of each tenant, whoever is bound: it gives that one row with the columns that the
//! manifest says, and none for what is no key. That its table is closed otherwise, and its role nobody's, the attempts on the table and
//! on the session show.
//!
//! # What it does not try
//!
//! [`NOT_TRIED`] lists it: what shows only once something is committed, above all. Pages and JSON carry the same list.
//!
//! # What it shows, and what only a definition does
//!
//! The rules of `tenantry audit` and a proof look at the same from two sides. This is what a proof shows of one defect for each rule,
//! in the order attempt, whose row; all else of the table being as `tenantry plan` makes it.
//!
#![doc = include_str!("rules.md")]
//!
//! A proof shows what no rule looks for: a trigger that writes where it must not and so fails, a privilege or a row that a tenant is
//! to have and has not, and whatever policies come to together.

mod attempt;
mod check;
mod columns;
#[cfg(feature = "cli")]
mod forge;
#[cfg(feature = "cli")]
mod guard;
mod isolation;
mod judge;
mod large_objects;
mod made;
mod mutate;
mod patience;
mod plans;
mod planted;
mod report;
mod resolver;
mod row;
mod run;
mod seal;
mod seals;
mod seat;
mod sequence;
mod session;
mod table;
mod target;
mod tenants;
mod value;
mod window;

#[cfg(feature = "cli")]
pub(crate) use forge::{Forgery, forge};
#[cfg(feature = "cli")]
pub(crate) use guard::guard;
pub use isolation::{Isolation, isolation};
pub use mutate::{Fate, Mutation, Mutations};
#[cfg(feature = "cli")]
pub(crate) use mutate::{LoggedIn, Login, MutationsEnded, mutate};
pub use plans::Plan;
pub use report::{Aim, Cell, NOT_TRIED, Proof, Subject, Verdict};
#[cfg(feature = "cli")]
pub(crate) use run::{Ended, Sessions, Terms, run};
#[cfg(feature = "cli")]
pub(crate) use seat::Patience;
