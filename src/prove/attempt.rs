//! What is tried, one statement or several for each attempt.

use tokio_postgres::SimpleQueryMessage;

use crate::policy::matrix::Verb;

/// What is tried on a relation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt {
    /// As the report and `sql/prove/attempts.sql` name it.
    pub(crate) name: &'static str,
    pub(crate) verb: Verb,
    pub(crate) reads: Reads,
    /// The oldest server that knows it, by its major version.
    pub(crate) since: u32,
    /// The relations that it can be tried on.
    pub(crate) on: On,
}

/// Where the answer of an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    /// In the number of rows that it returned, or that it changed where it returns none.
    Rows,
    /// In the first column of its row, which is a number.
    Count,
    /// In the plan of the first row, which is JSON.
    Plan,
    /// In the lines that it copies.
    Copied,
    /// In that it is done: it says nothing of rows.
    Done,
}

/// What an attempt can be tried on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    /// Whatever has rows.
    Any,
    /// What keeps rows of its own or of its partitions.
    Tables,
}

const fn of(name: &'static str, verb: Verb, reads: Reads, since: u32, on: On) -> Attempt {
    Attempt { name, verb, reads, since, on }
}

/// What reads a row that is there, or changes it.
pub(crate) const ON_ROWS: [Attempt; 21] = [
    of("select", Verb::Select, Reads::Rows, 14, On::Any),
    of("select for update", Verb::Lock, Reads::Rows, 14, On::Any),
    of("select for share", Verb::Lock, Reads::Rows, 14, On::Any),
    of("count", Verb::Select, Reads::Count, 14, On::Any),
    of("aggregate", Verb::Select, Reads::Count, 14, On::Any),
    of("join", Verb::Select, Reads::Rows, 14, On::Any),
    of("subquery", Verb::Select, Reads::Rows, 14, On::Any),
    of("tablesample", Verb::Select, Reads::Rows, 14, On::Tables),
    of("explain analyze", Verb::Select, Reads::Plan, 14, On::Any),
    of("cursor", Verb::Select, Reads::Rows, 14, On::Any),
    of("copy to", Verb::Select, Reads::Copied, 14, On::Any),
    of("prepared", Verb::Select, Reads::Rows, 14, On::Any),
    of("row_security off", Verb::Bypass, Reads::Rows, 14, On::Any),
    of("update", Verb::Update, Reads::Rows, 14, On::Tables),
    of("update returning", Verb::Update, Reads::Rows, 14, On::Tables),
    of("update returning old", Verb::Update, Reads::Rows, 18, On::Tables),
    of("merge update", Verb::Update, Reads::Rows, 15, On::Tables),
    of("delete", Verb::Delete, Reads::Rows, 14, On::Tables),
    of("delete returning", Verb::Delete, Reads::Rows, 14, On::Tables),
    of("merge delete", Verb::Delete, Reads::Rows, 15, On::Tables),
    of("truncate", Verb::Truncate, Reads::Done, 14, On::Tables),
];

/// What adds a row.
pub(crate) const OF_NEW_ROWS: [Attempt; 5] = [
    of("insert", Verb::Insert, Reads::Rows, 14, On::Tables),
    of("insert returning", Verb::Insert, Reads::Rows, 14, On::Tables),
    of("insert select", Verb::Insert, Reads::Rows, 14, On::Tables),
    of("on conflict do nothing", Verb::Insert, Reads::Rows, 14, On::Tables),
    of("merge insert", Verb::Insert, Reads::Rows, 15, On::Tables),
];

/// A row that comes to belong to another.
pub(crate) const MOVE: Attempt = of("move", Verb::Insert, Reads::Rows, 14, On::Tables);
/// The same without a WHERE: then policies for reading are not asked.
pub(crate) const MOVE_ALL: Attempt = of("move all", Verb::Insert, Reads::Rows, 14, On::Tables);
/// A row of another's that is met by its key.
pub(crate) const UPSERT: Attempt = of("on conflict do update", Verb::Update, Reads::Rows, 14, On::Tables);
/// What meets every row that policies for reading do not stand before, having no WHERE. A tenant without rows tries it.
pub(crate) const ON_ALL: [Attempt; 2] = [
    of("update all", Verb::Update, Reads::Rows, 14, On::Tables),
    of("delete all", Verb::Delete, Reads::Rows, 14, On::Tables),
];

