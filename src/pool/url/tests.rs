use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::NoTls;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};

use super::option::{Treatment, treatment};
use super::read;
use crate::wire::Connector;

/// A connector that could encrypt, for all that a URL is told.
#[derive(Clone)]
struct Encrypting;

impl<S> MakeTlsConnect<S> for Encrypting
where
    NoTls: TlsConnect<S>,
{
    type Stream = <NoTls as TlsConnect<S>>::Stream;
    type TlsConnect = NoTls;
    type Error = std::convert::Infallible;

    fn make_tls_connect(&mut self, _: &str) -> Result<NoTls, Self::Error> {
        Ok(NoTls)
    }
}

fn plain(url: &str) -> Result<Config, String> {
    read(url, &Connector::default()).map(|(config, _)| config).map_err(|error| {
        assert!(error.is_usage(), "{error}");
        error.to_string()
    })
}

fn encrypting(url: &str) -> Result<Config, String> {
    read(url, &Connector::new(Encrypting)).map(|(config, _)| config).map_err(|error| error.to_string())
}

#[test]
fn what_the_driver_reads_is_read_as_before() {
    for url in [
        "postgresql://me@h/erp",
        "postgres://me:s%40%2Fe%25@h:5433/erp?application_name=a%20b&connect_timeout=3",
        "postgresql://me:a?b@h/erp",
        "postgresql://me:a/b@h/erp",
        "postgresql://me:a/b@h/erp?options=-c%20a%3Db",
        "postgresql://%2Fvar%2Frun%2Fpostgresql/erp?user=me",
        "postgresql://a:1,b,c:3/erp?target_session_attrs=read-write&load_balance_hosts=random",
        "postgresql://[::1]:5433/erp",
        "postgresql:///erp?host=/tmp&port=5433",
        "postgresql://h/erp?hostaddr=127.0.0.1&channel_binding=require&sslmode=disable",
        "postgresql://me:%ff@h/erp",
        "postgresql://h?keepalives=0&keepalives_idle=5&keepalives_interval=6&keepalives_retries=7",
        r"host=h user='a b' password='it\'s a \\ b' dbname = erp sslnegotiation=direct",
    ] {
        let expected: Config = url.parse().unwrap();
        let found = plain(url).unwrap();
        assert_eq!(found.get_password(), expected.get_password(), "{url}");
        assert_eq!(found, expected, "{url}");
    }
}

#[test]
fn what_the_driver_reads_wrong_is_read_as_libpq_reads_it() {
    let config = plain("postgresql://h/erp?user=a@b").unwrap();
    assert_eq!((config.get_user(), config.get_dbname()), (Some("a@b"), Some("erp")));
    let config = plain("postgresql:///erp?host=a,b&port=1,2").unwrap();
    assert_eq!(config.get_hosts(), [Host::Tcp("a".to_owned()), Host::Tcp("b".to_owned())]);
    assert_eq!(config.get_ports(), [1, 2]);
    // Milliseconds.
    let config = plain("postgresql://h?tcp_user_timeout=1500").unwrap();
    assert_eq!(config.get_tcp_user_timeout(), Some(&Duration::from_millis(1500)));
    let config = plain("postgresql://h?tcp_user_timeout=0&sslmode=&application_name=").unwrap();
    assert_eq!((config.get_tcp_user_timeout(), config.get_application_name()), (None, None));
}

