//! Every message of the server's against everything that may be due.

use super::super::frame::Header;
use super::super::ledger::Part;
use super::super::ledger::{Ledger, Message, Reply, Sender, Stage};

const PROLOGUE: Sender = Sender::Prologue(Part::Context, "context");

/// All types of messages that a backend sends, and one that it does not.
const TAGS: &[u8] = b"123ACcDdEGHIKNnRSsTtVvWZ\xff";

fn header(tag: u8) -> Header {
    // Long enough for those of any length.
    let body = match tag {
        b'1' | b'2' | b'3' | b'n' | b'I' | b's' | b'c' => 0,
        b'Z' => 1,
        _ => 20,
    };
    Header { tag, body }
}

fn owing(messages: &[(Message, Sender)]) -> Ledger {
    let mut ledger = Ledger::default();
    for &(message, sender) in messages {
        assert!(ledger.sent(message, sender));
    }
    ledger
}

/// What fits each message, beside errors and what comes unasked.
#[test]
fn only_what_is_due_is_taken() {
    use Message::{Bind, Close, DescribeColumns, DescribeStatement, Execute, Parse, Query, Sync};
    let cases: [(Message, Sender, &[u8]); 13] = [
        (Parse, Sender::Driver, b"1"),
        (Parse, Sender::Wire, b"1"),
        (Parse, PROLOGUE, b"1"),
        (Bind, Sender::Driver, b"2"),
        (Bind, PROLOGUE, b"2"),
        (DescribeStatement, Sender::Driver, b"t"),
        (DescribeColumns, Sender::Driver, b"Tn"),
        (Execute, Sender::Driver, b"DCIsGHdc"),
        (Execute, PROLOGUE, b"DC"),
        (Close, Sender::Driver, b"3"),
        (Close, PROLOGUE, b"3"),
        (Sync, Sender::Driver, b"Z"),
        (Query, Sender::Driver, b"TDCIGHdc"),
    ];
    for (message, sender, fitting) in cases {
        for &tag in TAGS {
            let reply = owing(&[(message, sender), (Sync, Sender::Driver)]).received(header(tag));
            let what = format!("{message:?} of {sender:?} and {}", char::from(tag));
            match tag {
                b'A' | b'N' | b'S' => assert_eq!(reply, Ok(Reply::Unasked), "{what}"),
                b'E' => assert!(matches!(reply, Ok(Reply::Failed { .. })), "{what}"),
                _ if !fitting.contains(&tag) => assert!(reply.is_err(), "{what}"),
                b'1' => assert_eq!(reply, Ok(Reply::Parsed(sender)), "{what}"),
                b'Z' => assert_eq!(reply, Ok(Reply::Ready(sender)), "{what}"),
                b't' => assert_eq!(reply, Ok(Reply::Parameters), "{what}"),
                b'T' | b'n' if message == DescribeColumns => {
                    assert_eq!(reply, Ok(Reply::Columns { sender, rows_follow: false }), "{what}");
                }
                _ => assert_eq!(reply, Ok(Reply::To(sender)), "{what}"),
            }
        }
    }
}

#[test]
fn nothing_is_taken_when_nothing_is_due() {
    for &tag in TAGS {
        let reply = Ledger::default().received(header(tag));
        match tag {
            b'A' | b'N' | b'S' | b'E' => assert_eq!(reply, Ok(Reply::Unasked)),
            _ => assert!(reply.is_err(), "{}", char::from(tag)),
        }
    }
}

#[test]
fn messages_of_a_fixed_length_have_it() {
    for &tag in b"123nIscZ" {
        for body in 0..4 {
            let due = match tag {
                b'1' => Message::Parse,
                b'2' => Message::Bind,
                b'3' => Message::Close,
                b'n' => Message::DescribeColumns,
                b'Z' => Message::Sync,
                _ => Message::Execute,
            };
            let reply = owing(&[(due, Sender::Driver)]).received(Header { tag, body });
            assert_eq!(reply.is_ok(), body == header(tag).body, "{} of {body}", char::from(tag));
        }
    }
}

