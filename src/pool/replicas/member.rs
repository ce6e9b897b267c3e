//! Which cluster a pool's servers belong to.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio_postgres::error::SqlState;
use tokio_postgres::types::PgLsn;
use tracing::warn;

use super::Standby;
use crate::error::{Error, Kind, Refusal, Result, Step};
use crate::pool::drain::Debt;
use crate::pool::lease::Lease;
use crate::pool::stock::Stock;

const MEMBER: &str = include_str!("../../../sql/pool/member.sql");

const NOT_A_STANDBY: Refusal = Refusal(
    "the server that is named as a replica is no standby; name one that replays the primary's write-ahead log",
);
const ANOTHER_CLUSTER: Refusal = Refusal(
    "the server that is named as a replica belongs to another cluster than the primary, by its system_identifier; name a standby of the primary",
);
const UNKNOWN_CLUSTER: Refusal = Refusal(
    "the primary has not told its system_identifier, so that a replica cannot be told from any other server; GRANT EXECUTE ON FUNCTION pg_control_system() to the role",
);
const SERIALIZABLE: Refusal = Refusal(
    "transactions of the role are serializable by default, which no standby is; ALTER ROLE .. SET default_transaction_isolation to another level, or leave the replica out",
);
const DENIED: &str = "the role may not call pg_control_system(), which tells of which cluster a replica is; GRANT EXECUTE ON FUNCTION pg_control_system() to the role";

/// The cluster that the primary belongs to, as its latest connection has told.
#[derive(Default)]
pub(in crate::pool) struct Cluster {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    primary: Primary,
    /// What is to be opened anew when the primary's cluster is another.
    replicas: Vec<Weak<Stock>>,
}

/// What the primary has told of its cluster.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Primary {
    /// It was not connected to.
    #[default]
    Unseen,
    /// It does not tell.
    Silent,
    Of(i64),
}

/// What a pool with replicas asks of each new connection, beside what the guard does.
#[derive(Clone)]
pub(in crate::pool) enum Member {
    Primary(Arc<Cluster>),
    Replica(Arc<Standby>),
}

/// What a server says of itself.
struct Told {
    in_recovery: bool,
    identifier: i64,
    replayed: Option<PgLsn>,
}

impl Member {
    pub(in crate::pool) fn standby(&self) -> Option<&Arc<Standby>> {
        match self {
            Self::Primary(_) => None,
            Self::Replica(standby) => Some(standby),
        }
    }

    /// Names what the guard has met where the server is to be a standby.
    pub(in crate::pool) fn explain(&self, error: Error) -> Error {
        match (self, error.code()) {
            (Self::Replica(_), Some(code)) if *code == SqlState::FEATURE_NOT_SUPPORTED => {
                Error::from(Kind::NotAReplica(SERIALIZABLE))
            }
            _ => error,
        }
    }

    /// Learns what the server of a new connection is.
    pub(in crate::pool) async fn opened(&self, lease: &Lease) -> Result<()> {
        match self {
            Self::Primary(cluster) => {
                match ask(lease).await {
                    Ok(told) => cluster.is(Primary::Of(told.identifier)),
                    // A primary that does not tell serves all the same.
                    Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                        cluster.is(Primary::Silent);
                    }
                    Err(error) => return Err(error),
                }
                Ok(())
            }
            Self::Replica(standby) => {
                let told = standby.cluster.judge(lease).await?;
                standby.opened(told.replayed.map(Into::into).unwrap_or_default());
                Ok(())
            }
        }
    }

    /// Looks at the server of a connection again.
    pub(in crate::pool) async fn look(&self, lease: &Lease) -> Result<()> {
        match self {
            Self::Primary(_) => Ok(()),
            Self::Replica(standby) => standby.cluster.judge(lease).await.map(drop),
        }
    }
}

impl Cluster {
    /// Whether the primary was connected to.
    pub(super) fn is_known(&self) -> bool {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).primary != Primary::Unseen
    }

    pub(in crate::pool) fn has_replica(&self, stock: &Arc<Stock>) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).replicas.push(Arc::downgrade(stock));
    }

    /// The primary has told which it is. Where it is another than before, no connection that is open to a replica is used again.
    fn is(&self, primary: Primary) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut known.primary, primary);
        if before != Primary::Unseen && before != primary {
            let replicas: Vec<_> = known.replicas.iter().filter_map(Weak::upgrade).collect();
            drop(known);
            warn!("the primary belongs to another cluster than before; replicas are connected to anew");
            for stock in replicas {
                stock.refresh();
            }
        }
    }

    /// Refuses a server that is no standby of the primary's cluster.
    async fn judge(&self, lease: &Lease) -> Result<Told> {
        let told = ask(lease).await.map_err(|error| match error.code() {
            Some(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE => Error::config(DENIED),
            _ => error,
        })?;
        let primary = self.known.lock().unwrap_or_else(PoisonError::into_inner).primary;
        let refused = match primary {
            _ if !told.in_recovery => Some(NOT_A_STANDBY),
            Primary::Unseen | Primary::Silent => Some(UNKNOWN_CLUSTER),
            Primary::Of(identifier) => (identifier != told.identifier).then_some(ANOTHER_CLUSTER),
        };
        refused.map_or(Ok(told), |refusal| Err(Error::from(Kind::NotAReplica(refusal))))
    }
}

async fn ask(lease: &Lease) -> Result<Told> {
    let failed = |error| lease.error(Step::Guard, error);
    lease.owe(Debt::Answer);
    let row = lease.client().query_typed_one(MEMBER, &[]).await.map_err(failed)?;
    lease.settle();
    let read =
        || Ok(Told { in_recovery: row.try_get(0)?, identifier: row.try_get(1)?, replayed: row.try_get(2)? });
    read().map_err(failed)
}