#[test]
fn options_of_libpq_mean_what_they_mean_there() {
    let config = |options: &str| plain(&format!("postgresql://h?{options}")).unwrap();
    for (option, attrs) in [
        ("any", TargetSessionAttrs::Any),
        ("read-write", TargetSessionAttrs::ReadWrite),
        ("primary", TargetSessionAttrs::ReadWrite),
        ("read-only", TargetSessionAttrs::ReadOnly),
        ("standby", TargetSessionAttrs::ReadOnly),
        ("prefer-standby", TargetSessionAttrs::Any),
    ] {
        assert_eq!(config(&format!("target_session_attrs={option}")).get_target_session_attrs(), attrs);
    }
    for (option, mode) in [
        ("sslmode=disable", SslMode::Disable),
        ("sslmode=allow", SslMode::Prefer),
        ("sslmode=prefer", SslMode::Prefer),
        ("sslmode=require", SslMode::Require),
        ("sslmode=verify-ca", SslMode::Require),
        ("sslmode=verify-full", SslMode::Require),
        ("ssl=true", SslMode::Require),
        ("requiressl=1", SslMode::Require),
        ("requiressl=0", SslMode::Prefer),
        ("", SslMode::Prefer),
    ] {
        let url = format!("postgresql://h?{option}");
        assert_eq!(encrypting(&url).unwrap().get_ssl_mode(), mode, "{option}");
        assert_eq!(plain(&url).is_ok(), !option.contains("verify"), "{option}");
    }
    assert_eq!(config("keepalives_count=3").get_keepalives_retries(), Some(3));
    let name = |options| config(options).get_application_name().map(str::to_owned);
    assert_eq!(name("fallback_application_name=a").as_deref(), Some("a"));
    assert_eq!(name("fallback_application_name=a&application_name=b").as_deref(), Some("b"));
    for harmless in [
        "client_encoding=UTF8",
        "client_encoding=auto",
        "gssencmode=prefer",
        "gssencmode=disable",
        "krbsrvname=postgres",
        "sslcompression=0",
        "min_protocol_version=3.0",
        "max_protocol_version=latest",
        "sslcertmode=allow",
        "replication=false",
        "sslmode=disable&sslrootcert=/root.crt",
    ] {
        assert_eq!(config(harmless).get_hosts().len(), 1, "{harmless}");
    }
}

/// Nothing that a URL asks of TLS is passed over where there is none.
#[test]
fn what_belongs_to_the_tls_connector_needs_one() {
    let names = [
        "sslrootcert",
        "sslcert",
        "sslkey",
        "sslpassword",
        "sslcrl",
        "sslcrldir",
        "sslsni",
        "ssl_min_protocol_version",
        "ssl_max_protocol_version",
    ];
    for name in names {
        let url = format!("postgresql://h?{name}=hush");
        let line = plain(&url).unwrap_err();
        assert!(line.contains(&format!("option {name} of the database URL needs a TLS connector")), "{line}");
        assert!(encrypting(&url).is_ok(), "{name}");
    }
    assert_eq!(encrypting("postgresql://h?sslrootcert=system").unwrap().get_ssl_mode(), SslMode::Require);
    let line = encrypting("postgresql://h?sslrootcert=system&sslmode=require").unwrap_err();
    assert!(line.contains("sslmode=require of the database URL is too weak"), "{line}");
}

#[test]
fn an_option_that_is_not_known_is_named_and_no_value_is() {
    for (options, words) in [
        ("foo=hush", "option foo of the database URL is not known; leave it out"),
        ("pgbouncer=hush", "option pgbouncer of the database URL is not one of PostgreSQL's; leave it out"),
        ("pgbouncer=hush", "TenantPoolBuilder::statements"),
        ("schema=hush", "write options=-csearch_path%3Dname"),
        ("currentSchema=hush", "option currentSchema of"),
        ("connection_limit=hush", "TenantPoolBuilder::max_size"),
        ("pool_timeout=hush", "option pool_timeout of"),
        ("statement_cache_size=hush", "option statement_cache_size of"),
        ("sslaccept=hush", "TenantPoolBuilder::tls"),
        ("charset=hush", "option charset of"),
        ("uselibpqcompat=hush", "option uselibpqcompat of"),
        ("service=hush", "option service of the database URL is not supported; leave it out"),
        ("require_auth=hush", "option require_auth of the database URL is not supported"),
        ("gssencmode=hush", "option gssencmode of the database URL has another value than disable, prefer"),
        ("sslcertmode=hush", "option sslcertmode of the database URL has another value than allow"),
        ("client_encoding=hush", "option client_encoding of the database URL has another value than utf8"),
        ("sslmode=hush", "option sslmode of the database URL has another value than disable, allow, prefer"),
        ("target_session_attrs=hush", "any, read-write, read-only, primary, standby, prefer-standby"),
        ("channel_binding=hush", "option channel_binding of the database URL has a value that is not supp"),
        ("connect_timeout=hush", "option connect_timeout of the database URL has a value"),
        ("tcp_user_timeout=hush", "option tcp_user_timeout of the database URL is not a whole number"),
        ("hostaddr=hush", "option hostaddr of the database URL has a value that is not supported"),
        ("a%20hush=1", "an option of the database URL is not known"),
        ("hush", "does not parse"),
    ] {
        let line = plain(&format!("postgresql://h/erp?{options}")).unwrap_err();
        assert!(line.contains(words), "{options}: {line}");
        assert!(!line.contains("hush"), "{options}: {line}");
    }
}

