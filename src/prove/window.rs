//! What is tried on what shows rows of tables, a view or a function: that it shows the same whatever other tenants have.

use super::attempt::{REFRESH, text};
use super::columns::Fill;
use super::judge::judge;
use super::made::Made;
use super::report::{Aim, Cell, Verdict};
use super::row::Scene;
use super::seat::Shown;
use super::tenants::Who;
use crate::error::Result;
use crate::ident::QualifiedName;
use crate::policy::Missing;
use crate::policy::matrix::Expected;
use crate::policy::render::{Vars, render};

/// Something that shows rows of tables.
pub(crate) struct Window<'a> {
    /// As a FROM names it: a view, or a call of a function.
    pub(crate) relation: String,
    /// As DDL names it.
    pub(crate) name: String,
    pub(crate) what: What,
    /// The tables that it reads.
    pub(crate) tables: Vec<&'a QualifiedName>,
}

/// What it is, and so what is promised of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A view in which a tenant sees its own rows.
    View {
        /// Whether it reads tables itself, rather than through views alone.
        reads_tables: bool,
    },
    /// A function, which may return anything.
    Function {
        /// Whether it runs with the rights of who calls it.
        is_invoker: bool,
    },
    /// Something that the app role is not to read.
    Closed {
        /// Whether it keeps what it showed when it was refreshed.
        is_kept: bool,
    },
}

const LOOK: &str = "look";

impl Window<'_> {
    /// Tries everything in the transaction that is open, in which nothing was made yet.
    pub(crate) async fn prove(&self, scene: &mut Scene<'_>, never: bool) -> Result<Vec<Cell>> {
        let mut cells = Vec::new();
        if self.what == (What::Closed { is_kept: true }) && !never {
            cells.push(self.refresh(scene).await?);
        }
        let sql = self.sql(LOOK)?;
        match self.what {
            What::Closed { .. } => closed(scene, &sql, never, &mut cells).await?,
            What::View { .. } | What::Function { .. } => self.compare(scene, &sql, never, &mut cells).await?,
        }
        Ok(cells)
    }

    /// The same in a session in which no tenant was ever bound and nobody can make a row: that it shows nothing new shows nothing.
    pub(crate) async fn prove_unmade(&self, scene: &Scene<'_>) -> Result<Vec<Cell>> {
        let (sql, mut cells) = (self.sql(LOOK)?, Vec::new());
        match self.what {
            What::Closed { .. } => closed(scene, &sql, true, &mut cells).await?,
            What::View { .. } | What::Function { .. } => {
                let shown = scene.seat.show(&scene.bound(Aim::None), &sql).await?;
                if matches!(shown, Shown::Refused(_)) {
                    let verdict = unbound_verdict(scene, &shown, &shown);
                    cells.push(cell(Aim::None, &sql, &shown, verdict));
                }
            }
        }
        Ok(cells)
    }

    fn sql(&self, attempt: &str) -> Result<String> {
        render(text(attempt), &Vars::default().sql("relation", self.relation.clone()))
    }

    async fn refresh(&self, scene: &Scene<'_>) -> Result<Cell> {
        let sql = self.sql(REFRESH.name)?;
        let answer = scene.seat.attempt(&scene.bound(Aim::Other), &sql, REFRESH.reads).await?;
        let verdict = judge(Expected::Kept, &answer);
        Ok(Cell {
            attempt: REFRESH.name.to_owned(),
            aim: Aim::Other,
            sql,
            answer: answer.to_string(),
            verdict,
        })
    }

    /// What it shows before any row is there, with a row of one's own, and with another's as well.
    async fn compare(
        &self,
        scene: &mut Scene<'_>,
        sql: &str,
        never: bool,
        cells: &mut Vec<Cell>,
    ) -> Result<()> {
        let unbound = if never { Aim::None } else { Aim::Empty };
        let look = async |scene: &Scene<'_>, aim| scene.seat.show(&scene.bound(aim), sql).await;
        let nothing = look(scene, unbound).await?;
        // In a session in which nothing was ever bound, nothing is.
        let own_before = if never { nothing.clone() } else { look(scene, Aim::Own).await? };
        let mut reason = self.rows(scene, Who::Own).await?;
        let told = look(scene, unbound).await?;
        let verdict = match (&reason, unbound_verdict(scene, &nothing, &told)) {
            (Some(reason), Verdict::Held) if !matches!(told, Shown::Refused(_)) => {
                Verdict::Unproved(reason.clone())
            }
            (_, verdict) => verdict,
        };
        cells.push(cell(unbound, sql, &told, verdict));
        if never {
            return Ok(());
        }
        let own = look(scene, Aim::Own).await?;
        if reason.is_none() {
            reason = self.rows(scene, Who::Other).await?;
        }
        let both = look(scene, Aim::Own).await?;
        let own_verdict = match (&own, &reason) {
            (Shown::Refused(answer), _) => judge(Expected::Reached, answer),
            (_, Some(reason)) => Verdict::Unproved(reason.clone()),
            (shown, None) if *shown == own_before && matches!(self.what, What::Function { .. }) => {
                Verdict::Held
            }
            (shown, None) if *shown == own_before => {
                Verdict::Unproved("a row that was made does not show in it".to_owned())
            }
            _ => Verdict::Held,
        };
        let other_verdict = match (&both, &reason) {
            (Shown::Refused(answer), _) => judge(Expected::Kept, answer),
            (_, Some(reason)) => Verdict::Unproved(reason.clone()),
            _ if both == own => Verdict::Held,
            _ => Verdict::Leaked,
        };
        cells.push(cell(Aim::Own, sql, &own, own_verdict));
        cells.push(cell(Aim::Other, sql, &both, other_verdict));
        Ok(())
    }

    /// Makes a row in every table, or says why there is none.
    async fn rows(&self, scene: &mut Scene<'_>, who: Who) -> Result<Option<String>> {
        // What it shows may be confined to rows in which a column is NULL, or is not.
        let mut reason = None;
        let mut made = false;
        for fill in Fill::ALL {
            scene.fill = fill;
            match self.filled(scene, who).await {
                Ok(()) => made = true,
                Err(stop) => reason = reason.or(Some(stop.reason()?)),
            }
        }
        Ok(reason.filter(|_| !made))
    }

    async fn filled(&self, scene: &mut Scene<'_>, who: Who) -> Made<()> {
        for table in &self.tables {
            scene.row(table, who).await?;
        }
        Ok(())
    }
}

