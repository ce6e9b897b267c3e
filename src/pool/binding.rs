//! What a unit of work sends ahead of its first statement, worked out once from its context.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::IsolationLevel;

use crate::error::{Error, Result};
use crate::ident::{SettingName, literal};
use crate::tenant::{TenantContext, TenantType, TransactionMode};
use crate::wire::{Part, Prologue, Sql};

/// The statement that binds a tenant where nothing else is to be set.
const SET_TENANT: &str = include_str!("../../sql/pool/set_tenant.sql");

/// The name under which the server keeps it.
const TENANT: &str = "tenantry_tenant";

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

/// What makes a transaction read-only where no `BEGIN` says so.
const READ_ONLY: (&str, &str) = ("transaction_read_only", "on");

/// The setting that tells the server's side why a unit of work crosses tenants.
const SYSTEM_REASON: &str = "tenantry.system_reason";

/// A binding, or why the pool does not take the context. That is told at each use, before anything is sent.
pub(super) type Bound = std::result::Result<Arc<Binding>, Arc<str>>;

/// A context that has been checked against its pool.
pub(super) struct Binding {
    begin: Cow<'static, str>,
    mode: TransactionMode,
    /// There is always one, and seldom another.
    first: (Name, String),
    more: Vec<(Name, String)>,
    /// The statement that sets the first one where there is no other, and its name on the server.
    alone: Option<Arc<str>>,
    reason: Option<String>,
}

/// The setting that carries a pool's tenants.
pub(super) struct TenantSetting {
    name: SettingName,
    /// The statement that binds a tenant by it.
    select: Arc<str>,
}

impl TenantSetting {
    pub(super) fn new(name: SettingName) -> Self {
        let select = statement(SET_TENANT).replace(":'setting'", &literal(name.as_str()));
        Self { name, select: select.into() }
    }

    pub(super) fn name(&self) -> &SettingName {
        &self.name
    }
}

