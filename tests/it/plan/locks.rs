//! What a plan says of its locks and of its work, against what the server does.

use std::collections::BTreeMap;

use tenantry::plan::{Lock, Plan, Work};

use super::Erp;
use crate::policy::Admin;

/// The locks that this transaction holds on the relations of users, and where those relations are stored.
const STATE: &str = "
    SELECT c.oid::regclass::text, c.relfilenode, coalesce(array_agg(l.mode) FILTER (WHERE l.mode IS NOT NULL), '{}')
    FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        LEFT JOIN pg_locks AS l ON l.relation = c.oid AND l.pid = pg_backend_pid() AND l.locktype = 'relation'
    WHERE n.nspname IN ('erp', 'Odd schema', 'code') AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
    GROUP BY c.oid, c.relfilenode";

fn strength(mode: &str) -> u8 {
    let modes = [
        "AccessShareLock",
        "RowShareLock",
        "RowExclusiveLock",
        "ShareUpdateExclusiveLock",
        "ShareLock",
        "ShareRowExclusiveLock",
        "ExclusiveLock",
        "AccessExclusiveLock",
    ];
    modes.iter().position(|known| *known == mode).unwrap().try_into().unwrap()
}

#[tokio::test]
async fn a_step_takes_the_lock_that_it_says_and_rewrites_nothing() {
    let mut erp = Erp::new().await;
    let plan = erp.plan().await;
    check(&mut erp.admin, &plan).await;
}

#[tokio::test]
async fn so_does_one_that_changes_an_owner() {
    let mut erp = super::owned::Erp::new().await;
    let plan = erp.plan().await;
    check(&mut erp.admin, &plan).await;
}

async fn check(admin: &mut Admin, plan: &Plan) {
    let mut storage: BTreeMap<String, u32> = BTreeMap::new();
    for step in &plan.steps {
        let transaction = admin.transaction().await.unwrap();
        transaction.batch_execute(&step.up).await.unwrap_or_else(|error| panic!("{step:#?}: {error:?}"));
        let mut strongest = 0;
        for row in transaction.query(STATE, &[]).await.unwrap() {
            let (name, file, modes): (String, u32, Vec<String>) = (row.get(0), row.get(1), row.get(2));
            strongest = strongest.max(modes.iter().map(|mode| strength(mode)).max().unwrap_or(0));
            let before = *storage.entry(name.clone()).or_insert(file);
            assert_eq!(before, file, "{} was rewritten by {}", name, step.what);
        }
        transaction.commit().await.unwrap();
        let said = match step.lock {
            Lock::None => 2,
            Lock::ShareUpdateExclusive => strength("ShareUpdateExclusiveLock"),
            Lock::Share => strength("ShareLock"),
            Lock::ShareRowExclusive => strength("ShareRowExclusiveLock"),
            Lock::AccessExclusive => strength("AccessExclusiveLock"),
        };
        let fits = if step.lock == Lock::None { strongest <= said } else { strongest == said };
        assert!(fits, "{}: {} says {}, found {strongest}", step.object, step.what, step.lock);
        if step.lock == Lock::None {
            assert_eq!(step.work, Work::None, "{}", step.what);
        }
    }
}
