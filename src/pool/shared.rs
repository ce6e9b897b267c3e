//! Connections that several statements share, and how one comes to follow the others.

use std::sync::{Arc, Weak};

use tokio_postgres::Statement;

use super::client::Client;
use super::lease::Lease;
use super::sharing::SHORT;
use super::texts::Text;

/// The connections on which statements are under way that others may follow.
pub(super) struct Shared {
    leases: Vec<Weak<Lease>>,
    /// How many statements may be under way on one of them.
    depth: usize,
}

/// A connection that others use too, and the statement that is to follow theirs.
pub(super) struct Ride {
    pub(super) lease: Arc<Lease>,
    pub(super) statement: Statement,
}

impl Shared {
    pub(super) fn new(depth: usize) -> Self {
        Self { leases: Vec::new(), depth }
    }

    /// Lets others follow what is under way on a connection.
    pub(super) fn offer(&mut self, lease: &Arc<Lease>) {
        let offered = Arc::downgrade(lease);
        if !self.leases.iter().any(|known| known.ptr_eq(&offered)) {
            self.leases.push(offered);
        }
    }

    /// Forgets the connections that nobody uses any more.
    pub(super) fn tidy(&mut self) {
        self.leases.retain(|lease| lease.strong_count() > 0);
    }

    pub(super) fn len(&self) -> usize {
        self.leases.len()
    }

    /// How many statements have come behind others.
    pub(super) fn followers(&self) -> usize {
        self.leases.iter().map(|lease| lease.strong_count().saturating_sub(1)).sum()
    }

    /// Finds a connection that this statement may follow on: the one that was offered last, as long as it takes more.
    ///
    /// So statements that come together leave together, and are read together by the server, while those before are
    /// answered on the other connections. (Where each took the connection with the fewest statements under way, throughput
    /// at saturation was lower by a fifth.)
    ///
    /// So many of those that take others are left out, the ones that were offered first: they are to come to rest, for those
    /// who wait longer and cannot share. What was looked at in vain goes to `seen`, to be let go once the stock is not
    /// locked: it may be the last hold on a connection.
    pub(super) fn find(
        &self,
        text: &Text,
        reserved: usize,
        seen: &mut Vec<Arc<Lease>>,
        fits: impl Fn(&Client) -> bool,
    ) -> Option<Ride> {
        let mut open = 0;
        for lease in self.leases.iter().rev().filter_map(Weak::upgrade) {
            if !self.is_open(&lease) || !fits(lease.client()) {
                seen.push(lease);
                continue;
            }
            open += 1;
            let Some(statement) = lease.client().cache().get(text.sql()) else {
                seen.push(lease);
                continue;
            };
            // The others are closed, and come to rest by themselves, or were offered earlier, and are left out.
            if reserved <= self.leases.len() - open {
                return Some(Ride { lease, statement });
            }
            seen.push(lease);
            break;
        }
        None
    }

    fn is_open(&self, lease: &Arc<Lease>) -> bool {
        let link = lease.link();
        // One more is held by who looks.
        let users = Arc::strong_count(lease) - 1;
        lease.is_open()
            && users.max(usize::try_from(link.under_way()).unwrap_or(usize::MAX)) < self.depth
            && !link.is_heavy()
            && link.stands_still_for() <= SHORT
    }
}
