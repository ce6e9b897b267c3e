//! Whatever is interrupted, wherever and however: every operation at each of its await points, by
//! each kind of intervention, and what has to hold afterwards.

mod intervention;
mod operations;
mod parts;
mod shutdown;
mod sleepers;
mod stand;
mod statements;
mod tokens;

use tenantry::TenantPool;
use tokio::time::timeout;

use self::intervention::{Ended, INTERVENTIONS, Intervention, Point};
use self::operations::{
    COPIES, CURSORS_AND_PREPARE, Commits, Operation, SAVEPOINTS, SINGLE_STATEMENTS, TRANSACTIONS,
};
use self::stand::{Doing, LIMIT, OTHER, Stand};
use crate::support::erp::tenant;

/// More await points than any operation has.
const ENDLESS: usize = 500;

/// Every operation of a group, by every intervention, at every point.
async fn product(operations: &[Operation]) {
    for operation in operations {
        let stand = Stand::new().await;
        for intervention in INTERVENTIONS {
            for by in [Point::Message as fn(usize) -> Point, Point::Poll] {
                if intervention.kills() && matches!(by(0), Point::Poll(_)) {
                    // The server is what is hit there, and its messages are all that happens on it.
                    continue;
                }
                let size = if operation.fresh || intervention.kills() { 1 } else { 2 };
                let pool = stand.pool(size).await;
                let mut points = 0;
                while !one(&stand, operation, &pool, intervention, by(points)).await {
                    points += 1;
                    assert!(points < ENDLESS, "{} does not end", operation.name);
                }
                println!("{}: {intervention:?} up to {:?}", operation.name, by(points));
                assert!(points > 3, "{} has {points} await points only", operation.name);
            }
        }
    }
}

/// Intervenes at one point. Whether the operation was through before.
async fn one(
    stand: &Stand,
    operation: &Operation,
    pool: &TenantPool,
    intervention: Intervention,
    point: Point,
) -> bool {
    let _doing = Doing(format!("{}, {intervention:?} at {point:?}", operation.name));
    warm_up(operation, pool, stand).await;
    let commits = Commits::default();
    let work = (operation.run)(pool.clone(), commits.clone());
    let ended = timeout(LIMIT, intervention.at(point, work, stand)).await.expect("the operation hangs");
    stand.check(pool, intervention.kills()).await;
    judge(operation, &commits, &ended, stand.written().await);
    stand.clear().await;
    matches!(ended, Ended::Unharmed(_))
}

/// Brings the pool into the state that the operation starts from.
async fn warm_up(operation: &Operation, pool: &TenantPool, stand: &Stand) {
    if operation.fresh {
        // May leave something in its session, so that its connection is closed.
        let scope = pool.tenant(tenant(OTHER));
        timeout(LIMIT, scope.execute("do $$ begin end $$", &[])).await.expect("it hangs").unwrap();
        assert_eq!(pool.status().size, 0);
    } else {
        // What it prepares is prepared then.
        let run = (operation.run)(pool.clone(), Commits::default());
        timeout(LIMIT, run).await.expect("the operation hangs").unwrap();
        stand.clear().await;
    }
}

/// Nothing is half done, and whoever is told something is told the truth.
fn judge(operation: &Operation, commits: &Commits, ended: &Ended, written: i64) {
    let told = match ended {
        Ended::Unharmed(result) => {
            assert!(result.is_ok(), "it failed without an intervention: {result:?}");
            Some(true)
        }
        Ended::Abandoned => (!commits.sent()).then_some(false),
        Ended::Hurt(Ok(())) => Some(true),
        Ended::Hurt(Err(error)) => {
            assert!(error.is_connection_lost(), "{error}: {error:?}");
            (!error.is_in_doubt()).then_some(false)
        }
    };
    let all = operation.writes;
    match told {
        Some(true) => assert_eq!(written, all, "it is said to be done: {ended:?}"),
        Some(false) => assert_eq!(written, 0, "it is said not to be done: {ended:?}"),
        None => assert!(written == 0 || written == all, "{written} of {all} are written: {ended:?}"),
    }
}

#[tokio::test]
async fn a_single_statement_can_be_interrupted_anywhere() {
    product(SINGLE_STATEMENTS).await;
}

#[tokio::test]
async fn a_transaction_can_be_interrupted_anywhere() {
    product(TRANSACTIONS).await;
}

#[tokio::test]
async fn a_copy_can_be_interrupted_anywhere() {
    product(COPIES).await;
}

#[tokio::test]
async fn a_savepoint_can_be_interrupted_anywhere() {
    product(SAVEPOINTS).await;
}

#[tokio::test]
async fn a_cursor_and_prepare_can_be_interrupted_anywhere() {
    product(CURSORS_AND_PREPARE).await;
}
