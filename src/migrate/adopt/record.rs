//! What is written down of adoptions.

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row, Transaction};

use super::{file, sql};
use crate::error::{Error, Result, Step as Doing};
use crate::ident::{Ident, QualifiedName};
use crate::migrate::path::UsualPath;
use crate::plan::adopt::{Action, Adoption, Backfill, Phase, Step};
use crate::plan::{Lock, Work};
use crate::policy::render::{Vars, render};
use crate::policy::scan::statements;

/// An adoption that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub(super) id: i64,
    /// Its tables, for people to read.
    pub tables: Vec<String>,
    /// The role that has begun it.
    pub begun_by: String,
    /// When, in UTC: `2026-01-31 12:00:00`.
    pub begun_at: String,
    /// Whether it is being taken back, or was.
    pub aborting: bool,
    /// Whether it is done, or taken back.
    pub ended: bool,
    /// Its steps.
    pub steps: Vec<Recorded>,
}

/// A step as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its place among the steps, the first being 1.
    pub number: i32,
    /// The step.
    pub step: Step,
    /// What has become of it.
    pub state: State,
    /// How far a backfill has come.
    pub(super) progress: Progress,
}

/// What has become of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing yet.
    Pending,
    /// It has been begun.
    Started,
    /// It is done.
    Done,
    /// It was taken back.
    Undone,
}

/// How far a backfill has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    pub(super) pass: i32,
    pub(super) position: Option<Vec<String>>,
    pub(super) walked: i64,
    pub(super) total: i64,
    pub(super) rows: i64,
}

impl Recorded {
    /// How much of the table a backfill has gone through in its present pass, and of about how much; 0 if nobody knows.
    #[must_use]
    pub fn walked(&self) -> (u64, u64) {
        (unsigned(self.progress.walked), unsigned(self.progress.total))
    }

    /// How many rows a backfill has given their tenant.
    #[must_use]
    pub fn rows(&self) -> u64 {
        unsigned(self.progress.rows)
    }
}

pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

pub(super) fn recording(source: tokio_postgres::Error) -> Error {
    Error::script("keeping the records of the adoption", source)
}

pub(super) fn reading(source: tokio_postgres::Error) -> Error {
    Error::script("reading the records of adoptions", source)
}

pub(super) fn in_support(file: &str, support: &Ident) -> Result<String> {
    render(file, &Vars::default().name("support", support))
}

/// The adoption that was begun last, whether it has ended or not.
///
/// # Errors
///
/// The role may not read the records, or the connection was lost.
pub async fn last(client: &Client, support: &Ident) -> Result<Option<Record>> {
    let usual = UsualPath::leave(client).await?;
    let record = begun_last(client, support, None).await;
    usual.back(client).await?;
    record
}

/// The adoption of one of these tables, written as [`Record::tables`] has them, that was begun last and not taken back.
///
/// # Errors
///
/// As for [`last`].
pub async fn last_of(client: &Client, support: &Ident, tables: &[String]) -> Result<Option<Record>> {
    let usual = UsualPath::leave(client).await?;
    let record = begun_last(client, support, Some(tables)).await;
    usual.back(client).await?;
    record
}

async fn begun_last(client: &Client, support: &Ident, of: Option<&[String]>) -> Result<Option<Record>> {
    if !present(client, support, None).await?.records {
        return Ok(None);
    }
    let parameters = [(&of as _, Type::TEXT_ARRAY)];
    let row = client.query_typed_opt(&in_support(sql::LAST, support)?, &parameters).await.map_err(reading)?;
    let Some(row) = row else { return Ok(None) };
    let id: i64 = row.try_get("id").map_err(reading)?;
    let steps = client.query_typed(&in_support(sql::STEPS, support)?, &[(&id, Type::INT8)]).await;
    let steps = steps.map_err(reading)?.iter().map(recorded).collect::<Result<_>>()?;
    let record = || -> Result<Record, tokio_postgres::Error> {
        Ok(Record {
            id,
            tables: row.try_get("tables")?,
            begun_by: row.try_get("begun_by")?,
            begun_at: row.try_get("begun_at")?,
            aborting: row.try_get("aborting")?,
            ended: row.try_get("ended")?,
            steps,
        })
    };
    record().map(Some).map_err(reading)
}

