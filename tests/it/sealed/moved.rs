//! From tenants that are bound bare to sealed ones, while services write.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use tenantry::TenantPool;
use tenantry::policy::Seal;
use tokio::task::JoinSet;

use super::{Sealed, bootstrap, key};
use crate::support::erp::{self, tenant};
use crate::support::eventually;

/// A service that writes until it is told to stop. Everything it does has to succeed.
struct Writer {
    stop: Arc<AtomicBool>,
    written: Arc<AtomicI64>,
    tasks: JoinSet<i64>,
}

impl Writer {
    fn start(pool: &TenantPool, first: i64) -> Self {
        let (stop, written, mut tasks) =
            (Arc::new(AtomicBool::new(false)), Arc::new(AtomicI64::new(0)), JoinSet::new());
        for n in 1..=3_u8 {
            let (pool, stop, written) = (pool.clone(), Arc::clone(&stop), Arc::clone(&written));
            tasks.spawn(async move {
                let mut done = 0;
                while !stop.load(Ordering::Acquire) {
                    let id = first + done;
                    let sql = "insert into erp.account (id, tag) values ($1, $2)";
                    pool.tenant(tenant(n)).execute(sql, &[&id, &tenant(n).as_setting()]).await.unwrap();
                    let tx = pool.tenant(tenant(n)).begin();
                    tx.execute("update erp.account set balance = balance + 1 where id = $1", &[&id])
                        .await
                        .unwrap();
                    tx.commit().await.unwrap();
                    done += 1;
                    written.fetch_add(1, Ordering::Release);
                }
                done
            });
        }
        Self { stop, written, tasks }
    }

    /// Waits for it to have written some more.
    async fn goes_on(&self) {
        let before = self.written.load(Ordering::Acquire);
        eventually("the service writes", || async { self.written.load(Ordering::Acquire) >= before + 30 })
            .await;
    }

    async fn stop(self) -> i64 {
        self.stop.store(true, Ordering::Release);
        self.tasks.join_all().await.into_iter().sum()
    }
}

#[tokio::test]
async fn services_move_to_seals_one_after_the_other() {
    let erp = crate::support::erp::Erp::new().await;
    let mut admin = erp.admin().await;
    let bare = erp.builder().max_size(4).build().await.unwrap();
    let old = Writer::start(&bare, 1_000_000);
    old.goes_on().await;

    bootstrap(&mut admin, erp::tenancy().seal(Seal::new().or_bare())).await;
    let mut sealed = Sealed { erp, admin };
    sealed.keys().add(&key()).await.unwrap();
    old.goes_on().await;
    let of_key = sealed.builder().max_size(4).build().await.unwrap();
    let new = Writer::start(&of_key, 2_000_000);
    old.goes_on().await;
    new.goes_on().await;
    let mut written = old.stop().await;

    bootstrap(&mut sealed.admin, erp::tenancy().seal(Seal::new())).await;
    new.goes_on().await;
    let late = bare.tenant(tenant(1)).query("select count(*) from erp.account", &[]).await.unwrap_err();
    assert!(late.is_not_sealed(), "{late}");
    written += new.stop().await;

    let sql =
        "select count(*), count(*) filter (where tag <> tenant_id::text or balance <> 1) from erp.account";
    let row = sealed.admin.query_one(sql, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (written, 0));
}
