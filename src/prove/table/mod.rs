//! What is tried on a table.

mod cascades;
mod keys;
mod layers;
mod lures;
mod moves;
mod never;
mod taken;

use std::collections::BTreeSet;

use super::attempt::{Attempt, OF_NEW_ROWS, ON_ALL, ON_ROWS, On, RIGHTS, Reads, STATISTICS, text};
use super::columns::{lists, lists_without, overrides};
use super::judge::judge;
use super::made::{Known, Made, Row, Stop, Values};
use super::report::{Aim, Cell, Verdict};
use super::row::Scene;
use super::seat::{Answer, Binding};
use super::tenants::Who;
use super::value::sql;
use crate::catalog::{Expr, Privilege, Relation};
use crate::error::Result;
use crate::ident::{Ident, QualifiedName};
use crate::policy::matrix::{Division, Expected, Verb};
use crate::policy::render::{Vars, render};
use crate::policy::{Place, granted};

/// A table, and what is promised of it.
pub(crate) struct Table<'a> {
    pub(crate) name: &'a QualifiedName,
    pub(crate) relation: &'a Relation,
    pub(crate) place: &'a Place<'a>,
    pub(crate) division: Division,
    pub(crate) granted: BTreeSet<Privilege>,
    pub(crate) version: u32,
}

/// The rows that a table is tried with.
struct Cast {
    rows: Vec<(Who, Row)>,
    /// What a new row of each would say.
    new: Vec<(Who, Values)>,
}

impl<'a> Table<'a> {
    pub(crate) fn new(known: &Known<'a>, name: &'a QualifiedName, place: &'a Place<'a>) -> Option<Self> {
        let relation = known.catalog.relations.get(name)?;
        let own = known.manifest.entry(name).and_then(|entry| entry.grants.as_ref());
        Some(Self {
            name,
            relation,
            place,
            division: Division::of(place)?,
            granted: granted::of_app(place, relation, own, known.manifest.roles.app_role()),
            version: known.catalog.server_version.unwrap_or_default() / 10_000,
        })
    }

    /// Whether its rows are tenants'.
    pub(crate) fn is_of_tenants(&self) -> bool {
        !matches!(self.division, Division::Closed | Division::Nobody)
    }

    /// The aims of a session that has bound the setting before, or never.
    fn aims(&self, never: bool) -> Vec<(Aim, Who)> {
        let mut aims = if never {
            vec![(Aim::None, Who::Own)]
        } else {
            vec![(Aim::Own, Who::Own), (Aim::Empty, Who::Own)]
        };
        if !never {
            match self.division {
                Division::Nobody => {}
                Division::Tree => aims.extend([(Aim::Other, Who::Other), (Aim::Below, Who::Below)]),
                Division::TenantsAndNobody => {
                    aims.extend([(Aim::Other, Who::Other), (Aim::Nobodys, Who::Nobody)]);
                }
                _ => aims.push((Aim::Other, Who::Other)),
            }
        }
        aims
    }

    /// Tries everything in the transaction that is open. `never`: in a session in which no tenant was ever bound.
    pub(crate) async fn prove(&self, scene: &mut Scene<'_>, never: bool) -> Result<Vec<Cell>> {
        let (aims, mut cells) = (self.aims(never), Vec::new());
        let cast = match self.cast(scene, &aims).await {
            Ok(cast) => cast,
            Err(Stop::Because(reason)) => match self.taken(scene, &aims).await? {
                Some(cast) => {
                    cells.push(Cell::without_row(reason));
                    cast
                }
                None => return self.without_rows(scene, &aims, &reason).await,
            },
            Err(stop) => return Ok(vec![Cell::without_row(stop.reason()?)]),
        };
        scene.new_of_own = cast.values(Who::Own).cloned();
        if !never {
            self.rights(scene, &mut cells).await?;
        }
        for (aim, who) in aims {
            self.on_rows(scene, &cast, aim, who, &mut cells).await?;
            self.on_all(scene, aim, &mut cells).await?;
            self.of_new_rows(scene, &cast, aim, who, &mut cells).await?;
            if aim == Aim::Other {
                self.lures(scene, &mut cells).await?;
                self.pattern(scene, &cast, &mut cells).await?;
                self.moves(scene, &cast, &mut cells).await?;
                self.upserts(scene, &cast, &mut cells).await?;
                self.references(scene, &cast, &mut cells).await?;
                self.cascades(scene, &mut cells).await?;
                self.statistics(scene, &mut cells).await?;
                self.collisions(scene, &cast, &mut cells).await?;
            }
        }
        Ok(cells)
    }

