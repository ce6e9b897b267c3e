//! What a unit of work sends ahead of its first statement, worked out once from its context.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::IsolationLevel;

use super::access::Record;
use super::limits::{Plan, Plans, READ_ONLY, of_statement, statement};
use super::seal::{BARE, Sealed, Seals};
use crate::error::{Error, Result};
use crate::ident::{SettingName, literal};
use crate::tenant::{Limits, Reading, TenantContext, TenantId, TenantType, TransactionMode};
use crate::wire::{Part, Prologue, Sql};

/// The context select for one setting.
const SET_CONTEXT: &str = include_str!("../../sql/pool/set_context.sql");

/// The names under which the server keeps the context select, by how many settings it has. One with
/// more settings is parsed each time.
const SELECTS: [&str; 8] = [
    "tenantry_set_1",
    "tenantry_set_2",
    "tenantry_set_3",
    "tenantry_set_4",
    "tenantry_set_5",
    "tenantry_set_6",
    "tenantry_set_7",
    "tenantry_set_8",
];

/// The name under which the server keeps the `BEGIN` without options. Others are parsed each time.
const BEGIN: &str = "tenantry_begin";

/// The setting that tells the server's side why a unit of work crosses tenants.
const SYSTEM_REASON: &str = "tenantry.system_reason";

/// A binding, or why the pool does not take the context. That is told at each use, before anything is sent.
pub(super) type Bound = std::result::Result<Arc<Binding>, Arc<str>>;

/// A context that has been checked against its pool.
#[derive(Clone)]
pub(super) struct Binding {
    begin: Cow<'static, str>,
    mode: TransactionMode,
    reading: Reading,
    /// There is always one, and seldom another.
    first: (Name, String),
    more: Vec<(Name, String)>,
    limits: Limits,
    /// The limits as the server gets them, behind the settings.
    plan: Arc<Plan>,
    /// The same for a transaction, where that is another one.
    block: Option<Arc<Plan>>,
    /// On the heap, since a tenant's binding never has it.
    crossing: Option<Box<Crossing>>,
    /// The type of the tenant that the first setting carries, if it carries one.
    tenant_type: Option<TenantType>,
}

/// Why a unit of work crosses tenants, and where that is recorded.
#[derive(Clone)]
struct Crossing {
    reason: String,
    record: Option<Record>,
}

/// The setting that carries a pool's tenants, and what limits each unit of work unless its context says otherwise.
pub(super) struct TenantSetting {
    name: SettingName,
    limits: Limits,
    plans: Plans,
}

impl TenantSetting {
    pub(super) fn new(name: SettingName, limits: Limits) -> Self {
        let plans = Plans::of_pool(&name, &limits);
        Self { name, limits, plans }
    }

    pub(super) fn name(&self) -> &SettingName {
        &self.name
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }
}

/// The name of a setting: one of the server's own or of this crate's, or one that was given.
#[derive(Clone)]
enum Name {
    Known(&'static str),
    Given(SettingName),
}

impl Name {
    fn as_str(&self) -> &str {
        match self {
            Self::Known(name) => name,
            Self::Given(name) => name.as_str(),
        }
    }
}

impl Binding {
    /// Binds a tenant: its own setting first, then what the context adds.
    pub(super) fn tenant(
        context: &TenantContext,
        setting: &TenantSetting,
        tenant_type: TenantType,
    ) -> Result<Self> {
        let TenantSetting { name: setting, limits: of_pool, plans } = setting;
        let tenant = context.tenant();
        if !tenant.fits(tenant_type) {
            return Err(Error::config(format!(
                "the tenant is {}; the pool expects {tenant_type}, see TenantPoolBuilder::tenant_type",
                tenant.kind()
            )));
        }
        if context.settings().iter().any(|(name, _)| name == setting) {
            return Err(Error::config(format!(
                "setting {setting} carries the tenant; the context cannot set it a second time"
            )));
        }
        let first = (Name::Given(setting.clone()), tenant.as_setting());
        let given = context.settings().iter().map(|(name, value)| (Name::Given(name.clone()), value.clone()));
        let limits = context.limits().or(*of_pool);
        let Plans { single, block } =
            if limits == *of_pool { plans.clone() } else { Plans::new(&limits, plans.single.forms.as_ref()) };
        let mode = context.mode();
        Ok(Self {
            begin: begin(mode),
            mode,
            reading: context.reading(),
            first,
            more: given.collect(),
            limits,
            plan: single,
            block,
            crossing: None,
            tenant_type: Some(tenant_type),
        })
    }

