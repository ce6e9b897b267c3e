//! Where a byte of a text stands, for people.

/// Counts the lines and the columns of a text, from its beginning to its end.
pub(super) struct Lines<'a> {
    text: &'a str,
    /// The place that has been counted to, in bytes.
    at: usize,
    line: usize,
    column: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { text, at: 0, line: 1, column: 1 }
    }

    /// The line and the column, in characters, of a byte that is not before the last one; both count from one.
    pub(super) fn position(&mut self, byte: usize) -> (usize, usize) {
        let between = self.text.get(self.at..byte).unwrap_or_default();
        let lines = between.bytes().filter(|byte| *byte == b'\n').count();
        let last = between.rfind('\n').and_then(|end| between.get(end + 1..));
        self.line += lines;
        self.column = last.map_or(self.column, |_| 1) + last.unwrap_or(between).chars().count();
        self.at = byte.max(self.at);
        (self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;

    #[test]
    fn positions_count_characters() {
        let text = "é\né b\n\nc";
        let mut lines = Lines::of(text);
        for (place, expected) in [("é", (1, 1)), ("b", (2, 3)), ("c", (4, 1))] {
            assert_eq!(lines.position(text.find(place).unwrap()), expected);
        }
        let mut lines = Lines::of(text);
        let found: Vec<_> = text.char_indices().map(|(at, _)| lines.position(at)).collect();
        assert_eq!(found, [(1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (2, 4), (3, 1), (4, 1)]);
    }
}
