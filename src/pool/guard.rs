//! The guard: which roles may open which pool, and be used by it.

mod finding;
mod sealed;

use std::future::{Future, poll_fn};
use std::hash::{BuildHasher, RandomState};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Poll;

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error as PgError, Row};
use tracing::{info, warn};

use self::finding::Finding;
use self::sealed::Found;
use super::drain::Debt;
use super::lease::Lease;
use super::seal::Sealing;
use super::strategy::Strategy;
use super::{names, reads};
use crate::error::{Error, Kind, Result, Step};
use crate::ident::SettingName;
use crate::wire::{Part, Sql, StatementMode};

const GUARD: &str = include_str!("../../sql/pool/guard.sql");

/// The statement that carries the canary. The name of the setting is a parameter.
const SET_CANARY: &str = include_str!("../../sql/pool/set_context.sql");

/// The setting that the guard looks for.
const CANARY: &str = "tenantry.canary";

/// The oldest server that is supported, as a major version.
const OLDEST_SERVER: u32 = 14;

/// What a pool is for decides what its role must and must not be able to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Tenants,
    System,
    /// Tenants who read from the replica with this number.
    Replica(usize),
}

/// Looks at the role of each new connection of a pool, and from time to time at that of the pool. The
/// first look settles how the pool sends what it sends.
pub(super) struct Guard {
    setting: SettingName,
    purpose: Purpose,
    /// What the builder was told, which stays.
    strategy: Option<Strategy>,
    statements: Option<StatementMode>,
    settled: OnceLock<Settled>,
    /// Whether a pooler was met on the way.
    pooler: AtomicBool,
    sealing: Option<Arc<Sealing>>,
}

/// What the first look has found, for good.
struct Settled {
    role: String,
    strategy: Strategy,
    statements: StatementMode,
}

/// What the guard says of a connection whose role fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Fits,
    /// It was opened before it was known how statements are to be sent, and in the other way.
    OtherMode,
}

impl Guard {
    pub(super) fn new(
        setting: SettingName,
        purpose: Purpose,
        strategy: Option<Strategy>,
        statements: Option<StatementMode>,
        sealing: Option<Arc<Sealing>>,
    ) -> Self {
        Self {
            setting,
            purpose,
            strategy,
            statements,
            settled: OnceLock::new(),
            pooler: AtomicBool::new(false),
            sealing,
        }
    }

    /// The setting that carries the tenant.
    pub(super) fn setting(&self) -> &SettingName {
        &self.setting
    }

    /// What seals the tenants, if anything does.
    pub(super) fn sealing(&self) -> Option<&Sealing> {
        self.sealing.as_deref()
    }

    pub(super) fn is_settled(&self) -> bool {
        self.settled.get().is_some()
    }

    /// The role that the first look has found.
    pub(super) fn role(&self) -> Option<&str> {
        self.settled.get().map(|settled| &*settled.role)
    }

    pub(super) fn strategy(&self) -> Strategy {
        self.settled.get().map(|settled| settled.strategy).or(self.strategy).unwrap_or_default()
    }

    pub(super) fn statements(&self) -> StatementMode {
        self.settled.get().map(|settled| settled.statements).or(self.statements).unwrap_or_default()
    }

    /// Whether the pool's connections lead to a pooler, as far as is known.
    pub(super) fn met_a_pooler(&self) -> bool {
        self.pooler.load(Ordering::Acquire)
    }

    /// Asks the server what the role of a connection can do, and refuses one that does not fit.
    pub(super) async fn examine(&self, lease: &Arc<Lease>) -> Result<Verdict> {
        if let Some(sealing) = &self.sealing {
            sealing.refresh().await?;
        }
        let canary = RandomState::new().hash_one(0_u8).to_string();
        let mut findings = self.ask(lease, &canary).await?;
        let mut told = |what| {
            let at = findings.iter().position(|finding| finding.what == what)?;
            findings.remove(at).object
        };
        let (heard, citus, backend) = (told("canary"), told("citus"), told("backend"));
        told("path");
        let seals = Found::take(&mut findings);
        let (remarks, findings): (Vec<_>, Vec<_>) = findings.into_iter().partition(Finding::is_remark);
        let role = judge(&findings, &self.setting, self.purpose)?;
        if let Some(process_id) = backend.and_then(|id| id.parse().ok()) {
            lease.link().served_by(process_id);
        }
        if !lease.link().is_direct() {
            self.pooler.store(true, Ordering::Release);
        }
        lease.link().set_up();
        let heard = heard.as_deref() == Some(&canary);
        if self.strategy() == Strategy::Implicit && self.is_settled() && !heard {
            return Err(Error::config(APART));
        }
        if !self.is_settled() {
            let strategy = choose(self.strategy, heard, citus.as_deref())?;
            let statements = match self.statements {
                Some(mode) => mode,
                None => names::mode(lease).await?,
            };
            if self.purpose == Purpose::Tenants {
                for remark in &remarks {
                    remark.tell(&role);
                }
                reads::look(lease, &self.setting).await;
            }
            let _ = self.settled.set(Settled { role, strategy, statements });
        }
        self.check_seals(lease, seals).await?;
        let fits = lease.client().terms.statements == self.statements();
        Ok(if fits { Verdict::Fits } else { Verdict::OtherMode })
    }

