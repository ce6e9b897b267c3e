//! How an operation is interrupted, and where.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::timeout;

use super::operations::Running;
use super::stand::{LIMIT, Stand};
use crate::support::turnstile::Turnstile;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intervention {
    Drop,
    Timeout,
    Panic,
    /// `pg_terminate_backend`; what the server has sent before still arrives.
    Terminate,
    /// The network breaks, and what the server has sent does not arrive.
    Cut,
}

pub const INTERVENTIONS: [Intervention; 5] = [
    Intervention::Drop,
    Intervention::Timeout,
    Intervention::Panic,
    Intervention::Terminate,
    Intervention::Cut,
];

/// Where an operation waits.
#[derive(Clone, Copy, Debug)]
pub enum Point {
    /// Polled so many times before this, it has said `Pending` each time. Messages pass one by one.
    Poll(usize),
    /// So many messages of the server's have arrived and been looked at. The next one does not come.
    Message(usize),
}

/// How an operation ended.
#[derive(Debug)]
pub enum Ended {
    /// Before the point, without an intervention.
    Unharmed(tenantry::Result<()>),
    Abandoned,
    /// By itself, after the intervention.
    Hurt(tenantry::Result<()>),
}

impl Intervention {
    /// Whether connections die of it.
    pub fn kills(self) -> bool {
        matches!(self, Self::Terminate | Self::Cut)
    }

    /// Runs an operation up to the point and intervenes there.
    pub async fn at(self, point: Point, mut work: Running, stand: &Stand) -> Ended {
        let turnstile = &stand.turnstile;
        match self {
            Self::Panic => {
                // The operation is a local of this future, and goes while the panic unwinds it.
                let panicking = async move {
                    if let Some(result) = reach(work.as_mut(), turnstile, point).await {
                        return result;
                    }
                    // Like `panic!`, but without a message on standard error.
                    resume_unwind(Box::new("intervention"));
                };
                match AssertUnwindSafe(panicking).catch_unwind().await {
                    Ok(result) => Ended::Unharmed(result),
                    Err(_) => Ended::Abandoned,
                }
            }
            Self::Drop => match reach(work.as_mut(), turnstile, point).await {
                Some(result) => Ended::Unharmed(result),
                None => Ended::Abandoned,
            },
            Self::Timeout => match reach(work.as_mut(), turnstile, point).await {
                Some(result) => Ended::Unharmed(result),
                None => match timeout(Duration::from_millis(2), work).await {
                    Ok(result) => Ended::Hurt(result),
                    Err(_) => Ended::Abandoned,
                },
            },
            Self::Terminate | Self::Cut => {
                if let Some(result) = reach(work.as_mut(), turnstile, point).await {
                    return Ended::Unharmed(result);
                }
                if self == Self::Terminate {
                    stand.terminate().await;
                } else {
                    turnstile.cut_all();
                }
                turnstile.open();
                Ended::Hurt(work.await)
            }
        }
    }
}

/// Runs an operation up to the point. Its result, if it ends before that.
pub async fn reach<T>(
    mut work: Pin<&mut (impl Future<Output = T> + ?Sized)>,
    turnstile: &Turnstile,
    point: Point,
) -> Option<T> {
    match point {
        Point::Poll(polls) => {
            let mut left = polls;
            let polled = async {
                std::future::poll_fn(|cx| match work.as_mut().poll(cx) {
                    Poll::Ready(value) => Poll::Ready(Some(value)),
                    Poll::Pending if left == 0 => Poll::Ready(None),
                    Poll::Pending => {
                        left -= 1;
                        Poll::Pending
                    }
                })
                .await
            };
            timeout(LIMIT, polled).await.expect("the operation hangs")
        }
        Point::Message(messages) => {
            turnstile.allow(messages);
            let passed = async {
                tokio::select! {
                    biased;
                    value = work.as_mut() => Some(value),
                    () = turnstile.holds() => None,
                }
            };
            if let Some(value) = timeout(LIMIT, passed).await.expect("the operation hangs") {
                return Some(value);
            }
            // What has passed is on its way through the connection's task still.
            for _ in 0..16 {
                if let Some(value) = work.as_mut().now_or_never() {
                    return Some(value);
                }
                tokio::task::yield_now().await;
            }
            None
        }
    }
}
