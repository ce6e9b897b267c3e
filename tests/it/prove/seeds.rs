//! What the rules are about, tried: which defects a proof shows, and which only a definition does.

use std::collections::BTreeMap;

use tenantry::policy::manifest::Manifest;
use tenantry::prove::Proof;
use tenantry::rule::example;
use tenantry::{Config, TenantPool, prove, testing};

use crate::rule::examples::Stand;
use crate::rule::seeded;
use crate::support::{expected, version};

/// Why a proof does not show what a rule finds.
const WHY: [(&str, &[&str]); 8] = [
    (
        "It costs time, and no row. Where a restrictive policy beside it finds the rows, `--plans` has nothing to name.",
        &[
            "in-subselect-policy",
            "nonleakproof-index",
            "parallel-unsafe-function",
            "per-row-function",
            "tenant-column-cast",
        ],
    ),
    (
        "It is about what a connection keeps when a transaction is over, and every attempt ends within one.",
        &[
            "guc-user-settable",
            "listen-in-pool",
            "session-advisory-lock",
            "session-prepare",
            "session-set",
            "temp-table-in-pool",
            "with-hold-cursor",
        ],
    ),
    (
        "Another role than the app role meets it: the owner, or one that somebody grants everything. `--mutate` tries both.",
        &["force-missing", "restrictive-floor-role-scoped"],
    ),
    (
        "The restrictive policy beside it keeps the rows.",
        &["expressionless-policy", "immutable-session-function"],
    ),
    (
        "A large object that the app role reaches is red by itself; a column for the numbers of some is none.",
        &["large-objects"],
    ),
    ("A notification is sent at the commit, and nothing is committed.", &["notify-payload"]),
    (
        "It takes somebody who plants objects, or a planner that chooses another order.",
        &["leakproof-user-function", "secdef-search-path", "set-config-same-statement"],
    ),
    ("A row without a tenant is refused by the policy.", &["tenant-column-nullable"]),
];

/// Of each seeded defect, what a proof shows of it.
async fn shown() -> BTreeMap<&'static str, String> {
    let stand = Stand::new().await;
    // The policies of the seeds read the setting themselves.
    let manifest = example::MANIFEST.split("[tables]").next().unwrap();
    let manifest = manifest.replace("type = \"uuid\"", "type = \"uuid\"\nmissing = \"empty\"");
    let manifest = Manifest::parse(&manifest).unwrap();
    let mut shown = BTreeMap::new();
    for (code, sql) in seeded::in_databases() {
        let client = stand.database(&sql).await.unwrap_or_else(|why| panic!("{code}: {why}"));
        // As every new database is since PostgreSQL 15.
        let sql = "ALTER ROLE erp_app PASSWORD 'x'; REVOKE CREATE ON SCHEMA public FROM PUBLIC";
        client.batch_execute(sql).await.unwrap();
        let seeder: Config = stand.url().parse().unwrap();
        let mut app = seeder.clone();
        app.user("erp_app").password("x");
        let pool = TenantPool::builder_from_config(app).build_lazy().unwrap();
        let what = match prove::isolation(&pool, &manifest).seeder(seeder).plans().run().await {
            Err(error) if error.is_usage() => "the manifest has to say first whose the rows are".to_owned(),
            Err(error) => panic!("{code}: {error:?}"),
            Ok(proof) => words(&proof),
        };
        shown.insert(code, what);
    }
    shown
}

/// What a proof shows, by one attempt of each kind.
fn words(proof: &Proof) -> String {
    let mut words = Vec::new();
    for (verdict, means) in
        [("leaked", "leaked"), ("denied", "denied"), ("differs", "fails otherwise than promised")]
    {
        let tried = proof.cells().filter(|(_, cell)| cell.verdict.name() == verdict);
        // Reading is what most people would try first.
        let first = tried.min_by_key(|(_, cell)| (cell.attempt != "select", cell.attempt.clone(), cell.aim));
        words.extend(first.map(|(_, cell)| {
            let of = cell.attempt.split(" in ").next().unwrap().split(" by ").next().unwrap();
            format!("{means}: {of}, {}", cell.aim.name())
        }));
    }
    if words.is_empty() {
        words.extend(
            proof.slow().flat_map(|plan| &plan.remarks).next().map(|remark| format!("plan: `{remark}`")),
        );
    }
    words.join("; ")
}

#[tokio::test]
async fn what_a_rule_finds_is_tried() {
    let why = |code: &str| WHY.iter().find(|(_, codes)| codes.contains(&code)).map(|(why, _)| *why);
    let mut text = "| what `audit` finds | what `prove` shows |\n|---|---|\n".to_owned();
    for (code, what) in shown().await {
        let what = match (what.is_empty(), why(code)) {
            (false, None) => what,
            (true, Some(why)) => format!("nothing. {why}"),
            (false, Some(_)) => panic!("{code} is shown after all: {what}"),
            (true, None) => panic!("{code} is not shown"),
        };
        text += &format!("| `{code}` | {what} |\n");
    }
    // Before it no view of tenants' tables can be settled.
    if version::of(&testing::server().await.unwrap().connect().await.unwrap()).await >= version::FIFTEEN {
        expected::compare("../../src/prove/rules.md", &text);
    }
}
