//! LISTEN, on a connection that serves nobody else.

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::Notify;
use tokio::sync::mpsc::{self, Receiver};
use tokio::time::{sleep, timeout};
use tokio_postgres::{Client, Notification};
use tracing::{info, warn};

use super::core::Core;
use super::retry::Retry;
use crate::error::{Error, Kind, Result, Step};
use crate::ident::Ident;
use crate::wire::{Connected, Driving, Link};

const BACKEND: &str = include_str!("../../sql/pool/backend.sql");

/// How many notifications are kept for a listener who does not take them.
const ROOM: usize = 4096;

/// Between two attempts to listen again.
const RETRY: Retry = Retry {
    max_retries: u32::MAX,
    first_pause: Duration::from_millis(50),
    longest_pause: Duration::from_secs(5),
};

/// Hears what is notified on some channels, from [`TenantPool::listen`](crate::TenantPool::listen). Where its connection is lost it opens
/// another, for as long as the pool is open.
///
/// ```no_run
/// # async fn example(pool: tenantry::TenantPool) -> tenantry::Result<()> {
/// use tenantry::Heard;
///
/// let mut listener = pool.listen(&["price_changed"]).await?;
/// loop {
///     match listener.next().await? {
///         Heard::Notification { payload, .. } => println!("price {payload} has changed"),
///         // What was notified in between is not known, so all may have changed.
///         Heard::Gap { .. } => println!("any price may have changed"),
///         _ => {}
///     }
/// }
/// # }
/// ```
pub struct Listener {
    core: Weak<Core>,
    /// Rings when the pool ends.
    bell: Arc<Notify>,
    listen: String,
    session: Option<Session>,
}

/// Something that a [`Listener`] has heard.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Heard {
    /// Somebody has notified.
    Notification {
        /// The channel.
        channel: String,
        /// What was sent with it; empty if nothing was.
        payload: String,
        /// The server's process that has sent it.
        process_id: i32,
    },
    /// Notifications were missed: the connection was lost and there is another now, or nobody took them for so long that there was no
    /// room for more than 4096.
    Gap {
        /// How many, if that is known.
        missed: Option<u64>,
    },
}

/// A connection that listens.
struct Session {
    receiver: Receiver<Notification>,
    link: Arc<Link>,
    driving: Driving,
    _client: Client,
}

impl Listener {
    pub(super) async fn open(core: &Arc<Core>, channels: &[&str]) -> Result<Self> {
        if channels.is_empty() {
            return Err(Error::config("a listener without channels hears nothing; name at least one"));
        }
        let quoted = channels.iter().map(|channel| Ok(format!("LISTEN {}", Ident::new(*channel)?)));
        let listen = quoted.collect::<Result<Vec<_>>>()?.join("; ");
        let session = Some(Session::open(core, &listen).await?);
        Ok(Self { core: Arc::downgrade(core), bell: core.stock().bell(), listen, session })
    }

    /// Waits for something to be heard.
    ///
    /// Dropping the future loses nothing.
    ///
    /// # Errors
    ///
    /// The pool was closed or dropped ([`Error::is_pool_closed`]).
    pub async fn next(&mut self) -> Result<Heard> {
        let Some(session) = &mut self.session else { return self.reopen().await };
        let missed = session.link.take_missed();
        if missed > 0 {
            return Ok(Heard::Gap { missed: Some(missed) });
        }
        let Session { receiver, driving, .. } = session;
        let lost = async {
            driving.ended().await;
            None
        };
        // What was heard before the end comes before it.
        let heard =
            match select(pin!(receiver.recv()), select(pin!(lost), pin!(closed(&self.core, &self.bell))))
                .await
            {
                Either::Left((heard, _)) => heard,
                Either::Right((Either::Left((lost, _)), _)) => lost,
                Either::Right((Either::Right(((), _)), _)) => return Err(Error::from(Kind::PoolClosed)),
            };
        if let Some(notification) = heard {
            return Ok(Heard::Notification {
                channel: notification.channel().to_owned(),
                payload: notification.payload().to_owned(),
                process_id: notification.process_id(),
            });
        }
        self.session = None;
        self.reopen().await
    }

    /// Listens on another connection, as soon as one is to be had.
    async fn reopen(&mut self) -> Result<Heard> {
        for attempt in 0.. {
            let core = self.core.upgrade().filter(|core| !core.stock().is_closed());
            let core = core.ok_or_else(|| Error::from(Kind::PoolClosed))?;
            match Session::open(&core, &self.listen).await {
                Ok(session) => {
                    info!("listening again");
                    self.session = Some(session);
                    break;
                }
                Err(error) => warn!(reason = %error, "the connection of a listener was lost; trying again"),
            }
            drop(core);
            let pause = RETRY.pause(attempt).unwrap_or(RETRY.longest_pause);
            select(pin!(sleep(pause)), pin!(closed(&self.core, &self.bell))).await;
        }
        Ok(Heard::Gap { missed: None })
    }
}

/// Waits for the end of a pool.
async fn closed(core: &Weak<Core>, bell: &Notify) {
    loop {
        // From here on it hears the bell, also before it waits.
        let rings = bell.notified();
        if core.upgrade().is_none_or(|core| core.stock().is_closed()) {
            return;
        }
        rings.await;
    }
}

impl Session {
    async fn open(core: &Core, listen: &str) -> Result<Self> {
        let limit = core.options().bounds.connect_timeout;
        let opening = async {
            let Connected { client, link, driving } = core.target().connect_apart(limit).await?;
            let failed = |error| Error::server(Step::Setup, error);
            let row = client.query_typed(BACKEND, &[]).await.map_err(failed)?;
            let served_by: Option<i32> = row.first().map(|row| row.try_get(0)).transpose().map_err(failed)?;
            if served_by != link.process_id() {
                return Err(Error::config(
                    "a pooler keeps no session that listens; connect the pool that listens past it",
                ));
            }
            let (sender, receiver) = mpsc::channel(ROOM);
            link.listen(sender);
            client.batch_execute(listen).await.map_err(failed)?;
            Ok(Self { receiver, link, driving, _client: client })
        };
        timeout(limit, opening).await.unwrap_or_else(|_| Err(Error::from(Kind::ConnectTimeout(limit))))
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("listens", &self.session.is_some()).finish_non_exhaustive()
    }
}