fn cell(aim: Aim, sql: &str, shown: &Shown, verdict: Verdict) -> Cell {
    Cell { attempt: LOOK.to_owned(), aim, sql: sql.to_owned(), answer: shown.to_string(), verdict }
}

/// What the app role is not to read.
async fn closed(scene: &Scene<'_>, sql: &str, never: bool, cells: &mut Vec<Cell>) -> Result<()> {
    let aims: &[Aim] = if never { &[Aim::None] } else { &[Aim::Own, Aim::Other, Aim::Empty] };
    for aim in aims {
        let shown = scene.seat.show(&scene.bound(*aim), sql).await?;
        let verdict = match &shown {
            Shown::Refused(answer) => judge(Expected::Refused, answer),
            // That nobody may read it is promised, and not that nothing is in it.
            Shown::Rows { count, .. } if count == "0" => Verdict::Differs,
            Shown::Rows { .. } => Verdict::Leaked,
        };
        cells.push(cell(*aim, sql, &shown, verdict));
    }
    Ok(())
}

/// What an answer to one who has no tenant means, by what it was before there was a row.
fn unbound_verdict(scene: &Scene<'_>, before: &Shown, after: &Shown) -> Verdict {
    let told = scene.known.manifest.tenancy.when_missing() == Missing::Error;
    match after {
        Shown::Refused(answer) if told => judge(Expected::Told, answer),
        Shown::Refused(answer) => judge(Expected::Kept, answer),
        Shown::Rows { .. } if before != after => Verdict::Leaked,
        Shown::Rows { .. } if told => Verdict::Differs,
        Shown::Rows { .. } => Verdict::Held,
    }
}
