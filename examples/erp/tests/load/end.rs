//! A service that is told to end while companies work.

use tokio::time::sleep;

use crate::books::contradictions;
use crate::load::{Load, Mix};
use crate::world::World;
use crate::{TURN, part};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_a_service_that_is_told_to_end() {
    let _turn = TURN.lock().await;
    let world = World::with(&[]).await;
    let load = Load::start(&world.gateway.url, &world.companies, 4, Mix::All, None);
    sleep(part() / 3).await;
    let before = load.tally().take();
    assert_eq!((before.successes(), &*before.wrong), (before.all(), &[][..]), "{before:?}");
    // Fails where it does not end by itself, or with another exit code than 0.
    world.service.program.end().await.unwrap();
    let counted = load.end().await.take();
    println!("told to end: {:?}", counted.answers);
    // The gateway answers for a service that it does not reach: 502, or 500 where it could not ask who may come in.
    assert!(counted.with(|status| matches!(status, 500 | 502)) > 0, "{:?}", counted.answers);
    assert_eq!(counted.wrong, [""; 0]);
    let admin = world.database.connect().await.unwrap();
    assert_eq!(contradictions(&admin, &world.companies).await, [""; 0]);
    world.gateway.program.end().await.unwrap();
}
