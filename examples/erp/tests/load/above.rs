//! Above saturation, who cannot be served is told so, and when to come again.

use tokio::time::{Instant, sleep};

use crate::books::contradictions;
use crate::load::{Load, Mix, rate};
use crate::world::World;
use crate::{TURN, part};

/// How many people of each company ask: far more than two connections serve in the time that they wait.
const PEOPLE: usize = 10;

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_be_served_is_told_when_to_come_again_and_nothing_else_goes_wrong() {
    let _turn = TURN.lock().await;
    let world = World::with(&[("ERP_POOL_SIZE", "2"), ("ERP_POOL_WAIT_MS", "50")]).await;
    let begun = Instant::now();
    let load = Load::start(&world.gateway.url, &world.companies, PEOPLE, Mix::Writes, None);
    sleep(part()).await;
    let counted = load.end().await.take();
    println!("above capacity: {:.0} requests/s, {:?}", rate(counted.all(), begun), counted.answers);
    let refused = counted.with(|status| status == 503);
    assert_eq!(counted.wrong, [""; 0]);
    assert!(refused > 0 && counted.successes() > 0, "{:?}", counted.answers);
    assert_eq!(refused + counted.successes(), counted.all(), "{:?}", counted.answers);
    let admin = world.database.connect().await.unwrap();
    assert_eq!(contradictions(&admin, &world.companies).await, [""; 0]);
    world.gateway.program.end().await.unwrap();
    world.service.program.end().await.unwrap();
}
