//! What the stream keeps of what passes through it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::super::ledger::Part;
use super::super::link::Link;
use super::super::prologue::Sql;
use super::super::statements::StatementMode;
use super::super::stream::Wire;
use super::frames::{frame, words};
use super::line::{ClientEnd, Line};

/// As much as the driver reads at a time, and more.
const PIECE: usize = 64 * 1024;

/// The stream alone, read and written by hand.
pub(super) struct Stream {
    pub(super) line: Line,
    pub(super) link: Arc<Link>,
    wire: Wire<ClientEnd>,
    buffer: Vec<u8>,
}

impl Stream {
    pub(super) fn started(mode: StatementMode) -> Self {
        let (server, end) = Line::new(1 << 30);
        let link = Arc::new(Link::new(mode));
        let wire = Wire::new(end, Arc::clone(&link), mode);
        let mut stream = Self { line: server, link, wire, buffer: vec![0; PIECE] };
        stream.line.send(&words("R K Z"));
        assert_eq!(stream.read(), words("R K Z"));
        stream
    }

    /// What the driver gets to read now.
    pub(super) fn read(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let mut buf = ReadBuf::new(&mut self.buffer);
            let poll = Pin::new(&mut self.wire).poll_read(&mut Context::from_waker(Waker::noop()), &mut buf);
            match poll {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => all.extend_from_slice(buf.filled()),
                _ => return all,
            }
        }
    }

    /// What reaches the server of what the driver writes.
    pub(super) fn write(&mut self, mut bytes: &[u8]) -> Vec<u8> {
        let mut cx = Context::from_waker(Waker::noop());
        while !bytes.is_empty() {
            let Poll::Ready(Ok(count)) = Pin::new(&mut self.wire).poll_write(&mut cx, bytes) else {
                panic!("the line has room");
            };
            bytes = &bytes[count..];
        }
        assert!(Pin::new(&mut self.wire).poll_flush(&mut cx).is_ready());
        self.line.take()
    }
}

/// The header of a message with a body of this length.
fn header(tag: u8, body: usize) -> Vec<u8> {
    let mut header = frame(tag, &[]);
    header[1..5].copy_from_slice(&u32::try_from(body + 4).unwrap().to_be_bytes());
    header
}

fn execute() -> Vec<u8> {
    [frame(b'E', b"\0\0\0\0\0"), frame(b'S', &[])].concat()
}

#[test]
fn a_row_of_100_mb_streams_through() {
    const ROW: usize = 100 << 20;
    let mut stream = Stream::started(StatementMode::Named);
    stream.write(&execute());
    // Cut in its header, so that what follows comes behind bytes that were kept.
    let start = header(b'D', ROW);
    stream.line.send(&start[..3]);
    assert!(stream.read().is_empty());
    stream.line.send(&start[3..]);
    let mut received = stream.read().len();
    let piece = vec![b'x'; 512 * 1024];
    for _ in 0..ROW / piece.len() {
        stream.line.send(&piece);
        received += stream.read().len();
        assert!(stream.wire.buffered() < 4 * PIECE, "the stream keeps {} bytes", stream.wire.buffered());
    }
    assert_eq!(received, 5 + ROW);
    stream.line.send(&words("C:SELECT_1 Z"));
    assert_eq!(stream.read(), words("C:SELECT_1 Z"));
}

#[test]
fn a_row_of_a_prologue_is_not_kept_either() {
    const ROW: usize = 10 << 20;
    let mut stream = Stream::started(StatementMode::Named);
    stream.link.arm(None, |prologue| prologue.push(Part::Context, "", Sql::Known("context"), [])).unwrap();
    let bind = frame(b'B', b"\0s\0\0\0\0\0\0\0");
    stream.write(&[bind, execute()].concat());
    stream.line.send(&words("1 2"));
    stream.line.send(&header(b'D', ROW));
    let piece = vec![b'x'; 512 * 1024];
    for _ in 0..ROW / piece.len() {
        stream.line.send(&piece);
        assert!(stream.read().is_empty());
        assert!(stream.wire.buffered() < 4 * PIECE);
    }
    stream.line.send(&words("C:SELECT_1 2 C:SELECT_0 Z"));
    assert_eq!(stream.read(), words("2 C:SELECT_0 Z"));
}

/// Errors wait for ReadyForQuery, but not endlessly long ones, nor endlessly many notices behind one.
#[test]
fn what_is_held_is_bounded() {
    const LIMIT: usize = 5 << 20;
    let mut stream = Stream::started(StatementMode::Named);
    stream.write(&execute());
    stream.line.send(&header(b'E', 50 << 20));
    let piece = vec![b'x'; 1 << 20];
    let mut received = stream.read().len();
    for _ in 0..50 {
        stream.line.send(&piece);
        received += stream.read().len();
        assert!(stream.wire.buffered() < LIMIT);
    }
    stream.line.send(&words("Z"));
    received += stream.read().len();
    assert_eq!(received, 5 + (50 << 20) + 6);

    stream.write(&execute());
    let (error, notice) = (words("E:22012"), words(&format!("N:{}", "n".repeat(1 << 19))));
    stream.line.send(&error);
    let mut received = stream.read().len();
    assert_eq!(received, 0);
    for _ in 0..50 {
        stream.line.send(&notice);
        received += stream.read().len();
        assert!(stream.wire.buffered() < LIMIT);
    }
    stream.line.send(&words("Z"));
    received += stream.read().len();
    assert_eq!(received, error.len() + 50 * notice.len() + 6);
}

#[test]
fn a_long_parameter_streams_through() {
    const LENGTH: usize = 20 << 20;
    for mode in [StatementMode::Named, StatementMode::Unnamed] {
        let mut stream = Stream::started(mode);
        stream
            .link
            .arm(None, |prologue| prologue.push(Part::Context, "", Sql::Known("context"), []))
            .unwrap();
        let start = [header(b'B', 3 + LENGTH), b"\0s\0".to_vec()].concat();
        let mut written = stream.write(&start).len();
        assert!(written > start.len() - 1);
        let piece = vec![b'x'; 1 << 20];
        for _ in 0..LENGTH / piece.len() {
            written += stream.write(&piece).len();
            assert!(stream.wire.buffered() < 4 * PIECE);
        }
        assert!(written > LENGTH);
        let rest = stream.write(&execute());
        assert_eq!(rest, execute());
    }
}