/// How each message moves on to the next.
#[test]
fn a_message_is_due_until_it_is_answered() {
    use Message::{Bind, DescribeStatement, Execute, Parse, Query, Sync};
    let cases: [(&[Message], &[u8]); 8] = [
        (&[Parse, Bind, DescribeStatement, Execute, Sync], b"12tTDDCZ"),
        (&[Parse, DescribeStatement, Sync], b"1tnZ"),
        (&[Bind, Execute, Sync], b"2IZ"),
        (&[Bind, Execute, Sync], b"2DsZ"),
        (&[Bind, Execute, Sync], b"2HddcCZ"),
        (&[Query], b"TDCZ"),
        (&[Query], b"HdcCZ"),
        (&[Sync, Sync], b"ZZ"),
    ];
    for (messages, answers) in cases {
        let messages: Vec<_> = messages.iter().map(|message| (*message, Sender::Driver)).collect();
        // One dropped or doubled is seen at the latest when the next request is answered.
        let mut ledger = owing(&messages);
        for &tag in answers {
            ledger.received(header(tag)).unwrap();
        }
        assert!(ledger.received(header(b'Z')).is_err(), "nothing is due behind {answers:?}");
        for (at, tag) in answers.iter().enumerate().filter(|(_, tag)| !b"DdHcTC".contains(tag)) {
            let fails = |answers: &[u8]| {
                let mut ledger = owing(&messages);
                let next = [(Bind, Sender::Driver), (Execute, Sender::Driver), (Sync, Sender::Driver)];
                assert!(next.iter().all(|&(message, sender)| ledger.sent(message, sender)));
                answers.iter().chain(b"2CZ").any(|tag| ledger.received(header(*tag)).is_err())
            };
            assert!(!fails(answers), "{answers:?}");
            assert!(fails(&[&answers[..at], &answers[at + 1..]].concat()), "{answers:?} without {tag}");
            assert!(fails(&[&answers[..=at], &answers[at..]].concat()), "{answers:?} with two {tag}");
        }
    }
}

#[test]
fn an_error_is_counted_against_what_failed() {
    use Message::{Bind, Execute, Parse, Query, Sync};
    let begin = Sender::Prologue(Part::Begin, "begin");
    let all = [
        (Bind, begin, Stage::Prologue(Part::Begin)),
        (Execute, begin, Stage::Prologue(Part::Begin)),
        (Parse, PROLOGUE, Stage::Prologue(Part::Context)),
        (Bind, PROLOGUE, Stage::Prologue(Part::Context)),
        (Execute, PROLOGUE, Stage::Prologue(Part::Context)),
        (Parse, Sender::Driver, Stage::Bind),
        (Bind, Sender::Driver, Stage::Bind),
        (Execute, Sender::Driver, Stage::Statement),
        (Sync, Sender::Driver, Stage::Commit),
    ];
    for first in 0..all.len() {
        let sent: Vec<_> = all[first..].iter().map(|&(message, sender, _)| (message, sender)).collect();
        let mut ledger = owing(&sent);
        assert!(ledger.sent(Query, Sender::Driver));
        let unparsed = usize::from(first <= 5);
        let stage = all[first].2;
        assert_eq!(ledger.received(header(b'E')), Ok(Reply::Failed { stage, unparsed, undescribed: 0 }));
        // What more it says of the same failure is no failed commit.
        let again = Reply::Failed { stage: Stage::Statement, unparsed: 0, undescribed: 0 };
        assert_eq!(ledger.received(header(b'E')), Ok(again));
        assert!(ledger.received(header(b'2')).is_err());
        assert_eq!(ledger.received(header(b'Z')), Ok(Reply::Ready(Sender::Driver)));
        assert_eq!(ledger.received(header(b'C')), Ok(Reply::To(Sender::Driver)));
        assert_eq!(ledger.received(header(b'Z')), Ok(Reply::Ready(Sender::Driver)));
        assert!(ledger.received(header(b'Z')).is_err());
    }
}

/// What is sent behind an error, up to the Sync, is not answered.
#[test]
fn nothing_is_due_of_a_request_that_failed_before_it_was_sent_whole() {
    let mut ledger = owing(&[(Message::Parse, PROLOGUE)]);
    assert!(matches!(ledger.received(header(b'E')), Ok(Reply::Failed { .. })));
    assert!(!ledger.sent(Message::Parse, Sender::Driver));
    assert!(!ledger.sent(Message::Bind, Sender::Driver));
    assert!(matches!(ledger.received(header(b'E')), Ok(Reply::Failed { .. })));
    assert!(ledger.sent(Message::Sync, Sender::Driver));
    assert!(ledger.sent(Message::Bind, Sender::Driver));
    assert_eq!(ledger.received(header(b'Z')), Ok(Reply::Ready(Sender::Driver)));
    assert_eq!(ledger.received(header(b'2')), Ok(Reply::To(Sender::Driver)));
}

/// The data of a copy have no end yet, or something else than the end comes.
#[test]
fn a_copy_is_complete_when_its_data_have_ended_and_not_before() {
    let begun = || {
        let mut ledger = owing(&[(Message::Execute, Sender::Driver), (Message::Sync, Sender::Driver)]);
        assert_eq!(ledger.received(header(b'G')), Ok(Reply::To(Sender::Driver)));
        ledger
    };
    for &tag in b"12CDGHIdcsZ" {
        assert!(begun().received(header(tag)).is_err(), "{}", char::from(tag));
    }
    let mut ledger = begun();
    assert!(ledger.sent(Message::CopyEnd, Sender::Driver));
    assert!(ledger.sent(Message::Sync, Sender::Driver));
    assert_eq!(ledger.received(header(b'C')), Ok(Reply::To(Sender::Driver)));
    assert_eq!(ledger.received(header(b'Z')), Ok(Reply::Ready(Sender::Driver)));
    assert!(ledger.received(header(b'Z')).is_err());
}
