//! What an answer means, by what is promised.

use tokio_postgres::error::SqlState;

use super::report::Verdict;
use super::seat::Answer;
use crate::error::{NO_TENANT, NOT_SEALED};
use crate::policy::matrix::Expected;

/// What an answer means where that is promised.
pub(crate) fn judge(expected: Expected, answer: &Answer) -> Verdict {
    let (code, message) = match answer {
        Answer::Rows(rows) => return of_rows(expected, *rows),
        Answer::Error { code, message, .. } => (code, message),
    };
    if let Some(reason) = in_the_way(code) {
        return Verdict::Unproved(reason.to_owned());
    }
    let refused = *code == SqlState::INSUFFICIENT_PRIVILEGE || *code == SqlState::FEATURE_NOT_SUPPORTED;
    let told = matches!(code.code(), NO_TENANT | NOT_SEALED);
    match expected {
        // Policies let it pass, and something else holds it.
        Expected::Reached if is_of_integrity(code) => Verdict::Held,
        Expected::Reached if refused || told || is_of_a_policy(code) => Verdict::Denied,
        Expected::Refused if refused => Verdict::Held,
        Expected::Refused if told || is_of_a_policy(code) => Verdict::Differs,
        Expected::Kept if refused || told => Verdict::Held,
        Expected::Kept | Expected::Told | Expected::Refused if is_past_policies(code) => Verdict::Leaked,
        Expected::Told if told => Verdict::Held,
        Expected::Told if refused || is_of_a_policy(code) => Verdict::Differs,
        Expected::Kept if is_of_a_policy(code) => Verdict::Differs,
        _ => Verdict::Unproved(format!("it failed before a policy was met: {message}")),
    }
}

/// The same for a row that would refer to another tenant's, which a key refuses.
pub(crate) fn judge_reference(answer: &Answer) -> Verdict {
    match answer {
        Answer::Error { code, .. } if *code == SqlState::FOREIGN_KEY_VIOLATION => Verdict::Held,
        _ => judge(Expected::Kept, answer),
    }
}

/// The same for a value that another tenant's row has: that it is refused tells that it is there.
pub(crate) fn judge_collision(answer: &Answer, tells_nothing: bool) -> Verdict {
    match answer {
        Answer::Rows(_) => Verdict::Held,
        Answer::Error { code, .. } if is_collision(code) => {
            if tells_nothing {
                Verdict::Held
            } else {
                Verdict::Leaked
            }
        }
        Answer::Error { .. } => match judge(Expected::Reached, answer) {
            Verdict::Denied => Verdict::Held,
            verdict => verdict,
        },
    }
}

/// The same for another tenant's row that must still be as it was.
pub(crate) fn judge_untouched(answer: &Answer) -> Verdict {
    match (answer, judge(Expected::Reached, answer)) {
        (Answer::Rows(0), _) => Verdict::Leaked,
        // What is refused has touched nothing.
        (Answer::Error { .. }, Verdict::Denied) => Verdict::Held,
        (_, verdict) => verdict,
    }
}

fn of_rows(expected: Expected, rows: u64) -> Verdict {
    match (expected, rows) {
        (Expected::Reached, 0) => Verdict::Denied,
        (Expected::Reached, _) | (Expected::Kept, 0) => Verdict::Held,
        (Expected::Told | Expected::Refused, 0) => Verdict::Differs,
        (Expected::Kept | Expected::Told | Expected::Refused, _) => Verdict::Leaked,
    }
}

/// What kept the server from an answer.
fn in_the_way(code: &SqlState) -> Option<&'static str> {
    if *code == SqlState::QUERY_CANCELED {
        Some("it took longer than a statement may")
    } else if *code == SqlState::LOCK_NOT_AVAILABLE {
        Some("somebody else holds a lock on it")
    } else if *code == SqlState::UNDEFINED_TABLE || *code == SqlState::UNDEFINED_COLUMN {
        Some("it changed meanwhile")
    } else {
        None
    }
}

fn is_of_integrity(code: &SqlState) -> bool {
    code.code().starts_with("23")
}

fn is_collision(code: &SqlState) -> bool {
    *code == SqlState::UNIQUE_VIOLATION || *code == SqlState::EXCLUSION_VIOLATION
}

/// Policies are asked before keys are.
fn is_past_policies(code: &SqlState) -> bool {
    is_collision(code) || *code == SqlState::FOREIGN_KEY_VIOLATION
}

/// A policy that fails by itself: it calls itself, reads an empty setting as a number, or calls what is not to be called.
fn is_of_a_policy(code: &SqlState) -> bool {
    code.code().starts_with("22")
        || *code == SqlState::INVALID_OBJECT_DEFINITION
        || *code == SqlState::UNDEFINED_OBJECT
        || *code == SqlState::UNDEFINED_FUNCTION
}

#[cfg(test)]
mod tests {
    use tokio_postgres::error::SqlState;

    use super::{judge, judge_collision, judge_reference, judge_untouched};
    use crate::policy::matrix::Expected::{Kept, Reached, Refused, Told};
    use crate::prove::report::Verdict::{Denied, Differs, Held, Leaked, Unproved};
    use crate::prove::seat::Answer;

    fn error(code: &str) -> Answer {
        Answer::Error { code: SqlState::from_code(code), message: "m".to_owned(), constraint: None }
    }

    #[test]
    fn a_promise_is_held_against_the_answer() {
        for (expected, answer, verdict) in [
            (Reached, Answer::Rows(1), Held),
            (Reached, Answer::Rows(0), Denied),
            (Reached, error("42501"), Denied),
            (Reached, error("42P17"), Denied),
            // A foreign key holds the row, which policies have let go.
            (Reached, error("23503"), Held),
            (Kept, Answer::Rows(0), Held),
            (Kept, Answer::Rows(3), Leaked),
            (Kept, error("42501"), Held),
            (Kept, error("TN001"), Held),
            (Kept, error("23505"), Leaked),
            (Kept, error("22P02"), Differs),
            (Told, error("TN001"), Held),
            (Told, Answer::Rows(0), Differs),
            (Told, error("42501"), Differs),
            (Told, Answer::Rows(1), Leaked),
            (Refused, error("42501"), Held),
            (Refused, Answer::Rows(0), Differs),
            (Refused, error("TN001"), Differs),
            (Refused, Answer::Rows(1), Leaked),
        ] {
            assert_eq!(judge(expected, &answer), verdict, "{expected:?} {answer:?}");
        }
        for expected in [Reached, Kept, Told] {
            assert!(matches!(judge(expected, &error("57014")), Unproved(_)));
        }
        assert!(matches!(judge(Kept, &error("P0001")), Unproved(_)));
    }

    #[test]
    fn keys_tell_and_keep() {
        assert_eq!(judge_reference(&error("23503")), Held);
        assert_eq!(judge_reference(&Answer::Rows(1)), Leaked);
        assert_eq!(judge_untouched(&Answer::Rows(0)), Leaked);
        assert_eq!(judge_untouched(&Answer::Rows(1)), Held);
        assert_eq!(judge_untouched(&error("23503")), Held);
        assert_eq!(judge_untouched(&error("42501")), Held);
        assert!(matches!(judge_untouched(&error("57014")), Unproved(_)));
        assert_eq!(judge_collision(&error("23505"), false), Leaked);
        assert_eq!(judge_collision(&error("23505"), true), Held);
        assert_eq!(judge_collision(&Answer::Rows(1), false), Held);
    }
}
