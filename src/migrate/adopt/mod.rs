//! Gives live tables their tenants, step by step, while services go on working with them.
//!
//! [`plan::adopt`](crate::plan::adopt) makes the list of steps. An [`Adopter`] keeps it in the support schema and takes one
//! step after the other. Each step is one short transaction in which it is also recorded as done, or can be told from the
//! catalog to be; so whatever ends a run, the next one goes on where it was.
//!
//! ```no_run
//! use tenantry::migrate::adopt::{Adopter, Outcome, Settings};
//! use tenantry::plan::adopt::{Request, adopt};
//! use tenantry::policy::manifest::Manifest;
//!
//! # async fn example(client: &mut tokio_postgres::Client, manifest: Manifest) -> tenantry::Result<()> {
//! let mut adopter = Adopter::open(client, &manifest, Settings::default(), &mut |_| {}).await?;
//! if adopter.unended().await?.is_none() {
//!     let request = Request { tables: vec!["customer".to_owned()], children: true, ..Request::default() };
//!     let adoption = adopt(&manifest, &adopter.catalog().await?, &request).expect("it can be adopted");
//!     adopter.begin(&adoption).await?;
//! }
//! let outcome = adopter.run(None, &mut |event| println!("{event:?}")).await?;
//! assert_eq!(outcome, Outcome::Done);
//! adopter.close().await;
//! # Ok(())
//! # }
//! ```

mod backfill;
mod build;
mod event;
mod file;
mod record;
mod run;
mod session;
mod settings;
mod sql;
mod tenant;
mod told;
mod transaction;

pub use backfill::Left;
pub use event::{Event, Observer};
pub use file::at_once;
pub use record::{Record, Recorded, State, last, last_of};
pub use run::Outcome;
pub use session::{Adopter, login, usual_path};
pub use settings::{Pause, Settings};
pub use tenant::TenantCheck;
pub use told::LeftOut;
