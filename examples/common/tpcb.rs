//! pgbench's own tables, secured without adding or renaming a column, and its TPC-B transaction.
//!
//! A branch is the tenant. What `pgbench -i` makes is described in
//! <https://www.postgresql.org/docs/current/pgbench.html>.

use tenantry::policy::TenantTable;
use tenantry::{Error, TenantPool};
use tokio::task::JoinSet;

/// What `pgbench -i` makes for each unit of its scale.
pub const ACCOUNTS_PER_BRANCH: i32 = 100_000;
pub const TELLERS_PER_BRANCH: i32 = 10;

/// pgbench's four tables, whose tenant column is `bid`.
pub fn tables(schema: &str) -> tenantry::Result<[TenantTable; 4]> {
    let table = |name: &str| TenantTable::new(&format!("{schema}.pgbench_{name}"))?.column("bid");
    Ok([
        // The branch's own key is the tenant.
        table("branches")?.unique([])?,
        table("tellers")?.unique(["tid"])?,
        table("accounts")?.unique(["aid"])?,
        table("history")?,
    ])
}

/// pgbench's default transaction, as one branch: returns the account's new balance, or `None` for
/// an account that is not the branch's.
pub async fn transfer(
    pool: &TenantPool,
    branch: i32,
    teller: i32,
    account: i32,
    delta: i32,
) -> Result<Option<i32>, Error> {
    pool.tenant(branch)
        .transact(|tx| async move {
            let updated = tx
                .execute(
                    "update pgbench_accounts set abalance = abalance + $1 where aid = $2",
                    &[&delta, &account],
                )
                .await?;
            if updated == 0 {
                return Ok(None);
            }
            let row =
                tx.query_one("select abalance from pgbench_accounts where aid = $1", &[&account]).await?;
            tx.execute(
                "update pgbench_tellers set tbalance = tbalance + $1 where tid = $2",
                &[&delta, &teller],
            )
            .await?;
            tx.execute(
                "update pgbench_branches set bbalance = bbalance + $1 where bid = $2",
                &[&delta, &branch],
            )
            .await?;
            tx.execute(
                "insert into pgbench_history (tid, bid, aid, delta, mtime) values ($1, $2, $3, $4, now())",
                &[&teller, &branch, &account, &delta],
            )
            .await?;
            Ok(Some(row.get(0)))
        })
        .await
}

/// Runs transfers from many tasks at once, each task for one branch after the other, one account in
/// eight being of the next branch. Returns how many went through and how many found no account.
pub async fn transfer_from_many_tasks(
    pool: &TenantPool,
    branches: i32,
    tasks: i32,
    transfers: i32,
) -> Result<(i32, i32), Error> {
    // A set ends its tasks when it is dropped, so that an interrupted caller leaves none running.
    let mut running = JoinSet::new();
    for task in 0..tasks {
        let pool = pool.clone();
        running.spawn(async move {
            let mut done = 0;
            for n in 0..transfers {
                let branch = (task + n) % branches;
                // Spread over branches, tellers and accounts, without a second source of chance.
                let scattered = (task * transfers + n).wrapping_mul(7919) & 0x7fff_ffff;
                let of = if n % 8 == 7 { (branch + 1) % branches } else { branch };
                let account = of * ACCOUNTS_PER_BRANCH + scattered % ACCOUNTS_PER_BRANCH + 1;
                let teller = branch * TELLERS_PER_BRANCH + scattered % TELLERS_PER_BRANCH + 1;
                let delta = scattered % 10_001 - 5_000;
                if transfer(&pool, branch + 1, teller, account, delta).await?.is_some() {
                    done += 1;
                }
            }
            Ok::<_, Error>(done)
        });
    }
    let mut done = 0;
    for task in running.join_all().await {
        done += task?;
    }
    Ok((done, tasks * transfers - done))
}

/// One branch's books, as the system role sees them.
#[derive(Debug)]
pub struct Books {
    pub branch: i32,
    pub transfers: i64,
    pub balance: i64,
    pub tellers: i64,
    pub accounts: i64,
    pub history: i64,
    /// Entries of the branch's history that name a teller or an account of another branch.
    pub crossed: i64,
}

impl Books {
    pub fn add_up(&self) -> bool {
        let sums = [self.tellers, self.accounts, self.history];
        sums.iter().all(|sum| *sum == self.balance) && self.crossed == 0
    }
}

pub async fn books(pool: &TenantPool) -> Result<Vec<Books>, Error> {
    let rows = pool
        .system("closing the books of every branch")?
        .query(
            "select b.bid, b.bbalance::bigint,
                (select coalesce(sum(tbalance), 0) from pgbench_tellers t where t.bid = b.bid)::bigint,
                (select coalesce(sum(abalance), 0) from pgbench_accounts a where a.bid = b.bid)::bigint,
                (select coalesce(sum(delta), 0) from pgbench_history h where h.bid = b.bid)::bigint,
                (select count(*) from pgbench_history h where h.bid = b.bid),
                (select count(*) from pgbench_history h
                    join pgbench_accounts a using (aid)
                    join pgbench_tellers t using (tid)
                    where h.bid = b.bid and (a.bid <> h.bid or t.bid <> h.bid))
             from pgbench_branches b order by b.bid",
            &[],
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| Books {
            branch: row.get(0),
            balance: row.get(1),
            tellers: row.get(2),
            accounts: row.get(3),
            history: row.get(4),
            transfers: row.get(5),
            crossed: row.get(6),
        })
        .collect())
}
