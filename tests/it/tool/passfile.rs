//! Passwords in `~/.pgpass`.

use super::{Folder, Place, Tool, place, plan, private, shown};
use crate::policy::unique;

/// A role that needs its password, wherever it comes from.
async fn login() -> (Place, String) {
    let place = place().await;
    let role = unique("tool");
    let admin = place.database.connect().await.unwrap();
    admin.batch_execute(&format!("CREATE ROLE {role} LOGIN PASSWORD 'se:c\\ret'")).await.unwrap();
    (place, role)
}

fn without_password(folder: &Folder, place: &Place, role: &str) -> Tool {
    plan(folder)
        .env("PGHOST", &place.host)
        .env("PGPORT", place.port.to_string())
        .env("PGUSER", role)
        .env("PGDATABASE", place.database.name())
}

#[tokio::test]
async fn the_password_file_is_asked_as_libpq_asks_it() {
    let (place, role) = login().await;
    let name = place.database.name();
    for (text, code) in [
        (format!("{}:{}:{name}:{role}:se\\:c\\\\ret\n", place.host, place.port), 0),
        (format!("# mine\n*:*:*:{role}:se\\:c\\\\ret\n*:*:*:*:wrong\n"), 0),
        (format!("*:*:*:{role}:wrong\n*:*:*:{role}:se\\:c\\\\ret\n"), 3),
        (format!("other.invalid:*:*:{role}:se\\:c\\\\ret\n"), 3),
    ] {
        let folder = Folder::new();
        private(&folder, ".pgpass", &text);
        let run = without_password(&folder, &place, &role).run();
        assert_eq!((run.code, run.err.is_empty()), (code, code == 0), "{text}: {run:?}");
        // Whatever else says one wins.
        let run = without_password(&folder, &place, &role).env("PGPASSWORD", "se:c\\ret").run();
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{text}");
    }
}

#[tokio::test]
async fn another_file_is_named_and_said_when_its_password_is_wrong() {
    let (place, role) = login().await;
    let folder = Folder::new();
    let path = private(&folder, "mine", "*:*:*:*:hush\n");
    let run = without_password(&folder, &place, &role).env("PGPASSFILE", &path).run();
    run.said(3, &["does not accept the password", &format!("cause: the password is from {}", shown(&path))]);
    assert!(!run.err.contains("hush"), "{run:?}");
}

#[tokio::test]
async fn a_file_that_others_can_read_is_passed_over_with_a_warning() {
    use std::os::unix::fs::PermissionsExt;

    let (place, role) = login().await;
    let folder = Folder::new();
    let path = private(&folder, ".pgpass", "*:*:*:*:se\\:c\\\\ret\n");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    let run = without_password(&folder, &place, &role).run();
    run.said(
        3,
        &["warning: password file ", "others than its owner can read it; run chmod 600", "none is given"],
    );
}
