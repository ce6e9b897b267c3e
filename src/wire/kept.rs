//! Answers that the driver cannot read yet, kept until it can.
//!
//! The driver decodes rows by what it knows of a statement, and looks types up by asking on the same
//! connection. Where the server's description of an execution differs from what the driver has learnt,
//! or names a type that the driver does not know, it would read the rows wrongly, or wait for itself.
//! By then the statement has run, and a second run could do its work twice. So the stream keeps the
//! rows and tells the driver of an error instead ([`STATE`]). Whoever asked looks the types up and asks
//! for what is kept, with a request that the stream answers itself ([`request`]).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::{BufMut, BytesMut};
use postgres_protocol::Oid;

use super::statements::put_length;

/// The SQLSTATE of the error that stands for an answer that is kept. Its message is the answer's number.
pub(crate) const STATE: &str = "TN900";

/// The most that is kept of one answer, in bytes. Of a longer one, no row is.
pub(super) const LONGEST: usize = 16 << 20;

/// What the text of a request for an answer begins with; the answer's number follows.
const REQUEST: &str = "tenantry: the answer that is kept as number ";

/// The text of the request for an answer.
pub(crate) fn request(number: u64) -> String {
    format!("{REQUEST}{number}")
}

/// Which answer a text asks for, if it does.
pub(super) fn asks_for(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text.strip_prefix(REQUEST.as_bytes())?).ok()?.parse().ok()
}

/// The answers of one connection.
#[derive(Debug, Default)]
pub(super) struct KeptAnswers {
    answers: Mutex<Answers>,
    /// Whether there is one. To see that there is none takes no lock.
    any: AtomicBool,
}

#[derive(Debug, Default)]
struct Answers {
    last: u64,
    kept: Vec<Kept>,
}

#[derive(Debug)]
struct Kept {
    number: u64,
    /// The types of its columns.
    types: Vec<Oid>,
    /// Its messages, from the description of the rows to the end of the command. `None`: too long.
    messages: Option<BytesMut>,
}

impl KeptAnswers {
    /// Keeps an answer and returns its number.
    pub(super) fn keep(&self, types: Vec<Oid>, messages: Option<BytesMut>) -> u64 {
        let mut answers = self.lock();
        answers.last += 1;
        let number = answers.last;
        answers.kept.push(Kept { number, types, messages });
        self.any.store(true, Ordering::Release);
        number
    }

    pub(super) fn any(&self) -> bool {
        self.any.load(Ordering::Acquire)
    }

    pub(super) fn holds(&self, number: u64) -> bool {
        self.lock().kept.iter().any(|kept| kept.number == number)
    }

    /// The types of an answer's columns, or `None` if it is not kept.
    pub(super) fn types(&self, number: u64) -> Option<Vec<Oid>> {
        self.lock().kept.iter().find(|kept| kept.number == number).map(|kept| kept.types.clone())
    }

    /// Whether an answer was short enough to be kept.
    pub(super) fn is_whole(&self, number: u64) -> bool {
        self.lock().kept.iter().any(|kept| kept.number == number && kept.messages.is_some())
    }

    /// Hands an answer out.
    pub(super) fn take(&self, number: u64) -> Option<BytesMut> {
        let mut answers = self.lock();
        let at = answers.kept.iter().position(|kept| kept.number == number)?;
        let kept = answers.kept.swap_remove(at);
        self.any.store(!answers.kept.is_empty(), Ordering::Release);
        kept.messages
    }

    /// Drops what nobody has asked for.
    pub(super) fn clear(&self) {
        if self.any() {
            self.lock().kept.clear();
            self.any.store(false, Ordering::Release);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer on its way from the server, of which the driver gets nothing.
#[derive(Debug)]
pub(super) struct Keeping {
    types: Vec<Oid>,
    /// `None`: too long.
    messages: Option<BytesMut>,
}

impl Keeping {
    pub(super) fn new(types: Vec<Oid>) -> Self {
        Self { types, messages: Some(BytesMut::new()) }
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        let Some(messages) = &mut self.messages else { return };
        if messages.len() + bytes.len() > LONGEST {
            self.messages = None;
        } else {
            messages.extend_from_slice(bytes);
        }
    }

    /// Keeps what has come, and returns its number.
    pub(super) fn end(self, answers: &KeptAnswers) -> u64 {
        answers.keep(self.types, self.messages)
    }

    #[cfg(test)]
    pub(super) fn buffered(&self) -> usize {
        self.messages.as_ref().map_or(0, BytesMut::capacity)
    }
}

/// Writes the error that stands for an answer.
pub(super) fn put_error(number: u64, out: &mut BytesMut) {
    put_report(STATE, &number.to_string(), out);
}

/// Writes an error of the stream's own.
pub(super) fn put_report(code: &str, message: &str, out: &mut BytesMut) {
    let fields = [(b'S', "ERROR"), (b'V', "ERROR"), (b'C', code), (b'M', message)];
    let length: usize = fields.iter().map(|(_, value)| value.len() + 2).sum();
    out.put_u8(b'E');
    put_length(out, length + 1);
    for (kind, value) in fields {
        out.put_u8(kind);
        out.put_slice(value.as_bytes());
        out.put_u8(0);
    }
    out.put_u8(0);
}

/// Writes an answer as that to a request that names no parameters.
pub(super) fn put_answer(messages: &[u8], out: &mut BytesMut) {
    out.put_slice(b"1\0\0\0\x042\0\0\0\x04t\0\0\0\x06\0\0");
    out.put_slice(messages);
    out.put_slice(b"Z\0\0\0\x05I");
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::{Keeping, KeptAnswers, LONGEST, asks_for, request};

    #[test]
    fn an_answer_is_handed_out_once() {
        let answers = KeptAnswers::default();
        let first = answers.keep(vec![16385], Some(BytesMut::from(&b"a"[..])));
        let second = answers.keep(Vec::new(), Some(BytesMut::from(&b"b"[..])));
        assert_eq!(answers.types(first), Some(vec![16385]));
        assert_eq!(answers.take(second).as_deref(), Some(&b"b"[..]));
        assert!(answers.any() && answers.holds(first) && !answers.holds(second));
        assert_eq!(answers.take(second), None);
        answers.clear();
        assert!(!answers.any() && answers.take(first).is_none());
    }

    #[test]
    fn of_what_is_too_long_only_the_types_are_kept() {
        let answers = KeptAnswers::default();
        let mut keeping = Keeping::new(vec![16385]);
        let piece = vec![0; LONGEST / 2];
        for _ in 0..3 {
            keeping.add(&piece);
        }
        keeping.add(b"the end");
        let number = keeping.end(&answers);
        assert_eq!(answers.types(number), Some(vec![16385]));
        assert!(!answers.is_whole(number) && answers.take(number).is_none());
    }

    #[test]
    fn a_request_names_its_answer() {
        assert_eq!(asks_for(request(17).as_bytes()), Some(17));
        assert_eq!(asks_for(b"select 17"), None);
    }
}
