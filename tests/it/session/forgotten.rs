//! Statements that the server has forgotten, because a function has dropped them.

use super::{code, count, shared, ways};
use crate::support::erp::{Erp, open_accounts, tenant};

const FORGET: &str = "
create function erp.forget() returns void language plpgsql as $$ begin deallocate all; end $$;
create type erp.kind as enum ('a', 'b');
create type erp.other as enum ('a', 'b');
grant execute on function erp.forget() to tenantry_it_app;
grant usage on type erp.kind, erp.other to tenantry_it_app;
";

/// At most the first caller afterwards hears of it, whatever it asks for.
#[tokio::test]
async fn only_the_first_call_afterwards_may_fail() {
    for (strategy, mode) in ways() {
        let erp = Erp::new().await;
        erp.admin().await.batch_execute(FORGET).await.unwrap();
        let pool = shared(&erp, strategy, mode).await;
        open_accounts(&pool, &tenant(2), 1, 3).await;
        let scope = pool.tenant(tenant(2));
        for first in 0..4 {
            // All that is kept is there.
            count(&pool, 2, "account").await;
            scope.query("select 'a'::erp.kind", &[]).await.unwrap();
            let tx = scope.begin();
            tx.query("select id from account", &[]).await.unwrap();
            tx.query("select erp.forget()", &[]).await.unwrap();
            tx.commit().await.unwrap();

            for call in 0..8 {
                let answer = match (first + call) % 4 {
                    0 => scope.query("select id from account", &[]).await.map(drop),
                    // A type that nobody has looked up.
                    1 => scope.query("select 'a'::erp.other", &[]).await.map(drop),
                    2 => scope.execute("update account set balance = 1", &[]).await.map(drop),
                    _ => {
                        let tx = scope.begin();
                        match tx.query("select id from account", &[]).await {
                            Ok(_) => tx.commit().await,
                            Err(error) => Err(error),
                        }
                    }
                };
                if let Err(error) = answer {
                    assert_eq!(
                        (call, code(&error)),
                        (0, "26000"),
                        "{strategy:?}, {mode:?}, {first}: {error}"
                    );
                }
            }
            assert_eq!(count(&pool, 2, "account").await, 3);
        }
    }
}
