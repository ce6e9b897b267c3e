//! Whatever is interrupted, wherever and however: every operation at each of its await points, by
//! each kind of intervention, and what has to hold afterwards.

mod batches;
mod intervention;
mod operations;
mod parts;
mod shutdown;
mod sleepers;
mod stand;
mod statements;
mod tokens;
mod ways;

use tenantry::TenantPool;
use tokio::time::timeout;

use self::intervention::{Ended, INTERVENTIONS, Intervention, Point};
use self::operations::{Commits, Operation};
use self::stand::{Doing, LIMIT, OTHER, Stand};
use crate::support::erp::tenant;
use crate::support::route::{Route, Way};

/// More await points than any operation has.
const ENDLESS: usize = 500;

/// Every operation of a group, by every intervention, at every point.
async fn product(way: Way, operations: &[Operation]) {
    for operation in operations {
        let stand = Stand::new(way).await;
        for intervention in INTERVENTIONS {
            for by in points(way, intervention) {
                let size = if operation.fresh || intervention.kills() { 1 } else { 2 };
                let pool = stand.pool(size).await;
                let mut points = 0;
                while !one(&stand, operation, &pool, intervention, by(points)).await {
                    points += 1;
                    assert!(points < ENDLESS, "{} does not end", operation.name);
                }
                println!("{}: {intervention:?} up to {:?}", operation.name, by(points));
                // A statement that carries its context waits once, for an answer of several messages.
                let least = if matches!(by(0), Point::Poll(_)) { 1 } else { 3 };
                assert!(points > least, "{} has {points} await points only", operation.name);
            }
        }
    }
}

/// Poll by poll goes the drop alone: a timeout and a panic drop the operation at the same points in
/// other circumstances, and what kills hits the server, whose messages are all that happens on it.
/// What is polled when is the library's and does not depend on the route.
fn points(way: Way, intervention: Intervention) -> &'static [fn(usize) -> Point] {
    if way.route == Route::Direct && intervention == Intervention::Drop {
        &[Point::Message, Point::Poll]
    } else {
        &[Point::Message]
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
        stand.prepare(pool).await;
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
