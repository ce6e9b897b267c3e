//! The guard: which roles may open which pool.

use tokio_postgres::types::Type;

use super::core::Core;
use crate::error::{Error, Kind, Result, Step};
use crate::ident::SettingName;
use std::sync::Arc;

const GUARD: &str = include_str!("../../sql/pool/guard.sql");

/// The oldest server that is supported, as a major version.
const OLDEST_SERVER: u32 = 14;

/// One row of `sql/pool/guard.sql`.
struct Finding {
    what: String,
    /// The role that the finding is about: the connected one, or one that it can become.
    role: String,
    object: Option<String>,
}

/// What a pool is for decides what its role must and must not be able to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Tenants,
    System,
}

/// Asks the server what the role can do and refuses one that does not fit. Returns the role's name.
pub(super) async fn check(core: &Arc<Core>, setting: &SettingName, purpose: Purpose) -> Result<String> {
    let lease = core.lease().await?;
    let rows = lease
        .client()
        .query_typed(GUARD, &[(&setting.as_str(), Type::TEXT)])
        .await
        .map_err(|error| Error::server(Step::Guard, error))?;
    let findings: Vec<Finding> = rows
        .iter()
        .map(|row| Ok(Finding { what: row.try_get(0)?, role: row.try_get(1)?, object: row.try_get(2)? }))
        .collect::<Result<_, tokio_postgres::Error>>()
        .map_err(|error| Error::server(Step::Guard, error))?;
    judge(&findings, setting, purpose)
}

fn judge(findings: &[Finding], setting: &SettingName, purpose: Purpose) -> Result<String> {
    let Some((subject, findings)) = findings.split_first() else {
        return Err(Error::config("the server did not say which role is connected"));
    };
    supported(subject.object.as_deref().unwrap_or_default())?;
    let role = &subject.role;
    let refused = match purpose {
        Purpose::Tenants => findings.first().map(|finding| against_tenants(finding, role, setting)),
        Purpose::System => against_system(findings, role),
    };
    match refused {
        None => Ok(role.clone()),
        Some((reason, fix)) => {
            let pool = match purpose {
                Purpose::Tenants => "a tenant pool",
                Purpose::System => "the system pool",
            };
            Err(Error::from(Kind::RoleRefused { role: role.clone(), pool, reason, fix }))
        }
    }
}

/// Reads `server_version_num` and `server_version`, as in `150018 15.18`.
fn supported(version: &str) -> Result<()> {
    let (number, name) = version.split_once(' ').unwrap_or((version, version));
    let major = number.parse::<u32>().unwrap_or(0) / 10_000;
    if major < OLDEST_SERVER {
        return Err(Error::from(Kind::ServerTooOld { found: name.to_owned(), oldest: OLDEST_SERVER }));
    }
    Ok(())
}

/// Why the role cannot serve tenants, and what to do.
fn against_tenants(finding: &Finding, role: &str, setting: &SettingName) -> (String, String) {
    let (can, attribute) = match finding.what.as_str() {
        "superuser" => ("row-level security does not bind a superuser", "NOSUPERUSER"),
        "bypassrls" => ("BYPASSRLS lets a role see and change every row", "NOBYPASSRLS"),
        "replication" => ("REPLICATION lets a role read every row that is written", "NOREPLICATION"),
        "createrole" => {
            ("CREATEROLE lets a role become the owner of any table before PostgreSQL 16", "NOCREATEROLE")
        }
        "server files" => ("access to the server's files or programs leads around row-level security", ""),
        "owner" => {
            let table = finding.object.as_deref().unwrap_or("a table");
            let whose = if finding.role == role {
                format!("it owns {table}")
            } else {
                format!("it can act as {}, which owns {table}", finding.role)
            };
            return (
                format!("{whose}, whose policies do not bind its owner"),
                format!(
                    "give the table to a role that nobody logs in as, or ALTER TABLE {table} FORCE ROW LEVEL SECURITY"
                ),
            );
        }
        _ => {
            return (
                format!("setting {setting} has a value before any tenant is bound"),
                format!(
                    "remove it: ALTER ROLE {role:?} RESET {setting}, the same for the database, and from the URL's options"
                ),
            );
        }
    };
    if finding.role == role && !attribute.is_empty() {
        (can.to_owned(), format!("connect as a role with {attribute}"))
    } else {
        (
            format!("{can}, and it can act as {}", finding.role),
            format!("REVOKE {:?} FROM {role:?}, or connect as another role", finding.role),
        )
    }
}

/// Why the role cannot work across tenants, and what to do.
fn against_system(findings: &[Finding], role: &str) -> Option<(String, String)> {
    let has = |what: &str| findings.iter().any(|finding| finding.what == what && finding.role == role);
    if findings.iter().any(|finding| finding.what == "superuser") {
        return Some((
            "it is a superuser, or can become one, which is more than crossing tenants needs".to_owned(),
            "connect as a role with BYPASSRLS and NOSUPERUSER".to_owned(),
        ));
    }
    (!has("bypassrls")).then(|| {
        (
            "it does not have BYPASSRLS, so it would see no more than one tenant".to_owned(),
            format!("ALTER ROLE {role:?} BYPASSRLS, or connect as the system role"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::{Finding, Purpose, judge};
    use crate::error::Result;
    use crate::ident::SettingName;

    fn finding(what: &str, role: &str, object: Option<&str>) -> Finding {
        Finding { what: what.to_owned(), role: role.to_owned(), object: object.map(str::to_owned) }
    }

    fn judged(version: &str, found: Option<Finding>, purpose: Purpose) -> Result<String> {
        let mut findings = vec![finding("role", "erp_app", Some(version))];
        findings.extend(found);
        judge(&findings, &SettingName::new("app.tenant_id").unwrap(), purpose)
    }

    #[test]
    fn an_old_server_is_refused_by_its_version() {
        let error = judged("130011 13.11", None, Purpose::Tenants).unwrap_err();
        assert_eq!(
            error.to_string(),
            "server version 13.11 is not supported; upgrade to PostgreSQL 14 or newer"
        );
        assert!(judged("140000 14beta1", None, Purpose::Tenants).is_ok());
    }

    #[test]
    fn every_finding_refuses_a_tenant_pool() {
        for what in [
            "superuser",
            "bypassrls",
            "replication",
            "createrole",
            "server files",
            "owner",
            "preset tenant",
            "new",
        ] {
            for role in ["erp_app", "other"] {
                let found = finding(what, role, Some("erp.invoice"));
                let error = judged("150018 15.18", Some(found), Purpose::Tenants).unwrap_err();
                assert!(error.is_role_refused());
                let line = error.to_string();
                assert!(line.starts_with(r#"role "erp_app" cannot open a tenant pool: "#), "{line}");
            }
        }
    }

    #[test]
    fn the_system_pool_needs_bypassrls_and_no_more() {
        assert!(judged("150018 15.18", None, Purpose::System).is_err());
        let bypass = finding("bypassrls", "erp_app", None);
        assert!(judged("150018 15.18", Some(bypass), Purpose::System).is_ok());
        let superuser = finding("superuser", "erp_app", None);
        assert!(judged("150018 15.18", Some(superuser), Purpose::System).is_err());
    }
}
