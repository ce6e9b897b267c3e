//! TLS, as `sslmode` and `sslrootcert` ask for it.

use rcgen::{CertificateParams, DnType, KeyPair};
use tokio_postgres::Config;

use super::{Folder, Run, place, plan, private, shown};
use crate::support::tls;

/// The server that takes TLS, under a name.
async fn run(folder: &Folder, host: &str, parameters: &str) -> Run {
    let server = tls::server().await;
    let config: Config = server.url().parse().unwrap();
    let password = config.get_password().map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
    plan(folder)
        .env("PGUSER", config.get_user().unwrap())
        .env("PGPASSWORD", password.unwrap_or_default())
        .env("PGDATABASE", "postgres")
        .env("PGPORT", server.port().to_string())
        .args(&["--database-url", &format!("hostaddr=127.0.0.1 host={host} {parameters}")])
        .run()
}

#[tokio::test]
async fn a_certificate_is_verified_as_far_as_it_is_asked_for() {
    let folder = Folder::new();
    let authority = folder.write("authority.crt", tls::authority());
    let known = format!("sslrootcert={}", shown(&authority));
    for (host, mode, root, refusal) in [
        ("localhost", "disable", "", None),
        ("localhost", "allow", "", None),
        ("localhost", "prefer", "", None),
        ("localhost", "require", "", None),
        ("localhost", "verify-ca", known.as_str(), None),
        ("localhost", "verify-full", &known, None),
        ("other.invalid", "require", "", None),
        ("other.invalid", "require", &known, None),
        ("other.invalid", "verify-ca", &known, None),
        ("other.invalid", "verify-full", &known, Some("its certificate has other names")),
        // Nobody knows the authority but the tests.
        ("localhost", "verify-full", "sslrootcert=system", Some("sslrootcert")),
    ] {
        let run = run(&folder, host, &format!("sslmode={mode} {root}")).await;
        match refusal {
            None => assert_eq!((run.code, run.err.as_str()), (0, ""), "{host} {mode} {root}"),
            Some(why) => {
                assert!(run.code >= 2 && run.err.contains(why), "{host} {mode} {root}: {run:?}");
            }
        }
    }
}

#[tokio::test]
async fn an_authority_that_did_not_sign_is_refused_in_every_mode_that_is_told_of_it() {
    let folder = Folder::new();
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let other = folder.write("other.crt", &other.cert.pem());
    for mode in ["require", "verify-ca", "verify-full"] {
        let run = run(&folder, "localhost", &format!("sslmode={mode} sslrootcert={}", shown(&other))).await;
        run.said(3, &["no authority that is trusted signed its certificate", "sslrootcert=system"]);
    }
}

#[tokio::test]
async fn the_authority_of_the_users_own_folder_is_heeded() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path(".postgresql")).unwrap();
    folder.write(".postgresql/root.crt", tls::authority());
    let run = run(&folder, "localhost", "sslmode=verify-full").await;
    assert_eq!(run.code, 0, "{run:?}");
}

#[tokio::test]
async fn to_verify_takes_an_authority() {
    let run = run(&Folder::new(), "localhost", "sslmode=verify-full").await;
    run.said(2, &["no authority is named to trust", "~/.postgresql/root.crt", "sslrootcert=system"]);
}

#[tokio::test]
async fn tls_that_is_required_is_not_gone_without() {
    let place = place().await;
    let run = |mode: &str| {
        plan(&Folder::new()).env("DATABASE_URL", place.database.url()).env("PGSSLMODE", mode).run()
    };
    assert_eq!(run("prefer").code, 0);
    run("require").said(3, &["server does not support TLS"]);
}

#[tokio::test]
async fn a_certificate_of_ones_own_is_shown_to_the_server() {
    let role = "tool";
    let (server, authority) = tls::server_that_asks_for_certificates(role).await;
    let folder = Folder::new();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new([]).unwrap();
    params.distinguished_name.push(DnType::CommonName, role);
    let certificate = params.signed_by(&key, &authority).unwrap();
    let certificate = folder.write("my.crt", &certificate.pem());
    let secret = private(&folder, "my.key", &key.serialize_pem());
    let port = server.port().to_string();
    let run = |parameters: &str| {
        let url = format!("host=localhost hostaddr=127.0.0.1 user={role} dbname=postgres {parameters}");
        plan(&folder).env("PGPORT", &port).args(&["--database-url", &url]).run()
    };
    let both = format!("sslcert={} sslkey={}", shown(&certificate), shown(&secret));
    // Without TLS there is no such rule for the role, so that nothing else lets it in.
    assert_eq!(run(&format!("sslmode=require {both}")).code, 0);
    assert_ne!(run("sslmode=require").code, 0);
    run(&format!("sslmode=require sslcert={}", shown(&certificate)))
        .said(2, &["my.crt has no key", "sslkey"]);
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(&secret, open).unwrap();
    run(&format!("sslmode=require {both}")).said(2, &["others than its owner can read", "chmod 600"]);
}
