//! Pool and database that do not agree, and what they are told.

use tenantry::policy::Seal;
use tenantry::{SealKey, Strategy, TenantPoolBuilder};

use super::{APP, OTHER_SECRET, Sealed, bootstrap, database, key};
use crate::support::erp::{self, Erp, tenant};

async fn refused(builder: TenantPoolBuilder) -> String {
    let error = builder.max_size(1).build().await.unwrap_err();
    assert!(error.is_usage(), "{error}");
    error.to_string()
}

#[tokio::test]
async fn a_pool_that_the_database_does_not_understand_is_refused_with_words_that_help() {
    let erp = Erp::new().await;
    let bare = refused(erp.builder().seal(key())).await;
    assert_eq!(
        bare,
        "the pool seals setting app.tenant_id, and no function of the database verifies that; \
         add [seal] to tenantry.toml and run what tenantry plan prints"
    );

    let sealed = Sealed::with(erp::tenancy().seal(Seal::new())).await;
    let no_key = refused(sealed.builder()).await;
    let expected = format!(
        "the database does not take what the pool seals with key {}: the seal of setting app.tenant_id is not by a key of database {} \
         for role {APP}; bind it sealed, by a key that tenantry seal keys lists",
        key().id(),
        database(&sealed.erp)
    );
    assert_eq!(no_key, expected);
    sealed.keys().add(&key()).await.unwrap();
    sealed.builder().max_size(1).build().await.unwrap();

    let other = SealKey::new(OTHER_SECRET).unwrap();
    let wrong_key = refused(sealed.erp.builder().seal(other)).await;
    assert!(wrong_key.contains("is not by a key of database"), "{wrong_key}");
    assert_eq!(
        refused(sealed.erp.builder()).await,
        "the database takes no tenant of setting app.tenant_id without a seal; give the pool its key by TenantPoolBuilder::seal"
    );
    let in_text = refused(sealed.builder().strategy(Strategy::ExplicitSetLocal)).await;
    assert!(in_text.starts_with("a sealed tenant would stand in the text of SET LOCAL"), "{in_text}");
    let elsewhere = refused(sealed.builder().setting("erp.tenant")).await;
    assert!(elsewhere.starts_with("the pool seals setting erp.tenant, and no function"), "{elsewhere}");
}

#[tokio::test]
async fn a_window_that_no_clock_could_keep_is_refused_before_anything_is_sent() {
    let erp = Erp::new().await;
    let window = std::time::Duration::from_secs(5);
    let short = refused(erp.builder().seal(key()).seal_window(window)).await;
    assert_eq!(short, "seal_window is 5s; expected 20s or more, since clocks differ and statements wait");
    let keyless = refused(erp.builder().seal_setting("app.user_id")).await;
    assert_eq!(keyless, "setting app.user_id is to be sealed without a key; give one by seal");
    let missing = refused(erp.builder().seal_file("/nowhere")).await;
    assert!(missing.starts_with("the file of the seal's key /nowhere cannot be read"), "{missing}");
}

/// Where what does not hold finds no rows, the pool is told all the same.
#[tokio::test]
async fn it_is_said_at_the_start_where_statements_would_find_nothing() {
    let sealed = Sealed::with(super::empty()).await;
    let no_key = refused(sealed.builder()).await;
    assert!(no_key.contains("see that tenantry seal keys lists it"), "{no_key}");
    sealed.keys().add(&key()).await.unwrap();
    let pool = sealed.builder().max_size(1).build().await.unwrap();
    let found = pool.tenant(tenant(1)).query_one("select tenantry.tenant_id()::text", &[]).await.unwrap();
    assert_eq!(found.get::<_, String>(0), tenant(1).as_setting());
    let app = sealed.app().await;
    assert_eq!(super::asked(&app, "x").await, Ok(None));
    assert_eq!(super::asked(&app, "").await, Ok(None));
}

/// The bootstrap can be run again, by whoever ran it first.
#[tokio::test]
async fn the_bootstrap_runs_again_and_keeps_the_keys() {
    let mut sealed = Sealed::new().await;
    bootstrap(&mut sealed.admin, erp::tenancy().seal(Seal::new().or_bare())).await;
    bootstrap(&mut sealed.admin, erp::tenancy().seal(Seal::new())).await;
    assert_eq!(sealed.keys().list().await.unwrap().len(), 1);
    sealed.builder().max_size(1).build().await.unwrap();
}
