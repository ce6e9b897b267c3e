//! What must hold before anything is measured: the peers do the same work, as the tenant that the
//! request names, and the database is what keeps the tenants apart.

use std::sync::Arc;

use tokio_postgres::NoTls;

use crate::database::{Bench, FOREIGN, OTHER_TENANT, TENANT};
use crate::peer::{Peer, REFERENCE};
use crate::work::{AnyError, Job, POINT, Rows, Unit};

/// Policies are in force for the role that every peer logs in as: without a tenant it is refused.
pub async fn policies_are_in_force(bench: &Bench) -> Result<(), AnyError> {
    let (client, connection) = tokio_postgres::connect(&bench.urls(None)?.app, NoTls).await?;
    tokio::spawn(connection);
    match client.query(POINT, &[&0_i64]).await {
        Err(error) if error.code().is_some_and(|code| code.code() == tenantry::NO_TENANT) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => {
            Err("the role of the peers reads without a tenant, so row-level security is not in force".into())
        }
    }
}

/// Each peer binds the tenant: it sees a row as its owner, and does not as somebody else.
pub async fn tenants_are_bound(peers: &[Arc<dyn Peer>]) -> Result<(), AnyError> {
    for peer in peers {
        // Several times, because a pool hands out another connection each time.
        for _ in 0..2 * crate::peer::POOL {
            let own = peer.run(&Unit::new(Job::PointRead, OTHER_TENANT, FOREIGN)).await?;
            let foreign = peer.run(&Unit::new(Job::PointRead, TENANT, FOREIGN)).await?;
            if (own.len(), foreign.len()) != (1, 0) {
                let (name, own, foreign) = (peer.variant(), own.len(), foreign.len());
                let expected = "expected 1 and 0";
                return Err(format!(
                    "{name}: the row's owner got {own} rows and another tenant {foreign}; {expected}"
                )
                .into());
            }
        }
    }
    Ok(())
}

/// Each peer returns the rows of the reference and inserts as many, for the tenant.
pub async fn work_is_the_same(bench: &Bench, peers: &[Arc<dyn Peer>]) -> Result<(), AnyError> {
    for job in Job::ALL {
        let unit = Unit::new(job, TENANT, 42);
        let mut expected: Option<Rows> = None;
        for peer in peers {
            let before = bench.entries(TENANT).await?;
            let found = peer.run(&unit).await?;
            let inserted = bench.entries(TENANT).await? - before;
            let (name, job_name) = (peer.variant(), job.name());
            if inserted != job.inserts() {
                let expected = job.inserts();
                return Err(
                    format!("{name}, {job_name}: {inserted} rows inserted, expected {expected}").into()
                );
            }
            match &expected {
                None => expected = Some(found),
                Some(expected) if *expected == found => {}
                Some(expected) => {
                    return Err(format!(
                        "{name}, {job_name}: {found:?}, expected {expected:?} of {REFERENCE}"
                    )
                    .into());
                }
            }
        }
    }
    Ok(())
}
