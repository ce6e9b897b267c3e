//! Takes the fields of a TOML table one by one, so that what is left over can be refused.

use std::cell::RefCell;
use std::ops::Range;

use toml_edit::{Document, Item, TableLike, Value};

use super::Problem;

/// The text of a file, and all that was found wrong with it.
pub(crate) struct Text<'t> {
    text: &'t str,
    problems: RefCell<Vec<Problem>>,
}

impl<'t> Text<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, problems: RefCell::default() }
    }

    /// The file as TOML, unless it is none; that is a problem.
    pub(crate) fn document(&self) -> Option<Document<&'t str>> {
        let read = Document::parse(self.text);
        read.map_err(|error| {
            let what = error.message().trim().replace('\n', ", ");
            self.problem(self.line(error.span()), format!("this is not TOML: {what}"));
        })
        .ok()
    }

    pub(crate) fn line(&self, span: Option<Range<usize>>) -> Option<usize> {
        Some(1 + self.text.get(..span?.start)?.matches('\n').count())
    }

    pub(crate) fn problem(&self, line: Option<usize>, what: impl Into<String>) {
        self.problems.borrow_mut().push(Problem { line, what: what.into() });
    }

    /// The value, unless it is none; that is a problem on that line.
    pub(crate) fn take<T>(&self, line: Option<usize>, read: crate::error::Result<T>) -> Option<T> {
        read.map_err(|error| self.problem(line, error.to_string())).ok()
    }

    pub(crate) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort();
        problems
    }
}

/// A table of the file, by what it is called in messages.
pub(crate) struct Fields<'t> {
    name: String,
    line: Option<usize>,
    table: Option<&'t dyn TableLike>,
    text: &'t Text<'t>,
    asked: Vec<&'static str>,
}

/// A field's value and the line that it stands on.
pub(crate) struct Field<T> {
    pub(crate) value: T,
    pub(crate) line: Option<usize>,
}

impl<'t> Fields<'t> {
    pub(crate) fn new(
        name: impl Into<String>,
        line: Option<usize>,
        table: Option<&'t dyn TableLike>,
        text: &'t Text<'t>,
    ) -> Self {
        Self { name: name.into(), line, table, text, asked: Vec::new() }
    }

    pub(crate) fn line(&self) -> Option<usize> {
        self.line
    }

    /// Whether the file has the table at all.
    pub(crate) fn is_there(&self) -> bool {
        self.table.is_some()
    }

    pub(crate) fn section(&mut self, field: &'static str) -> Fields<'t> {
        let name = format!("[{field}]");
        match self.item(field) {
            Some((item, line)) => {
                let table = item.as_table_like();
                if table.is_none() {
                    self.text
                        .problem(line, format!("{name} is not a table; write {name} on a line of its own"));
                }
                Fields::new(name, line, table, self.text)
            }
            None => Fields::new(name, None, None, self.text),
        }
    }

    pub(crate) fn string(&mut self, field: &'static str) -> Option<Field<&'t str>> {
        self.read(field, "a text in quotes", Value::as_str)
    }

    pub(crate) fn required(&mut self, field: &'static str) -> Option<Field<&'t str>> {
        let found = self.string(field);
        self.require(field);
        found
    }

    pub(crate) fn required_strings(&mut self, field: &'static str) -> Option<Field<Vec<&'t str>>> {
        let found = self.strings(field);
        self.require(field);
        found
    }

    fn require(&self, field: &str) {
        if self.table.is_some_and(|table| !table.contains_key(field)) {
            self.text.problem(self.line, format!("{} lacks {field}; it has no default", self.name));
        }
    }

    pub(crate) fn flag(&mut self, field: &'static str) -> Option<Field<bool>> {
        self.read(field, "true or false", Value::as_bool)
    }

    pub(crate) fn strings(&mut self, field: &'static str) -> Option<Field<Vec<&'t str>>> {
        self.read(field, "a list of texts, such as [\"public\"]", |value| {
            value.as_array()?.iter().map(Value::as_str).collect()
        })
    }

    /// The entries of a table whose keys are not fields.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&'t str, Option<usize>, &'t Item)> {
        let (table, text) = (self.table, self.text);
        table.into_iter().flat_map(|table| table.iter()).map(move |(key, item)| {
            let span = table.and_then(|table| table.key(key)).and_then(toml_edit::Key::span);
            (key, text.line(span), item)
        })
    }

    /// Says of everything that was not asked for that it is unknown.
    pub(crate) fn finish(self) {
        for (key, line, _) in self.entries() {
            if self.asked.contains(&key) {
                continue;
            }
            let advice = match nearest(key, &self.asked) {
                Some(meant) => format!("did you mean {meant:?}?"),
                None => format!("known are {}", self.asked.join(", ")),
            };
            self.text.problem(line, format!("{} has no field {key:?}; {advice}", self.name));
        }
    }

    fn item(&mut self, field: &'static str) -> Option<(&'t Item, Option<usize>)> {
        self.asked.push(field);
        let (key, item) = self.table?.get_key_value(field)?;
        Some((item, self.text.line(key.span())))
    }

    fn read<T>(
        &mut self,
        field: &'static str,
        expected: &str,
        read: impl Fn(&'t Value) -> Option<T>,
    ) -> Option<Field<T>> {
        let (item, line) = self.item(field)?;
        let value = item.as_value().and_then(read);
        if value.is_none() {
            self.text.problem(line, format!("{field} of {} is not {expected}", self.name));
        }
        Some(Field { value: value?, line })
    }
}

/// The word that was meant, if one is near.
pub(crate) fn nearest<'w>(written: &str, known: &[&'w str]) -> Option<&'w str> {
    let likeness = |word: &&&str| strsim::jaro_winkler(written, word);
    let best = known.iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)))?;
    (likeness(&best) > 0.8).then_some(*best)
}
