//! What a unit of work sends ahead of its first statement.

use std::time::Duration;

use tokio_postgres::IsolationLevel;

use super::{Binding, TenantSetting};
use crate::ident::SettingName;
use crate::tenant::{Limits, TenantContext, TenantId, TenantType};

fn setting() -> TenantSetting {
    TenantSetting::new(SettingName::new("app.tenant_id").unwrap(), Limits::default())
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
        "SELECT pg_catalog.set_config($1, $2, true), pg_catalog.set_config($3, $4, true), \
         pg_catalog.set_config($5, $6, true)"
    );
    assert_eq!(binding.params(None).len(), 6);
    assert_eq!(binding.begin(), "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE");
}

#[test]
fn set_local_quotes_name_and_value() {
    let context = TenantContext::new(1_i64).set("app.note", "it's").unwrap();
    let binding = Binding::tenant(&context, &setting(), TenantType::Bigint).unwrap();
    let sent: Vec<String> = binding.set_local().collect();
    assert_eq!(sent, [r#"SET LOCAL "app"."tenant_id" = '1'"#, r#"SET LOCAL "app"."note" = 'it''s'"#]);
}