#[expect(clippy::struct_excessive_bools, reason = "each is one answer of the server")]
pub(super) struct Present {
    schema: bool,
    records: bool,
    pub(super) files: bool,
    app: bool,
}

pub(super) async fn present(client: &Client, support: &Ident, app: Option<&Ident>) -> Result<Present> {
    let vars = Vars::default()
        .text("support", support.as_str())
        .text("app", app.map_or_else(String::new, |app| app.as_str().to_owned()));
    let row = client.query_typed_one(&render(sql::PRESENT, &vars)?, &[]).await.map_err(reading)?;
    let stranger: Option<String> = row.try_get("stranger").map_err(reading)?;
    if let Some(stranger) = stranger {
        return Err(Error::adopt(format!(
            "the records of adoptions in schema {support} belong to role {stranger:?}, and hold SQL that would run as another; log \
             in as that role, or drop tables adoption, adoption_step and adoption_file there if nobody knows them"
        )));
    }
    let of = |column: &str| row.try_get(column).map_err(reading);
    Ok(Present { schema: of("schema")?, records: of("records")?, files: of("files")?, app: of("app")? })
}

/// Writes an adoption down, in one transaction with the place for it.
pub(super) async fn begin(client: &mut Client, adoption: &Adoption) -> Result<()> {
    let Adoption { support, app, .. } = adoption;
    let Present { schema, records, files, app: has_app } = present(client, support, Some(app)).await?;
    let transaction = client.transaction().await.map_err(|source| Error::server(Doing::Begin, source))?;
    let mut place = String::new();
    if !schema {
        place += &in_support(sql::SCHEMA, support)?;
    }
    let grantees = if has_app { format!("PUBLIC, {app}") } else { "PUBLIC".to_owned() };
    for (_, file) in [(records, sql::RECORDS), (files, sql::FILE_RECORDS)].iter().filter(|(there, _)| !there)
    {
        let vars = Vars::default().name("support", support).sql("grantees", &grantees);
        place += "\n\n";
        place += &render(file, &vars)?;
    }
    for statement in statements(&place) {
        transaction.batch_execute(statement).await.map_err(recording)?;
    }
    let tables: Vec<String> = adoption.tables.iter().map(QualifiedName::plain).collect();
    let row = transaction
        .query_typed_one(&in_support(sql::BEGIN, support)?, &[(&tables, Type::TEXT_ARRAY)])
        .await
        .map_err(recording)?;
    let id: i64 = row.try_get("id").map_err(recording)?;
    let insert = in_support(sql::BEGIN_STEP, support)?;
    for (number, step) in (1_i32..).zip(&adoption.steps) {
        begin_step(&transaction, &insert, id, number, step).await?;
    }
    file::begin(&transaction, support, id, &adoption.at_once).await?;
    transaction.commit().await.map_err(|source| Error::final_step(Doing::Commit, source))
}

async fn begin_step(
    transaction: &Transaction<'_>,
    insert: &str,
    id: i64,
    number: i32,
    step: &Step,
) -> Result<()> {
    let (up_kind, down_kind) = (kind(&step.up), kind(&step.down));
    let index: Option<Vec<&str>> = match &step.up {
        Action::Build { index, .. } => Some(vec![index.schema().as_str(), index.name().as_str()]),
        _ => None,
    };
    let backfill = match &step.up {
        Action::Backfill(backfill) => Some(backfill),
        _ => None,
    };
    let parameters: [(&(dyn ToSql + Sync), Type); 18] = [
        (&id, Type::INT8),
        (&number, Type::INT4),
        (&step.object, Type::TEXT),
        (&step.phase.name(), Type::TEXT),
        (&step.what, Type::TEXT),
        (&step.lock.name(), Type::TEXT),
        (&i32::from(step.locked), Type::INT4),
        (&(step.work == Work::Scan), Type::BOOL),
        (&up_kind, Type::TEXT),
        (&step.up.shown(), Type::TEXT),
        (&down_kind, Type::TEXT),
        (&step.down.shown(), Type::TEXT),
        (&index, Type::TEXT_ARRAY),
        (&backfill.map(|of| &of.bound), Type::TEXT),
        (&backfill.map(|of| &of.size), Type::TEXT),
        (&backfill.map(|of| &of.left), Type::TEXT),
        (&backfill.is_some_and(|of| of.sweep), Type::BOOL),
        (&step.in_the_way, Type::TEXT),
    ];
    transaction.query_typed(insert, &parameters).await.map(drop).map_err(recording)
}

