//! Steps as a script for psql, for those who run reviewed SQL alone.

use std::time::Duration;

use super::sql;
use super::step::{Action, Adoption, Backfill, Step};
use crate::error::Result;
use crate::policy::render::{Vars, render};
use crate::policy::scan::statements;

/// What a script for psql is made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Psql {
    /// How long a step waits for a lock. Resolution: one millisecond. Zero means no limit.
    pub lock_timeout: Duration,
    /// How many rows a batch goes through. At least 1.
    pub batch: u32,
    /// The `search_path` that triggers of services expect.
    pub path: String,
}

impl Psql {
    /// What goes before the first step: the settings of the session, and the schema of the trigger functions if it is not there.
    ///
    /// # Errors
    ///
    /// None that occurs.
    pub fn setup(&self, adoption: &Adoption) -> Result<String> {
        let setup = render(sql::PSQL_SETUP, &Vars::default().text("lock_timeout", self.limit()))?;
        if adoption.has_support {
            return Ok(setup);
        }
        let schema = render(sql::SCHEMA, &Vars::default().name("support", &adoption.support))?;
        Ok(format!("{setup}\n\n{schema}"))
    }

    /// A step, which commits by itself. One of batches is a loop over them.
    ///
    /// # Errors
    ///
    /// None that occurs.
    pub fn step(&self, step: &Step) -> Result<String> {
        match &step.up {
            Action::Nothing => Ok(String::new()),
            Action::Transaction(sql) => self.transaction(step, sql),
            Action::Build { sql, .. } | Action::Drop(sql) => {
                let vars = Vars::default().sql("statement", sql).text("lock_timeout", self.limit());
                render(sql::PSQL_BUILD, &vars)
            }
            Action::Backfill(backfill) => self.batches(backfill),
        }
    }

    fn transaction(&self, step: &Step, sql: &str) -> Result<String> {
        let vars = Vars::default().sql("statements", sql);
        if step.locked > 1 {
            // The server looks for deadlocks after a second, unless it is told otherwise.
            let each = self.lock_timeout.min(Duration::from_millis(800)) / u32::from(step.locked);
            let limit = if self.lock_timeout.is_zero() { Duration::from_millis(400) } else { each };
            return render(sql::PSQL_LOCKS, &vars.text("lock_timeout", millis(limit)));
        }
        if statements(sql).len() > 1 {
            return render(sql::PSQL_TRANSACTION, &vars);
        }
        Ok(sql.to_owned())
    }

    fn batches(&self, backfill: &Backfill) -> Result<String> {
        let vars = Vars::default()
            .body("bound", lines(&backfill.bound))
            .body("batch", lines(&backfill.batch))
            .sql("rows", (self.batch.max(1) - 1).to_string())
            .text("path", &self.path);
        let body = render(sql::BATCHES_BODY, &vars)?;
        render(sql::BATCHES, &Vars::default().body("body", format!("\n{body}\n")))
    }

    fn limit(&self) -> String {
        millis(self.lock_timeout)
    }
}

fn millis(span: Duration) -> String {
    format!("{}ms", span.as_millis().min(2_147_483_647))
}

/// A query on lines of its own. The lines stay as they are, since a name may hold a line break.
fn lines(query: &str) -> String {
    format!("\n{}\n", query.trim_end().trim_end_matches(';'))
}
