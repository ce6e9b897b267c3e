//! Messages of the server's that are read whole, and what becomes of the answers that they are part of.

use super::description;
use super::frame::HEADER;
use super::incoming::Incoming;
use super::kept::{Keeping, put_answer, put_error};
use super::ledger::{Ledger, Sender};
use super::link::Link;
use super::outgoing::Outgoing;
use super::piece::Piece;
use super::statements::Verdict;

/// A message that is read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// BackendKeyData.
    Key,
    /// ParameterDescription.
    Parameters,
    /// RowDescription. Rows of what it describes may follow for the driver, which learns of it only here.
    Columns { sender: Sender, rows_follow: bool },
}

impl Incoming {
    /// Puts in the answers that are due now and that the server does not send.
    pub(super) fn answer_kept(&mut self, piece: &mut Piece<'_>, ledger: &mut Ledger, link: &Link) {
        loop {
            if let Some(number) = ledger.kept_is_due() {
                piece.spill();
                self.put_kept(number, link);
            } else if ledger.no_sync_is_due() {
                piece.spill();
                self.put_ready(link);
            } else {
                return;
            }
        }
    }

    /// The same where the server sends nothing. Whether there was one.
    pub(super) fn answer_kept_at_rest(&mut self, ledger: &mut Ledger, link: &Link) -> bool {
        if self.left > 0 || !self.header.is_empty() {
            return false;
        }
        let mut any = false;
        loop {
            if let Some(number) = ledger.kept_is_due() {
                self.put_kept(number, link);
            } else if ledger.no_sync_is_due() {
                self.put_ready(link);
            } else {
                return any;
            }
            any = true;
        }
    }

    fn put_kept(&mut self, number: u64, link: &Link) {
        if let Some(messages) = link.kept().take(number) {
            put_answer(&messages, &mut self.ready);
        } else {
            put_error(0, &mut self.ready);
            self.ready.extend_from_slice(b"Z\0\0\0\x05I");
        }
    }

    /// Decides what becomes of a message that has been read.
    pub(super) fn judge(
        &mut self,
        reading: Reading,
        piece: &mut Piece<'_>,
        outgoing: &mut Outgoing,
        link: &Link,
    ) {
        let message = self.message.split();
        let body = &message[HEADER..];
        match reading {
            Reading::Key => {
                if let Some(process_id) = body.first_chunk() {
                    link.says_process_id(i32::from_be_bytes(*process_id));
                }
            }
            Reading::Parameters => outgoing.statements.describe_parameters(body),
            Reading::Columns { sender, rows_follow } => {
                let verdict = outgoing.statements.describe_columns(|| Some(description::columns(body)));
                // The driver has the types of what it has learnt.
                let unknown = rows_follow
                    && verdict == Verdict::Driver
                    && description::types(body).any(|oid| !link.knows_type(oid));
                if verdict == Verdict::Different || unknown {
                    let mut keeping = Keeping::new(description::types(body).collect());
                    keeping.add(&message);
                    self.keeping = Some(keeping);
                    return;
                }
                if sender == Sender::Wire {
                    return;
                }
            }
        }
        if piece.spills {
            self.ready.extend_from_slice(&message);
        } else {
            // All of it was read from this piece, so there is room for it.
            piece.put(&message);
        }
    }
}
