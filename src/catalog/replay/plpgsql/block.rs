//! The statements of PL/pgSQL, read.

use std::ops::Range;
use std::sync::Arc;

use super::super::cursor::Name;
use super::super::statement::Statement;
use crate::ident::Ident;

/// A body: its text, and the block that it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Body {
    pub(super) text: Arc<str>,
    pub(super) block: Block,
    /// Where the text stands in that of its statement, in bytes, if it stands there as it is.
    pub(super) at: Option<usize>,
}

/// `DECLARE … BEGIN … EXCEPTION … END`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Block {
    pub(super) label: Option<Ident>,
    pub(super) variables: Vec<Variable>,
    pub(super) steps: Vec<Step>,
    /// The conditions that are caught, in lower case, each time with what is done then.
    pub(super) handlers: Vec<(Vec<String>, Vec<Step>)>,
}

/// A variable that a block declares.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Variable {
    pub(super) name: Ident,
    /// Whether it is a record, rather than one value.
    pub(super) is_record: bool,
    /// What it starts with.
    pub(super) value: Start,
}

/// What a variable starts with.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Start {
    Null,
    Code(Code),
    /// A cursor with a query, whose name only the server knows.
    Unknown,
    /// Another name for a variable.
    Alias(String),
}

/// A part of a body, in bytes, and the functions that it calls; nothing where it runs code that is made up.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Code {
    pub(super) at: Range<usize>,
    pub(super) calls: Option<Vec<Name>>,
}

/// A statement, and where it stands: in bytes, and in lines and characters from the beginning of the body.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    pub(super) at: Range<usize>,
    pub(super) position: (usize, usize),
    pub(super) kind: Kind,
}

/// What a statement does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// Nothing that goes on: `NULL`, a message.
    Nothing(Code),
    /// Gives variables what only the server knows, such as `GET DIAGNOSTICS`.
    Forget(Vec<String>, Code),
    /// Opens a cursor.
    Open(String, Opens),
    /// `FETCH` and `MOVE`.
    Fetch {
        cursor: String,
        into: Vec<String>,
        /// Whether it goes on to the next row, rather than to another one.
        is_next: bool,
    },
    Assign(String, Code),
    /// `PERFORM`, or an expression that is asked, with what stands behind the keyword.
    Perform(Code),
    /// A statement of SQL, with the variables behind `INTO` if it has such. What it says is read once, here.
    Sql {
        code: Code,
        into: Vec<String>,
        statement: Option<Box<Statement>>,
    },
    Execute {
        text: Code,
        into: Vec<String>,
        using: Vec<Code>,
    },
    /// Raises an error, with its condition if that is said.
    Raise(Option<String>, Code),
    Return(Option<Code>),
    /// `RETURN NEXT` and `RETURN QUERY`.
    ReturnRows(Code),
    Leave(Leave),
    /// Conditions, each with what is done if it is the first one that holds, and what is done if none does. A subject is
    /// compared with what stands in their place.
    If {
        subject: Option<Code>,
        arms: Vec<(Code, Vec<Step>)>,
        otherwise: Vec<Step>,
    },
    Loop {
        label: Option<Ident>,
        head: Head,
        steps: Vec<Step>,
    },
    Block(Block),
}

/// `EXIT` and `CONTINUE`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Leave {
    /// `CONTINUE`.
    pub(super) goes_on: bool,
    pub(super) label: Option<Ident>,
    pub(super) when: Option<Code>,
}

/// What makes a loop go on.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Head {
    Always,
    While(Code),
    /// `FOR i IN a .. b`.
    Count {
        variable: String,
        reverse: bool,
        from: Code,
        to: Code,
        by: Option<Code>,
    },
    Rows {
        targets: Vec<String>,
        /// Whether its variable is a record of its own, as that of a loop over a cursor is.
        declares: bool,
        opens: Opens,
    },
    Each {
        targets: Vec<String>,
        array: Code,
    },
}

/// What gives rows to a loop or a cursor.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Opens {
    /// A query, and what the arguments of its cursor are.
    Query {
        arguments: Vec<(String, Code)>,
        query: Code,
    },
    Execute {
        text: Code,
        using: Vec<Code>,
    },
}

impl Head {
    /// The variable that a loop declares by itself.
    pub(super) fn declared(&self) -> Option<&str> {
        match self {
            Self::Count { variable, .. } => Some(variable),
            Self::Rows { declares: true, targets, .. } => targets.first().map(String::as_str),
            _ => None,
        }
    }
}

impl Opens {
    pub(super) fn of(query: Code) -> Self {
        Self::Query { arguments: Vec::new(), query }
    }
}

impl Body {
    pub(super) fn of(&self, code: &Code) -> &str {
        self.text.get(code.at.clone()).unwrap_or_default()
    }
}

impl Block {
    /// Every list of statements that stands in it itself.
    pub(super) fn lists(&self) -> impl Iterator<Item = &[Step]> {
        let handlers = self.handlers.iter().map(|(_, steps)| &steps[..]);
        [&self.steps[..]].into_iter().chain(handlers)
    }
}

/// Shows every statement of a list, those that stand in others too.
fn each<'s>(steps: &'s [Step], see: &mut dyn FnMut(&'s Kind)) {
    for step in steps {
        see(&step.kind);
        match &step.kind {
            Kind::If { arms, otherwise, .. } => {
                for (_, steps) in arms {
                    each(steps, see);
                }
                each(otherwise, see);
            }
            Kind::Loop { steps, .. } => each(steps, see),
            Kind::Block(block) => block.lists().for_each(|steps| each(steps, see)),
            _ => {}
        }
    }
}

/// The variables that statements give values to.
pub(super) fn given(steps: &[Step]) -> Vec<String> {
    let mut found = Vec::new();
    each(steps, &mut |kind| match kind {
        Kind::Assign(target, _) | Kind::Open(target, _) => found.push(target),
        Kind::Forget(into, _) | Kind::Sql { into, .. } | Kind::Execute { into, .. } => found.extend(into),
        Kind::Fetch { cursor, into, .. } => {
            found.push(cursor);
            found.extend(into);
        }
        _ => {}
    });
    let record = |target: &String| target.split(['.', '[']).next().unwrap_or(target).to_owned();
    found.into_iter().map(record).collect()
}

/// Whether a statement may end more than itself.
pub(super) fn may_leave(steps: &[Step]) -> bool {
    let mut found = false;
    each(steps, &mut |kind| found |= matches!(kind, Kind::Leave(_) | Kind::Return(_)));
    found
}
