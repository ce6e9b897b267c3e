//! Indexes that are built and dropped while everybody goes on working.
//!
//! `CREATE INDEX CONCURRENTLY` waits for the transactions that are older than its parts, and keeps neither readers nor writers
//! waiting meanwhile: its lock, SHARE UPDATE EXCLUSIVE, is in the way of other changes of the schema alone. With a
//! `lock_timeout`, any transaction longer than that would end it and leave half an index behind, to be dropped and begun
//! again. So it waits for as long as it takes.

use tokio_postgres::types::Type;

use super::event::Observer;
use super::record::Recorded;
use super::session::Adopter;
use super::sql;
use super::transaction::{Mark, watched};
use crate::error::{Error, Result};
use crate::ident::QualifiedName;
use crate::policy::render::{Vars, render};

impl Adopter<'_> {
    /// Builds an index, unless it is there; one whose building was cut off is dropped first.
    pub(super) async fn build(
        &mut self,
        adoption: i64,
        step: &Recorded,
        (sql, index): (&str, &QualifiedName),
        observer: &mut Observer<'_>,
    ) -> Result<()> {
        match self.index_state(step, index).await? {
            Some(true) => {}
            state => {
                if state.is_some() {
                    let vars = Vars::default().name("schema", index.schema()).name("index", index.name());
                    self.alone(step, &render(sql::DROP_INDEX, &vars)?, observer).await?;
                }
                self.alone(step, sql, observer).await?;
            }
        }
        self.record(adoption, step, Mark::Done).await
    }

    /// Whether an index can be used, if it is there.
    async fn index_state(&self, step: &Recorded, index: &QualifiedName) -> Result<Option<bool>> {
        let failed = |source| Error::script(format!("{}: {}", step.step.object, step.step.what), source);
        let (schema, name) = (index.schema().as_str(), index.name().as_str());
        let parameters = [(&schema as _, Type::TEXT), (&name as _, Type::TEXT)];
        let row = self.client.query_typed_opt(sql::INDEX_STATE, &parameters).await.map_err(failed)?;
        row.map(|row| row.try_get("valid")).transpose().map_err(failed)
    }

    /// Runs a statement that no transaction can hold.
    pub(super) async fn alone(&self, step: &Recorded, sql: &str, observer: &mut Observer<'_>) -> Result<()> {
        let failed = |source| Error::script(format!("{}: {}", step.step.object, step.step.what), source);
        watched(self.client.batch_execute(sql), step, observer).await.map_err(failed)
    }
}