fn kind(action: &Action) -> &'static str {
    match action {
        Action::Nothing => "nothing",
        Action::Transaction(_) => "transaction",
        Action::Build { .. } => "build",
        Action::Drop(_) => "drop",
        Action::Backfill(_) => "backfill",
    }
}

fn recorded(row: &Row) -> Result<Recorded> {
    let unknown = |what: &str| {
        Error::adopt(format!("the records hold {what}, which this version does not know; upgrade tenantry"))
    };
    let text = |column: &str| row.try_get::<_, String>(column).map_err(reading);
    let optional = |column: &str| row.try_get::<_, Option<String>>(column).map_err(reading);
    let phase = text("phase")?;
    let lock = text("lock")?;
    let state = text("state")?;
    let locks =
        [Lock::None, Lock::ShareUpdateExclusive, Lock::Share, Lock::ShareRowExclusive, Lock::AccessExclusive];
    let states = [
        ("pending", State::Pending),
        ("started", State::Started),
        ("done", State::Done),
        ("undone", State::Undone),
    ];
    let scans: bool = row.try_get("scans").map_err(reading)?;
    let locked: i32 = row.try_get("locked").map_err(reading)?;
    let action = |way: &str| -> Result<Action> {
        let (kind, sql) = (text(&format!("{way}_kind"))?, text(way)?);
        Ok(match kind.as_str() {
            "nothing" => Action::Nothing,
            "transaction" => Action::Transaction(sql),
            "drop" => Action::Drop(sql),
            "build" => {
                let index: Option<Vec<String>> = row.try_get("index_of").map_err(reading)?;
                let Some([schema, name]) = index.as_deref() else {
                    return Err(unknown("an index without a name"));
                };
                Action::Build { sql, index: QualifiedName::new(Ident::new(schema)?, Ident::new(name)?) }
            }
            "backfill" => Action::Backfill(Box::new(Backfill {
                size: optional("size")?.unwrap_or_default(),
                bound: optional("bound")?.unwrap_or_default(),
                batch: sql,
                left: optional("remaining")?.unwrap_or_default(),
                sweep: row.try_get("sweep").map_err(reading)?,
            })),
            other => return Err(unknown(other)),
        })
    };
    let step = Step {
        object: text("object")?,
        phase: Phase::from_name(&phase).ok_or_else(|| unknown(&phase))?,
        what: text("what")?,
        lock: locks.into_iter().find(|of| of.name() == lock).ok_or_else(|| unknown(&lock))?,
        locked: u16::try_from(locked).unwrap_or(1),
        work: if scans { Work::Scan } else { Work::None },
        up: action("up")?,
        down: action("down")?,
        in_the_way: optional("in_the_way")?,
    };
    let state =
        states.into_iter().find(|(name, _)| *name == state).map_or(State::Pending, |(_, state)| state);
    let progress = || -> Result<Progress, tokio_postgres::Error> {
        Ok(Progress {
            pass: row.try_get("pass")?,
            position: row.try_get("position")?,
            walked: row.try_get("walked")?,
            total: row.try_get("total")?,
            rows: row.try_get("rows")?,
        })
    };
    let progress = progress().map_err(reading)?;
    Ok(Recorded { number: row.try_get("number").map_err(reading)?, step, state, progress })
}
