//! The cells of the matrix: which statement, how it is run, and where it stands.

use std::fmt;

use super::change::{CHANGES, Change, Object};

/// What a statement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Select,
    /// A parameter, to be compared with what is there.
    Where,
    /// An update with a parameter.
    Write,
    /// The same with a parameter of the Rust type that was right before the change.
    WriteStrict,
    /// An insert with a parameter that returns its row.
    Returning,
}

/// How it is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    Text,
    /// Prepared by the caller, on a pool that has one connection.
    Prepared,
    Stream,
    Cursor,
    CopyOut,
    CopyIn,
    Typed,
}

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Single,
    /// The first statement of a transaction.
    First,
    /// Behind another statement of its transaction.
    Later,
    /// The same in what `transact` runs.
    Transact,
}

#[derive(Clone, Copy)]
pub struct Cell {
    pub change: &'static Change,
    pub how: How,
    pub kind: Kind,
    pub place: Place,
}

const PLACES: [Place; 4] = [Place::Single, Place::First, Place::Later, Place::Transact];

const STATEMENTS: &[(How, Kind)] = &[
    (How::Text, Kind::Select),
    (How::Text, Kind::Where),
    (How::Text, Kind::Write),
    (How::Text, Kind::WriteStrict),
    (How::Text, Kind::Returning),
    (How::Prepared, Kind::Select),
    (How::Prepared, Kind::Write),
    (How::Stream, Kind::Select),
    (How::Stream, Kind::Returning),
    (How::Cursor, Kind::Select),
    (How::Cursor, Kind::Where),
    (How::CopyOut, Kind::Select),
    (How::CopyIn, Kind::Write),
    (How::Typed, Kind::Select),
    (How::Typed, Kind::Returning),
];

impl Cell {
    /// All that make sense.
    pub fn all() -> Vec<Self> {
        let mut cells = Vec::new();
        for change in CHANGES {
            for &(how, kind) in STATEMENTS {
                for place in PLACES {
                    let cell = Self { change, how, kind, place };
                    if cell.makes_sense() {
                        cells.push(cell);
                    }
                }
            }
        }
        cells
    }

    fn makes_sense(self) -> bool {
        let in_transactions_only = matches!(self.how, How::Cursor | How::CopyOut | How::CopyIn);
        let is_literal = (self.how, self.kind) == (How::Typed, Kind::Returning) || self.how == How::CopyIn;
        (self.change.plain || !is_literal && self.kind != Kind::Where)
            && (self.is_everyday() || self.place != Place::Transact)
            && (self.is_everyday() || in_transactions_only || self.place != Place::First)
            && (!self.writes() || self.change.object == Object::Table)
            && (self.kind != Kind::WriteStrict || self.change.strict.is_some())
            && (self.place != Place::Single || !in_transactions_only)
    }

    /// Whether it is run in each place. Others are run at the beginning of their work and behind another statement.
    fn is_everyday(self) -> bool {
        matches!(self.how, How::Text | How::Prepared)
    }

    /// Whether it is run under a strategy, too, that differs from the default in what travels ahead of it.
    pub fn depends_on_the_strategy(self) -> bool {
        self.is_everyday() && matches!(self.place, Place::Single | Place::Later)
    }

    pub fn writes(self) -> bool {
        matches!(self.kind, Kind::Write | Kind::WriteStrict | Kind::Returning)
    }

    /// Whether the first call after the change has to go through. Of a transaction that has run a
    /// statement already nothing can be sent again; a caller who has prepared a statement, or whose
    /// parameter has the old type, may hear of it once.
    pub fn has_to_heal(self) -> bool {
        self.place != Place::Later && self.how != How::Prepared && self.kind != Kind::WriteStrict
    }

    /// The statement. Each cell has an object of its own, and so a text of its own.
    pub fn sql(self, t: &str) -> String {
        let whole =
            if self.change.object == Object::Function { format!("s.{t}()") } else { format!("s.{t}") };
        match (self.how, self.kind) {
            (How::CopyOut, _) => format!("copy (select * from {whole}) to stdout"),
            (How::CopyIn, _) => format!("copy s.{t} (id, x) from stdin"),
            (How::Typed, Kind::Returning) => {
                format!("insert into s.{t} (id, x) values (2, '{}') returning *", self.change.written)
            }
            (_, Kind::Select) => format!("select * from {whole}"),
            (_, Kind::Where) if self.change.object == Object::Function => format!("select * from s.{t}($1)"),
            (_, Kind::Where) => format!("select * from s.{t} where x = $1"),
            (_, Kind::Write | Kind::WriteStrict) => format!("update s.{t} set x = $1 where id = 1"),
            (_, Kind::Returning) => format!("insert into s.{t} (id, x) values (2, $1) returning *"),
        }
    }

    /// What a call after the change answers.
    pub fn right(self) -> Answer {
        let row = |id: &str, x: Option<&str>| {
            let value = |name: &str, value: &str| match (name, x) {
                ("id", _) => id.to_owned(),
                ("x", Some(x)) => x.to_owned(),
                _ => value.to_owned(),
            };
            let columns = self.change.columns.iter();
            columns.map(|(name, held)| ((*name).to_owned(), value(name, held))).collect::<Vec<_>>()
        };
        match (self.how, self.kind) {
            (How::CopyOut, _) => {
                let values: Vec<String> = row("1", None).into_iter().map(|(_, value)| value).collect();
                Answer::Copied(values.join("\t") + "\n")
            }
            (_, Kind::Select | Kind::Where) => Answer::Rows(vec![row("1", None)]),
            (_, Kind::Write | Kind::WriteStrict) => Answer::Count(1),
            (_, Kind::Returning) => Answer::Rows(vec![row("2", Some(self.change.kept))]),
        }
    }

    /// What the rows hold that the cell writes, once so many of its calls have gone through.
    pub fn right_in_table(self, calls: usize) -> String {
        let held = self.change.columns.iter().find(|(name, _)| *name == "x").map_or("", |(_, value)| value);
        match (self.how, self.kind) {
            (How::CopyIn, _) | (_, Kind::Returning) => vec![self.change.kept; calls].join("|"),
            _ if calls == 0 => held.to_owned(),
            _ => self.change.kept.to_owned(),
        }
    }

    /// The rows that the cell writes, for the admin to look at.
    pub fn look(self, t: &str) -> String {
        let id = if self.how == How::CopyIn || self.kind == Kind::Returning { 2 } else { 1 };
        format!("select coalesce(string_agg(x::text, '|'), '') from s.{t} where id = {id}")
    }
}

/// What a call has brought.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    Rows(Vec<Vec<(String, String)>>),
    Count(u64),
    Copied(String),
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { change, how, kind, place } = self;
        write!(f, "{} × {how:?} × {kind:?} × {place:?}", change.name)
    }
}
