use super::{Finding, Purpose, Strategy, choose, judge};
use crate::error::Result;
use crate::ident::SettingName;

fn finding(what: &str, role: &str, object: Option<&str>) -> Finding {
    Finding { what: what.to_owned(), role: role.to_owned(), object: object.map(str::to_owned) }
}

fn judged(version: &str, found: Option<Finding>, purpose: Purpose) -> Result<String> {
    let mut findings = vec![finding("role", "erp_app", Some(version))];
    findings.extend(found);
    judge(&findings, &SettingName::new("app.tenant_id").unwrap(), purpose)
}

#[test]
fn an_old_server_is_refused_by_its_version() {
    let error = judged("130011 13.11", None, Purpose::Tenants).unwrap_err();
    assert_eq!(error.to_string(), "server version 13.11 is not supported; upgrade to PostgreSQL 14 or newer");
    assert!(judged("140000 14beta1", None, Purpose::Tenants).is_ok());
}

#[test]
fn every_finding_refuses_a_tenant_pool() {
    for what in [
        "superuser",
        "bypassrls",
        "replication",
        "createrole",
        "server files",
        "server function",
        "owner",
        "preset tenant",
        "new",
    ] {
        for role in ["erp_app", "other"] {
            let found = finding(what, role, Some("erp.invoice"));
            let error = judged("150018 15.18", Some(found), Purpose::Tenants).unwrap_err();
            assert!(error.is_role_refused());
            let line = error.to_string();
            assert!(line.starts_with(r#"role "erp_app" cannot open a tenant pool: "#), "{line}");
        }
    }
}

#[test]
fn the_strategy_is_the_best_that_is_sound_unless_another_is_asked_for() {
    assert_eq!(choose(None, true, None).unwrap(), Strategy::Implicit);
    assert_eq!(choose(None, false, None).unwrap(), Strategy::Explicit);
    assert_eq!(choose(None, true, Some("13.2-1")).unwrap(), Strategy::ExplicitSetLocal);
    assert_eq!(choose(Some(Strategy::Explicit), true, Some("13.2-1")).unwrap(), Strategy::Explicit);
    assert!(choose(Some(Strategy::Implicit), false, None).unwrap_err().is_usage());
}

#[test]
fn the_system_pool_needs_bypassrls_and_no_more() {
    assert!(judged("150018 15.18", None, Purpose::System).is_err());
    let bypass = finding("bypassrls", "erp_app", None);
    assert!(judged("150018 15.18", Some(bypass), Purpose::System).is_ok());
    let superuser = finding("superuser", "erp_app", None);
    assert!(judged("150018 15.18", Some(superuser), Purpose::System).is_err());
}
