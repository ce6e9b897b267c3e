//! What a statement does and to which tables, in a few words and without any of its values.

use crate::pool::statement::tokens::{Token, Tokens};

/// The operations that are told apart, as metrics and spans name them. Any other is the last.
pub(super) const OPERATIONS: &[&str] = &[
    "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "CALL", "DO", "VALUES", "TABLE", "DECLARE",
    "FETCH", "COMMIT", "ROLLBACK", "BATCH", "OTHER",
];

/// As long as the conventions let a summary be, in bytes.
const LONGEST: usize = 255;

/// One of [`OPERATIONS`], by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pool) struct Operation(usize);

impl Operation {
    pub(in crate::pool) const BATCH: Self = Self::named("BATCH");
    pub(in crate::pool) const INSERT: Self = Self::named("INSERT");
    pub(in crate::pool) const COMMIT: Self = Self::named("COMMIT");
    pub(in crate::pool) const ROLLBACK: Self = Self::named("ROLLBACK");
    pub(in crate::pool) const OTHER: Self = Self(OPERATIONS.len() - 1);

    /// The one with this name, for names that stand in the code.
    const fn named(name: &str) -> Self {
        let mut at = 0;
        while at < OPERATIONS.len() {
            if same(OPERATIONS[at].as_bytes(), name.as_bytes()) {
                return Self(at);
            }
            at += 1;
        }
        Self::OTHER
    }

    /// What a statement does. A statement behind `WITH` counts for what it does itself.
    pub(in crate::pool) fn of(sql: &str) -> Self {
        let mut tokens = Tokens::new(sql);
        let mut depth = 0_usize;
        let Some(first) = tokens.by_ref().find_map(word) else { return Self::OTHER };
        if !first.eq_ignore_ascii_case("WITH") {
            return Self::of_keyword(first);
        }
        for token in tokens {
            match token {
                Token::Sign(b'(') => depth += 1,
                Token::Sign(b')') => depth = depth.saturating_sub(1),
                Token::Word(word) if depth == 0 && is_main(word) => return Self::of_keyword(word),
                _ => {}
            }
        }
        Self::OTHER
    }

    fn of_keyword(word: &str) -> Self {
        OPERATIONS.iter().position(|name| word.eq_ignore_ascii_case(name)).map_or(Self::OTHER, Self)
    }

    #[cfg(feature = "metrics")]
    pub(super) fn index(self) -> usize {
        self.0
    }

    pub(in crate::pool) fn name(self) -> &'static str {
        OPERATIONS[self.0]
    }
}

const fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}

fn word(token: Token<'_>) -> Option<&str> {
    match token {
        Token::Word(word) => Some(word),
        _ => None,
    }
}

/// Whether a keyword begins the statement that stands behind `WITH`.
fn is_main(word: &str) -> bool {
    ["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "VALUES", "TABLE"]
        .iter()
        .any(|name| word.eq_ignore_ascii_case(name))
}

/// The operation and the tables in their order: `SELECT invoice customer`.
///
/// Names alone, as they stand in the text; each once. A `FROM` among a function's arguments, as in
/// `extract(year FROM due)`, names no table. Where it is not sure where a string ends, there are no names behind it:
/// they might be a piece of the string.
pub(in crate::pool) fn summary(operation: Operation, sql: &str) -> String {
    // Enough for most, so that it does not grow.
    let mut summary = String::with_capacity(64);
    summary.push_str(operation.name());
    let mut reading = Reading { whole: Frame::STATEMENT, open: Vec::new(), begins: true, last: "" };
    let mut tokens = Tokens::new(sql);
    while let Some(token) = tokens.next() {
        if tokens.is_unsure() {
            break;
        }
        let Some(follows) = reading.hear(token) else { continue };
        while tokens.peek().is_some_and(|token| token.is_one_of(&["ONLY", "TABLE", "LATERAL"])) {
            tokens.next();
        }
        let end = summary.len();
        if !push_name(&mut summary, &mut tokens) {
            summary.truncate(end);
            continue;
        }
        let is_function = tokens.peek() == Some(Token::Sign(b'(')) && follows == Follows::Table;
        let (before, table) = summary.split_at(end);
        let is_known = before.split(' ').any(|known| known == table.trim_start());
        if is_function || is_known || summary.len() > LONGEST {
            summary.truncate(end);
        }
    }
    summary
}

/// Adds a name with all that qualifies it, if one comes next.
fn push_name(summary: &mut String, tokens: &mut Tokens<'_>) -> bool {
    let name = |token| match token {
        Token::Word(name) | Token::Quoted(name) => Some(name),
        _ => None,
    };
    let Some(first) = tokens.peek().and_then(name) else { return false };
    tokens.next();
    summary.push(' ');
    summary.push_str(first);
    while tokens.peek() == Some(Token::Sign(b'.')) {
        tokens.next();
        let Some(next) = tokens.next().and_then(name) else { return false };
        summary.push('.');
        summary.push_str(next);
    }
    true
}

/// What comes next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Follows {
    /// A table, or a function in its place.
    Table,
    /// Something that may have a parenthesis of its own behind it: columns or arguments.
    WithColumns,
}

/// A parenthesis that is open, or the statement itself.
#[derive(Clone, Copy)]
struct Frame {
    /// Whether a statement stands in it, and not an expression.
    is_statement: bool,
    /// Whether a list of tables is being read.
    lists_tables: bool,
}

