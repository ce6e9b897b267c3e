//! Whether pool and database agree about seals.

use super::finding::Finding;
use super::{Guard, Purpose};
use crate::error::{Error, Result};
use crate::pool::lease::Lease;
use crate::pool::strategy::Strategy;

/// What the guard's query tells of seals.
pub(super) struct Found {
    /// As whom the connection is logged in, and to which database.
    session: Option<Finding>,
    /// The functions that verify seals: each with its schema and its comment.
    functions: Vec<Finding>,
}

impl Found {
    /// Takes it out of all that was found.
    pub(super) fn take(findings: &mut Vec<Finding>) -> Self {
        let at = findings.iter().position(|finding| finding.what == "session");
        let session = at.map(|at| findings.remove(at));
        let functions = findings.extract_if(.., |finding| finding.what == "seal").collect();
        Self { session, functions }
    }
}

impl Guard {
    /// Finds out whether the database takes tenants as the pool binds them: sealed, or bare.
    pub(super) async fn check_seals(&self, lease: &Lease, found: Found) -> Result<()> {
        if self.purpose == Purpose::System {
            return Ok(());
        }
        let setting = &self.setting;
        let function = |kind: &str| {
            let comment = format!("tenantry: {kind} {setting}, version ");
            let is_it = |object: &String| object.starts_with(&comment);
            found.functions.iter().find(|finding| finding.object.as_ref().is_some_and(is_it))
        };
        let (sealed_alone, or_bare) = (function("sealed"), function("sealed or bare"));
        let Some(sealing) = &self.sealing else {
            return match sealed_alone {
                None => Ok(()),
                Some(_) => Err(Error::config(format!(
                    "the database takes no tenant of setting {setting} without a seal; give the pool its key by TenantPoolBuilder::seal"
                ))),
            };
        };
        if self.strategy() == Strategy::ExplicitSetLocal {
            return Err(Error::config(
                "a sealed tenant would stand in the text of SET LOCAL, where others read it; choose another strategy, or no seal",
            ));
        }
        let Some(function) = sealed_alone.or(or_bare) else {
            return Err(Error::config(format!(
                "the pool seals setting {setting}, and no function of the database verifies that; \
                 add [seal] to tenantry.toml and run what tenantry plan prints"
            )));
        };
        if let Some(Finding { role, object: Some(database), .. }) = found.session {
            lease.client().logged_in_as(sealing.identity(&role, &database)?);
        }
        sealing.verify(lease, &function.role).await
    }
}
