//! What the server says without having been asked: notices, and notifications for who listens.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc::Sender;
use tokio_postgres::error::{DbError, Severity};
use tokio_postgres::{AsyncMessage, Notification};
use tracing::{debug, info, warn};

/// Where a connection's notifications go, if anywhere.
#[derive(Debug, Default)]
pub(super) struct Heard {
    listener: OnceLock<Sender<Notification>>,
    /// How many notifications there was no room for.
    missed: AtomicU64,
}

impl Heard {
    pub(super) fn listen(&self, listener: Sender<Notification>) {
        let _ = self.listener.set(listener);
    }

    /// How many notifications there was no room for since this was asked last.
    pub(super) fn take_missed(&self) -> u64 {
        self.missed.swap(0, Ordering::AcqRel)
    }

    pub(super) fn hear(&self, message: AsyncMessage) {
        match message {
            AsyncMessage::Notice(notice) => tell(&notice),
            AsyncMessage::Notification(notification) => {
                if let Some(listener) = self.listener.get()
                    && listener.try_send(notification).is_err()
                {
                    self.missed.fetch_add(1, Ordering::AcqRel);
                }
            }
            _ => {}
        }
    }
}

/// The message is what `RAISE` says in a function, or what the server has to remark.
fn tell(notice: &DbError) {
    let (severity, code, message) = (notice.severity(), notice.code().code(), notice.message());
    match notice.parsed_severity() {
        Some(Severity::Debug | Severity::Log) => {
            debug!(target: "tenantry::notice", severity, code, message, "the server remarks");
        }
        Some(Severity::Notice | Severity::Info) => {
            info!(target: "tenantry::notice", severity, code, message, "the server remarks");
        }
        _ => warn!(target: "tenantry::notice", severity, code, message, "the server remarks"),
    }
}
