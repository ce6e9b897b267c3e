//! The text of a SQL file.

use crate::error::{Error, Result};

/// A SQL file: what it is called and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    name: String,
    text: String,
}

impl Source {
    /// A text under the name that it is to be called by.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        Self { name: name.into(), text }
    }

    /// The content of a file, in UTF-8 with or without a byte order mark.
    ///
    /// # Errors
    ///
    /// The content is not UTF-8; the message says where.
    pub fn from_bytes(name: impl Into<String>, bytes: Vec<u8>) -> Result<Self> {
        let name = name.into();
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self::new(name, text)),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let before = error.as_bytes().get(..at).unwrap_or_default();
                let line = before.split(|byte| *byte == b'\n').count();
                let byte = error.as_bytes().get(at).copied().unwrap_or_default();
                Err(Error::config(format!(
                    "{name}:{line}: byte 0x{byte:02x} is not UTF-8; save the file as UTF-8"
                )))
            }
        }
    }

    /// What the file is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it says.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::Source;

    #[test]
    fn a_byte_order_mark_is_no_sql() {
        let source = Source::from_bytes("a.sql", b"\xef\xbb\xbfselect 1;\r\n".to_vec()).unwrap();
        assert_eq!(source.text(), "select 1;\r\n");
    }

    #[test]
    fn another_encoding_is_refused_where_it_shows() {
        let error = Source::from_bytes("a.sql", b"select 1;\n-- caf\xe9\n".to_vec()).unwrap_err();
        assert!(error.to_string().contains("a.sql:2: byte 0xe9"), "{error}");
    }
}
