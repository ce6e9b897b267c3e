//! The text of a SQL file.

use std::sync::Arc;

use crate::error::{Error, Result};

/// A SQL file: what it is called and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    name: Arc<str>,
    text: Arc<str>,
    one_transaction: bool,
}

impl Source {
    /// A text under the name that it is to be called by.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text).into();
        Self { name: name.into().into(), text, one_transaction: false }
    }

    /// Says that whoever runs the file runs it as one transaction, as most runners of migrations do. psql does not unless it
    /// is told to.
    #[must_use]
    pub fn in_one_transaction(mut self, one_transaction: bool) -> Self {
        self.one_transaction = one_transaction;
        self
    }

    /// Whether whoever runs the file runs it as one transaction.
    #[must_use]
    pub fn is_one_transaction(&self) -> bool {
        self.one_transaction
    }

    pub(super) fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.name)
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