    /// Binds no tenant: the setting is empty, whatever the session has.
    pub(super) fn unbound(setting: &TenantSetting) -> Self {
        Self::of_none((Name::Given(setting.name.clone()), String::new()), setting.limits)
    }

    /// Binds no tenant, but the reason for doing without one.
    pub(super) fn system(reason: String, limits: Limits, record: Option<Record>) -> Self {
        let first = (Name::Known(SYSTEM_REASON), reason.clone());
        let crossing = Some(Box::new(Crossing { reason, record }));
        Self { crossing, ..Self::of_none(first, limits) }
    }

    fn of_none(first: (Name, String), limits: Limits) -> Self {
        let mode = TransactionMode::default();
        let Plans { single, block } = Plans::new(&limits, None);
        Self {
            begin: begin(mode),
            mode,
            reading: Reading::default(),
            first,
            more: Vec::new(),
            limits,
            plan: single,
            block,
            crossing: None,
            tenant_type: None,
        }
    }

    /// The same with another limit for each call.
    pub(super) fn with_timeout(&self, limit: Duration) -> Self {
        let limits = Limits { call: Some(limit), ..self.limits };
        let Plans { single, block } = Plans::new(&limits, self.plan.forms.as_ref());
        Self { limits, plan: single, block, ..self.clone() }
    }

    /// The same for a transaction, which has one more limit if it was set.
    pub(super) fn for_block(self: &Arc<Self>) -> Arc<Self> {
        match &self.block {
            None => Arc::clone(self),
            Some(plan) => {
                let mut binding = Self::clone(self);
                binding.plan = Arc::clone(plan);
                Arc::new(binding)
            }
        }
    }

    /// After how long the server ends a statement on its own, if it was told so.
    pub(super) fn statement_timeout(&self) -> Option<Duration> {
        of_statement(&self.limits)
    }

    /// How long one call may take.
    pub(super) fn timeout(&self) -> Option<Duration> {
        self.limits.of_call()
    }

    pub(super) fn is_read_only(&self) -> bool {
        self.mode.read_only
    }

    /// Where it may run.
    pub(super) fn reading(&self) -> Reading {
        self.reading
    }

    /// Whether it asks for what no standby has.
    pub(super) fn is_serializable(&self) -> bool {
        self.mode.is_serializable()
    }

    pub(super) fn begin(&self) -> Cow<'static, str> {
        self.begin.clone()
    }

    /// The setting that carries whom the unit of work is for, or why it crosses tenants.
    pub(super) fn carrier(&self) -> &str {
        self.first.0.as_str()
    }

    /// The tenant.
    ///
    /// # Errors
    ///
    /// None is bound.
    pub(super) fn bound_tenant(&self) -> Result<TenantId> {
        match self.tenant_type {
            Some(tenant_type) => TenantId::of_setting(&self.first.1, tenant_type),
            None => {
                Err(Error::config("no tenant is bound; this is work across tenants, or before one is known"))
            }
        }
    }

    /// The tenant as its setting has it, if one is bound.
    pub(super) fn tenant_value(&self) -> Option<&str> {
        self.tenant_type.map(|_| self.first.1.as_str())
    }

    /// Tells the server's side something more: a setting of the server's or of this crate's.
    pub(super) fn with_setting(mut self, name: &'static str, value: String) -> Self {
        self.more.push((Name::Known(name), value));
        self
    }

    /// Why the unit of work crosses tenants, if it does.
    pub(super) fn reason(&self) -> Option<&str> {
        self.crossing.as_ref().map(|crossing| &*crossing.reason)
    }

    /// Where it is recorded, if it is.
    pub(super) fn record(&self) -> Option<&Record> {
        self.crossing.as_ref()?.record.as_ref()
    }

    /// Whether a single statement needs no `BEGIN`. The isolation level, and with it whether the
    /// transaction is deferrable, has to be set before the first query, and the context select is one. What is recorded has one
    /// statement more.
    pub(super) fn needs_no_begin(&self) -> bool {
        self.mode.isolation_level.is_none() && !self.mode.deferrable && self.record().is_none()
    }

