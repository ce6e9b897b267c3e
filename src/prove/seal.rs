//! What is tried on what verifies seals: that it takes a tenant's own, and nothing that anybody else could have made of it.

use super::attempt::{Reads, named};
use super::judge::judge;
use super::made::Known;
use super::report::{Aim, Cell};
use super::row::Scene;
use super::seals::Seals;
use super::seat::Binding;
use super::tenants::Who;
use crate::error::Result;
use crate::ident::{Ident, QualifiedName};
use crate::policy::Seal;
use crate::policy::manifest::Manifest;
use crate::policy::matrix::Expected;
use crate::policy::render::{Vars, render};
use crate::seal::{SealKey, Sealer, now};

pub(super) const SEAL: &str = include_str!("../../sql/prove/seal.sql");

/// For how long what is sealed here holds, and how long ago what has expired did: more than clocks differ by.
const HOUR: u64 = 3600;

/// The function that policies ask for the tenant.
pub(super) fn verifier(manifest: &Manifest) -> QualifiedName {
    QualifiedName::new(manifest.tenancy.support().clone(), Ident::known("tenant_id"))
}

/// Tries everything in the transaction that is open.
pub(crate) async fn prove(scene: &Scene<'_>) -> Result<Vec<Cell>> {
    let known = scene.known;
    let mut cells = Vec::new();
    if let Some(seals) = scene.seat.seals() {
        for (attempt, expected, value) in values(scene, seals)? {
            cells.push(bound(scene, attempt, expected, value).await?);
        }
    }
    for attempt in ["read the keys", "read what the keys are made of", "retire the keys"] {
        let sql = sql(known, attempt)?;
        let answer = scene.seat.attempt(&Binding::default(), &sql, Reads::Rows).await?;
        let verdict = judge(Expected::Kept, &answer);
        let attempt = attempt.to_owned();
        cells.push(Cell { attempt, aim: Aim::None, sql, answer: answer.to_string(), verdict });
    }
    Ok(cells)
}

/// What the setting is bound to, with what is promised of each.
fn values(scene: &Scene<'_>, seals: &Seals) -> Result<Vec<(&'static str, Expected, String)>> {
    let tenancy = &scene.known.manifest.tenancy;
    let (setting, key, database) = (tenancy.setting_name(), seals.key(), seals.database());
    let role = scene.seat.session_user(None);
    let [own, other] = [Who::Own, Who::Other].map(|who| scene.tenants.tenant(who).unwrap_or_default());
    let time = now().as_secs();
    let sealed = |key: &SealKey, role: &str, database: &str, expires: u64, backend: Option<i32>| {
        Sealer::new(key, setting, role, database).map(|sealer| sealer.seal(&own, expires, backend))
    };
    let until = time + HOUR;
    let valid = sealed(key, role, database, until, None)?;
    // What is guessed, and what nobody could have guessed: 32 bytes that no database has a key of.
    let unknown = SealKey::new(own.repeat(2) + &other + "tenantry tenantry tenantry tenantry")?;
    let another = sealed(&unknown, role, database, until, None)?;
    let mac = |sealed: &str| sealed.rsplit('.').next().unwrap_or_default().to_owned();
    let claims = valid.rsplit_once('.').map(|(claims, _)| claims.to_owned()).unwrap_or_default();
    let part = |at: usize, with: &str| {
        let mut parts: Vec<&str> = valid.split('.').collect();
        if let Some(part) = parts.get_mut(at) {
            *part = with;
        }
        parts.join(".")
    };
    let mut all = vec![
        ("bind what is sealed", Expected::Reached, valid.clone()),
        ("bind another tenant by the same seal", Expected::Kept, part(0, &other)),
        ("bind it for longer by the same seal", Expected::Kept, part(1, &(until + HOUR).to_string())),
        ("bind what has expired", Expected::Kept, sealed(key, role, database, time - HOUR, None)?),
        (
            "bind the seal of another role",
            Expected::Kept,
            sealed(key, &format!("{role}_"), database, until, None)?,
        ),
        (
            "bind the seal of another database",
            Expected::Kept,
            sealed(key, role, &format!("{database}_"), until, None)?,
        ),
        (
            "bind the seal of another connection",
            Expected::Kept,
            sealed(key, role, database, until, Some(i32::MAX))?,
        ),
        ("bind the seal of an unknown key", Expected::Kept, another.clone()),
        (
            "bind the seal of another key under the same name",
            Expected::Kept,
            format!("{claims}.{}", mac(&another)),
        ),
    ];
    if !tenancy.sealed().is_some_and(Seal::takes_bare) {
        all.push(("bind an empty seal", Expected::Kept, format!("{claims}.")));
        all.push(("bind a tenant without a seal", Expected::Kept, own.clone()));
    }
    Ok(all)
}

async fn bound(scene: &Scene<'_>, attempt: &str, expected: Expected, value: String) -> Result<Cell> {
    let setting = scene.tenants.setting().to_owned();
    let binding = Binding { settings: vec![(setting, value)], bare: true, role: None };
    let sql = sql(scene.known, "taken")?;
    let answer = scene.seat.attempt(&binding, &sql, Reads::Rows).await?;
    let verdict = judge(expected, &answer);
    let aim = if expected == Expected::Reached { Aim::Own } else { Aim::Other };
    Ok(Cell { attempt: attempt.to_owned(), aim, sql, answer: answer.to_string(), verdict })
}

pub(super) fn sql(known: &Known<'_>, attempt: &str) -> Result<String> {
    render(named(SEAL, attempt), &Vars::default().name("support", known.manifest.tenancy.support()))
}