/// The statement of a file, without the comments ahead of it and its semicolon.
fn statement(file: &'static str) -> &'static str {
    let from = file.find("SELECT").unwrap_or(0);
    file[from..].trim_end().trim_end_matches(';')
}

/// The name of a setting: one of the server's own or of this crate's, or one that was given.
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
        let TenantSetting { name: setting, select } = setting;
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
        let mut others: Vec<_> = given.collect();
        if let Some(limit) = context.statement_timeout_limit() {
            others.push((Name::Known("statement_timeout"), milliseconds(limit)));
        }
        let mode = context.mode();
        Ok(Self {
            begin: begin(mode),
            mode,
            first,
            more: others,
            alone: Some(Arc::clone(select)),
            reason: None,
        })
    }

    /// Binds no tenant, but the reason for doing without one.
    pub(super) fn system(reason: String) -> Self {
        let mode = TransactionMode::default();
        Self {
            begin: begin(mode),
            mode,
            first: (Name::Known(SYSTEM_REASON), reason.clone()),
            more: Vec::new(),
            alone: None,
            reason: Some(reason),
        }
    }

    pub(super) fn begin(&self) -> Cow<'static, str> {
        self.begin.clone()
    }

    /// The setting that carries whom the unit of work is for, or why it crosses tenants.
    pub(super) fn carrier(&self) -> &str {
        self.first.0.as_str()
    }

    /// Why the unit of work crosses tenants, if it does.
    pub(super) fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Whether a single statement needs no `BEGIN`. The isolation level, and with it whether the
    /// transaction is deferrable, has to be set before the first query, and the context select is one.
    pub(super) fn needs_no_begin(&self) -> bool {
        self.mode.isolation_level.is_none() && !self.mode.deferrable
    }

    pub(super) fn is_read_only(&self) -> bool {
        self.mode.read_only
    }

    /// The context select, with two parameters for each setting.
    pub(super) fn select(&self) -> Cow<'static, str> {
        select(1 + self.more.len())
    }

    fn settings(&self) -> impl Iterator<Item = (&str, &str)> {
        [&self.first].into_iter().chain(&self.more).map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Adds the commands that bind the context: with a `BEGIN`, or for a statement on its own.
    pub(super) fn fill(&self, prologue: &mut Prologue, form: Form) -> io::Result<()> {
        let extra = match form {
            Form::Alone => self.mode.read_only.then_some(READ_ONLY),
            Form::Block => {
                let name = if self.begin == "BEGIN" { BEGIN } else { "" };
                prologue.push(Part::Begin, name, self.begin().into(), [])?;
                None
            }
        };
        if let (None, [], Some(select)) = (extra, &*self.more, &self.alone) {
            return prologue.push(Part::Context, TENANT, Sql::Shared(Arc::clone(select)), [&*self.first.1]);
        }
        let count = 1 + self.more.len() + usize::from(extra.is_some());
        let name = SELECTS.get(count - 1).copied().unwrap_or_default();
        let settings = self.settings().chain(extra);
        prologue.push(Part::Context, name, select(count).into(), settings.flat_map(<[&str; 2]>::from))
    }

    /// The parameters of [`Binding::select`], each of them `text`.
    pub(super) fn params(&self) -> Vec<&str> {
        self.settings().flat_map(<[&str; 2]>::from).collect()
    }

    /// One `SET LOCAL` for each setting, for servers that do not carry `set_config` to where the rows are.
    pub(super) fn set_local(&self) -> impl Iterator<Item = String> {
        self.settings().map(|(name, value)| {
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
        let _ = write!(sql.to_mut(), ", set_config(${}, ${}, true)", 2 * at + 1, 2 * at + 2);
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

/// A limit as the server counts it. Anything but zero stays above zero, which would mean no limit.
fn milliseconds(limit: Duration) -> String {
    let longest = Duration::from_millis(i32::MAX as u64);
    limit.min(longest).as_nanos().div_ceil(1_000_000).to_string()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio_postgres::IsolationLevel;

    use super::{Binding, TenantSetting, milliseconds};
    use crate::ident::SettingName;
    use crate::tenant::{TenantContext, TenantId, TenantType};

    fn setting() -> TenantSetting {
        TenantSetting::new(SettingName::new("app.tenant_id").unwrap())
    }

    #[test]
    fn a_tenant_by_itself_is_bound_by_a_statement_of_its_own() {
        assert_eq!(&*setting().select, "SELECT WHERE set_config('app.tenant_id', $1, true) IS NULL");
    }

    #[test]
    fn a_tenant_of_another_type_is_refused_without_being_shown() {
        let context = TenantContext::new(TenantId::text("acme").unwrap());
        let error = Binding::tenant(&context, &setting(), TenantType::Uuid).err().unwrap();
        assert!(error.is_usage());
        assert!(!error.to_string().contains("acme"), "{error}");
    }

    #[test]
    fn the_tenants_own_setting_is_set_once() {
        let context = TenantContext::new(1_i64).set("APP.Tenant_ID", "2").unwrap();
        assert!(Binding::tenant(&context, &setting(), TenantType::Bigint).is_err());
    }

    #[test]
    fn the_select_has_two_parameters_for_each_setting() {
        let context = TenantContext::new(1_i64)
            .set("app.user_id", "7")
            .unwrap()
            .isolation_level(IsolationLevel::Serializable)
            .read_only()
            .deferrable()
            .statement_timeout(Duration::from_secs(2));
        let binding = Binding::tenant(&context, &setting(), TenantType::Bigint).unwrap();
        assert_eq!(
            binding.select(),
            "SELECT set_config($1, $2, true), set_config($3, $4, true), set_config($5, $6, true)"
        );
        assert_eq!(binding.params().len(), 6);
        assert_eq!(binding.begin(), "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE");
    }

    #[test]
    fn set_local_quotes_name_and_value() {
        let context = TenantContext::new(1_i64).set("app.note", "it's").unwrap();
        let binding = Binding::tenant(&context, &setting(), TenantType::Bigint).unwrap();
        let sent: Vec<String> = binding.set_local().collect();
        assert_eq!(sent, [r#"SET LOCAL "app"."tenant_id" = '1'"#, r#"SET LOCAL "app"."note" = 'it''s'"#]);
    }

    #[test]
    fn a_timeout_never_turns_into_none() {
        assert_eq!(milliseconds(Duration::from_nanos(1)), "1");
        assert_eq!(milliseconds(Duration::ZERO), "0");
        assert_eq!(milliseconds(Duration::MAX), i32::MAX.to_string());
    }
}
