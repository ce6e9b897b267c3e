//! Whatever is interrupted, wherever and however: every operation at each of its await points, by
//! each kind of intervention, and what has to hold afterwards.

mod intervention;
mod operations;
mod stand;

use tenantry::{Strategy, TenantPool};
use tokio::time::timeout;

use self::intervention::{Ended, INTERVENTIONS, Intervention, Point};
use self::operations::{Commits, OPERATIONS, Operation};
use self::stand::{Doing, LIMIT, Stand};

/// More await points than any operation has.
const ENDLESS: usize = 500;

/// The product, for one operation. Returns nothing; panics with what it was doing.
async fn product(operation: &Operation, strategy: Strategy) {
    let stand = Stand::new(if operation.fresh { 2 } else { 1 }, strategy).await;
    for intervention in INTERVENTIONS {
        for by in [Point::Poll as fn(usize) -> Point, Point::Message] {
            let mut pool = stand.pool().await;
            let mut points = 0;
            loop {
                if operation.fresh {
                    pool = stand.pool().await;
                }
                let unharmed = one(&stand, operation, &pool, intervention, by(points)).await;
                if unharmed {
                    break;
                }
                points += 1;
                assert!(points < ENDLESS, "{} does not end", operation.name);
            }
            println!("{}: {points} points {:?} {intervention:?}", operation.name, by(points));
            assert!(points > 3, "{} has {points} await points only", operation.name);
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
    if !operation.fresh {
        // What it prepares is prepared then.
        (operation.run)(pool.clone(), Commits::default()).await.unwrap();
        stand.clear().await;
    }
    let commits = Commits::default();
    let work = (operation.run)(pool.clone(), commits.clone());
    let ended = timeout(LIMIT, intervention.at(point, work, stand)).await.expect("the operation hangs");
    stand.check(pool, intervention.kills()).await;
    judge(operation, &commits, &ended, stand.written().await);
    stand.clear().await;
    matches!(ended, Ended::Unharmed(_))
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
async fn the_product() {
    for operation in OPERATIONS {
        product(operation, Strategy::default()).await;
    }
}
