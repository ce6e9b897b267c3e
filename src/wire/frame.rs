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

    /// Reads what is missing from the front of `bytes`. Returns how many bytes that were, and the
    /// header once it is whole.
    #[inline]
    pub(super) fn read(&mut self, bytes: &[u8]) -> (usize, Option<Result<Header, Violation>>) {
        if let (0, Some(whole)) = (self.len, bytes.first_chunk()) {
            return (HEADER, Some(Header::parse(*whole)));
        }
        let taken = bytes.len().min(HEADER - self.len);
        self.bytes[self.len..self.len + taken].copy_from_slice(&bytes[..taken]);
        self.len += taken;
        let whole = self.len == HEADER;
        if whole {
            self.len = 0;
        }
        (taken, whole.then(|| Header::parse(self.bytes)))
    }

    /// What is there of a header that is not whole. It is not kept.
    pub(super) fn take(&mut self) -> &[u8] {
        let len = std::mem::take(&mut self.len);
        &self.bytes[..len]
    }
}

impl Header {
    #[inline]
    pub(super) fn parse([tag, length @ ..]: [u8; HEADER]) -> Result<Self, Violation> {
        let length = u32::from_be_bytes(length);
        if !(4..LONGEST).contains(&length) {
            return Err(Violation::new(
                "a message of 4 bytes to 1 GiB",
                format!("{} that announces {length} bytes", name(tag)),
            ));
        }
        Ok(Self { tag, body: length as usize - 4 })
    }

    /// The header as it is written.
    pub(super) fn bytes(self) -> [u8; HEADER] {
        // It was parsed from four bytes, or stands for a message that the driver has written.
        let [a, b, c, d] = u32::try_from(self.body + 4).unwrap_or(u32::MAX).to_be_bytes();
        [self.tag, a, b, c, d]
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

#[cfg(test)]
mod tests {
    use super::{HEADER, Partial};

    fn read(bytes: &[u8]) -> Option<Result<(u8, usize), String>> {
        let mut partial = Partial::default();
        let (taken, header) = partial.read(bytes);
        assert_eq!(taken, bytes.len().min(HEADER));
        let header = header?;
        Some(header.map(|header| (header.tag, header.body)).map_err(|violation| violation.to_string()))
    }

    #[test]
    fn a_header_may_arrive_in_pieces_cut_anywhere() {
        let bytes = *b"D\0\0\x01\x04rest";
        for cut in 0..HEADER {
            let mut partial = Partial::default();
            let (taken, header) = partial.read(&bytes[..cut]);
            assert!(taken == cut && header.is_none());
            assert_eq!(partial.is_empty(), cut == 0);
            let (taken, header) = partial.read(&bytes[cut..]);
            assert_eq!(taken, HEADER - cut);
            let header = header.unwrap().unwrap();
            assert_eq!((header.tag, header.body), (b'D', 256));
            assert_eq!(header.bytes(), bytes[..HEADER]);
            assert!(partial.is_empty());
        }
        let mut partial = Partial::default();
        partial.read(&bytes[..3]);
        assert_eq!(partial.take(), &bytes[..3]);
        assert!(partial.is_empty());
    }

    #[test]
    fn a_length_counts_itself_and_stays_below_1_gib() {
        assert_eq!(read(b"Z\0\0\0"), None);
        assert_eq!(read(b"Z\0\0\0\x04"), Some(Ok((b'Z', 0))));
        assert_eq!(read(b"Z\x3f\xff\xff\xff"), Some(Ok((b'Z', (1 << 30) - 5))));
        for (bytes, length) in [
            (b"Z\0\0\0\x03", "3"),
            (b"Z\0\0\0\0", "0"),
            (b"Z\x40\0\0\0", "1073741824"),
            (b"Z\xff\xff\xff\xff", "4294967295"),
        ] {
            let violation = read(bytes).unwrap().unwrap_err();
            assert!(
                violation.contains(&format!("ReadyForQuery that announces {length} bytes")),
                "{violation}"
            );
        }
    }
}
