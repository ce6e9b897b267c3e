//! What may be left before its end: a loop, a block, a body.

use super::block::{Leave, Step, given};
use super::interpreter::{Around, Interpreter};
use super::run::Flow;

impl Interpreter<'_> {
    /// Runs a loop or a block, which has these statements.
    pub(super) fn within<'s>(
        &mut self,
        around: Around,
        lists: impl Iterator<Item = &'s [Step]>,
        run: impl FnOnce(&mut Self) -> Flow,
    ) -> Flow {
        let frame = self.frame();
        let place = frame.around.len();
        let before = frame.may_have_left;
        frame.around.push(around);
        let flow = run(self);
        let frame = self.frame();
        frame.around.truncate(place);
        let left = frame.may_have_left;
        frame.may_have_left = left.filter(|left| *left < place);
        if left != before {
            // It may have ended before they were given.
            lists.for_each(|steps| self.forget_given(steps));
        }
        flow
    }

    /// `EXIT` and `CONTINUE`.
    pub(super) fn leave_loop(&mut self, leave: &Leave) -> Flow {
        let label = leave.label.as_ref().map(|label| label.as_str().to_owned());
        let left = Flow::Left { goes_on: leave.goes_on, label };
        match leave.when.as_ref().map(|when| self.value(when).holds()) {
            None | Some(Some(true)) => left,
            Some(Some(false)) => Flow::On,
            Some(None) => {
                self.may_have(&left);
                Flow::On
            }
        }
    }

    /// Keeps in mind that what follows may not be run.
    pub(super) fn may_have(&mut self, flow: &Flow) {
        let frame = self.frame();
        match flow {
            Flow::Left { label, .. } => {
                let is_left = |around: &Around| match label {
                    Some(_) => around.label == *label,
                    None => around.is_loop,
                };
                let place = frame.around.iter().rposition(is_left).unwrap_or_default();
                frame.may_have_left = Some(frame.may_have_left.map_or(place, |other| other.min(place)));
            }
            Flow::Returned => frame.may_have_returned = true,
            Flow::On | Flow::Raised(_) | Flow::Stopped => {}
        }
    }

    /// Makes unknown what variables hold that statements give values to.
    pub(super) fn forget_given(&mut self, steps: &[Step]) {
        let mut names = given(steps);
        names.retain(|name| self.frame().variables.contains_key(name));
        self.forget(&names);
    }
}