#[test]
fn a_url_that_does_not_read_is_not_quoted() {
    for url in [
        "mysql://me:hush@h/erp",
        "mysql://h/erp?hush=hush",
        "postgresql://me:12/hush?hush=@h/erp",
        "postgresql://me:hush@[::1/erp",
        "postgresql://me:hush/hush",
        "postgresql://h?sslmode=%hush",
        "hush",
        "host=h hush",
        "password='hush",
    ] {
        let line = plain(url).unwrap_err();
        assert!(line.contains("expected postgresql://user@host:port/database"), "{url}: {line}");
        assert!(!line.contains("hush"), "{url}: {line}");
    }
    for (url, words) in [
        ("postgresql:///erp", "names no host"),
        ("user=app dbname=erp", "names no host"),
        ("postgresql://a,b?hostaddr=127.0.0.1", "name 2 and 1 servers"),
        ("postgresql:///?host=a,b,c&port=1,2", "2 ports for 3 hosts"),
    ] {
        let line = plain(url).unwrap_err();
        assert!(line.contains(words), "{url}: {line}");
    }
}

#[cfg(unix)]
#[test]
fn the_password_of_a_passfile_is_that_of_its_first_host() {
    use std::os::unix::fs::PermissionsExt;

    let path = std::env::temp_dir().join(format!("tenantry-url-passfile-{}", std::process::id()));
    std::fs::write(&path, "h:5433:erp:me:hush\n").unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    let at = |head: &str| format!("postgresql://{head}?passfile={}", path.display());
    let password = |head| plain(&at(head)).unwrap().get_password().map(<[u8]>::to_vec);
    assert_eq!(password("me@h:5433,b/erp"), Some(b"hush".to_vec()));
    assert_eq!(password("me:own@h:5433/erp"), Some(b"own".to_vec()));
    assert_eq!(password("me@h:5432/erp"), None);
    assert!(plain(&at("h")).unwrap_err().contains("needs a user"));
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    let line = plain(&at("me@h:5433/erp")).unwrap_err();
    std::fs::remove_file(&path).unwrap();
    assert!(line.contains("others than its owner can read it; run chmod 600"), "{line}");
}

/// All that libpq's manual lists, of every supported version and 18.
#[test]
fn every_option_of_libpq_is_known() {
    for name in "host hostaddr port dbname user password passfile require_auth channel_binding \
        connect_timeout client_encoding options application_name fallback_application_name keepalives \
        keepalives_idle keepalives_interval keepalives_count tcp_user_timeout replication gssencmode \
        sslmode requiressl sslnegotiation sslcompression sslcert sslkey sslkeylogfile sslpassword \
        sslcertmode sslrootcert sslcrl sslcrldir sslsni requirepeer ssl_min_protocol_version \
        ssl_max_protocol_version min_protocol_version max_protocol_version krbsrvname gsslib \
        gssdelegation scram_client_key scram_server_key service servicefile target_session_attrs \
        load_balance_hosts oauth_issuer oauth_client_id oauth_client_secret oauth_scope"
        .split_whitespace()
    {
        match treatment(name) {
            Ok(Treatment::Tls(named)) => assert_eq!(named, name),
            Ok(_) => {}
            Err(error) => assert!(error.to_string().ends_with("is not supported; leave it out"), "{error}"),
        }
    }
}
