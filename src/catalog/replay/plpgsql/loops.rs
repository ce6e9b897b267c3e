//! Loops.

use super::arrays::listed;
use super::block::{Code, Head, Step, given, may_leave};
use super::function::MOST_NUMBERS;
use super::interpreter::{Around, Interpreter};
use super::run::Flow;
use super::value::Value;

/// How many statements a loop may run that does nothing to a schema.
const MOST_INERT: usize = 300;

impl Interpreter<'_> {
    pub(super) fn run_loop(&mut self, label: Option<&str>, head: &Head, steps: &[Step]) -> Flow {
        let around = Around { label: label.map(str::to_owned), is_loop: true };
        self.within(around, [steps].into_iter(), |own| own.looped(label, head, steps))
    }

    /// Makes a variable of a loop, and gives the one that it hides.
    fn hide(&mut self, name: &str) -> (Option<Value>, bool) {
        let frame = self.frame();
        let hidden = frame.variables.insert(name.to_owned(), Value::Null);
        (hidden, !frame.records.insert(name.to_owned()))
    }

    fn show_again(&mut self, name: &str, (hidden, was_record): (Option<Value>, bool)) {
        let frame = self.frame();
        match hidden {
            Some(value) => drop(frame.variables.insert(name.to_owned(), value)),
            None => drop(frame.variables.remove(name)),
        }
        if !was_record {
            frame.records.remove(name);
        }
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
            Head::Rows { opens, .. } => self.opened(opens),
            Head::Each { array, .. } => match listed(&self.value(array)) {
                Value::List(values) => Some(values),
                Value::Null => Some(Vec::new()),
                _ => None,
            },
        };
        let targets = match head {
            Head::Count { variable, .. } => std::slice::from_ref(variable),
            Head::Rows { targets, .. } | Head::Each { targets, .. } => targets,
            Head::Always | Head::While(_) => &[],
        };
        // What gives the rows is not hidden by a variable of the loop.
        let declared = head.declared().map(|name| (name, self.hide(name)));
        let any = rows.as_ref().map_or(Value::Unknown, |rows| Value::Bool(!rows.is_empty()));
        let flow = self.each(label, targets, rows, steps);
        if let Some((name, hidden)) = declared {
            self.show_again(name, hidden);
        }
        self.frame().variables.insert("found".to_owned(), any);
        flow
    }

    /// Runs statements for each row.
    fn each(
        &mut self,
        label: Option<&str>,
        targets: &[String],
        rows: Option<Vec<Value>>,
        steps: &[Step],
    ) -> Flow {
        let Some(rows) = rows else { return self.any_times(targets, steps) };
        let is_inert = rows.len() > 1 && self.state().are_inert(steps);
        self.unless_inert(is_inert, targets, steps, |own| own.for_rows(label, targets, rows, steps))
    }

    fn for_rows(
        &mut self,
        label: Option<&str>,
        targets: &[String],
        rows: Vec<Value>,
        steps: &[Step],
    ) -> Flow {
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
        let is_inert = self.state().are_inert(steps);
        self.unless_inert(is_inert, &[], steps, |own| own.again(label, condition, steps))
    }

    fn again(&mut self, label: Option<&str>, condition: Option<&Code>, steps: &[Step]) -> Flow {
        loop {
            if !self.goes_on() {
                return Flow::Stopped;
            }
            match condition.map(|condition| self.value(condition).holds()) {
                None | Some(Some(true)) => {}
                Some(Some(false)) => return Flow::On,
                Some(None) => return self.any_times(&[], steps),
            }
            let flow = self.steps(steps);
            let may_have_left = self.frame().may_be_over();
            match of_loop(flow, label) {
                Some(Flow::On) if may_have_left => return self.any_times(&[], steps),
                Some(Flow::On) => {}
                Some(flow) => return flow,
                None => return Flow::On,
            }
        }
    }

    /// Runs a loop. What does nothing to a schema is the same however often it is done, but for what it gives to variables: it is
    /// run only as far as that does not take long.
    fn unless_inert(
        &mut self,
        is_inert: bool,
        targets: &[String],
        steps: &[Step],
        run: impl FnOnce(&mut Self) -> Flow,
    ) -> Flow {
        if !is_inert || self.inert_left.is_some() {
            return run(self);
        }
        if given(steps).is_empty() && !may_leave(steps) {
            return self.any_times(targets, steps);
        }
        let steps_left = self.steps_left;
        self.inert_left = Some(MOST_INERT);
        let flow = run(self);
        if self.inert_left.take() == Some(0) {
            self.steps_left = steps_left;
            return self.any_times(targets, steps);
        }
        flow
    }

    /// A loop of which nobody knows how often it is run.
    fn any_times(&mut self, targets: &[String], steps: &[Step]) -> Flow {
        self.forget(targets);
        self.forget_given(steps);
        self.doubt += 1;
        let flow = self.steps(steps);
        self.doubt -= 1;
        self.forget_given(steps);
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
