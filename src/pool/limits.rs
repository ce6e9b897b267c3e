//! The limits that the server keeps for a unit of work, as they travel ahead of it.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use super::forms::Forms;
use crate::ident::{SettingName, literal};
use crate::tenant::Limits;

/// The statement that binds a tenant.
const SET_TENANT: &str = include_str!("../../sql/pool/set_tenant.sql");

/// The names under which the server keeps it, for a statement on its own and for a transaction.
const TENANT: &str = "tenantry_tenant";
const TENANT_BLOCK: &str = "tenantry_tenant_block";

/// The same for a statement on its own that only reads.
const TENANT_READ_ONLY: &str = "tenantry_tenant_read_only";

/// The limits of a unit of work, settings of the server's with their values.
pub(super) struct Plan {
    pub(super) limits: Vec<(&'static str, String)>,
    /// The statement that binds a tenant and all of the limits, and its name on the server, where the pool has made one.
    pub(super) select: Option<(&'static str, Arc<str>)>,
    /// The same for a statement on its own that only reads.
    pub(super) read_only: Option<(&'static str, Arc<str>)>,
    /// The statements for contexts that set more, where a tenant is bound.
    pub(super) forms: Option<Arc<Forms>>,
}

/// What makes a transaction read-only where no `BEGIN` says so.
pub(super) const READ_ONLY: (&str, &str) = ("transaction_read_only", "on");

/// The two forms of a plan: an open transaction can be idle, and a statement on its own cannot.
#[derive(Clone)]
pub(super) struct Plans {
    pub(super) single: Arc<Plan>,
    /// Where it is another one.
    pub(super) block: Option<Arc<Plan>>,
}

impl Plans {
    /// For the limits of one context, which are parameters of the context select.
    pub(super) fn new(limits: &Limits, forms: Option<&Arc<Forms>>) -> Self {
        let plan = |limits| Arc::new(Plan { limits, select: None, read_only: None, forms: forms.cloned() });
        Self { single: plan(settings(limits)), block: block(limits).map(plan) }
    }

    /// For the limits of a pool: as they never change, they stand in the text of the statement that binds the tenant.
    pub(super) fn of_pool(setting: &SettingName, limits: &Limits) -> Self {
        let select = |name, limits: &[(&'static str, String)], more: &[(&str, &str)]| {
            let mut sql = set_tenant(setting.as_str());
            let limits = limits.iter().map(|(setting, value)| (*setting, value.as_str()));
            for (setting, value) in limits.chain(more.iter().copied()) {
                and_set(&mut sql, setting, &literal(value));
            }
            Some((name, sql.into()))
        };
        let of_single = settings(limits);
        let forms = Arc::<Forms>::default();
        let single = Plan {
            select: select(TENANT, &of_single, &[]),
            read_only: select(TENANT_READ_ONLY, &of_single, &[READ_ONLY]),
            limits: of_single,
            forms: Some(Arc::clone(&forms)),
        };
        let block = block(limits).map(|limits| Plan {
            select: select(TENANT_BLOCK, &limits, &[]),
            read_only: None,
            limits,
            forms: Some(forms),
        });
        Self { single: Arc::new(single), block: block.map(Arc::new) }
    }
}

/// The statement that sets one setting to its first parameter.
pub(super) fn set_tenant(setting: &str) -> String {
    statement(SET_TENANT).replace(":'setting'", &literal(setting))
}

/// Has it set another one. OR, because PostgreSQL keeps its order and goes on while it is not true.
pub(super) fn and_set(sql: &mut String, setting: &str, value: &str) {
    // Writing to a String does not fail.
    let _ = write!(sql, " OR pg_catalog.set_config({}, {value}, true) IS NULL", literal(setting));
}

/// The statement of a file, without the comments ahead of it and its semicolon.
pub(super) fn statement(file: &'static str) -> &'static str {
    let from = file.find("SELECT").unwrap_or(0);
    file[from..].trim_end().trim_end_matches(';')
}

/// What limits a statement on its own.
fn settings(limits: &Limits) -> Vec<(&'static str, String)> {
    let known = [
        ("statement_timeout", statement_timeout(limits)),
        ("lock_timeout", limits.lock),
        ("transaction_timeout", limits.transaction),
    ];
    known.into_iter().filter_map(|(name, limit)| Some((name, milliseconds(limit?)))).collect()
}

/// What limits a transaction, if that is more.
fn block(limits: &Limits) -> Option<Vec<(&'static str, String)>> {
    let idle = limits.idle_in_transaction?;
    let mut settings = settings(limits);
    settings.push(("idle_in_transaction_session_timeout", milliseconds(idle)));
    Some(settings)
}

/// How long a statement on its own may run, if its context or pool says so.
pub(super) fn of_statement(limits: &Limits) -> Option<Duration> {
    statement_timeout(limits).filter(|limit| !limit.is_zero())
}

/// The shorter one of what was asked for and of what the limit of a call comes to.
fn statement_timeout(limits: &Limits) -> Option<Duration> {
    match (limits.statement, limits.of_call().map(sent_for)) {
        (Some(statement), Some(call)) if statement.is_zero() || call < statement => Some(call),
        (None, call) => call,
        (statement, _) => statement,
    }
}

/// What the server is told of the limit of a call: an eighth less, and at most a second less, so that in the ordinary
/// case the server ends the statement and the connection lives on.
pub(super) fn sent_for(call: Duration) -> Duration {
    call.saturating_sub((call / 8).min(Duration::from_secs(1)))
}

/// A limit as the server counts it. Anything but zero stays above zero, which would mean no limit.
fn milliseconds(limit: Duration) -> String {
    let longest = Duration::from_millis(i32::MAX as u64);
    limit.min(longest).as_nanos().div_ceil(1_000_000).to_string()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Plans, milliseconds, statement_timeout};
    use crate::ident::SettingName;
    use crate::tenant::Limits;

    fn select(limits: &Limits) -> [Option<String>; 2] {
        let plans = Plans::of_pool(&SettingName::new("app.tenant_id").unwrap(), limits);
        [Some(plans.single), plans.block]
            .map(|plan| plan.map(|plan| plan.select.as_ref().unwrap().1.to_string()))
    }

    #[test]
    fn a_pool_without_limits_binds_the_tenant_alone() {
        let alone = "SELECT WHERE pg_catalog.set_config('app.tenant_id', $1, true) IS NULL";
        assert_eq!(select(&Limits::default()), [Some(alone.to_owned()), None]);
    }

    #[test]
    fn a_pools_limits_stand_in_the_text_and_only_a_transaction_can_be_idle() {
        let limits = Limits {
            lock: Some(Duration::from_millis(20)),
            idle_in_transaction: Some(Duration::from_secs(3)),
            ..Limits::default()
        };
        let single = "SELECT WHERE pg_catalog.set_config('app.tenant_id', $1, true) IS NULL \
            OR pg_catalog.set_config('lock_timeout', '20', true) IS NULL";
        let block = format!(
            "{single} OR pg_catalog.set_config('idle_in_transaction_session_timeout', '3000', true) IS NULL"
        );
        assert_eq!(select(&limits), [Some(single.to_owned()), Some(block)]);
    }

    #[test]
    fn the_server_gets_the_shorter_limit_and_less_than_the_calls() {
        let seconds = |n| Some(Duration::from_secs(n));
        for (statement, call, wanted) in [
            (None, None, None),
            (seconds(5), None, seconds(5)),
            (None, seconds(30), seconds(29)),
            (seconds(5), seconds(30), seconds(5)),
            (seconds(60), seconds(30), seconds(29)),
            (seconds(0), seconds(30), seconds(29)),
            (seconds(0), None, seconds(0)),
            (seconds(5), seconds(0), seconds(5)),
            (None, Some(Duration::from_millis(800)), Some(Duration::from_millis(700))),
        ] {
            let limits = Limits { call, statement, ..Limits::default() };
            assert_eq!(statement_timeout(&limits), wanted, "{statement:?}, {call:?}");
        }
    }

    #[test]
    fn a_timeout_never_turns_into_none() {
        assert_eq!(milliseconds(Duration::from_nanos(1)), "1");
        assert_eq!(milliseconds(Duration::ZERO), "0");
        assert_eq!(milliseconds(Duration::MAX), i32::MAX.to_string());
    }
}
