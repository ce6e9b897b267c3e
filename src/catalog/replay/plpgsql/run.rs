//! Blocks and their statements, run one after the other.

use std::collections::BTreeMap;

use super::super::back::Mark;
use super::block::{Block, Code, Kind, Start, Step, Variable};
use super::interpreter::{Around, Interpreter};
use super::leaf::Outcome;
use super::reach::Reach;
use super::value::{Value, equal};

/// How a list of statements ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Flow {
    /// With its last statement.
    On,
    /// By `EXIT` or `CONTINUE` of the loop of this label, or the innermost one.
    Left {
        goes_on: bool,
        label: Option<String>,
    },
    Returned,
    /// By an error with this condition.
    Raised(String),
    /// Too much has been run.
    Stopped,
}

impl Interpreter<'_> {
    pub(super) fn run_block(&mut self, block: &Block) -> Flow {
        let variables = self.frame().variables.clone();
        let records = self.frame().records.clone();
        let label = block.label.as_ref().map(|label| label.as_str().to_owned());
        self.frame().labels.extend(label.clone());
        block.variables.iter().for_each(|variable| self.declare(variable));
        let around = Around { label: label.clone(), is_loop: false };
        let flow = self.within(around, block.lists(), |own| {
            if block.handlers.is_empty() { own.steps(&block.steps) } else { own.caught_block(block) }
        });
        if label.is_some() {
            self.frame().labels.pop();
        }
        // What the block has declared is gone, and what it hides is there again.
        let own: Vec<&str> = block.variables.iter().map(|variable| variable.name.as_str()).collect();
        let frame = self.frame();
        frame.records = records;
        for name in own {
            match variables.get(name) {
                Some(value) => drop(frame.variables.insert(name.to_owned(), value.clone())),
                None => drop(frame.variables.remove(name)),
            }
        }
        match flow {
            Flow::Left { label: Some(left), .. } if Some(&left) == label.as_ref() => Flow::On,
            flow => flow,
        }
    }

    fn declare(&mut self, variable: &Variable) {
        let value = match &variable.value {
            Start::Null => Value::Null,
            Start::Unknown => Value::Unknown,
            Start::Code(code) => self.value(code),
            Start::Alias(of) => self.frame().variables.get(of).map_or(Value::Unknown, Value::seen),
        };
        let name = variable.name.as_str().to_owned();
        if variable.is_record {
            self.frame().records.insert(name.clone());
        }
        self.frame().variables.insert(name, value);
    }

    /// A block that catches errors.
    fn caught_block(&mut self, block: &Block) -> Flow {
        let caught: Vec<String> =
            block.handlers.iter().flat_map(|(conditions, _)| conditions.iter().cloned()).collect();
        self.caught.push(caught);
        // An error that is caught undoes the whole block, so it is tried first unless it is but one statement.
        let alone = block.steps.iter().filter(|step| !matches!(step.kind, Kind::Nothing(_))).count() <= 1
            && block
                .steps
                .iter()
                .all(|step| matches!(step.kind, Kind::Sql { .. } | Kind::Execute { .. } | Kind::Nothing(_)));
        let (before, variables) = ((!alone).then(|| self.state().mark()), self.frame().variables.clone());
        let flow = self.tried(block, before.as_ref(), &variables);
        if let Some(before) = before {
            self.state().let_go(before);
        }
        flow
    }

    /// Runs a block that catches errors, which leads back to what was before where there is one.
    fn tried(&mut self, block: &Block, before: Option<&Mark>, variables: &BTreeMap<String, Value>) -> Flow {
        let mut flow = Flow::On;
        if before.is_some() && !self.tries {
            self.tries = true;
            let left = self.steps_left;
            flow = self.steps(&block.steps);
            self.steps_left = left.min(self.steps_left + block.steps.len());
            self.tries = false;
            if !matches!(flow, Flow::Raised(_)) {
                self.frame().variables.clone_from(variables);
            }
            if let Some(before) = before {
                self.state().back_to(before);
            }
        }
        if !matches!(flow, Flow::Raised(_)) {
            flow = self.steps(&block.steps);
        }
        self.caught.pop();
        let Flow::Raised(condition) = &flow else {
            // Whether there are other errors is for the rows to tell, and for what is there already.
            let can_be_there = super::leaf::can_be_there(&block.steps);
            for (conditions, steps) in &block.handlers {
                if can_be_there || !conditions.iter().all(|of| is_told_by_schema(of)) {
                    self.in_doubt(steps);
                }
            }
            return flow;
        };
        let handler = block.handlers.iter().find(|(conditions, _)| catches(conditions, condition));
        let Some((_, steps)) = handler else { return flow };
        if let Some(before) = before {
            self.state().back_to(before);
        }
        // Variables keep what they have been given, and the cursors are gone that were opened.
        for (name, value) in &mut self.frame().variables {
            if matches!(value, Value::Rows(_)) && !matches!(variables.get(name), Some(Value::Rows(_))) {
                *value = Value::Unknown;
            }
        }
        match self.steps(steps) {
            // `RAISE` by itself raises the same error again.
            Flow::Raised(again) if again.is_empty() => Flow::Raised(condition.clone()),
            flow => flow,
        }
    }

    pub(super) fn steps(&mut self, steps: &[Step]) -> Flow {
        let run = self.deeper(|own| own.one_by_one(steps));
        run.unwrap_or_else(|| {
            self.not_followed("it stands too deep in other code to be followed", Reach::all());
            self.steps_left = 0;
            Flow::Stopped
        })
    }

    fn one_by_one(&mut self, steps: &[Step]) -> Flow {
        for step in steps {
            match self.step(step) {
                Flow::On => {}
                // Of an error that may be raised it is taken that it is not.
                Flow::Raised(_) if self.is_in_doubt() => return Flow::On,
                flow => return flow,
            }
        }
        Flow::On
    }

    fn step(&mut self, step: &Step) -> Flow {
        if !self.goes_on() {
            return Flow::Stopped;
        }
        let before = self.spot.clone();
        let frame = self.frames.last();
        if let Some(stands) = frame.and_then(|frame| frame.stands.as_ref()) {
            self.spot = stands.inner((step.at.start, step.at.end), step.position);
            self.spot.end -= usize::from(self.spot.written().ends_with(';'));
        }
        let flow = self.kind(&step.kind);
        self.spot = before;
        match self.raised.take() {
            Some(condition) if flow == Flow::On && !self.is_in_doubt() => Flow::Raised(condition),
            _ => flow,
        }
    }

    fn kind(&mut self, kind: &Kind) -> Flow {
        match kind {
            Kind::Nothing(code) => {
                self.check_calls_of(code);
                Flow::On
            }
            Kind::Forget(variables, code) => {
                self.check_calls_of(code);
                self.forget(variables);
                self.frame().variables.insert("found".to_owned(), Value::Unknown);
                Flow::On
            }
            Kind::Open(cursor, opens) => {
                self.open(cursor, opens);
                Flow::On
            }
            Kind::Fetch { cursor, into, is_next } => {
                self.fetch(cursor, into, *is_next);
                Flow::On
            }
            Kind::Assign(target, code) => {
                let value = self.value(code);
                self.assign(target, value);
                Flow::On
            }
            Kind::Perform(code) => {
                let text = format!("SELECT {}", self.text(code));
                self.ended(|own| own.query(&text, &[]))
            }
            Kind::Sql { code, into, statement } => {
                let text = self.text(code);
                self.ended(|own| own.sql(&text, statement.as_deref(), into))
            }
            Kind::Execute { text, into, using } => {
                let value = self.value(text);
                self.with_parameters(using, |own| own.ended(|own| own.execute(&value, into)))
            }
            // What the functions in its message do is undone by it.
            Kind::Raise(condition, _) => Flow::Raised(condition.clone().unwrap_or_default()),
            Kind::Return(code) => {
                if let Some(code) = code {
                    // Whoever calls sees what it reads.
                    let text = self.text(code);
                    self.visited.clear();
                    let value = self.value_of(&text);
                    self.check_visited(code.calls.as_deref());
                    let certain = !self.is_in_doubt();
                    self.frame().returned = Some(if certain { value } else { Value::Unknown });
                }
                Flow::Returned
            }
            Kind::ReturnRows(code) => {
                if code.calls.is_none() {
                    self.not_followed(super::leaf::DYNAMIC, Reach::all());
                }
                self.check_calls_of(code);
                self.frame().returned = Some(Value::Unknown);
                Flow::On
            }
            Kind::Leave(leave) => self.leave_loop(leave),
            Kind::If { subject, arms, otherwise } => self.conditional(subject.as_ref(), arms, otherwise),
            Kind::Loop { label, head, steps } => {
                let label = label.as_ref().map(|label| label.as_str().to_owned());
                self.run_loop(label.as_deref(), head, steps)
            }
            Kind::Block(block) => self.run_block(block),
        }
    }

    /// Says of functions that code calls which is not looked into.
    fn check_calls_of(&mut self, code: &Code) {
        self.visited.clear();
        self.check_visited(code.calls.as_deref());
    }

    /// What an expression gives, after whoever watches has seen what it reads.
    pub(super) fn value(&mut self, code: &Code) -> Value {
        let text = self.text(code);
        self.ask(&format!("SELECT {text}"));
        self.visited.clear();
        let value = self.value_of(&text);
        self.check_visited(code.calls.as_deref());
        value
    }

    fn ended(&mut self, run: impl FnOnce(&mut Self) -> Outcome) -> Flow {
        match run(self) {
            Outcome::Done => Flow::On,
            Outcome::Raised(condition) => Flow::Raised(condition),
        }
    }

    /// Runs something with the values behind `USING` as its parameters.
    pub(super) fn with_parameters<T>(&mut self, using: &[Code], run: impl FnOnce(&mut Self) -> T) -> T {
        let numbered = using.iter().zip(1..).map(|(code, number)| (format!("${number}"), self.value(code)));
        let values = numbered.collect();
        self.with_values(values, run)
    }

    /// Runs something with more variables than there are.
    pub(super) fn with_values<T>(
        &mut self,
        values: Vec<(String, Value)>,
        run: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let names: Vec<String> = values.iter().map(|(name, _)| name.clone()).collect();
        let before = self.frame().variables.clone();
        self.frame().variables.extend(values);
        let done = run(self);
        for name in names {
            match before.get(&name) {
                Some(value) => drop(self.frame().variables.insert(name, value.clone())),
                None => drop(self.frame().variables.remove(&name)),
            }
        }
        done
    }

    fn conditional(
        &mut self,
        subject: Option<&Code>,
        arms: &[(Code, Vec<Step>)],
        otherwise: &[Step],
    ) -> Flow {
        let compared = subject.map(|subject| self.value(subject));
        let mut chosen = Some(otherwise);
        let mut in_doubt: Vec<(&[Step], bool)> = Vec::new();
        for (at, (asked, steps)) in arms.iter().enumerate() {
            self.assumed = false;
            let value = self.value(asked);
            let value = compared.as_ref().map_or(value.clone(), |compared| equal(compared, &value));
            let assumed = std::mem::take(&mut self.assumed);
            match value.holds() {
                Some(true) => {
                    chosen = Some(steps);
                    if assumed {
                        let others = arms.iter().skip(at + 1).map(|(_, steps)| &steps[..]);
                        in_doubt.extend(others.chain([otherwise]).map(|steps| (steps, false)));
                    }
                    break;
                }
                Some(false) if !assumed => {}
                Some(false) => in_doubt.push((steps, true)),
                None => {
                    let all = arms.iter().skip(at).map(|(_, steps)| &steps[..]);
                    in_doubt.extend(all.chain([otherwise]).map(|steps| (steps, false)));
                    chosen = None;
                    break;
                }
            }
        }
        for (steps, presumed) in in_doubt {
            self.presumed += usize::from(presumed);
            self.maybe(steps);
            self.presumed -= usize::from(presumed);
        }
        chosen.map_or(Flow::On, |steps| self.steps(steps))
    }

    /// Runs what may be done or not.
    fn maybe(&mut self, steps: &[Step]) {
        let flow = self.in_doubt(steps);
        self.may_have(&flow);
    }

    /// The same, where it is taken that what follows is run all the same.
    fn in_doubt(&mut self, steps: &[Step]) -> Flow {
        let before = self.frame().variables.clone();
        self.doubt += 1;
        let flow = self.steps(steps);
        self.doubt -= 1;
        for (name, value) in &mut self.frame().variables {
            if before.get(name) != Some(value) {
                *value = Value::Unknown;
            }
        }
        flow
    }
}

/// Whether an error is one that the schema tells of, rather than the rows.
fn is_told_by_schema(condition: &str) -> bool {
    condition.starts_with("duplicate_")
        || condition.starts_with("undefined_")
        || condition == "invalid_schema_name"
}

/// Whether a handler catches a condition.
pub(super) fn catches(conditions: &[String], condition: &str) -> bool {
    conditions
        .iter()
        .any(|caught| caught == "others" || caught == condition || sqlstate(caught) == Some(condition))
}

/// The conditions that people name by their codes.
fn sqlstate(code: &str) -> Option<&'static str> {
    Some(match code {
        "42710" => "duplicate_object",
        "42p07" => "duplicate_table",
        "42701" => "duplicate_column",
        "42723" => "duplicate_function",
        "42p06" => "duplicate_schema",
        "42704" => "undefined_object",
        "42p01" => "undefined_table",
        "42703" => "undefined_column",
        "42883" => "undefined_function",
        _ => return None,
    })
}
