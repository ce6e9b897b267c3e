//! What the driver logs, with its log turned up.

use std::cell::RefCell;

use log::{LevelFilter, Log, Metadata, Record};
use tenantry::{Strategy, TenantContext};

use super::ways;
use crate::support::erp::{Erp, open_accounts, tenant};

thread_local! {
    /// The lines of this thread. A test runs on one, with all its tasks.
    static LINES: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

struct Lines;

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        LINES.with_borrow(Option::is_some)
    }

    fn log(&self, record: &Record<'_>) {
        LINES.with_borrow_mut(|lines| {
            if let Some(lines) = lines {
                lines.push(record.args().to_string());
            }
        });
    }

    fn flush(&self) {}
}

#[tokio::test]
async fn the_drivers_log_shows_neither_the_tenant_nor_what_is_bound_with_it() {
    log::set_logger(&Lines).unwrap();
    log::set_max_level(LevelFilter::Trace);
    for (strategy, mode) in ways() {
        let erp = Erp::new().await;
        LINES.set(Some(Vec::new()));
        let pool = erp.builder().strategy(strategy).statements(mode).max_size(1).build().await.unwrap();
        open_accounts(&pool, &tenant(1), 1, 1).await;
        let context = TenantContext::new(tenant(0xab)).set("app.user_id", "someone in person").unwrap();
        let scope = pool.tenant(context);
        scope.query("select count(*) from erp.account where id = $1", &[&4711_i64]).await.unwrap();
        scope.query_typed("select count(*) from erp.account", &[]).await.unwrap();
        let mut tx = scope.begin();
        tx.query("select count(*) from erp.account", &[]).await.unwrap();
        let savepoint = tx.savepoint().await.unwrap();
        savepoint.query("select count(*) from erp.account", &[]).await.unwrap();
        savepoint.release().await.unwrap();
        tx.commit().await.unwrap();
        pool.tenant(tenant(0xab)).query("select count(*) from erp.account", &[]).await.unwrap();
        let lines = LINES.take().unwrap();

        assert!(lines.iter().any(|line| line.contains("4711")), "the log shows no parameters");
        let shown: Vec<_> = lines
            .iter()
            .filter(|line| line.contains("abababab-abab") || line.contains("someone in person"))
            .collect();
        // Which its page says.
        let expected = strategy == Strategy::ExplicitSetLocal;
        assert_eq!(!shown.is_empty(), expected, "{strategy:?}, {mode:?}: {shown:#?}");
    }
    log::set_max_level(LevelFilter::Off);
}
