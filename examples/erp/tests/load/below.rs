//! Below saturation nobody is refused, and what happens to the server is soon over.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::books::contradictions;
use crate::load::{Load, Mix, rate};
use crate::world::World;
use crate::{TURN, part};

/// How many people of each company ask.
const PEOPLE: usize = 2;

/// Until when errors have to end, however slow the machine is. How long it took is printed.
const LIMIT: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_refused_at_full_and_at_half_capacity() {
    let _turn = TURN.lock().await;
    let world = World::with(&[]).await;
    let mut pace = None;
    for name in ["full", "half"] {
        let begun = Instant::now();
        let load = Load::start(&world.gateway.url, &world.companies, PEOPLE, Mix::All, pace);
        sleep(part()).await;
        let counted = load.end().await.take();
        let rate = rate(counted.all(), begun);
        println!("{name} capacity: {rate:.0} requests/s, {:?}", counted.answers);
        assert_eq!((counted.successes(), &*counted.wrong), (counted.all(), &[][..]), "{:?}", counted.answers);
        assert!(counted.all() > world.companies.len() * PEOPLE, "{:?}", counted.answers);
        let people = u32::try_from(world.companies.len() * PEOPLE).unwrap();
        pace = Some(Duration::from_secs_f64(2.0 / rate) * people);
    }
    let admin = world.database.connect().await.unwrap();
    assert_eq!(contradictions(&admin, &world.companies).await, [""; 0]);
    world.gateway.program.end().await.unwrap();
    world.service.program.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_end_after_whatever_happens_to_the_server_and_the_books_balance() {
    let _turn = TURN.lock().await;
    let mut world = World::with(&[]).await;
    let load = Load::start(&world.gateway.url, &world.companies, PEOPLE, Mix::All, None);
    load.has_happened();
    assert!(load.is_served(LIMIT).await, "{:?}", load.tally().take());
    for event in ["backends killed", "server restarted", "password rotated", "types changed"] {
        sleep(part() / 3).await;
        let before = load.tally().take();
        assert_eq!(
            (before.successes(), &*before.wrong),
            (before.all(), &[][..]),
            "ahead of {event}: {before:?}"
        );
        match event {
            "backends killed" => world.kill_backends().await,
            "server restarted" => world.server.restart().await.unwrap(),
            "password rotated" => world.rotate_password().await,
            _ => world.migrate().await,
        }
        load.has_happened();
        let happened = Instant::now();
        let (is_served, counted) = (load.is_served(LIMIT).await, load.tally().take());
        println!("{event}: all are served after {:?}, {:?}", happened.elapsed(), counted.answers);
        assert!(is_served, "{event}: {counted:?}");
        assert_eq!(counted.wrong, [""; 0], "{event}");
        // Of a write nobody may know what has become. Of all else it is told when to ask again.
        let unexpected = counted.answers.keys().find(|(what, status)| match status {
            200 | 201 | 503 => false,
            500 => !matches!(*what, "issue" | "pay"),
            _ => true,
        });
        assert_eq!(
            unexpected,
            None,
            "{event}: {:?}\n{}",
            counted.answers,
            world.service.program.log().unwrap()
        );
        // A change of types is something that nobody notices.
        assert!(
            event != "types changed" || counted.successes() == counted.all(),
            "{:?}\n{}",
            counted.answers,
            world.service.program.log().unwrap()
        );
    }
    load.end().await;
    let admin = world.database.connect().await.unwrap();
    assert_eq!(contradictions(&admin, &world.companies).await, [""; 0]);
    world.gateway.program.end().await.unwrap();
    world.service.program.end().await.unwrap();
}
