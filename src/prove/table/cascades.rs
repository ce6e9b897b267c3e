//! What happens to another tenant's row that refers to one's own, once one's own is deleted or gets another key.
//!
//! The row of the other tenant is made to refer so by whoever makes rows. Where the server does not let it, since the key holds
//! the tenant, there is no such row, and nothing to follow.

use super::Table;
use super::moves::assignment;
use crate::catalog::{ForeignKey, Privilege, ReferentialAction};
use crate::error::Result;
use crate::ident::Ident;
use crate::policy::Place;
use crate::policy::matrix::Expected;
use crate::policy::render::{Vars, render};
use crate::prove::attempt::{Attempt, CASCADE_DELETE, CASCADE_UPDATE, REFER_ACROSS, text};
use crate::prove::judge::{judge, judge_untouched};
use crate::prove::made::{Row, Values};
use crate::prove::report::{Aim, Cell, Verdict};
use crate::prove::row::Scene;
use crate::prove::seat::{Answer, Binding, Seeded};
use crate::prove::tenants::Who;

/// The row of the other tenant, and how it came to refer to one's own.
struct Planted {
    child: Row,
    sql: String,
}

impl Table<'_> {
    /// Deletes and changes rows of one's own that a row of another's refers to.
    pub(super) async fn cascades(&self, scene: &mut Scene<'_>, cells: &mut Vec<Cell>) -> Result<()> {
        let follows = |action| {
            use ReferentialAction::{Cascade, SetDefault, SetNull};
            matches!(action, Cascade | SetNull | SetDefault)
        };
        for (name, key) in &self.relation.foreign_keys {
            let Some(parent) = parent(scene, key).filter(|_| self.is_between(scene, name, key)) else {
                continue;
            };
            let may = |privilege| parent.granted.contains(&privilege);
            let reads = self.granted.contains(&Privilege::Select) && may(Privilege::Select);
            let by = |attempt: &Attempt| format!("{} by {}", attempt.name, name.plain());
            if follows(key.on_delete) && reads && may(Privilege::Delete) {
                let cell = self.cascade(scene, key, &parent, &CASCADE_DELETE, by(&CASCADE_DELETE)).await?;
                cells.extend(cell);
            }
            if follows(key.on_update) && reads && may(Privilege::Update) {
                let cell = self.cascade(scene, key, &parent, &CASCADE_UPDATE, by(&CASCADE_UPDATE)).await?;
                cells.extend(cell);
            }
        }
        Ok(())
    }

    async fn cascade(
        &self,
        scene: &mut Scene<'_>,
        key: &ForeignKey,
        parent: &Table<'_>,
        attempt: &Attempt,
        name: String,
    ) -> Result<Option<Cell>> {
        let is_update = attempt.name == CASCADE_UPDATE.name;
        let change = if is_update { parent.another_key(scene, key) } else { None };
        if is_update && change.is_none() {
            return Ok(None);
        }
        let cell = |sql: String, answer: String, verdict| Cell {
            attempt: name,
            aim: Aim::Other,
            sql,
            answer,
            verdict,
        };
        // Rows that are made after the savepoint would be taken back with it, and are remembered.
        let own = match scene.another_row(&key.references, Who::Own).await {
            Ok(row) => row,
            Err(stop) => {
                return Ok(Some(cell(String::new(), String::new(), Verdict::Unproved(stop.reason()?))));
            }
        };
        let child = match scene.another_row(self.name, Who::Other).await {
            Ok(row) => row,
            Err(stop) => {
                return Ok(Some(cell(String::new(), String::new(), Verdict::Unproved(stop.reason()?))));
            }
        };
        scene.seat.prepare("SAVEPOINT tenantry_cascade").await?;
        let cell = match self.plant(scene, key, &own, child).await? {
            Err((sql, answer)) => {
                let verdict = match judge(Expected::Reached, &answer) {
                    Verdict::Held => Verdict::Held,
                    Verdict::Unproved(reason) => Verdict::Unproved(reason),
                    _ => Verdict::Unproved(format!("no row can be made to refer so: {answer}")),
                };
                cell(sql, answer.to_string(), verdict)
            }
            Ok(Planted { child, sql: planted }) => {
                let by_user = matches!(self.place, Place::Membership { .. } | Place::Members);
                let (setting, _, other) = scene.tenants.switch(by_user);
                let mut vars = Vars::default()
                    .sql("parent", key.references.to_string())
                    .sql("relation", self.name.to_string())
                    .sql("row", own.predicate())
                    .sql("child", child.predicate())
                    .text("setting", setting)
                    .text("other", scene.value(setting, other)?);
                if let Some((column, value)) = change {
                    vars = vars.sql("column", column).sql("value", value);
                }
                let sql = render(text(attempt.name), &vars)?;
                let answer = scene.seat.attempt(&scene.bound(Aim::Other), &sql, attempt.reads).await?;
                cell(format!("{planted}\n{sql}"), answer.to_string(), judge_untouched(&answer))
            }
        };
        scene.seat.prepare("ROLLBACK TO SAVEPOINT tenantry_cascade").await?;
        Ok(Some(cell))
    }

    /// Makes a row of another's refer to one's own, or tells what is in the way.
    async fn plant(
        &self,
        scene: &Scene<'_>,
        key: &ForeignKey,
        own: &Row,
        child: Row,
    ) -> Result<std::result::Result<Planted, (String, Answer)>> {
        let tenant = self.place.tenant_column().map(|column| &column.name);
        let pairs = key.columns.iter().zip(&key.referenced_columns);
        let pairs = pairs.filter(|(column, _)| Some(*column) != tenant);
        let values: Values =
            pairs.map(|(column, of)| (column.clone(), own.holds.get(of).cloned().flatten())).collect();
        let (column, value) = assignment(self.relation, &values.keys().collect::<Vec<_>>(), &values);
        let vars = Vars::default().sql("relation", self.name.to_string()).sql("row", child.predicate());
        let sql = render(text(REFER_ACROSS), &vars.sql("column", column).sql("value", value))?;
        let binding = if scene.binds { scene.tenants.binding(Who::Other) } else { Binding::default() };
        if key.deferrable {
            // What waits for the commit is not waited for.
            scene.seat.prepare("SET CONSTRAINTS ALL IMMEDIATE").await?;
        }
        Ok(match scene.seat.seed(&binding, &sql).await? {
            Seeded::Refused(answer) => Err((sql, answer)),
            Seeded::Row(row) => match <[Option<String>; 2]>::try_from(row) {
                Ok([Some(table), Some(ctid)]) => Ok(Planted { child: Row { table, ctid, ..child }, sql }),
                _ => Err((sql, Answer::Rows(0))),
            },
        })
    }

    /// The columns that a foreign key refers to, those of the tenant left out, and other values for them; none where no statement
    /// sets them.
    fn another_key(&self, scene: &mut Scene<'_>, key: &ForeignKey) -> Option<(String, String)> {
        let tenant = self.place.tenant_column().map(|column| &column.name);
        let columns: Vec<&Ident> =
            key.referenced_columns.iter().filter(|name| Some(*name) != tenant).collect();
        let mut values = Values::new();
        for name in &columns {
            let column = self.relation.column(name)?;
            if column.generated.is_some() || column.identity.is_some() {
                return None;
            }
            let value = scene.known.types.value(&column.data_type, &mut scene.random)?;
            values.insert((*name).clone(), Some(value));
        }
        (!columns.is_empty()).then(|| assignment(self.relation, &columns, &values))
    }
}

/// The table that a foreign key refers to.
fn parent<'k>(scene: &Scene<'k>, key: &'k ForeignKey) -> Option<Table<'k>> {
    let place = scene.known.places.relations.get(&key.references)?;
    Table::new(scene.known, &key.references, place)
}