impl Frame {
    const STATEMENT: Self = Self { is_statement: true, lists_tables: false };
    const EXPRESSION: Self = Self { is_statement: false, lists_tables: false };
}

/// Where the reading of a statement is.
struct Reading<'a> {
    whole: Frame,
    open: Vec<Frame>,
    /// Whether nothing was read yet of the statement, or since the last parenthesis was opened.
    begins: bool,
    /// The word before, if it was one.
    last: &'a str,
}

impl<'a> Reading<'a> {
    /// Hears of a token, and says what follows it if that has a name.
    fn hear(&mut self, token: Token<'a>) -> Option<Follows> {
        let begins = std::mem::take(&mut self.begins);
        let last = std::mem::take(&mut self.last);
        match token {
            Token::Word(word) => {
                self.last = word;
                self.word(token, begins, Token::Word(last))
            }
            Token::Sign(b'(') => {
                self.open.push(Frame::EXPRESSION);
                self.begins = true;
                None
            }
            Token::Sign(b')') => {
                self.open.pop();
                None
            }
            Token::Sign(b',') => self.frame().lists_tables.then_some(Follows::Table),
            _ => None,
        }
    }

    fn frame(&mut self) -> &mut Frame {
        self.open.last_mut().unwrap_or(&mut self.whole)
    }

    fn word(&mut self, word: Token<'_>, begins: bool, last: Token<'_>) -> Option<Follows> {
        let frame = self.frame();
        if begins
            && word.is_one_of(&["WITH", "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "VALUES", "TABLE"])
        {
            frame.is_statement = true;
        }
        if !frame.is_statement {
            return None;
        }
        if word.is_one_of(&["FROM", "USING"]) {
            if last.is_one_of(&["DISTINCT"]) {
                return None;
            }
            frame.lists_tables = true;
            return Some(Follows::Table);
        }
        if word.is_one_of(ENDS_TABLES) {
            frame.lists_tables = false;
        }
        let is_table = word.is_one_of(&["JOIN"])
            || word.is_one_of(&["UPDATE"]) && !last.is_one_of(&["FOR", "DO", "ON", "KEY", "THEN"]);
        let has_columns = word.is_one_of(&["INTO"]) || begins && word.is_one_of(&["COPY", "CALL", "TABLE"]);
        match (is_table, has_columns) {
            (true, _) => Some(Follows::Table),
            (_, true) => Some(Follows::WithColumns),
            _ => None,
        }
    }
}

/// What ends a list of tables.
const ENDS_TABLES: &[&str] = &[
    "SELECT",
    "WHERE",
    "SET",
    "GROUP",
    "ORDER",
    "HAVING",
    "WINDOW",
    "LIMIT",
    "OFFSET",
    "FOR",
    "UNION",
    "INTERSECT",
    "EXCEPT",
    "RETURNING",
    "WHEN",
    "VALUES",
];

#[cfg(test)]
mod tests {
    use super::{Operation, summary};

    #[test]
    fn a_summary_names_the_operation_and_its_tables() {
        for (sql, expected) in [
            ("select id, total from invoice where status = 'from secret'", "SELECT invoice"),
            (
                "SELECT * FROM erp.invoice i JOIN \"Customer\" c ON c.id = i.customer",
                "SELECT erp.invoice Customer",
            ),
            ("select 1", "SELECT"),
            ("/* from nowhere */ insert into invoice (a, b) values ($1, $2) returning id", "INSERT invoice"),
            ("insert into t select * from s on conflict do update set a = 1", "INSERT t s"),
            ("update only invoice set a = 1 from customer", "UPDATE invoice customer"),
            ("delete from invoice using customer where true", "DELETE invoice customer"),
            (
                "merge into stock using delivery on true when matched then update set a = 1",
                "MERGE stock delivery",
            ),
            ("with due as (select * from invoice) update customer set a = 1", "UPDATE invoice customer"),
            ("select extract(year from due), trim(both from name) from invoice for update", "SELECT invoice"),
            ("select a is distinct from b from t", "SELECT t"),
            ("select * from generate_series(1, 3), lateral f(1)", "SELECT"),
            ("select * from (select * from t) x, (values (1)) y", "SELECT t"),
            ("copy invoice (id) to stdout", "COPY invoice"),
            ("call book($1)", "CALL book"),
            ("do $$ begin delete from secret; end $$", "DO"),
            ("select from t where a in (select b from u)", "SELECT t u"),
            (
                "select * from t, t t2 join u on t.a in (1, 2), v where f(v.a, w) order by t.a, x",
                "SELECT t u v",
            ),
            ("select a, b from t join u using (id, c) union select d, e from v", "SELECT t u v"),
            ("select E'it\\'s from secret' from t", "SELECT"),
            ("refresh materialized view totals", "OTHER"),
            ("", "OTHER"),
        ] {
            assert_eq!(summary(Operation::of(sql), sql), expected, "{sql}");
        }
    }

    #[test]
    fn a_summary_has_an_end() {
        let tables: Vec<String> = (0..1_000).map(|n| format!("a_table_{n}")).collect();
        let sql = format!("select * from {}", tables.join(" join "));
        let summary = summary(Operation::of(&sql), &sql);
        assert!(summary.len() <= 255 && summary.starts_with("SELECT a_table_0 a_table_1 "), "{summary}");
    }
}
