//! What the rest of this module renders: SQL in order, for one transaction.

use std::fmt;
use std::time::Duration;

use super::render::{Vars, render};
use crate::error::{Error, Result};

/// How long a script or a migration waits for a lock by default: less than a service waits until the server looks for a
/// deadlock.
pub(crate) const LOCK_TIMEOUT: Duration = Duration::from_millis(800);

const END: &str = include_str!("../../sql/script/end.sql");

/// SQL that runs as one transaction, step by step.
///
/// `Display` writes all of it as a file for `psql -f`. `migrate::apply` (feature `migrate`) runs it.
///
/// A script waits at most 800 ms for a lock, see [`Script::lock_timeout`]: while it waits, the statements
/// that come after it on the same table wait too.
///
/// A script that sets passwords holds their SCRAM verifiers, never the passwords. Keep it as you keep a verifier.
#[derive(Clone, PartialEq, Eq)]
pub struct Script {
    steps: Vec<Step>,
}

/// One step of a [`Script`].
#[derive(Clone, PartialEq, Eq)]
pub struct Step {
    what: String,
    sql: String,
}

impl Script {
    pub(crate) fn new() -> Result<Self> {
        Self { steps: Vec::new() }.lock_timeout(LOCK_TIMEOUT)
    }

    /// Lets every statement wait for a lock at most this long. Default: 800 ms, less than the server waits before it looks for a deadlock (1 second). Resolution: one millisecond,
    /// rounded up; zero means to wait without a limit. When the time is over, the server answers with SQLSTATE 55P03,
    /// nothing of the script remains, and it can be run again.
    ///
    /// See [`lock_timeout`](https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-LOCK-TIMEOUT).
    ///
    /// # Errors
    ///
    /// The limit is longer than the server can take, 2147483647 milliseconds or 24 days.
    pub fn lock_timeout(mut self, limit: Duration) -> Result<Self> {
        let millis = limit.as_nanos().div_ceil(1_000_000);
        if i32::try_from(millis).is_err() {
            return Err(Error::config(format!(
                "a lock timeout of {limit:?} is too long; expected at most 24 days"
            )));
        }
        let vars = Vars::default().text("lock_timeout", format!("{millis}ms"));
        let sql = render(include_str!("../../sql/script/setup.sql"), &vars)?;
        let setup = Step { what: "set the transaction up".to_owned(), sql };
        // The setup is the first step, and there is only one.
        self.steps.splice(..self.steps.len().min(1), [setup]);
        Ok(self)
    }

    /// The steps in the order in which they run. The first sets the transaction up.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The SQL of all steps, each under its title, without `BEGIN` and `COMMIT`.
    pub(crate) fn body(&self) -> String {
        let titled = |step: &Step| {
            // A name may hold a line break, and what follows one is not part of the comment any more.
            let what = step.what.replace(|c: char| c.is_control(), " ");
            format!("-- {what}\n{}\n", step.sql)
        };
        let end = Step { what: "give the transaction its search_path back".to_owned(), sql: END.to_owned() };
        self.steps.iter().chain([&end]).map(titled).collect::<Vec<_>>().join("\n")
    }

    pub(super) fn push(&mut self, what: impl Into<String>, file: &str, vars: &Vars<'_>) -> Result<()> {
        self.add(what, render(file, vars)?);
        Ok(())
    }

    pub(crate) fn add(&mut self, what: impl Into<String>, sql: String) {
        self.steps.push(Step { what: what.into(), sql });
    }
}

impl Step {
    /// What the step does and to what, such as `secure "erp"."invoice": policies`.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// The SQL, one statement or several.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.sql
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "BEGIN;\n\n{}\nCOMMIT;", self.body())
    }
}

/// Names the steps and leaves their SQL out, since it can hold verifiers of passwords.
impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.steps).finish()
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Step").field("what", &self.what).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Script;
    use crate::policy::render::Vars;

    #[test]
    fn a_name_cannot_leave_the_comment_of_its_step() {
        let mut script = Script::new().unwrap();
        script.push("secure \"a\nDROP TABLE b\"", "SELECT 1;", &Vars::default()).unwrap();
        let text = script.to_string();
        assert!(text.contains("-- secure \"a DROP TABLE b\"\nSELECT 1;\n"), "{text}");
    }

    #[test]
    fn the_lock_timeout_is_rounded_up_and_set_once() {
        let script = Script::new().unwrap().lock_timeout(Duration::from_micros(1500)).unwrap();
        assert_eq!(script.steps().len(), 1);
        assert!(script.to_string().contains("lock_timeout = '2ms'"), "{script}");
        assert!(Script::new().unwrap().lock_timeout(Duration::MAX).is_err());
    }
}
