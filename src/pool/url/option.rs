//! The options of a database URL: which there are, and which are meant by those that there are not.

use crate::error::{Error, Result};

/// What becomes of an option.
#[derive(Debug)]
pub(super) enum Treatment {
    /// The driver reads it, and it means the same to it.
    Driver,
    /// The driver has another name for it.
    As(&'static str),
    /// It is settled here.
    Settled,
    /// It asks for something of TLS, which only the caller's connector can heed.
    Tls(&'static str),
    /// It asks for what is so anyway.
    NoMatter,
    /// Nothing that it could change is used.
    NoEffect,
    /// It is in effect already where it says one of these, and not to be had otherwise.
    OneOf(&'static [&'static str]),
}

/// What becomes of an option, or why it is refused.
pub(super) fn treatment(name: &str) -> Result<Treatment> {
    Ok(match name {
        "host"
        | "hostaddr"
        | "port"
        | "dbname"
        | "user"
        | "password"
        | "options"
        | "application_name"
        | "connect_timeout"
        | "sslnegotiation"
        | "channel_binding"
        | "load_balance_hosts"
        | "keepalives"
        | "keepalives_idle"
        | "keepalives_interval"
        | "keepalives_retries" => Treatment::Driver,
        "keepalives_count" => Treatment::As("keepalives_retries"),
        "sslmode"
        | "ssl"
        | "requiressl"
        | "sslrootcert"
        | "target_session_attrs"
        | "fallback_application_name"
        | "tcp_user_timeout"
        | "client_encoding"
        | "passfile" => Treatment::Settled,
        "sslcert" => Treatment::Tls("sslcert"),
        "sslkey" => Treatment::Tls("sslkey"),
        "sslpassword" => Treatment::Tls("sslpassword"),
        "sslcrl" => Treatment::Tls("sslcrl"),
        "sslcrldir" => Treatment::Tls("sslcrldir"),
        "sslsni" => Treatment::Tls("sslsni"),
        "ssl_min_protocol_version" => Treatment::Tls("ssl_min_protocol_version"),
        "ssl_max_protocol_version" => Treatment::Tls("ssl_max_protocol_version"),
        // The driver speaks version 3.0 of the protocol, which is older than any upper limit.
        "max_protocol_version" => Treatment::NoMatter,
        // No server compresses TLS any more, and GSSAPI is not spoken.
        "sslcompression" | "gsslib" | "gssdelegation" | "krbsrvname" => Treatment::NoEffect,
        "gssencmode" => Treatment::OneOf(&["disable", "prefer"]),
        "min_protocol_version" => Treatment::OneOf(&["3.0"]),
        "sslcertmode" => Treatment::OneOf(&["allow"]),
        "replication" => Treatment::OneOf(&["false", "off", "no", "0"]),
        name => return Err(refused(name)),
    })
}

/// Those of libpq's that ask for a protection, or a way in, that there is not.
const UNSUPPORTED: &[&str] = &[
    "service",
    "servicefile",
    "requirepeer",
    "require_auth",
    "sslkeylogfile",
    "scram_client_key",
    "scram_server_key",
    "oauth_issuer",
    "oauth_client_id",
    "oauth_client_secret",
    "oauth_scope",
];

/// What frameworks and other drivers have in their URLs, and what does it here.
const ELSEWHERE: &[(&[&str], &str)] = &[
    (
        &["pgbouncer", "prepareThreshold", "default_query_exec_mode", "prepare", "prepared_statements"],
        "leave it out; for a pooler without prepared statements choose TenantPoolBuilder::statements",
    ),
    (
        &[
            "statement_cache_size",
            "statement_cache_capacity",
            "statement-cache-capacity",
            "statement_cache_mode",
            "prepared_statement_cache_size",
            "preparedStatementCacheQueries",
            "preparedStatementCacheSizeMiB",
        ],
        "leave it out; see TenantPoolBuilder",
    ),
    (
        &["schema", "currentSchema", "search_path", "schema_search_path"],
        "write options=-csearch_path%3Dname, or set search_path at the role",
    ),
    (
        &[
            "connection_limit",
            "pool",
            "pool_size",
            "pool_max_conns",
            "max_connections",
            "max",
            "maximumPoolSize",
        ],
        "leave it out and call TenantPoolBuilder::max_size",
    ),
    (
        &["pool_timeout", "pool_max_conn_lifetime", "pool_max_conn_idle_time", "pool_min_conns"],
        "leave it out; see TenantPoolBuilder",
    ),
    (
        &["socket_timeout", "socketTimeout", "statement_timeout"],
        "leave it out and set TenantContext::statement_timeout",
    ),
    (&["connectTimeout", "loginTimeout"], "write connect_timeout, in seconds"),
    (&["ApplicationName"], "write application_name"),
    (
        &["sslaccept", "sslidentity", "sslfactory", "sslcertificateauthority"],
        "leave it out; the connector of TenantPoolBuilder::tls decides whom to trust",
    ),
    (
        &["charset", "encoding", "characterEncoding", "useUnicode", "uselibpqcompat", "serverVersion"],
        "leave it out",
    ),
    (&["timezone", "TimeZone", "serverTimezone"], "write options=-cTimeZone%3Dname"),
    (&["targetServerType"], "write target_session_attrs"),
    (&["loadBalanceHosts"], "write load_balance_hosts=random"),
    (&["tcpKeepAlive"], "write keepalives=1"),
];

fn refused(name: &str) -> Error {
    if UNSUPPORTED.contains(&name) {
        return Error::config(format!("option {name} of the database URL is not supported; leave it out"));
    }
    if let Some((_, advice)) = ELSEWHERE.iter().find(|(names, _)| names.contains(&name)) {
        return Error::config(format!(
            "option {name} of the database URL is not one of PostgreSQL's; {advice}"
        ));
    }
    // Whatever else stands there may be a piece of a password.
    let is_name =
        name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    let named = if is_name { format!("option {name}") } else { "an option".to_owned() };
    Error::config(format!(
        "{named} of the database URL is not known; leave it out, and percent-encode ?, & and = in user and password"
    ))
}
