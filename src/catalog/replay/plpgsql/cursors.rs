//! Cursors, and what else gives rows.

use super::block::Opens;
use super::interpreter::Interpreter;
use super::value::Value;

impl Interpreter<'_> {
    /// The rows that a loop or a cursor is given, if they are known.
    pub(super) fn opened(&mut self, opens: &Opens) -> Option<Vec<Value>> {
        match opens {
            Opens::Query { arguments, query } => {
                let text = self.text(query);
                let arguments = arguments.iter().map(|(name, code)| (name.clone(), self.value(code)));
                let arguments = arguments.collect();
                self.with_values(arguments, |own| {
                    own.ask(&text);
                    own.rows_of(&text)
                })
            }
            Opens::Execute { text, using } => {
                let value = self.value(text);
                self.with_parameters(using, |own| own.executed_rows(&value))
            }
        }
    }

    /// `OPEN`.
    pub(super) fn open(&mut self, cursor: &str, opens: &Opens) {
        let rows = self.opened(opens).map(|mut rows| {
            rows.reverse();
            rows
        });
        self.assign(cursor, Value::Rows(rows));
    }

    /// `FETCH` and `MOVE`, which give the next row to variables.
    pub(super) fn fetch(&mut self, cursor: &str, into: &[String], is_next: bool) {
        let mut found = Value::Unknown;
        match self.frame().variables.get_mut(cursor) {
            Some(Value::Rows(Some(rows))) if is_next => {
                let row = rows.pop();
                found = Value::Bool(row.is_some());
                self.assign_row(into, row.unwrap_or(Value::Null));
            }
            Some(Value::Rows(rows)) => {
                *rows = None;
                self.forget(into);
            }
            // It may be any of those that are open, by another name.
            _ => {
                self.lose_cursors();
                self.forget(into);
            }
        }
        self.frame().variables.insert("found".to_owned(), found);
    }

    fn lose_cursors(&mut self) {
        for value in self.frames.iter_mut().flat_map(|frame| frame.variables.values_mut()) {
            if let Value::Rows(rows) = value {
                *rows = None;
            }
        }
    }
}
