//! TLS as the URL asks for it, without a connector of the caller's.

use std::os::unix::fs::PermissionsExt;

use rcgen::{CertificateParams, DnType, KeyPair};
use tenantry::{TenantPool, TenantPoolBuilder};

use super::{Folder, says};
use crate::support::erp::{APP, Erp, PASSWORD, SYSTEM, tenant};
use crate::support::tls;

/// A database on the server that takes TLS, by the options of its URL.
fn by(erp: &Erp, role: &str, host: &str, options: &str) -> String {
    format!(
        "host={host} hostaddr=127.0.0.1 port={} dbname={} user={role} password=\'{}\' {options}",
        erp.address().port(),
        erp.database.name(),
        PASSWORD.replace('\'', "\\'"),
    )
}

async fn is_encrypted(pool: &TenantPool) -> bool {
    let sql = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
    pool.tenant(tenant(1)).query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_certificate_is_verified_as_far_as_the_url_asks_for_it() {
    let (erp, folder) = (Erp::beside(tls::server().await).await, Folder::new());
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let root = |path: &std::path::Path| format!("sslrootcert={}", path.display());
    let known = root(&folder.file("authority.crt", tls::authority()));
    let other = root(&folder.file("other.crt", &other.cert.pem()));
    let (names, issuer) =
        ("its certificate has other names", "no authority that is trusted signed its certificate");
    for (host, options, answer) in [
        ("localhost", "sslmode=disable".to_owned(), Ok(false)),
        ("localhost", String::new(), Ok(true)),
        ("localhost", "sslmode=require".to_owned(), Ok(true)),
        ("other.invalid", "sslmode=require".to_owned(), Ok(true)),
        ("localhost", format!("sslmode=require {other}"), Err(issuer)),
        ("other.invalid", format!("sslmode=verify-ca {known}"), Ok(true)),
        ("localhost", format!("sslmode=verify-ca {other}"), Err(issuer)),
        ("localhost", format!("sslmode=verify-full {known}"), Ok(true)),
        ("other.invalid", format!("sslmode=verify-full {known}"), Err(names)),
    ] {
        let url = by(&erp, APP, host, &options);
        let built = TenantPool::builder(&url).rustls().build().await;
        match (built, answer) {
            (Ok(pool), Ok(encrypted)) => assert_eq!(is_encrypted(&pool).await, encrypted, "{url}"),
            (Err(error), Err(why)) => says(&error, &["no connection to the server", why]),
            (Ok(_), Err(why)) => panic!("{host} {options}: expected {why}"),
            (Err(error), Ok(_)) => panic!("{host} {options}: {error}"),
        }
    }
    // Each role's URL speaks for itself, and a cancel request goes the same way.
    let builder = TenantPool::builder(&by(&erp, APP, "localhost", &format!("sslmode=verify-full {known}")));
    let system = by(&erp, SYSTEM, "localhost", &format!("sslmode=verify-full {other}"));
    let error = builder.clone().system_url(&system).rustls().build().await.unwrap_err();
    says(&error, &[issuer]);
    let pool = builder.rustls().build().await.unwrap();
    let tx = pool.tenant(tenant(1)).begin();
    tx.query("select 1", &[]).await.unwrap();
    tx.cancel_token().cancel().await.unwrap();
}

/// Nobody is asked, so no server is needed.
#[tokio::test]
async fn what_tls_cannot_be_set_up_with_is_refused_before_anything_is_sent() {
    for (options, words) in [
        ("sslmode=verify-full", "sslmode of the database URL verifies, and no authority is named to trust"),
        ("sslmode=require sslrootcert=/nowhere/root.crt", "/nowhere/root.crt cannot be read"),
        ("sslmode=require sslrootcert=system", "is too weak for sslrootcert=system"),
        ("sslmode=require sslcert=/nowhere/my.crt", "/nowhere/my.crt cannot be read"),
        ("sslmode=require sslcrldir=/nowhere", "sslcrldir of the database URL is not supported"),
    ] {
        let builder = TenantPool::builder(&format!("host=db user=me {options}")).rustls();
        let error = builder.build_lazy().unwrap_err();
        assert!(error.is_usage(), "{error}");
        says(&error, &[words]);
    }
    let error = TenantPool::builder_from_config(tenantry::Config::new()).rustls().build_lazy().unwrap_err();
    says(&error, &["rustls() needs a URL"]);
}

#[tokio::test]
async fn the_files_of_the_users_own_folder_count_for_the_environment() {
    let (erp, folder) = (Erp::beside(tls::server().await).await, Folder::new());
    std::fs::create_dir(folder.path().join(".postgresql")).unwrap();
    folder.file(".postgresql/root.crt", tls::authority());
    let url = by(&erp, APP, "localhost", "");
    let lookup = |name: &str| match name {
        "DATABASE_URL" => Some(url.clone().into()),
        "PGSSLMODE" => Some("verify-full".into()),
        "HOME" => Some(folder.path().into()),
        _ => None,
    };
    let built = TenantPool::from_variables("", lookup).map(TenantPoolBuilder::rustls).unwrap().build().await;
    assert!(is_encrypted(&built.unwrap()).await);
}

#[tokio::test]
async fn a_role_logs_in_by_its_certificate() {
    let role = "service";
    let (server, authority) = tls::server_that_asks_for_certificates(role).await;
    let (folder, key) = (Folder::new(), KeyPair::generate().unwrap());
    let mut params = CertificateParams::new([]).unwrap();
    params.distinguished_name.push(DnType::CommonName, role);
    let certificate = folder.file("my.crt", &params.signed_by(&key, &authority).unwrap().pem());
    let secret = folder.file("my.key", &key.serialize_pem());
    let build = |mode: u32| {
        std::fs::set_permissions(&secret, PermissionsExt::from_mode(mode)).unwrap();
        let url = format!(
            "postgresql://{role}@localhost:{}/postgres?hostaddr=127.0.0.1&sslmode=require&sslcert={}&sslkey={}",
            server.port(),
            certificate.display(),
            secret.display()
        );
        TenantPool::builder(&url).rustls().build()
    };
    let error = build(0o644).await.unwrap_err();
    says(&error, &["others than its owner can read", "run chmod 600"]);
    build(0o600).await.unwrap();
}
