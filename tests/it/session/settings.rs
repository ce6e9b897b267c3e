//! Contexts with settings of their own, of more kinds than the server keeps statements for.

use tenantry::{Statements, TenantContext};

use super::{shared, ways};
use crate::support::erp::{Erp, tenant};

/// More than have a statement of their own.
const KINDS: usize = 20;

/// What a statement finds set: the tenant, its own setting and that of the kind before, and whether it only reads.
async fn found(db: &Statements, kind: usize) -> [String; 4] {
    let before = (kind + KINDS - 1) % KINDS;
    let sql = format!(
        "select current_setting('app.tenant_id'), current_setting('app.kind_{kind}'),
             coalesce(current_setting('app.kind_{before}', true), ''), current_setting('transaction_read_only')"
    );
    let row = db.query_one(&*sql, &[]).await.unwrap();
    std::array::from_fn(|at| row.get(at))
}

#[tokio::test]
async fn contexts_of_many_kinds_take_turns_on_one_connection() {
    let erp = Erp::new().await;
    for (strategy, mode) in ways() {
        let pool = shared(&erp, strategy, mode).await;
        for round in 0..2 {
            for kind in 0..KINDS {
                let (n, value) = (u8::try_from(kind % 3 + 1).unwrap(), format!("it's {round}"));
                let context = TenantContext::new(tenant(n)).set(format!("app.kind_{kind}"), &*value).unwrap();
                let wanted =
                    |reads: &str| [tenant(n).as_setting(), value.clone(), String::new(), reads.to_owned()];
                let scope = pool.tenant(context.clone());
                assert_eq!(found(&scope, kind).await, wanted("off"), "{strategy:?}, {mode:?}, {kind}");
                let reader = pool.tenant(context.read_only());
                assert_eq!(found(&reader, kind).await, wanted("on"), "{strategy:?}, {mode:?}, {kind}");
                for scope in [scope, reader] {
                    let tx = scope.begin();
                    let first = found(&tx, kind).await;
                    assert_eq!(found(&tx, kind).await, first);
                    assert_eq!(first[..3], wanted("")[..3], "{strategy:?}, {mode:?}, {kind}");
                    tx.commit().await.unwrap();
                }
            }
        }
    }
}
