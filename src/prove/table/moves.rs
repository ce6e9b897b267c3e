//! Rows that would change hands.

use super::{Cast, Table};
use crate::catalog::Relation;
use crate::error::Result;
use crate::ident::Ident;
use crate::policy::Place;
use crate::policy::matrix::Expected;
use crate::policy::render::{Vars, render};
use crate::prove::attempt::{MOVE, MOVE_ALL, UPSERT, text};
use crate::prove::judge::judge;
use crate::prove::made::Values;
use crate::prove::report::{Aim, Cell};
use crate::prove::row::Scene;
use crate::prove::seat::Answer;
use crate::prove::tenants::Who;
use crate::prove::value::sql;

impl Table<'_> {
    /// A row of one's own that is given to another, and one of another's that is taken.
    pub(super) async fn moves(&self, scene: &Scene<'_>, cast: &Cast, cells: &mut Vec<Cell>) -> Result<()> {
        let (Some(own), Some(other)) = (cast.row(Who::Own), cast.row(Who::Other)) else { return Ok(()) };
        let columns: Vec<&Ident> = match self.place {
            Place::Child { key, .. } => key.columns.iter().collect(),
            place => place.tenant_column().map(|column| &column.name).into_iter().collect(),
        };
        if columns.is_empty() {
            return Ok(());
        }
        for (attempt, name, row, to) in
            [(&MOVE, "give", own, other), (&MOVE, "take", other, own), (&MOVE_ALL, "give all", own, other)]
        {
            let (set, value) = assignment(self.relation, &columns, &to.said);
            let relation = self.name.to_string();
            let vars = Vars::default().sql("relation", relation).sql("column", set).sql("value", value);
            let vars = vars.sql("row", row.predicate());
            let sql = render(text(attempt.name), &vars.named_in(text(attempt.name)))?;
            let judged = |answer: &Answer| judge(Expected::Kept, answer);
            cells.push(self.cell(scene, name, Aim::Other, &sql, attempt.reads, judged).await?);
        }
        Ok(())
    }

    /// A row of another's that is met by its key.
    pub(super) async fn upserts(&self, scene: &Scene<'_>, cast: &Cast, cells: &mut Vec<Cell>) -> Result<()> {
        let (Some(other), Some(new)) = (cast.row(Who::Other), cast.values(Who::Own)) else { return Ok(()) };
        let Some(key) =
            self.relation.keys.values().find(|key| key.primary && !key.without_overlaps && !key.deferrable)
        else {
            return Ok(());
        };
        let binds = self.is_bound(&key.columns);
        let mut values = if binds { other.said.clone() } else { new.clone() };
        for column in &key.columns {
            values.insert(column.clone(), other.holds.get(column).cloned().flatten());
        }
        let columns: Vec<String> = key.columns.iter().map(ToString::to_string).collect();
        let sql = self.sql(&UPSERT, self.values(&values).sql("key", columns.join(", ")))?;
        let judged = |answer: &Answer| judge(Expected::Kept, answer);
        cells.push(self.cell(scene, UPSERT.name, Aim::Other, &sql, UPSERT.reads, judged).await?);
        Ok(())
    }
}

/// Columns and what they are set to, in an UPDATE.
pub(super) fn assignment(relation: &Relation, columns: &[&Ident], values: &Values) -> (String, String) {
    let names: Vec<String> = columns.iter().map(ToString::to_string).collect();
    let value = |name: &&Ident| {
        let data_type = relation.column(name).map_or("text", |column| column.data_type.as_str());
        sql(values.get(*name).and_then(Option::as_deref), data_type)
    };
    let set: Vec<String> = columns.iter().map(value).collect();
    match (&names[..], &set[..]) {
        ([name], [value]) => (name.clone(), value.clone()),
        _ => (format!("({})", names.join(", ")), format!("ROW({})", set.join(", "))),
    }
}