/// What no plan grants, since policies are not asked. To try it would take a lock that others wait for.
pub(crate) const RIGHTS: [Attempt; 4] = [
    of("right to truncate", Verb::Bypass, Reads::Rows, 14, On::Tables),
    of("right to trigger", Verb::Bypass, Reads::Rows, 14, On::Tables),
    of("right to references", Verb::Bypass, Reads::Rows, 14, On::Tables),
    of("right to maintain", Verb::Bypass, Reads::Rows, 17, On::Tables),
];
/// What the server knows of the values of all tenants, and what it would show of it.
pub(crate) const STATISTICS: [Attempt; 2] = [
    of("statistics", Verb::Bypass, Reads::Rows, 14, On::Tables),
    of("right to statistics", Verb::Bypass, Reads::Rows, 14, On::Tables),
];
/// What becomes of another's row that refers to one's own.
pub(crate) const CASCADE_DELETE: Attempt = of("cascade delete", Verb::Delete, Reads::Rows, 14, On::Tables);
/// The same where one's own gets another key.
pub(crate) const CASCADE_UPDATE: Attempt = of("cascade update", Verb::Update, Reads::Rows, 14, On::Tables);
/// How another's row comes to refer to one's own.
pub(crate) const REFER_ACROSS: &str = "refer across";
/// The numbers of everybody, as one tenant may set them.
pub(crate) const SET: Attempt = of("right to set", Verb::Bypass, Reads::Rows, 14, On::Any);
/// The rows of everybody, as one tenant sees them.
pub(crate) const REFRESH: Attempt = of("refresh", Verb::Truncate, Reads::Done, 14, On::Any);

/// The SQL of an attempt on a relation, with its variables.
pub(crate) fn text(name: &str) -> &'static str {
    named(include_str!("../../sql/prove/attempts.sql"), name)
}

/// The SQL of a mutation, with its variables.
pub(crate) fn named_mutation(name: &str) -> &'static str {
    behind("-- mutation: ", include_str!("../../sql/prove/mutations.sql"), name)
}

/// The SQL that stands in a file under a name.
pub(crate) fn named(file: &'static str, name: &str) -> &'static str {
    behind("-- attempt: ", file, name)
}

fn behind(mark: &str, file: &'static str, name: &str) -> &'static str {
    let texts = file.split(mark).filter_map(|part| part.split_once('\n'));
    texts.filter(|(known, _)| *known == name).map(|(_, sql)| sql.trim()).next().unwrap_or_default()
}

impl Reads {
    /// The number that an answer comes to.
    pub(crate) fn count(self, messages: &[SimpleQueryMessage]) -> u64 {
        let first = || {
            messages.iter().find_map(|message| match message {
                SimpleQueryMessage::Row(row) => row.get(0),
                _ => None,
            })
        };
        match self {
            Self::Rows | Self::Copied => {
                let count = |message: &SimpleQueryMessage| match message {
                    SimpleQueryMessage::CommandComplete(rows) => *rows,
                    _ => 0,
                };
                messages.iter().map(count).sum()
            }
            Self::Done => 1,
            Self::Count => first().and_then(|text| text.parse().ok()).unwrap_or_default(),
            Self::Plan => first().map(rows_of_plan).unwrap_or_default(),
        }
    }
}

/// The rows that the node at the top of a plan returned.
fn rows_of_plan(json: &str) -> u64 {
    let Some((_, rest)) = json.split_once("\"Actual Rows\": ") else { return 0 };
    let number = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    number.parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{
        CASCADE_DELETE, CASCADE_UPDATE, MOVE, MOVE_ALL, OF_NEW_ROWS, ON_ALL, ON_ROWS, REFER_ACROSS, REFRESH,
        RIGHTS, SET, STATISTICS, UPSERT, rows_of_plan, text,
    };

    #[test]
    fn every_attempt_has_its_sql() {
        let all = ON_ROWS
            .iter()
            .chain(&OF_NEW_ROWS)
            .chain(&ON_ALL)
            .chain(&RIGHTS)
            .chain(&STATISTICS)
            .chain([&MOVE, &MOVE_ALL, &UPSERT, &REFRESH, &SET, &CASCADE_DELETE, &CASCADE_UPDATE]);
        for attempt in all {
            assert!(text(attempt.name).ends_with(';'), "{}", attempt.name);
        }
        assert!(text(REFER_ACROSS).ends_with(';'));
        assert_eq!(text("select twice"), "");
    }

    #[test]
    fn the_rows_of_a_plan_are_those_of_its_top() {
        let plan =
            |rows| format!(r#"[{{"Plan": {{"Actual Rows": {rows}, "Plans": [{{"Actual Rows": 7}}]}}}}]"#);
        assert_eq!(rows_of_plan(&plan("1")), 1);
        assert_eq!(rows_of_plan(&plan("0.00")), 0);
    }
}
