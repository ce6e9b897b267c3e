//! Turns without a server: who is let in, in which order, and what is remembered.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::{ALONE, Asked, Turn, Turns};
use crate::error::Result;
use crate::pool::fairness::Fairness;

const LONG: Duration = Duration::from_mins(10);

fn turns(rules: Fairness, connections: usize) -> Arc<Turns> {
    Turns::new(rules, connections, LONG)
}

type Taking<'a> = Pin<Box<dyn Future<Output = Result<Turn>> + 'a>>;

/// Asks for a turn; the answer, if there is one already.
fn ask<'a>(turns: &'a Arc<Turns>, tenant: &'static str, cost: usize) -> (Taking<'a>, Option<Result<Turn>>) {
    let mut taking: Taking<'a> = Box::pin(turns.take(tenant, cost));
    let answer = poll(&mut taking);
    (taking, answer)
}

fn poll(taking: &mut Taking<'_>) -> Option<Result<Turn>> {
    match taking.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => None,
    }
}

/// Lets one in after the other and notes whose turn it was.
fn order(turns: &Arc<Turns>, tenants: &[&'static str]) -> String {
    let held = ask(turns, "first", ALONE).1.unwrap().unwrap();
    let mut waiting: Vec<_> = tenants.iter().map(|tenant| (*tenant, ask(turns, tenant, ALONE).0)).collect();
    assert_eq!(turns.waiting(), tenants.len());
    let mut order = String::new();
    drop(held);
    while !waiting.is_empty() {
        let mut let_in = None;
        for (at, (_, taking)) in waiting.iter_mut().enumerate() {
            if let Some(turn) = poll(taking) {
                assert!(let_in.is_none(), "there is room for one");
                let_in = Some((at, turn.unwrap()));
            }
        }
        let (at, turn) = let_in.expect("somebody is let in");
        order.push_str(waiting.remove(at).0);
        drop(turn);
    }
    assert_eq!(turns.waiting(), 0);
    assert!(turns.lock().tenants.is_empty() && turns.lock().room == ALONE);
    order
}

#[tokio::test]
async fn tenants_take_turns_however_many_callers_they_have() {
    assert_eq!(order(&turns(Fairness::round_robin(), 1), &["a", "a", "a", "b", "a", "c", "b"]), "abcabaa");
}

#[tokio::test]
async fn a_tenant_has_as_many_turns_in_a_row_as_it_weighs() {
    let rules = Fairness::weighted(|tenant| if tenant == "b" { 2 } else { 0 });
    assert_eq!(order(&turns(rules, 1), &["a", "a", "a", "b", "b", "b", "c"]), "abbcaba");
}

#[tokio::test]
async fn a_bound_of_its_own_holds_a_tenant_back_and_nobody_else() {
    let turns = turns(Fairness::round_robin().max_concurrent(1), 3);
    let first = ask(&turns, "a", ALONE).1.unwrap().unwrap();
    let (mut second, none) = ask(&turns, "a", ALONE);
    assert!(none.is_none());
    let other = ask(&turns, "b", ALONE).1.expect("there is room").unwrap();
    drop(other);
    assert!(poll(&mut second).is_none());
    drop(first);
    drop(poll(&mut second).expect("it is below its bound again").unwrap());
    assert!(turns.lock().tenants.is_empty());
}

#[tokio::test]
async fn who_is_beyond_a_bound_is_told_at_once() {
    let turns = turns(Fairness::round_robin().max_waiting(1), 1);
    let held = ask(&turns, "a", ALONE).1.unwrap().unwrap();
    let (waiting, none) = ask(&turns, "a", ALONE);
    assert!(none.is_none());
    let error = ask(&turns, "a", ALONE).1.unwrap().err().unwrap();
    assert!(error.is_tenant_limit() && !error.is_pool_timeout());
    let (other, none) = ask(&turns, "b", ALONE);
    assert!(none.is_none(), "each tenant has a bound of its own");
    drop((waiting, other, held));
    assert!(turns.lock().tenants.is_empty());
}

#[test]
fn a_rate_lets_a_burst_in_and_then_as_many_as_it_says() {
    let turns = turns(Fairness::round_robin().rate(10.0, 3), 100);
    let begin = Instant::now();
    let may_begin = |after: u64| {
        let answer = turns.ask("a", ALONE, begin + Duration::from_millis(after));
        matches!(answer, Ok(Asked::Turn(_)))
    };
    assert_eq!([0, 0, 0, 0].map(may_begin), [true, true, true, false]);
    assert_eq!([100, 100, 200, 200].map(may_begin), [true, false, true, false]);
    assert_eq!([9_000, 9_000, 9_000, 9_000].map(may_begin), [true, true, true, false]);
    // It is remembered for as long as it may not have its whole burst, and no longer.
    let after = |millis| begin + Duration::from_millis(millis);
    turns.lock().forget_idle(after(9_200));
    assert_eq!(turns.lock().tenants.len(), 1);
    turns.lock().forget_idle(after(9_301));
    assert!(turns.lock().tenants.is_empty());
}

#[tokio::test]
async fn who_leaves_gives_the_place_up() {
    let turns = turns(Fairness::round_robin(), 1);
    let held = ask(&turns, "a", ALONE).1.unwrap().unwrap();
    let (leaves, _) = ask(&turns, "b", ALONE);
    let (mut stays, _) = ask(&turns, "c", ALONE);
    drop(leaves);
    assert_eq!(turns.waiting(), 1);
    drop(held);
    drop(poll(&mut stays).expect("it is next").unwrap());
    // Whoever leaves with the turn on the way to them gives it back.
    let held = ask(&turns, "a", ALONE).1.unwrap().unwrap();
    let (leaves, _) = ask(&turns, "b", ALONE);
    drop(held);
    drop(leaves);
    assert!(turns.lock().tenants.is_empty() && turns.lock().room == ALONE);
}

#[tokio::test]
async fn what_needs_much_room_is_not_passed_for_ever_by_what_needs_little() {
    let turns = turns(Fairness::round_robin(), 1);
    let small = ask(&turns, "a", 1).1.unwrap().unwrap();
    let (mut large, none) = ask(&turns, "b", ALONE);
    assert!(none.is_none());
    let (_later, none) = ask(&turns, "a", 1);
    assert!(none.is_none(), "it comes behind the large one");
    drop(small);
    assert!(poll(&mut large).is_some());
}

#[tokio::test]
async fn who_waits_too_long_is_told_as_without_turns() {
    let turns = Turns::new(Fairness::round_robin(), 1, Duration::from_millis(5));
    let _held = turns.take("a", ALONE).await.unwrap();
    assert!(turns.take("b", ALONE).await.err().unwrap().is_pool_timeout());
    assert_eq!(turns.waiting(), 0);
}

#[test]
fn a_hundred_thousand_tenants_leave_nothing_behind() {
    let turns = turns(Fairness::round_robin().rate(1_000.0, 2), 1_000);
    let begin = Instant::now();
    let mut most = 0;
    for n in 0..100_000_u32 {
        let now = begin + Duration::from_micros(100) * n;
        let answer = turns.ask(&format!("tenant {n}"), ALONE, now);
        assert!(matches!(answer, Ok(Asked::Turn(_))));
        drop(answer);
        most = most.max(turns.lock().tenants.len());
    }
    assert!(most < 2_000, "{most}");
}

#[test]
fn bounds_that_would_serve_nobody_are_refused() {
    for rules in [
        Fairness::round_robin().max_concurrent(0),
        Fairness::round_robin().rate(0.0, 1),
        Fairness::round_robin().rate(f64::NAN, 1),
        Fairness::round_robin().rate(f64::INFINITY, 1),
        Fairness::round_robin().rate(1.0, 0),
    ] {
        assert!(rules.check().unwrap_err().is_usage(), "{rules:?}");
    }
    assert!(Fairness::round_robin().max_waiting(0).check().is_ok());
}
