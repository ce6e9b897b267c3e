//! What somebody sends who has the app role's password and no key.

use tenantry::TenantId;

use super::{Hand, OTHER_SECRET, SECRET, Sealed, asked, database, is_refused, now};
use crate::support::erp::{APP, SYSTEM, tenant};

fn text(of: &TenantId) -> String {
    of.as_setting()
}

#[tokio::test]
async fn every_change_of_one_character_is_refused() {
    let sealed = Sealed::new().await;
    let app = sealed.app().await;
    let a = text(&tenant(1));
    let good = sealed.hand().seal(&a);
    assert_eq!(asked(&app, &good).await, Ok(Some(a.clone())));
    for at in 0..good.len() {
        for other in ["0", "f", ".", ""] {
            let changed = format!("{}{other}{}", &good[..at], &good[at + 1..]);
            if changed != good {
                assert!(is_refused(&app, &changed).await, "at {at}: {changed} for {good}");
            }
        }
        // Where only its beginning is there, too.
        if at > 0 {
            assert!(is_refused(&app, &good[..at]).await, "cut at {at}");
        }
    }
    for more in
        [format!("{good}0"), format!("{good}."), format!("{good}.x"), format!(" {good}"), good.to_uppercase()]
    {
        assert!(is_refused(&app, &more).await, "{more}");
    }
    assert_eq!(asked(&app, &good).await, Ok(Some(a)), "it refuses whatever it is asked");
}

#[tokio::test]
async fn what_is_sealed_for_others_is_refused_and_says_no_more_than_it_has_to() {
    let sealed = Sealed::new().await;
    let app = sealed.app().await;
    let (a, b, name) = (text(&tenant(1)), text(&tenant(2)), database(&sealed.erp));
    let hand = sealed.hand();
    let of_a = hand.seal(&a);
    let (_, claims_and_mac) = of_a.split_at(a.len());
    let no_key =
        format!("TN003 the seal of setting app.tenant_id is not by a key of database {name} for role {APP}");
    for (what, forged) in [
        ("another tenant's, with the seal of one", format!("{b}{claims_and_mac}")),
        ("by another key", Hand::new(OTHER_SECRET, APP, &name).seal(&a)),
        ("by another key under the name of the right one", {
            let other = Hand::new(OTHER_SECRET, APP, &name);
            other.seal(&a).replace(&other.key(), &hand.key())
        }),
        ("for another role", Hand::new(SECRET, SYSTEM, &name).seal(&a)),
        ("for another database", Hand::new(SECRET, APP, "postgres").seal(&a)),
        ("for another setting", Hand { setting: "app.user_id".to_owned(), ..hand.clone() }.seal(&a)),
        ("expired, and moved", {
            let (past, later) = (now() - 60, now() + 60);
            hand.seal_until(&a, past, 0).replace(&past.to_string(), &later.to_string())
        }),
        ("bare", a.clone()),
        (
            "no number where one is expected",
            of_a.replacen(&format!(".{}", &claims_and_mac[1..11]), ".soon", 1),
        ),
    ] {
        assert_eq!(asked(&app, &forged).await, Err(no_key.clone()), "{what}");
    }
    let old = asked(&app, &hand.seal_until(&a, now() - 1, 0)).await.unwrap_err();
    assert!(
        old.starts_with("TN003 the seal of setting app.tenant_id has expired; the server's time is 20"),
        "{old}"
    );
    let elsewhere = asked(&app, &hand.seal_until(&a, now() + 60, 1)).await;
    assert_eq!(
        elsewhere,
        Err("TN003 the seal of setting app.tenant_id is that of another connection".to_owned())
    );
    let nothing = asked(&app, "").await.unwrap_err();
    assert!(nothing.starts_with("TN001"), "{nothing}");
}

#[tokio::test]
async fn a_seal_holds_for_its_connection_while_its_window_is_open() {
    let sealed = Sealed::new().await;
    let (one, other) = (sealed.app().await, sealed.app().await);
    let pid: i32 = one.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0);
    let a = text(&tenant(1));
    let bound = sealed.hand().seal_until(&a, now() + 60, pid);
    assert_eq!(asked(&one, &bound).await, Ok(Some(a.clone())));
    assert!(is_refused(&other, &bound).await);

    // What has begun in time goes on: the time of its beginning counts.
    let short = sealed.hand().seal_until(&a, now() + 2, pid);
    one.batch_execute("begin").await.unwrap();
    assert_eq!(asked(&one, &short).await, Ok(Some(a.clone())));
    one.batch_execute("select pg_sleep(2.1)").await.unwrap();
    assert_eq!(asked(&one, &short).await, Ok(Some(a)));
    one.batch_execute("commit").await.unwrap();
    assert!(asked(&one, &short).await.unwrap_err().contains("has expired"));
}

#[tokio::test]
async fn clocks_may_differ_by_half_a_minute() {
    let sealed = Sealed::new().await;
    let app = sealed.app().await;
    let a = text(&tenant(1));
    // What a service seals for two minutes whose clock is behind, or ahead.
    for expires in [now() - 30 + 120, now() + 30 + 120] {
        assert_eq!(asked(&app, &sealed.hand().seal_until(&a, expires, 0)).await, Ok(Some(a.clone())));
    }
}

/// Neither the app role nor one that reads every table learns a key, or changes what verifies.
#[tokio::test]
async fn nobody_reads_the_keys() {
    let sealed = Sealed::new().await;
    let app = sealed.app().await;
    for sql in [
        "select * from tenantry.seal_key",
        "select id from tenantry.seal_key",
        "insert into tenantry.seal_key (id, inner_pad, outer_pad) values ('00000000', sha256('a') || sha256('b'), sha256('a') || sha256('b'))",
        "update tenantry.seal_key set retires_at = 'infinity'",
        "delete from tenantry.seal_key",
        "truncate tenantry.seal_key",
        "drop table tenantry.seal_key",
        "create or replace function tenantry.tenant_id() returns uuid language sql as 'select null::uuid'",
        "alter function tenantry.tenant_id() security invoker",
        "set role tenantry_it_sealer",
    ] {
        let error = app.batch_execute(sql).await.unwrap_err();
        assert_eq!(error.code().map(tenantry::SqlState::code), Some("42501"), "{sql}: {error}");
    }
    let reader = format!("seal_reader_{}", std::process::id());
    let admin = &sealed.admin;
    admin
        .batch_execute(&format!("create role {reader} in role pg_read_all_data; analyze tenantry.seal_key"))
        .await
        .unwrap();
    admin.batch_execute(&format!("set role {reader}")).await.unwrap();
    let seen: i64 = admin.query_one("select count(*) from tenantry.seal_key", &[]).await.unwrap().get(0);
    let sampled: i64 = admin
        .query_one("select count(*) from pg_stats where tablename = 'seal_key' and attname like '%pad'", &[])
        .await
        .unwrap()
        .get(0);
    admin.batch_execute(&format!("reset role; drop role {reader}")).await.unwrap();
    assert_eq!((seen, sampled), (0, 0));
    let sampled: i64 = admin
        .query_one("select count(*) from pg_stats where tablename = 'seal_key' and attname like '%pad'", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(sampled, 0, "statistics hold keys");
}
