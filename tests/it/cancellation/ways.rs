//! The suite on each way to the server: a module for each, with the same tests.

macro_rules! suite {
    ($module:ident, $route:ident, $strategy:ident) => {
        mod $module {
            use tenantry::Strategy;

            use crate::cancellation::batches::BATCHES;
            use crate::cancellation::operations::{
                COPIES, CURSORS_AND_PREPARE, SAVEPOINTS, SINGLE_STATEMENTS, TRANSACTIONS,
            };
            use crate::cancellation::{parts, product, sleepers, tokens};
            use crate::support::route::{Route, Way};

            // With all statements sharing that can.
            const WAY: Way = Way::new(Route::$route, Strategy::$strategy).shared();

            #[tokio::test]
            async fn a_single_statement_can_be_interrupted_anywhere() {
                product(WAY, SINGLE_STATEMENTS).await;
            }

            #[tokio::test]
            async fn a_batch_can_be_interrupted_anywhere() {
                product(WAY, BATCHES).await;
            }

            #[tokio::test]
            async fn a_transaction_can_be_interrupted_anywhere() {
                product(WAY, TRANSACTIONS).await;
            }

            #[tokio::test]
            async fn a_copy_can_be_interrupted_anywhere() {
                product(WAY, COPIES).await;
            }

            #[tokio::test]
            async fn a_savepoint_can_be_interrupted_anywhere() {
                product(WAY, SAVEPOINTS).await;
            }

            #[tokio::test]
            async fn a_cursor_and_prepare_can_be_interrupted_anywhere() {
                product(WAY, CURSORS_AND_PREPARE).await;
            }

            #[tokio::test]
            async fn a_transaction_outlives_its_abandoned_parts_with_its_tenant() {
                parts::are_abandoned(WAY).await;
            }

            #[tokio::test]
            async fn statements_of_several_tasks_wait_for_the_opening_together() {
                parts::wait_together(WAY).await;
            }

            #[tokio::test]
            async fn nobody_waits_behind_what_is_dropped() {
                sleepers::are_dropped(WAY).await;
            }

            #[tokio::test]
            async fn nobody_waits_behind_what_timed_out() {
                sleepers::time_out(WAY).await;
            }

            #[tokio::test]
            async fn nobody_waits_behind_what_panicked() {
                sleepers::panic(WAY).await;
            }

            #[tokio::test]
            async fn what_is_abandoned_as_soon_as_it_is_sent_does_not_go_on() {
                sleepers::are_abandoned_at_once(WAY).await;
            }

            #[tokio::test]
            async fn what_a_cancel_request_overtakes_does_not_go_on() {
                sleepers::are_overtaken(WAY).await;
            }

            #[tokio::test]
            async fn a_token_that_is_used_after_the_end_does_nothing() {
                tokens::used_after_the_end(WAY).await;
            }

            #[tokio::test]
            async fn a_cancel_request_that_arrives_late_meets_nobody() {
                tokens::arrive_late(WAY).await;
            }

            #[tokio::test]
            async fn the_drains_cancel_request_meets_nobody() {
                tokens::of_the_drain_arrive_late(WAY).await;
            }

            #[tokio::test]
            async fn a_cancel_request_that_races_with_the_end_meets_nobody() {
                tokens::race_with_the_end(WAY).await;
            }
        }
    };
}

suite!(directly, Direct, Implicit);
suite!(directly_explicit, Direct, Explicit);
suite!(over_tls, Tls, Implicit);
suite!(over_tls_explicit, Tls, Explicit);
suite!(through_pgbouncer, PgBouncer, Implicit);
suite!(through_pgbouncer_explicit, PgBouncer, Explicit);

/// What a proxy or a pooler between would make another test.
macro_rules! alone_with_the_server {
    ($module:ident, $strategy:ident) => {
        mod $module {
            use tenantry::Strategy;

            use crate::cancellation::{parts, shutdown};
            use crate::support::route::{Route, Way};

            const WAY: Way = Way::new(Route::Direct, Strategy::$strategy);

            #[tokio::test]
            async fn a_statement_that_is_not_polled_holds_up_no_other() {
                parts::are_not_polled(WAY).await;
            }

            #[tokio::test]
            async fn a_server_that_stops_leaves_nothing_half_done() {
                shutdown::leaves_nothing_half_done(WAY).await;
            }
        }
    };
}

alone_with_the_server!(alone, Implicit);
alone_with_the_server!(alone_explicit, Explicit);
