//! The functions that take no setting but a sealed one, and what they need.

#[cfg(feature = "lint")]
mod wanted;

use super::model::{Missing, Tenancy};
use super::part::{Part, PartKind};
use super::render::{Vars, render};
use super::roles::Roles;
use crate::error::{Error, Result};
use crate::ident::{Ident, QualifiedName, SettingName};
use crate::tenant::TenantType;

#[cfg(feature = "lint")]
pub(crate) use wanted::{Sealing, does_the_same, is_done_by, is_verifier, key_table};

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../sql/bootstrap/", $name, ".sql"))
    };
}

/// What policies take for the tenant of a transaction: a setting that carries the seal of a key, see [`SealKey`](crate::SealKey).
///
/// Any SQL can change a setting, so without a seal injected SQL can bind any tenant. A seal is a MAC over the tenant, a time until which
/// it holds, the role, the database and the connection. The functions that policies call verify it with a key that belongs to a role
/// that nobody can become, [`Roles::sealer`]; the app role cannot read it.
///
/// A seal that is forged, edited, expired, or made for another role, database or connection raises SQLSTATE `TN003`; with
/// [`Missing::Empty`] there are no rows.
///
/// Each statement verifies the seal anew, for each of its tables once. A transaction could only spare that by a note that it has verified
/// one, and whatever the app role's SQL can write is no such note: settings, temporary tables and advisory locks are its own to make. A
/// setting that a superuser [grants](https://www.postgresql.org/docs/current/sql-grant.html) to the role of the keys alone (`GRANT SET ON
/// PARAMETER`, from PostgreSQL 15 on) would be one; it would spare single statements nothing, which verify a seal once each in any case,
/// and few hosts let their users grant it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Seal {
    takes_bare: bool,
}

impl Seal {
    /// Sealed settings alone are taken.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes settings without a seal as well, for as long as not all services seal. Default: sealed ones alone.
    pub fn or_bare(mut self) -> Self {
        self.takes_bare = true;
        self
    }

    /// Whether settings without a seal are taken as well.
    #[must_use]
    pub fn takes_bare(self) -> bool {
        self.takes_bare
    }
}

/// The functions that give what is sealed: that of the tenant and, where users are members, that of the user.
pub(crate) fn functions(tenancy: &Tenancy) -> Vec<(&'static str, &SettingName, TenantType)> {
    let tenant = ("tenant_id", tenancy.setting_name(), tenancy.tenant_type());
    let user = tenancy.members().map(|members| ("user_id", members.user_setting(), members.user().1));
    [tenant].into_iter().chain(user).collect()
}

/// What the pool's guard reads of such a function.
pub(crate) fn comment(seal: Seal, setting: &SettingName) -> String {
    let kind = if seal.takes_bare() { "sealed or bare" } else { "sealed" };
    format!("tenantry: {kind} {setting}, version 1")
}

/// The keys, and the functions that verify by them.
pub(super) fn parts(tenancy: &Tenancy, roles: &Roles, seal: Seal) -> Result<Vec<Part>> {
    let sealer = roles.sealer_role().ok_or_else(|| {
        Error::config(
            "the keys of seals belong to a role of their own, which is not named; name it with Roles::sealer",
        )
    })?;
    let support = tenancy.support();
    let named = || Vars::default().name("support", support);
    let within = |name: &'static str| QualifiedName::new(support.clone(), Ident::known(name));

    let mut parts = Vec::new();
    let key = within("seal_key");
    let what = format!("table {support}.seal_key");
    let part = Part::new(PartKind::SealKey(key), what, file!("seal/key"), &named().name("sealer", sealer))?;
    parts.push(part.undone_by(file!("undo/seal_key"), &named())?);
    if let Some(migrator) = roles.migrator_role() {
        let what = format!("{migrator} adds and retires keys");
        let vars = named().name("migrator", migrator);
        parts.push(Part::new(PartKind::SealKeeper(within("seal_key")), what, file!("seal/keeper"), &vars)?);
    }
    if tenancy.when_missing() == Missing::Error {
        let (kind, what) =
            (PartKind::Function(within("not_sealed")), format!("function {support}.not_sealed"));
        let part = Part::new(kind, what, file!("seal/not_sealed"), &named())?;
        parts.push(part.undone_by(file!("undo/not_sealed"), &named())?);
    }
    for (name, setting, value_type) in functions(tenancy) {
        let ident = Ident::known(name);
        let vars = named()
            .name("name", &ident)
            .sql("type", value_type.sql())
            .body("body", body(tenancy, seal, setting, value_type)?)
            .text("comment", comment(seal, setting))
            .name("sealer", sealer);
        let (kind, what) = (PartKind::Function(within(name)), format!("function {support}.{name}"));
        let part = Part::new(kind, what, file!("seal/function"), &vars)?;
        parts.push(part.undone_by(file!("undo/seal_function"), &named().name("name", &ident))?);
    }
    Ok(parts)
}

/// The body of such a function.
pub(crate) fn body(
    tenancy: &Tenancy,
    seal: Seal,
    setting: &SettingName,
    value_type: TenantType,
) -> Result<String> {
    let of_setting = || Vars::default().text("setting", setting.as_str());
    let fragment = |file: &str, vars: &Vars<'_>| Ok::<_, Error>(format!("    {}\n", render(file, vars)?));
    let bare = if seal.takes_bare() { fragment(file!("seal/bare"), &of_setting())? } else { String::new() };
    let refused = match tenancy.when_missing() {
        Missing::Error => fragment(file!("seal/refused"), &of_setting().name("support", tenancy.support()))?,
        Missing::Empty => "    RETURN NULL;\n".to_owned(),
    };
    // Only a text can have a dot, or the sign that stands for one.
    let value = match value_type {
        TenantType::Text => "replace(replace(part[1], '%2E', '.'), '%25', '%')",
        _ => "part[1]",
    };
    let vars = of_setting()
        .name("support", tenancy.support())
        .sql("value", value)
        .sql("bare", bare)
        .sql("refused", refused.trim_end());
    Ok(format!("\n{}\n", render(file!("seal/body"), &vars)?))
}