    async fn cast(&self, scene: &mut Scene<'_>, aims: &[(Aim, Who)]) -> Made<Cast> {
        let all: BTreeSet<Who> = aims.iter().map(|(_, who)| *who).collect();
        let (mut rows, mut new) = (Vec::new(), Vec::new());
        for who in all {
            let row = scene.row(self.name, who).await?;
            new.push((who, scene.another(self.relation, &row)));
            rows.push((who, row));
        }
        Ok(Cast { rows, new })
    }

    /// What is refused without a row being met is shown without one.
    async fn without_rows(&self, scene: &Scene<'_>, aims: &[(Aim, Who)], reason: &str) -> Result<Vec<Cell>> {
        let mut cells = Vec::new();
        self.rights(scene, &mut cells).await?;
        self.statistics(scene, &mut cells).await?;
        for attempt in ON_ROWS.iter().filter(|attempt| self.takes(attempt) && !is_of_two(attempt)) {
            for (aim, _) in aims {
                let expected = self.expected(scene, attempt.verb, *aim);
                let (mut cell, answer) = self.asked_on_row(scene, attempt, *aim, "true").await?;
                // No row proves nothing where one would have been kept, or would have been asked for.
                let is_empty = expected != Expected::Refused && answer == Answer::Rows(0);
                if is_empty || cell.verdict == Verdict::Denied {
                    cell.verdict = Verdict::Unproved(reason.to_owned());
                }
                cells.push(cell);
            }
        }
        Ok(cells)
    }

    fn takes(&self, attempt: &Attempt) -> bool {
        attempt.since <= self.version && (attempt.on == On::Any || self.relation.is_table())
    }

    fn expected(&self, scene: &Scene<'_>, verb: Verb, aim: Aim) -> Expected {
        let missing = scene.known.manifest.tenancy.when_missing();
        self.division.expected(verb, aim.whose(), &self.granted, missing)
    }

    /// A column that an UPDATE can set to what it is.
    fn column(&self) -> String {
        let tenant = self.place.tenant_column().map(|column| &column.name);
        let plain = self.relation.columns.iter().find(|of| of.generated.is_none() && of.identity.is_none());
        let name = tenant.or(plain.map(|column| &column.name));
        name.map(ToString::to_string).unwrap_or_default()
    }

    /// Statements without a WHERE, of a tenant that has no rows, or of none.
    async fn on_all(&self, scene: &mut Scene<'_>, aim: Aim, cells: &mut Vec<Cell>) -> Result<()> {
        if matches!(aim, Aim::Own | Aim::Below | Aim::Nobodys) || self.division == Division::Nobody {
            return Ok(());
        }
        cells.extend(self.asked_on_all(scene, aim).await?.into_iter().map(|(cell, _)| cell));
        Ok(())
    }

    /// The same with the answers as such.
    async fn asked_on_all(&self, scene: &mut Scene<'_>, aim: Aim) -> Result<Vec<(Cell, Answer)>> {
        let of_nobody = if aim == Aim::Other { scene.tenants.of_nobody() } else { scene.tenants.bound(aim) };
        let binding = Binding { role: scene.role.clone(), ..of_nobody };
        let (column, value) = self.constant(scene);
        let mut asked = Vec::new();
        for attempt in &ON_ALL {
            let vars = Vars::default().sql("column", column.clone()).sql("value", value.clone());
            let vars = vars.sql("relation", self.name.to_string());
            let sql = render(text(attempt.name), &vars.named_in(text(attempt.name)))?;
            let answer = scene.seat.attempt(&binding, &sql, attempt.reads).await?;
            // Under a role of a proof's own nothing is promised but that rows are kept.
            let expected = match &scene.role {
                None => self.expected(scene, attempt.verb, aim),
                Some(_) => Expected::Kept,
            };
            let verdict = judge(expected, &answer);
            let attempt = attempt.name.to_owned();
            asked.push((Cell { attempt, aim, sql, answer: answer.to_string(), verdict }, answer));
        }
        Ok(asked)
    }

