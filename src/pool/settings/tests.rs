use super::{PoolSettings, TenantPoolBuilder};

fn read(text: &str) -> Result<PoolSettings, String> {
    let settings: Result<PoolSettings, _> = serde_json::from_str(text);
    settings.map_err(|error| error.to_string())
}

fn built(text: &str) -> Result<TenantPoolBuilder, String> {
    TenantPoolBuilder::from_settings(read(text)?).map_err(|error| error.to_string())
}

#[test]
fn every_key_reaches_the_builder() {
    let builder = built(
        r#"{"url": "postgresql://me:hush@db/erp", "system_url": "postgresql://sys:hush@db/erp",
        "seal_key_file": "/run/secrets/seal", "seal_window": "79s",
        "setting": "erp.tenant", "name": "erp", "record_system_access": "ops.access", "tenant_type": "bigint", "max_size": 3, "min_idle": 2,
        "replica_urls": ["postgresql://me:hush@r/erp"], "replica_max_size": 67, "replica_wait": "71s",
        "max_replica_lag": "73s", "system_max_size": 5, "max_retries": 7, "statement_cache_size": 11, "sharing_depth": 13, "sharing_width": 83,
        "wait_timeout": 1, "connect_timeout": 0.25, "max_lifetime": "none", "idle_timeout": "2h",
        "check_idle_after": "3m", "recheck_role_after": "17s", "drain_timeout": "19ms",
        "slow_statement_after": "23", "timeout": "29 s", "statement_timeout": "31min",
        "lock_timeout": "37ms", "idle_in_transaction_session_timeout": "41s",
        "transaction_timeout": "43s", "sharing": "never", "statements": "unnamed",
        "fairness": {"max_concurrent": 47, "max_waiting": 53, "rate": 59.5, "burst": 61}}"#,
    );
    let shown = format!("{:?}", builder.unwrap());
    for part in [
        "setting: \"erp.tenant\"",
        "name: Some(\"erp\")",
        "record: Some(\"ops.access\")",
        "tenant_type: Bigint",
        "max_size: 3",
        "min_idle: 2",
        "system_max_size: 5",
        "max_retries: 7",
        "statement_cache_size: 11",
        "depth: 13, width: 83",
        "wait_timeout: 1s",
        "connect_timeout: 250ms",
        "max_lifetime: None",
        "idle_timeout: Some(7200s)",
        "check_idle_after: 180s",
        "recheck_role_after: 17s",
        "drain_timeout: 19ms",
        "slow: Some(23s)",
        "call: Some(29s)",
        "statement: Some(1860s)",
        "lock: Some(37ms)",
        "idle_in_transaction: Some(41s)",
        "transaction: Some(43s)",
        "sharing: Never",
        "statements: Some(Unnamed)",
        "47",
        "53",
        "59.5",
        "61",
        "max_size: Some(67), wait: 71s, lag: Some(73s)",
        "File(\"/run/secrets/seal\", Some(\"seal_key_file\"))), window: 79s",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("hush"), "{shown}");
}

#[test]
fn what_does_not_add_up_is_one_clear_error() {
    let url = r#""url": "postgresql://me:hush@db/erp""#;
    for (text, words) in [
        ("{}".to_owned(), "the pool's settings have no url; set url or url_file"),
        (format!("{{{url}, \"url_file\": \"/hush\"}}"), "url and url_file are both set"),
        (r#"{"url_file": "/nowhere"}"#.to_owned(), "url_file names /nowhere, which cannot be read"),
        (format!("{{{url}, \"max_sice\": 3}}"), "unknown field `max_sice`"),
        (format!("{{{url}, \"fairness\": {{\"turns\": 3}}}}"), "unknown field `turns`"),
        (format!("{{{url}, \"fairness\": {{\"rate\": 3}}}}"), "rate and burst of fairness go together"),
        (format!("{{{url}, \"timeout\": \"soon\"}}"), "expected a number of seconds"),
        (format!("{{{url}, \"timeout\": \"none\"}}"), "expected a number of seconds"),
        (format!("{{{url}, \"timeout\": -1}}"), "expected a number of seconds"),
        (format!("{{{url}, \"timeout\": \"99999999999999999999s\"}}"), "expected a number of seconds"),
        (format!("{{{url}, \"sharing\": \"some\"}}"), "unknown variant `some`"),
    ] {
        let error = built(&text).unwrap_err();
        assert!(error.contains(words) && !error.contains("hush"), "{text}: {error}");
    }
    let settings = read(&format!("{{{url}, \"max_size\": 3}}")).unwrap();
    assert!(!format!("{settings:?}").contains("hush"));
}
