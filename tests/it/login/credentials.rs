//! What a provider of credentials is asked, and what becomes of its answers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tenantry::{CredentialRequest, Credentials, PasswordFile, TenantPool};
use tracing::Level;

use super::{Folder, HUSH, World, says};
use crate::support::erp::{APP, Erp, PASSWORD, SYSTEM, tenant};
use crate::support::log::Log;

/// Always this password.
fn always(
    password: &'static str,
) -> impl Fn(CredentialRequest) -> std::future::Ready<Result<Credentials, std::io::Error>> {
    move |_| std::future::ready(Ok(Credentials::new(password)))
}

#[tokio::test]
async fn a_provider_is_told_of_the_connection_and_asked_once_more_when_it_is_refused() {
    let (log, _guard) = Log::listen(Level::TRACE);
    let world = World::new().await;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let provider = {
        let asked = Arc::clone(&asked);
        move |request: CredentialRequest| {
            asked.lock().unwrap().push(request);
            async { std::io::Result::Ok(Credentials::new("hush but wrong")) }
        }
    };
    let builder = world.builder().credentials(provider);
    let error = builder.clone().build().await.unwrap_err();
    assert_eq!(error.code().map(|code| code.code()), Some("28P01"));
    assert!(error.is_connection_lost());
    says(&error, &["no connection to the server"]);
    let asked = std::mem::take(&mut *asked.lock().unwrap());
    assert_eq!(asked.iter().map(CredentialRequest::is_repeated).collect::<Vec<_>>(), [false, true]);
    let port = world.erp.address().port();
    for request in &asked {
        assert_eq!(request.user(), Some(&*world.role));
        assert_eq!(request.database(), Some(world.erp.database.name()));
        assert_eq!(request.hosts().collect::<Vec<_>>(), [("localhost", port)]);
    }
    let pool = world.builder().credentials(always(HUSH)).build().await.unwrap();
    pool.tenant(tenant(1)).query("select id from erp.account", &[]).await.unwrap();
    let shown = format!("{builder:?} {pool:?} {:?} {}", Credentials::new(HUSH), log.text());
    assert!(log.text().contains("tenant pool is open") && !shown.contains("hush"), "{shown}");
    drop(pool);
    world.end().await;
}

#[tokio::test]
async fn each_role_has_a_provider_of_its_own_and_every_kind_of_connection_asks_it() {
    let erp = Erp::new().await;
    let (tenants, system) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let provider = |count: &Arc<AtomicUsize>, user: &'static str| {
        let count = Arc::clone(count);
        move |_: CredentialRequest| {
            count.fetch_add(1, Ordering::Relaxed);
            async move { std::io::Result::Ok(Credentials::new(PASSWORD).user(user)) }
        }
    };
    let url = erp.app_url_through(erp.address().port());
    let url = format!("postgresql://nobody@{}", url.split_once('@').unwrap().1);
    let built = TenantPool::builder(&url)
        .credentials(provider(&tenants, APP))
        .system_url(&url)
        .system_credentials(provider(&system, SYSTEM))
        .build();
    let pool = built.await.unwrap();
    let counts = || (tenants.load(Ordering::Relaxed), system.load(Ordering::Relaxed));
    assert_eq!(counts(), (1, 1));
    let listener = pool.listen(&["anything"]).await.unwrap();
    assert_eq!(counts(), (2, 1));
    // A cancel request carries no password.
    let tx = pool.tenant(tenant(1)).begin();
    tx.query("select 1", &[]).await.unwrap();
    tx.cancel_token().cancel().await.unwrap();
    drop(tx);
    drop(listener);
    let row = pool.system("to look").unwrap().query_one("select current_user::text", &[]).await.unwrap();
    assert_eq!((row.get::<_, String>(0).as_str(), counts()), (SYSTEM, (2, 1)));
}

#[tokio::test]
async fn a_provider_that_gives_nothing_is_one_clear_error() {
    let world = World::new().await;
    let hanging = |_: CredentialRequest| std::future::pending::<std::io::Result<Credentials>>();
    let builder = world.builder().connect_timeout(Duration::from_millis(50)).credentials(hanging);
    let error = builder.build().await.unwrap_err();
    says(&error, &["no connection", "the credential provider did not answer within 50ms", "connect_timeout"]);
    assert!(error.is_connection_lost() && !error.is_usage(), "{error}");

    let failing = |_: CredentialRequest| async { Err::<Credentials, _>("the token hush is no more") };
    let error = world.builder().credentials(failing).build().await.unwrap_err();
    let line = error.to_string();
    assert!(line.ends_with("the credential provider failed; the error's source says why"), "{line}");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(source, "the token hush is no more");

    let panicking = |_: CredentialRequest| async { panic!("for the test") as std::io::Result<Credentials> };
    let error = world.builder().credentials(panicking).build().await.unwrap_err();
    says(&error, &["no connection to the server: the credential provider panicked"]);

    for (password, words) in
        [("", "answered with an empty password"), ("hush\0", "a user or password that cannot be one")]
    {
        let error = world.builder().credentials(always(password)).build().await.unwrap_err();
        says(&error, &["the credential provider answered", words]);
    }
    world.end().await;
}

#[tokio::test]
async fn a_password_file_that_gives_none_is_one_clear_error() {
    let (world, folder) = (World::new().await, Folder::new());
    let empty = folder.file("empty", "\n");
    let long = folder.file("long", "hush\nhush\n");
    for (path, why) in [
        (
            folder.path().join("missing"),
            "cannot be read, entity not found; check its path and its permissions",
        ),
        (folder.path().to_owned(), "is a directory; name the file in it"),
        (empty, "is empty; write the secret into it"),
        (long, "has more than one line; write the secret into it and nothing else"),
    ] {
        let error = world.builder().credentials(PasswordFile::new(&path)).build().await.unwrap_err();
        assert!(error.is_connection_lost() && !error.is_usage(), "{error}");
        says(&error, &[&format!("no connection to the server: the password file {} {why}", path.display())]);
    }
    world.end().await;
}

#[tokio::test]
async fn a_password_from_two_places_is_refused_before_anybody_is_asked() {
    let (world, folder) = (World::new().await, Folder::new());
    let passfile = folder.file("passfile", &format!("*:*:*:*:{HUSH}\n"));
    std::fs::set_permissions(&passfile, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let never = |_: CredentialRequest| async { unreachable!() as std::io::Result<Credentials> };
    let urls =
        [world.url_with(&format!(":{HUSH}")), format!("{}?passfile={}", world.url(), passfile.display())];
    for url in urls {
        let error = TenantPool::builder(&url).credentials(never).build().await.unwrap_err();
        assert!(error.is_usage());
        says(&error, &["has a password or a passfile, and credentials come from a provider too"]);
    }
    let error = world.builder().system_credentials(never).build().await.unwrap_err();
    assert!(error.is_usage());
    says(&error, &["system_credentials without a system role; name it with system_url"]);
    world.end().await;
}