    /// A column that an UPDATE can set, and a constant for it.
    fn constant(&self, scene: &mut Scene<'_>) -> (String, String) {
        let tenant = self.place.tenant_column();
        let plain = self.relation.columns.iter().find(|of| of.generated.is_none() && of.identity.is_none());
        let Some(column) = tenant.or(plain) else { return (String::new(), String::new()) };
        let by_tenant = tenant.and_then(|_| scene.tenants.tenant(Who::Stranger));
        let value = by_tenant.or_else(|| scene.known.types.value(&column.data_type, &mut scene.random));
        (column.name.to_string(), sql(value.as_deref(), &column.data_type))
    }

    /// What a role may do to a table where no policy is asked.
    async fn rights(&self, scene: &Scene<'_>, cells: &mut Vec<Cell>) -> Result<()> {
        for attempt in RIGHTS.iter().filter(|attempt| self.takes(attempt)) {
            cells.push(self.on_row(scene, attempt, Aim::Other, "").await?);
        }
        Ok(())
    }

    /// What the server has gathered from the rows of all, which is no matter where everybody reads them.
    async fn statistics(&self, scene: &Scene<'_>, cells: &mut Vec<Cell>) -> Result<()> {
        let is_kept = self.division != Division::Nobody;
        for attempt in STATISTICS.iter().filter(|attempt| is_kept && self.takes(attempt)) {
            cells.push(self.on_row(scene, attempt, Aim::Other, "").await?);
        }
        Ok(())
    }

    /// The SQL of an attempt.
    fn sql(&self, attempt: &Attempt, vars: Vars<'_>) -> Result<String> {
        let (relation, column) = (self.name.to_string(), self.column());
        let vars = vars.text("named", relation.clone()).sql("relation", relation).sql("column", column);
        // What is known of an expression stands under the name of the index.
        let names = std::iter::once(self.name.name()).chain(self.relation.indexes.keys());
        let names: Vec<String> = names.map(|name| sql(Some(name.as_str()), "name")).collect();
        let vars = vars.text("schema", self.name.schema().as_str()).sql("names", names.join(", "));
        render(text(attempt.name), &vars.named_in(text(attempt.name)))
    }

    async fn on_row(&self, scene: &Scene<'_>, attempt: &Attempt, aim: Aim, row: &str) -> Result<Cell> {
        Ok(self.asked_on_row(scene, attempt, aim, row).await?.0)
    }

    /// The same with the answer as such.
    async fn asked_on_row(
        &self,
        scene: &Scene<'_>,
        attempt: &Attempt,
        aim: Aim,
        row: &str,
    ) -> Result<(Cell, Answer)> {
        let expected = self.expected(scene, attempt.verb, aim);
        let sql = self.row_sql(scene, attempt, row)?;
        let judged = |answer: &Answer| judge(expected, answer);
        self.asked(scene, attempt.name, aim, &sql, attempt.reads, judged).await
    }

    /// The SQL of an attempt on a row.
    fn row_sql(&self, scene: &Scene<'_>, attempt: &Attempt, row: &str) -> Result<String> {
        let by_user = matches!(self.place, Place::Membership { .. } | Place::Members);
        let (setting, own, other) = scene.tenants.switch(by_user);
        let vars = Vars::default()
            .sql("row", row)
            .text("setting", setting)
            .text("own", scene.value(setting, own)?)
            .text("other", scene.value(setting, other)?);
        self.sql(attempt, vars)
    }

    async fn cell(
        &self,
        scene: &Scene<'_>,
        attempt: &str,
        aim: Aim,
        sql: &str,
        reads: Reads,
        judged: impl FnOnce(&Answer) -> Verdict,
    ) -> Result<Cell> {
        Ok(self.asked(scene, attempt, aim, sql, reads, judged).await?.0)
    }

    async fn asked(
        &self,
        scene: &Scene<'_>,
        attempt: &str,
        aim: Aim,
        sql: &str,
        reads: Reads,
        judged: impl FnOnce(&Answer) -> Verdict,
    ) -> Result<(Cell, Answer)> {
        let answer = scene.seat.attempt(&scene.bound(aim), sql, reads).await?;
        let (attempt, sql, verdict) = (attempt.to_owned(), sql.to_owned(), judged(&answer));
        Ok((Cell { attempt, aim, sql, answer: answer.to_string(), verdict }, answer))
    }