    /// The context select, with two parameters for each setting.
    pub(super) fn select(&self) -> Cow<'static, str> {
        select(self.count())
    }

    /// What it binds, sealed where it is.
    fn settings<'a>(&'a self, sealed: &'a Sealed) -> impl Iterator<Item = (&'a str, &'a str)> + Clone {
        let first = (self.first.0.as_str(), sealed.first.as_deref().unwrap_or(&self.first.1));
        let more = self.more.iter().enumerate().map(|(at, (name, value))| {
            let sealed = sealed.more.get(at).and_then(Option::as_deref);
            (name.as_str(), sealed.unwrap_or(value))
        });
        let limits = self.plan.limits.iter().map(|(name, value)| (*name, value.as_str()));
        [first].into_iter().chain(more).chain(limits)
    }

    /// What of it is sealed: a tenant, and settings that go with one.
    fn sealed(&self, seals: Option<Seals<'_>>) -> Sealed {
        let Some(seals) = seals.filter(|_| self.tenant_type.is_some()) else { return Sealed::default() };
        let more = if seals.has_others() {
            self.more.iter().map(|(name, value)| seals.other(name.as_str(), value)).collect()
        } else {
            Vec::new()
        };
        Sealed { first: Some(seals.tenant(&self.first.1)), more }
    }

    /// How many settings there are.
    fn count(&self) -> usize {
        1 + self.more.len() + self.plan.limits.len()
    }

    /// Adds the commands that bind the context: with a `BEGIN`, or for a statement on its own.
    pub(super) fn fill(
        &self,
        prologue: &mut Prologue,
        form: Form,
        seals: Option<Seals<'_>>,
    ) -> io::Result<()> {
        let sealed = self.sealed(seals);
        let extra = match form {
            Form::Alone => self.mode.read_only.then_some(READ_ONLY),
            Form::Block => {
                let name = if self.begin == "BEGIN" { BEGIN } else { "" };
                prologue.push(Part::Begin, name, self.begin().into(), [])?;
                None
            }
        };
        let made = if extra.is_some() { &self.plan.read_only } else { &self.plan.select };
        if let ([], Some((name, select))) = (&*self.more, made) {
            return prologue.push(
                Part::Context,
                name,
                Sql::Shared(Arc::clone(select)),
                [sealed.first.as_deref().unwrap_or(&self.first.1)],
            );
        }
        let settings = self.settings(&sealed).map(|(setting, _)| setting);
        if let Some((name, select)) =
            self.plan.forms.as_ref().and_then(|forms| forms.get(settings, extra.is_some()))
        {
            let values = self.settings(&sealed).map(|(_, value)| value);
            return prologue.push(Part::Context, name, Sql::Shared(select), values);
        }
        let count = self.count() + usize::from(extra.is_some());
        let name = SELECTS.get(count - 1).copied().unwrap_or_default();
        let settings = self.settings(&sealed).chain(extra);
        prologue.push(Part::Context, name, select(count).into(), settings.flat_map(<[&str; 2]>::from))
    }

    /// The parameters of [`Binding::select`], each of them `text`.
    pub(super) fn params(&self, seals: Option<Seals<'_>>) -> Vec<String> {
        let sealed = self.sealed(seals);
        self.settings(&sealed).flat_map(<[&str; 2]>::from).map(str::to_owned).collect()
    }

    /// One `SET LOCAL` for each setting, for servers that do not carry `set_config` to where the rows are.
    pub(super) fn set_local(&self) -> impl Iterator<Item = String> {
        // A pool that seals has another strategy.
        self.settings(&BARE).map(|(name, value)| {
            let name = SettingName::new(name).map_or_else(|_| name.to_string(), |name| name.quoted());
            format!("SET LOCAL {name} = {}", literal(value))
        })
    }
}

/// Whether a unit of work is one statement or a block of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The statement's own Sync ends the transaction.
    Alone,
    /// `BEGIN` opens it and `COMMIT` or `ROLLBACK` ends it.
    Block,
}

fn select(settings: usize) -> Cow<'static, str> {
    let mut sql = Cow::Borrowed(statement(SET_CONTEXT));
    for at in 1..settings {
        // Writing to a String does not fail.
        let _ = write!(sql.to_mut(), ", pg_catalog.set_config(${}, ${}, true)", 2 * at + 1, 2 * at + 2);
    }
    sql
}

fn begin(mode: TransactionMode) -> Cow<'static, str> {
    let mut sql = Cow::Borrowed("BEGIN");
    if let Some(level) = mode.isolation_level {
        sql.to_mut().push_str(match level {
            IsolationLevel::ReadUncommitted => " ISOLATION LEVEL READ UNCOMMITTED",
            IsolationLevel::ReadCommitted => " ISOLATION LEVEL READ COMMITTED",
            IsolationLevel::RepeatableRead => " ISOLATION LEVEL REPEATABLE READ",
            // Serializable, and any level that PostgreSQL may yet add: the strictest that is known.
            _ => " ISOLATION LEVEL SERIALIZABLE",
        });
    }
    if mode.read_only {
        sql.to_mut().push_str(" READ ONLY");
    }
    if mode.deferrable {
        sql.to_mut().push_str(" DEFERRABLE");
    }
    sql
}

#[cfg(test)]
mod tests;
