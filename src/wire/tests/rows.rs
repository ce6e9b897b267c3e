//! Rows, which go to the driver as they come.

use std::convert::Infallible;

use super::super::incoming::Incoming;
use super::super::ledger::{Ledger, Message, Sender};
use super::super::link::Link;
use super::super::outgoing::Outgoing;
use super::super::statements::StatementMode;
use super::frames::words;

/// A connection on which a statement is under way whose portal is bound.
struct Answer {
    incoming: Incoming,
    ledger: Ledger,
    outgoing: Outgoing,
    link: Link,
}

impl Answer {
    fn begun() -> Self {
        let mut answer = Self {
            incoming: Incoming::new(),
            ledger: Ledger::default(),
            outgoing: Outgoing::new(StatementMode::Named),
            link: Link::default(),
        };
        answer.gets(&words("Z")).unwrap();
        let number = answer.link.arm(None, |_| Ok::<_, Infallible>(())).unwrap();
        answer.ledger.sent(Message::Carrier(number), Sender::Wire);
        for message in [Message::Bind, Message::Execute, Message::Sync] {
            answer.ledger.sent(message, Sender::Driver);
        }
        answer.gets(&words("2")).unwrap();
        answer
    }

    /// What of it reaches the driver.
    fn gets(&mut self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        let mut bytes = bytes.to_vec();
        let Self { incoming, ledger, outgoing, link } = self;
        let (kept, sorted) = incoming.sort(&mut bytes, ledger, outgoing, link);
        sorted.map_err(|violation| violation.to_string())?;
        let mut got = bytes[..kept].to_vec();
        got.extend_from_slice(&incoming.ready().split());
        Ok(got)
    }
}

fn row(length: u32) -> Vec<u8> {
    let mut row = vec![b'D'];
    row.extend((length + 4).to_be_bytes());
    row.resize(row.len() + length as usize, 7);
    row
}

#[test]
fn an_answer_of_many_short_rows_is_long() {
    let mut answer = Answer::begun();
    let rows = row(1000).repeat(100);
    for n in 1..=12 {
        assert_eq!(answer.gets(&rows).unwrap(), rows);
        assert_eq!(answer.link.is_heavy(), n * 100_000 > 1 << 20, "{n}");
    }
}

#[test]
fn rows_that_nobody_has_asked_for_are_a_violation_wherever_they_are_cut() {
    let (rows, end) = (row(3).repeat(2), words("C:SELECT_2 Z"));
    for cut in 0..rows.len() {
        let mut answer = Answer::begun();
        answer.gets(&rows[..cut]).unwrap();
        answer.gets(&rows[cut..]).unwrap();
        answer.gets(&end).unwrap();
        assert!(answer.gets(&rows).unwrap_err().contains("DataRow"));
    }
}