    async fn on_rows(
        &self,
        scene: &Scene<'_>,
        cast: &Cast,
        aim: Aim,
        who: Who,
        cells: &mut Vec<Cell>,
    ) -> Result<()> {
        let Some(row) = cast.row(who) else { return Ok(()) };
        for attempt in ON_ROWS.iter().filter(|attempt| self.takes(attempt)) {
            let of_two = is_of_two(attempt);
            // What everybody reads, no policy keeps.
            let by_policies = attempt.verb == Verb::Bypass;
            if (of_two && aim != Aim::Other) || (by_policies && self.division == Division::Nobody) {
                continue;
            }
            cells.push(self.on_row(scene, attempt, aim, &row.predicate()).await?);
        }
        Ok(())
    }

    async fn of_new_rows(
        &self,
        scene: &Scene<'_>,
        cast: &Cast,
        aim: Aim,
        who: Who,
        cells: &mut Vec<Cell>,
    ) -> Result<()> {
        let Some(values) = cast.values(who).filter(|values| !values.is_empty()) else { return Ok(()) };
        for attempt in OF_NEW_ROWS.iter().filter(|attempt| self.takes(attempt)) {
            cells.push(self.insert(scene, attempt, attempt.name, aim, values).await?);
        }
        // That of the tenants' own table may be the next number.
        let is_context = |default: &Expr| !default.as_str().contains("nextval(");
        let column =
            self.place.tenant_column().filter(|column| column.default.as_ref().is_some_and(is_context));
        if let Some(column) = column.filter(|_| matches!(aim, Aim::Own | Aim::Empty | Aim::None)) {
            for attempt in OF_NEW_ROWS.iter().take(1) {
                let expected = self.expected(scene, attempt.verb, aim);
                let (columns, list) = lists_without(self.relation, values, &column.name);
                let vars = Vars::default().sql("columns", columns).sql("overriding", "").sql("values", list);
                let sql = self.sql(attempt, vars)?;
                let judged = |answer: &Answer| judge(expected, answer);
                cells.push(self.cell(scene, "insert default", aim, &sql, attempt.reads, judged).await?);
            }
        }
        Ok(())
    }

    async fn insert(
        &self,
        scene: &Scene<'_>,
        attempt: &Attempt,
        name: &str,
        aim: Aim,
        values: &Values,
    ) -> Result<Cell> {
        let expected = self.expected(scene, attempt.verb, aim);
        let sql = self.sql(attempt, self.values(values))?;
        // A row that conflicts with one's own is left out, as it says.
        let may_conflict = attempt.name.starts_with("on conflict") && aim == Aim::Own;
        let judged = |answer: &Answer| match answer {
            Answer::Rows(0) if may_conflict => Verdict::Held,
            answer => judge(expected, answer),
        };
        self.cell(scene, name, aim, &sql, attempt.reads, judged).await
    }

    fn values(&self, values: &Values) -> Vars<'static> {
        let (columns, list) = lists(self.relation, values);
        let overriding = if overrides(self.relation, values) { "OVERRIDING SYSTEM VALUE" } else { "" };
        Vars::default().sql("columns", columns).sql("overriding", overriding).sql("values", list)
    }

    /// Whether columns say whose a row is.
    fn is_bound(&self, columns: &[Ident]) -> bool {
        match self.place {
            Place::Child { key, .. } => key.columns.iter().all(|column| columns.contains(column)),
            place => place.tenant_column().is_some_and(|column| columns.contains(&column.name)),
        }
    }
}

/// Whether one tenant prepares what the next one runs, who is to see none of the first one's rows.
fn is_of_two(attempt: &Attempt) -> bool {
    attempt.name == "prepared"
}

impl Cast {
    fn row(&self, who: Who) -> Option<&Row> {
        self.rows.iter().find(|(whose, _)| *whose == who).map(|(_, row)| row)
    }

    fn values(&self, who: Who) -> Option<&Values> {
        self.new.iter().find(|(whose, _)| *whose == who).map(|(_, values)| values)
    }
}
