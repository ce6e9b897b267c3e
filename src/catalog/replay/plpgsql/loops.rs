//! Loops.

use super::block::{Code, Head, Step};
use super::eval::elements;
use super::function::MOST_NUMBERS;
use super::interpreter::Interpreter;
use super::run::Flow;
use super::value::Value;

impl Interpreter<'_> {
    pub(super) fn run_loop(&mut self, label: Option<&str>, head: &Head, steps: &[Step]) -> Flow {
        let before = self.frame().may_have_left;
        let flow = self.looped(label, head, steps);
        self.frame().may_have_left = before;
        flow
    }

    fn looped(&mut self, label: Option<&str>, head: &Head, steps: &[Step]) -> Flow {
        let rows: Option<Vec<Value>> = match head {
            Head::Always => return self.repeated(label, None, steps),
            Head::While(condition) => return self.repeated(label, Some(condition), steps),
            Head::Count { reverse, from, to, by, .. } => {
                let (from, to) = (self.value(from).int(), self.value(to).int());
                let by = by.as_ref().map_or(Some(1), |by| self.value(by).int());
                numbers(from, to, by, *reverse)
            }
            Head::Query { query, .. } => {
                let text = self.text(query);
                self.ask(&text);
                self.rows_of(&text)
            }
            Head::Execute { text, using, .. } => {
                let value = self.value(text);
                self.with_parameters(using, |own| own.executed_rows(&value))
            }
            Head::Each { array, .. } => match self.value(array) {
                Value::List(values) => Some(values),
                Value::Null => Some(Vec::new()),
                // A literal that is taken for an array by what it is given to.
                Value::Text(text) => match elements(&text) {
                    Value::List(values) => Some(values),
                    _ => None,
                },
                _ => None,
            },
        };
        let targets = match head {
            Head::Count { variable, .. } => std::slice::from_ref(variable),
            Head::Query { targets, .. } | Head::Execute { targets, .. } | Head::Each { targets, .. } => {
                targets
            }
            Head::Always | Head::While(_) => &[],
        };
        // What does nothing to a schema is the same however often it is done.
        let inert = rows.as_ref().is_some_and(|rows| rows.len() > 1) && self.state().are_inert(steps);
        let Some(rows) = rows.filter(|_| !inert) else {
            return self.any_times(targets, steps);
        };
        for row in rows {
            match row {
                Value::Row(_) => self.assign_row(targets, row),
                value => targets.iter().for_each(|target| self.assign(target, value.clone())),
            }
            match self.steps(steps) {
                Flow::On => {}
                flow => match of_loop(flow, label) {
                    Some(Flow::On) => {}
                    Some(flow) => return flow,
                    None => break,
                },
            }
        }
        Flow::On
    }

    /// `LOOP` and `WHILE`.
    fn repeated(&mut self, label: Option<&str>, condition: Option<&Code>, steps: &[Step]) -> Flow {
        loop {
            if !self.goes_on() {
                return Flow::Stopped;
            }
            match condition.map(|condition| self.value(condition).holds()) {
                None | Some(Some(true)) => {}
                Some(Some(false)) => return Flow::On,
                Some(None) => return self.any_times(&[], steps),
            }
            if self.state().are_inert(steps) {
                return self.any_times(&[], steps);
            }
            let flow = self.steps(steps);
            let may_have_left = self.frame().may_have_left || self.frame().may_have_returned;
            match of_loop(flow, label) {
                Some(Flow::On) if may_have_left => return self.any_times(&[], steps),
                Some(Flow::On) => {}
                Some(flow) => return flow,
                None => return Flow::On,
            }
        }
    }

    /// A loop of which nobody knows how often it is run.
    fn any_times(&mut self, targets: &[String], steps: &[Step]) -> Flow {
        self.forget(targets);
        let mut given = Vec::new();
        super::block::given(steps, &mut given);
        let known: Vec<String> =
            given.into_iter().filter(|name| self.frame().variables.contains_key(name)).collect();
        self.forget(&known);
        self.doubt += 1;
        let flow = self.steps(steps);
        self.doubt -= 1;
        self.forget(&known);
        self.may_have(&flow);
        if flow == Flow::Stopped { flow } else { Flow::On }
    }
}

/// What becomes of the loop of a label whose statements ended so: it goes on, ends something else, or ends.
fn of_loop(flow: Flow, label: Option<&str>) -> Option<Flow> {
    match flow {
        Flow::Left { goes_on, label: of } if of.is_none() || of.as_deref() == label => {
            if goes_on {
                Some(Flow::On)
            } else {
                None
            }
        }
        flow => Some(flow),
    }
}

fn numbers(from: Option<i64>, to: Option<i64>, by: Option<i64>, reverse: bool) -> Option<Vec<Value>> {
    let (from, to, by) = (from?, to?, by.filter(|by| *by > 0)?);
    let span = if reverse { from.checked_sub(to)? } else { to.checked_sub(from)? };
    if span / by > MOST_NUMBERS {
        return None;
    }
    let sign = if reverse { -1 } else { 1 };
    let count = if span < 0 { 0 } else { span / by + 1 };
    Some((0..count).map(|at| Value::Int(from + sign * by * at)).collect())
}
