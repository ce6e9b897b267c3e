//! While policies are replaced, those who read see what they saw before or what they see after, and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Erp;
use crate::policy::{B, outcome};
use crate::support::kept;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_sees_a_policy_being_replaced() {
    let mut erp = Erp::new().await;
    let plan = erp.plan().await;
    kept::apply(&mut erp.admin, &erp.app, &plan).await.unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let mut app = erp.as_app().await;
    let reader = tokio::spawn({
        let done = Arc::clone(&done);
        async move {
            let mut reads = 0_u32;
            while !done.load(Ordering::Relaxed) {
                assert_eq!(outcome(&mut app, Some(B), "SELECT * FROM erp.invoice").await, "1");
                reads += 1;
            }
            reads
        }
    });
    let mut now = "[tables]\n".to_owned();
    let classes =
        ["class = \"tenant\", direct = true", "class = \"tree\"", "class = \"shared\"", "class = \"tenant\""];
    for class in classes.into_iter().cycle().take(20) {
        let next = format!("[tables]\n\"erp.invoice\" = {{ {class} }}\n");
        erp.edit(&now, &next);
        now = next;
        let plan = erp.plan().await;
        assert!(!plan.is_empty(), "{class}");
        kept::apply(&mut erp.admin, &erp.app, &plan).await.unwrap();
    }
    done.store(true, Ordering::Relaxed);
    assert!(reader.await.unwrap() > 20, "the reader hardly read");
}
