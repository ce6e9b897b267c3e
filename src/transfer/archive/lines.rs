//! Lines of COPY's text format.

use std::io::{self, BufRead};

/// Puts another tenant into the lines that carry one.
pub(super) struct Rewriting {
    /// Of each column, whether it holds the tenant.
    hold: Vec<bool>,
    from: Vec<u8>,
    to: Vec<u8>,
}

impl Rewriting {
    pub(super) fn new(hold: Vec<bool>, from: &str, to: &str) -> Self {
        Self { hold, from: escaped(from), to: escaped(to) }
    }

    /// Adds a line, its end included. A value that is not the tenant stays as it is.
    pub(super) fn line(&self, line: &[u8], out: &mut Vec<u8>) {
        let (row, end) = match line.strip_suffix(b"\n") {
            Some(row) => (row, &b"\n"[..]),
            None => (line, &b""[..]),
        };
        for (at, field) in row.split(|byte| *byte == b'\t').enumerate() {
            if at > 0 {
                out.push(b'\t');
            }
            let is_tenant = self.hold.get(at).copied().unwrap_or_default() && field == self.from;
            out.extend_from_slice(if is_tenant { &self.to } else { field });
        }
        out.extend_from_slice(end);
    }
}

/// Appends the next line. Whether there was one.
pub(super) fn next(from: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    Ok(from.read_until(b'\n', line)? > 0)
}

/// A text [as COPY writes it](https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.2).
fn escaped(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text.bytes() {
        let letter = match byte {
            b'\\' => b'\\',
            b'\x08' => b'b',
            b'\x0c' => b'f',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            b'\x0b' => b'v',
            other => {
                out.push(other);
                continue;
            }
        };
        out.extend([b'\\', letter]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Rewriting, escaped};

    #[test]
    fn the_tenant_alone_is_another_one() {
        let rewriting = Rewriting::new(vec![false, true], "a\tb", "c\\d");
        let mut out = Vec::new();
        for line in ["1\ta\\tb\ta\\tb\n", "2\tother\ta\\tb\n", "3\t\\N\tx\n", "4\ta\\tb"] {
            rewriting.line(line.as_bytes(), &mut out);
        }
        let expected = "1\tc\\\\d\ta\\tb\n2\tother\ta\\tb\n3\t\\N\tx\n4\tc\\\\d";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn what_copy_escapes_is_escaped() {
        assert_eq!(escaped("a\\b\nc\x0b"), b"a\\\\b\\nc\\v");
    }
}