    /// Runs the guard's query. With the implicit strategy it carries a canary, as statements will carry
    /// their context, but under no name: a pooler that does not tell names apart would keep it.
    async fn ask(&self, lease: &Lease, canary: &str) -> Result<Vec<Finding>> {
        let process_id = lease.link().process_id();
        let params: [(&(dyn ToSql + Sync), Type); 2] =
            [(&self.setting.as_str(), Type::TEXT), (&process_id, Type::INT4)];
        let mut query = pin!(lease.client().query_typed(GUARD, &params));
        lease.owe(Debt::Answer);
        let mut carried = None;
        if self.strategy() == Strategy::Implicit {
            let set = Sql::Known(SET_CANARY);
            let armed = lease
                .link()
                .arm(None, |prologue| {
                    prologue.push(Part::Context, "", set, [CANARY, canary])?;
                    // Compiling a query that runs once costs more than it saves.
                    prologue.push(Part::Context, "", Sql::Known(SET_CANARY), ["jit", "off"])
                })
                .map_err(|error| Error::config(format!("the canary cannot be sent: {error}")))?;
            carried = Some(armed);
        }
        // The first poll sends it, and no other request comes between.
        let first = poll_fn(|cx| Poll::Ready(query.as_mut().poll(cx))).await;
        let answer = match first {
            Poll::Ready(answer) => {
                carried.map(|number| lease.link().disarm(number));
                answer
            }
            Poll::Pending => query.await,
        };
        read(lease, answer)
    }
}

fn read(lease: &Lease, answer: Result<Vec<Row>, PgError>) -> Result<Vec<Finding>> {
    let failed = |error| lease.error(Step::Guard, error);
    let rows = answer.map_err(failed)?;
    lease.settle();
    rows.iter()
        .map(|row| Ok(Finding { what: row.try_get(0)?, role: row.try_get(1)?, object: row.try_get(2)? }))
        .collect::<Result<_, PgError>>()
        .map_err(failed)
}

const APART: &str =
    "a statement and the context that it carries do not arrive together; choose Strategy::Explicit";

/// The strategy that was asked for, or the best one that the server and what stands in front of it
/// are good for.
fn choose(asked: Option<Strategy>, canary_arrived: bool, citus: Option<&str>) -> Result<Strategy> {
    match (asked, citus) {
        (Some(Strategy::Implicit), _) if !canary_arrived => Err(Error::config(APART)),
        (Some(strategy), _) => Ok(strategy),
        (None, Some(version)) => {
            info!(version, "the server has Citus, which does not carry set_config to its workers");
            Ok(Strategy::ExplicitSetLocal)
        }
        (None, None) if canary_arrived => Ok(Strategy::Implicit),
        (None, None) => {
            warn!(
                "a statement and the context that it carries do not arrive together; each tenant switch costs more"
            );
            Ok(Strategy::Explicit)
        }
    }
}

fn judge(findings: &[Finding], setting: &SettingName, purpose: Purpose) -> Result<String> {
    let Some((subject, findings)) = findings.split_first() else {
        return Err(Error::config("the server did not say which role is connected"));
    };
    supported(subject.object.as_deref().unwrap_or_default())?;
    let role = &subject.role;
    let refused = match purpose {
        Purpose::Tenants | Purpose::Replica(_) => {
            findings.first().map(|finding| against_tenants(finding, role, setting))
        }
        Purpose::System => against_system(findings, role),
    };
    match refused {
        None => Ok(role.clone()),
        Some((reason, fix)) => {
            let pool = match purpose {
                Purpose::Tenants => "a tenant pool",
                Purpose::System => "the system pool",
                Purpose::Replica(_) => "a replica of a tenant pool",
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
        "server function" => {
            let function = finding.object.as_deref().unwrap_or("a function");
            return (
                format!("function {function}, which it may call, leads around row-level security"),
                format!("REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC, {:?}", finding.role),
            );
        }
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
mod tests;
