//! A setting that no policy reads is told of when the pool opens.

use tenantry::TenantPool;
use tracing::Level;

use crate::support::erp::{APP, Erp, PASSWORD};
use crate::support::log::Log;

const WARNING: &str = "no policy reads the setting that carries the tenant";

async fn logged(url: &str, setting: &str) -> String {
    let (log, _guard) = Log::listen(Level::WARN);
    TenantPool::builder(url).setting(setting).max_size(1).build().await.unwrap();
    log.text()
}

#[tokio::test]
async fn a_setting_that_no_policy_reads_is_told_of() {
    let erp = Erp::new().await;
    let said = logged(&erp.app_url(), "app.tenant").await;
    assert!(said.contains(WARNING) && said.contains("app.tenant_id"), "{said}");
    let said = logged(&erp.app_url(), "APP.tenant_id").await;
    assert!(!said.contains(WARNING), "{said}");
}

/// Written by hand, in a policy itself and in a function that a function uses.
#[tokio::test]
async fn policies_of_every_kind_are_read() {
    let erp = Erp::new().await;
    let admin = erp.admin().await;
    let by_hand = "drop schema erp cascade; create schema erp;
        create function erp.inner() returns text language plpgsql stable as
            $$ begin return current_setting('crm.company', true); end $$;
        create function erp.outer() returns text language sql stable as $$ select erp.inner() $$;
        create table erp.deal (company text);
        alter table erp.deal enable row level security, force row level security;
        create policy deal on erp.deal using (company = erp.outer());";
    admin.batch_execute(by_hand).await.unwrap();
    let url = erp.database.url_as(APP, PASSWORD);
    assert!(logged(&url, "crm.tenant").await.contains("crm.company"));
    assert!(!logged(&url, "crm.company").await.contains(WARNING));
    // Without policies nobody can say.
    admin.batch_execute("drop table erp.deal").await.unwrap();
    assert!(!logged(&url, "crm.tenant").await.contains(WARNING));
}
