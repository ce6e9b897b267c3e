//! What weakens the verifying of seals.

use super::list::{Mutated, Weakened};
use crate::catalog::{Command, Expr, Function, Grantee, Policy, Privilege};
use crate::error::Result;
use crate::ident::{Ident, literal};
use crate::policy::Seal;
use crate::policy::ddl::{self, Object, Privileges};
use crate::policy::sealed::{Sealing, key_table};
use crate::prove::made::Known;

/// The lines of the body that each refuse something, and what is weakened without them.
const CHECKS: [(&str, &str); 3] = [
    ("seal without its expiry", "AND to_timestamp(part[2]::float8) > current_timestamp"),
    ("seal without its connection", "AND part[4] IN ('0', pg_backend_pid()::text)"),
    (
        "seal without its MAC",
        "AND hashtextextended(mac, 0) = hashtextextended(part[5], 0)\n        AND mac = part[5]",
    ),
];

/// Functions that verify less, and keys that others can have.
pub(super) fn mutations(known: &Known<'_>) -> Result<Vec<Mutated>> {
    let (tenancy, roles) = (&known.manifest.tenancy, &known.manifest.roles);
    let Some(sealing) = Sealing::of(tenancy, roles)? else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    let mut add = |what: &str, sql| {
        all.push(Mutated { what: what.to_owned(), sql, weakened: Weakened::Object });
    };
    let present = |name: &str| {
        let of = sealing.functions.iter().find(|(signature, _)| signature.name.name().as_str() == name);
        of.filter(|(signature, _)| known.catalog.functions.contains_key(*signature))
    };
    if let Some((signature, wanted)) = present("tenant_id") {
        let with = |body: String| {
            let weak = Function { body, ..wanted.clone() };
            ddl::create_function(signature, &weak, true, None)
        };
        if !tenancy.sealed().is_some_and(Seal::takes_bare) {
            let setting = literal(tenancy.setting_name().as_str());
            let bare =
                format!("\nBEGIN\n    RETURN split_part(current_setting({setting}, true), '.', 1);\nEND\n");
            add("setting read without its seal", with(bare)?);
        }
        for (what, check) in CHECKS.into_iter().filter(|(_, check)| wanted.body.contains(check)) {
            add(what, with(wanted.body.replacen(check, "", 1))?);
        }
    }
    let keys = key_table(tenancy);
    if known.catalog.relations.contains_key(&keys) {
        let app = Grantee::Role(roles.app_role().clone());
        let select = Privileges::from([(Privilege::Select, None)]);
        let opened = Policy {
            permissive: true,
            command: Command::Select,
            roles: [app.clone()].into(),
            using: Some(Expr::new("true")),
            with_check: None,
            comment: None,
        };
        let sql = [
            ddl::grant(Object::Table(&keys), &select, &app, false)?,
            ddl::create_policy(&keys, &Ident::known("tenantry_mutation"), &opened)?,
        ];
        add("keys for the app role to read", sql.join("\n"));
    }
    Ok(all)
}
