//! Keys that come and go.

use std::time::Duration;

use tenantry::SealKey;

use super::{OTHER_SECRET, SECRET, Sealed};
use crate::support::erp::{open_accounts, tenant};
use crate::support::eventually;

const COUNT: &str = "select count(*) from erp.account where id > $1";

#[tokio::test]
async fn a_retired_key_is_not_accepted_by_statements_that_were_prepared_before() {
    let sealed = Sealed::new().await;
    let (old, new) = (SealKey::new(SECRET).unwrap(), SealKey::new(OTHER_SECRET).unwrap());
    let of_old = sealed.builder().max_size(1).build().await.unwrap();
    open_accounts(&of_old, &tenant(1), 1, 3).await;
    // Long enough for the server to settle for a plan that it keeps.
    for _ in 0..8 {
        let found = of_old.tenant(tenant(1)).query_one(COUNT, &[&0_i64]).await.unwrap();
        assert_eq!(found.get::<_, i64>(0), 3);
    }
    sealed.keys().add(&new).await.unwrap();
    let of_new = sealed.erp.builder().seal(new.clone()).max_size(1).build().await.unwrap();
    for pool in [&of_old, &of_new] {
        let found = pool.tenant(tenant(1)).query_one(COUNT, &[&0_i64]).await.unwrap();
        assert_eq!(found.get::<_, i64>(0), 3, "both keys hold");
    }
    let listed = sealed.keys().list().await.unwrap();
    assert_eq!(listed.iter().map(|key| &*key.id).collect::<Vec<_>>(), [old.id(), new.id()]);
    assert!(listed.iter().all(|key| !key.is_retired && key.retires_at.is_none()));

    assert!(sealed.keys().retire(old.id(), Duration::from_millis(300)).await.unwrap());
    assert!(!sealed.keys().retire("00000000", Duration::ZERO).await.unwrap());
    eventually("the old key is retired", || async {
        of_old.tenant(tenant(1)).query_one(COUNT, &[&0_i64]).await.is_err_and(|error| error.is_not_sealed())
    })
    .await;
    let retired = sealed.keys().list().await.unwrap().remove(0);
    assert!(retired.is_retired, "it was refused before its time");
    assert_eq!(of_new.tenant(tenant(1)).query_one(COUNT, &[&0_i64]).await.unwrap().get::<_, i64>(0), 3);

    assert_eq!(sealed.keys().forget().await.unwrap(), 1);
    assert_eq!(sealed.keys().list().await.unwrap().len(), 1);
    // It comes back as it was.
    sealed.keys().add(&old).await.unwrap();
    assert_eq!(of_old.tenant(tenant(1)).query_one(COUNT, &[&0_i64]).await.unwrap().get::<_, i64>(0), 3);
}

/// The file changes under a pool that is in use, and no statement fails.
#[tokio::test]
async fn a_pool_follows_its_key_file() {
    let sealed = Sealed::new().await;
    let file = std::env::temp_dir().join(format!("tenantry-seal-key-{}", std::process::id()));
    std::fs::write(&file, format!("{SECRET}\n")).unwrap();
    let builder = sealed.erp.builder().seal_file(&file).recheck_role_after(Duration::from_millis(50));
    let pool = builder.max_size(1).build().await.unwrap();
    open_accounts(&pool, &tenant(1), 1, 3).await;
    let new = SealKey::new(OTHER_SECRET).unwrap();
    sealed.keys().add(&new).await.unwrap();
    std::fs::write(&file, OTHER_SECRET).unwrap();
    let seals_with = || async {
        let sql = "select split_part(current_setting('app.tenant_id'), '.', 3), count(*) from erp.account";
        let row = pool.tenant(tenant(1)).query_one(sql, &[]).await.unwrap();
        assert_eq!(row.get::<_, i64>(1), 3);
        row.get::<_, String>(0)
    };
    eventually("the pool seals with the new key", || async { seals_with().await == new.id() }).await;

    // A file that is gone, or no key, leaves the one that is known.
    for text in [None, Some("hush")] {
        match text {
            None => std::fs::remove_file(&file).unwrap(),
            Some(text) => std::fs::write(&file, text).unwrap(),
        }
        pool.refresh();
        assert_eq!(seals_with().await, new.id());
    }
    std::fs::remove_file(&file).unwrap();
}
