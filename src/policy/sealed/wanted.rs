//! What the bootstrap makes of seals, as a catalog shows it.

use std::collections::BTreeMap;

use super::parts;
use crate::catalog::replay::{Options, Source, replay};
use crate::catalog::{Function, Grantee, Privilege, Relation, Signature};
use crate::error::{Error, Result};
use crate::ident::{Ident, QualifiedName};
use crate::policy::{Roles, Tenancy};

/// The functions that verify seals, and the table of the keys.
#[derive(Debug)]
pub(crate) struct Sealing {
    pub(crate) sealer: Ident,
    pub(crate) functions: BTreeMap<Signature, Function>,
    pub(crate) keys: Relation,
}

impl Sealing {
    /// As the manifest asks for it, if it does.
    pub(crate) fn of(tenancy: &Tenancy, roles: &Roles) -> Result<Option<Self>> {
        let (Some(seal), Some(sealer)) = (tenancy.sealed(), roles.sealer_role()) else { return Ok(None) };
        let sql: Vec<String> = parts(tenancy, roles, seal)?.into_iter().map(|part| part.sql).collect();
        let mut made = replay(&[Source::new("seal.sql", sql.join("\n\n"))], &Options::default()).catalog;
        let keys = made
            .relations
            .remove(&key_table(tenancy))
            .ok_or_else(|| Error::config("the table of seals' keys could not be read from the bootstrap"))?;
        Ok(Some(Self { sealer: sealer.clone(), functions: made.functions, keys }))
    }

    /// Those that read the keys, rather than say what is wrong with a seal.
    pub(crate) fn verifiers(&self) -> impl Iterator<Item = (&Signature, &Function)> {
        self.functions.iter().filter(|(_, function)| function.security_definer)
    }
}

/// The table of the keys, whether a tenancy asks for seals or not.
pub(crate) fn key_table(tenancy: &Tenancy) -> QualifiedName {
    QualifiedName::new(tenancy.support().clone(), Ident::known("seal_key"))
}

/// Whether it is a function that verifies seals, of whichever manifest.
pub(crate) fn is_verifier(tenancy: &Tenancy, signature: &Signature, function: &Function) -> bool {
    let name = signature.name.name().as_str();
    signature.name.schema() == tenancy.support()
        && signature.arguments.is_empty()
        && matches!(name, "tenant_id" | "user_id")
        && function.comment.as_deref().is_some_and(|comment| comment.starts_with("tenantry: sealed"))
}

/// Whether a function does the same with the same rights as the one that is wanted, and everybody may call it.
pub(crate) fn is_done_by(wanted: &Function, present: &Function) -> bool {
    does_the_same(wanted, present) && may_be_called(present) && wanted.comment == present.comment
}

/// Whether it has the same body and attributes, whoever owns it.
pub(crate) fn does_the_same(wanted: &Function, present: &Function) -> bool {
    (present.kind, present.volatility, present.parallel) == (wanted.kind, wanted.volatility, wanted.parallel)
        && (present.security_definer, present.leakproof, present.strict)
            == (wanted.security_definer, wanted.leakproof, wanted.strict)
        && present.language == wanted.language
        && present.settings == wanted.settings
        && present.returns == wanted.returns
        && present.body == wanted.body
}

fn may_be_called(present: &Function) -> bool {
    let by_all = |(grantee, privilege)| grantee == &Grantee::Public && privilege == Privilege::Execute;
    present.grants.iter().any(|grant| by_all((&grant.grantee, grant.privilege)))
}
