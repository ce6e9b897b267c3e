//! Messages as frames: one byte of type and four of length, which counts itself but not the type.
//!
//! Types and their bytes: [Message Formats](https://www.postgresql.org/docs/current/protocol-message-formats.html).

use std::borrow::Cow;

use super::violation::Violation;

pub(super) const HEADER: usize = 5;

/// A backend builds every message in a buffer of less than 1 GiB (`MaxAllocSize`), so a longer one is none.
const LONGEST: u32 = 1 << 30;

/// The type of a message and how long its body is, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) tag: u8,
    pub(super) body: usize,
}

/// A header that may arrive in pieces.
#[derive(Debug, Default)]
pub(super) struct Partial {
    bytes: [u8; HEADER],
    len: usize,
}

impl Partial {
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes what is missing from the front of `bytes` and returns how many bytes that were.
    pub(super) fn fill(&mut self, bytes: &[u8]) -> usize {
        let taken = bytes.len().min(HEADER - self.len);
        self.bytes[self.len..self.len + taken].copy_from_slice(&bytes[..taken]);
        self.len += taken;
        taken
    }

    /// The header, once it is whole.
    pub(super) fn header(&self) -> Option<Result<Header, Violation>> {
        let [tag, length @ ..] = self.bytes;
        (self.len == HEADER).then(|| Header::new(tag, u32::from_be_bytes(length)))
    }

    /// The bytes that are there so far. They are not kept.
    pub(super) fn take(&mut self) -> ([u8; HEADER], usize) {
        (self.bytes, std::mem::take(&mut self.len))
    }
}

impl Header {
    fn new(tag: u8, length: u32) -> Result<Self, Violation> {
        if !(4..LONGEST).contains(&length) {
            return Err(Violation::new(
                "a message of 4 bytes to 1 GiB",
                format!("{} that announces {length} bytes", name(tag)),
            ));
        }
        Ok(Self { tag, body: length as usize - 4 })
    }
}

/// A backend message by its type.
pub(super) fn name(tag: u8) -> Cow<'static, str> {
    Cow::Borrowed(match tag {
        b'1' => "ParseComplete",
        b'2' => "BindComplete",
        b'3' => "CloseComplete",
        b'A' => "NotificationResponse",
        b'C' => "CommandComplete",
        b'c' => "CopyDone",
        b'D' => "DataRow",
        b'd' => "CopyData",
        b'E' => "ErrorResponse",
        b'G' => "CopyInResponse",
        b'H' => "CopyOutResponse",
        b'I' => "EmptyQueryResponse",
        b'K' => "BackendKeyData",
        b'N' => "NoticeResponse",
        b'n' => "NoData",
        b'R' => "an authentication request",
        b'S' => "ParameterStatus",
        b's' => "PortalSuspended",
        b'T' => "RowDescription",
        b't' => "ParameterDescription",
        b'V' => "FunctionCallResponse",
        b'v' => "NegotiateProtocolVersion",
        b'W' => "CopyBothResponse",
        b'Z' => "ReadyForQuery",
        other => return Cow::Owned(format!("a message of the unknown type 0x{other:02x}")),
    })
}
