//! The classes of reasons for crossing tenants, bounded in number.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::names::OTHER;

/// How many classes are told apart.
const MOST: usize = 32;

/// As long as a class may be, in characters.
const LONGEST: usize = 40;

/// The classes that were met. A reason's class is what stands ahead of its first colon, or all of it.
#[derive(Default)]
pub(super) struct Reasons(Mutex<BTreeSet<String>>);

impl Reasons {
    /// The class of a reason; `other` once there are too many, and for one that is too long.
    pub(super) fn class(&self, reason: &str) -> String {
        let class = reason.split(':').next().unwrap_or_default().trim();
        if class.chars().count() > LONGEST {
            return OTHER.to_owned();
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.contains(class) {
            if known.len() >= MOST {
                return OTHER.to_owned();
            }
            known.insert(class.to_owned());
        }
        class.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, Reasons};

    #[test]
    fn a_class_is_what_stands_ahead_of_the_colon() {
        let reasons = Reasons::default();
        assert_eq!(reasons.class("nightly: revaluation of 2026-11-30"), "nightly");
        assert_eq!(reasons.class("nightly fx revaluation"), "nightly fx revaluation");
        assert_eq!(reasons.class(&"a".repeat(41)), "other");
    }

    #[test]
    fn there_are_no_more_classes_than_told_apart() {
        let reasons = Reasons::default();
        for n in 0..MOST {
            assert_eq!(reasons.class(&format!("job {n}")), format!("job {n}"));
        }
        assert_eq!(reasons.class("one more"), "other");
        assert_eq!(reasons.class("job 3: again"), "job 3");
    }
}
