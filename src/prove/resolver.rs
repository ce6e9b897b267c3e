//! What is tried on a function that finds the tenant of a key before one is bound: that it gives the one row of the key, whoever is
//! bound, with the columns that the manifest says, and none for what is no key.

use super::attempt::{Reads, named};
use super::columns::Fill;
use super::judge::judge;
use super::made::{Made, Row, Values};
use super::report::{Aim, Cell, Verdict};
use super::row::Scene;
use super::seat::Answer;
use super::tenants::Who;
use super::value::sql;
use crate::catalog::Argument;
use crate::error::Result;
use crate::ident::{Ident, array_text, literal};
use crate::policy::matrix::Expected;
use crate::policy::render::{Vars, render};
use crate::policy::resolver::Lookup;

const RESOLVER: &str = include_str!("../../sql/prove/resolver.sql");

const RESOLVE: &str = "resolve";
const TENANT: &str = "resolve to its tenant";
const COLUMNS: &str = "resolve to more columns";

/// Tries everything in the transaction that is open.
pub(crate) async fn prove(lookup: &Lookup<'_>, scene: &mut Scene<'_>, never: bool) -> Result<Vec<Cell>> {
    let mut cells = Vec::new();
    // Who is bound, and whose row it is.
    let aims: &[(Aim, Who)] = if never {
        &[(Aim::None, Who::Other)]
    } else {
        &[(Aim::Own, Who::Own), (Aim::Other, Who::Other), (Aim::Empty, Who::Other)]
    };
    scene.fill = Fill::Keys;
    let mut made: Vec<(Who, Row)> = Vec::new();
    for (aim, who) in aims {
        let row = match made.iter().find(|(of, _)| of == who) {
            Some((_, row)) => Ok(row.clone()),
            None => row(lookup, scene, *who).await,
        };
        match row {
            Ok(row) => {
                of_row(lookup, scene, &row, *aim, &mut cells).await?;
                made.push((*who, row));
            }
            Err(stop) => cells.push(Cell::without_row(stop.reason()?)),
        }
    }
    let aim = if never { Aim::None } else { Aim::Empty };
    no_keys(lookup, scene, aim, &mut cells).await?;
    Ok(cells)
}

/// The row of a tenant's. In a table that is everybody's it says the tenant, where it need not.
async fn row(lookup: &Lookup<'_>, scene: &mut Scene<'_>, who: Who) -> Made<Row> {
    let (table, known) = (&lookup.resolver.table, scene.known);
    let of_tenants = known.places.relations.get(table).is_some_and(|place| place.tenant_column().is_some());
    let tenant = lookup.resolver.returns.first().filter(|_| !of_tenants);
    let may_be_null = |column: &&Ident| {
        let relation = known.catalog.relations.get(table);
        relation.and_then(|of| of.column(column)).is_some_and(|column| !column.not_null)
    };
    match tenant.filter(may_be_null) {
        Some(column) => {
            let says = Values::from([(column.clone(), scene.tenants.tenant(who))]);
            scene.row_that_says(table, who, &says).await
        }
        None => scene.row(table, who).await,
    }
}

/// The same where no row can be made.
pub(crate) async fn prove_unmade(lookup: &Lookup<'_>, scene: &mut Scene<'_>) -> Result<Vec<Cell>> {
    let mut cells = Vec::new();
    no_keys(lookup, scene, Aim::None, &mut cells).await?;
    Ok(cells)
}

/// What is no key finds nothing: values that nobody has, what would be a pattern, NULL.
async fn no_keys(lookup: &Lookup<'_>, scene: &mut Scene<'_>, aim: Aim, cells: &mut Vec<Cell>) -> Result<()> {
    let random: Option<Vec<String>> = inputs(lookup)
        .map(|of| {
            scene.known.types.value(&of.data_type, &mut scene.random).map(|text| value(Some(&text), of))
        })
        .collect();
    let is_text = |of: &Argument| matches!(of.data_type.as_str(), "text" | "character varying");
    let pattern: Option<Vec<String>> =
        inputs(lookup).map(|of| is_text(of).then(|| value(Some("%"), of))).collect();
    let null = inputs(lookup).map(|of| value(None, of)).collect();
    for (attempt, values) in
        [("resolve what nobody has", random), ("resolve a pattern", pattern), ("resolve NULL", Some(null))]
    {
        let Some(values) = values else { continue };
        // In a small type a value may be somebody's.
        let is_guessable = inputs(lookup).all(|of| matches!(of.data_type.as_str(), "boolean" | "smallint"));
        if attempt == "resolve what nobody has" && is_guessable {
            continue;
        }
        let sql = render(named(RESOLVER, RESOLVE), &Vars::default().sql("call", call(lookup, &values)))?;
        cells.push(tried(scene, attempt, aim, sql, |answer| judge(Expected::Kept, answer)).await?);
    }
    Ok(())
}

async fn of_row(
    lookup: &Lookup<'_>,
    scene: &Scene<'_>,
    row: &Row,
    aim: Aim,
    cells: &mut Vec<Cell>,
) -> Result<()> {
    let mut values = Vec::new();
    for of in inputs(lookup) {
        let Some(text) = of.name.as_ref().and_then(|name| held(row, name)) else {
            let column = of.name.as_ref().map(Ident::plain).unwrap_or_default();
            cells.push(Cell::without_row(format!("the row that was made has no value in {column}")));
            return Ok(());
        };
        values.push(value(Some(&text), of));
    }
    let call = call(lookup, &values);
    let sql = render(named(RESOLVER, RESOLVE), &Vars::default().sql("call", call.clone()))?;
    cells.push(tried(scene, RESOLVE, aim, sql, one).await?);
    let columns: Vec<&Ident> = lookup.resolver.returns.iter().collect();
    if let Some((column, tenant)) = columns.first().and_then(|column| Some((column, held(row, column)?))) {
        let vars = Vars::default()
            .sql("call", call.clone())
            .sql("column", column.to_string())
            .sql("tenant", literal(&tenant));
        let sql = render(named(RESOLVER, TENANT), &vars)?;
        cells.push(tried(scene, TENANT, aim, sql, one).await?);
    }
    let vars = Vars::default().sql("call", call).sql("columns", literal(&array_text(&columns)));
    let sql = render(named(RESOLVER, COLUMNS), &vars)?;
    cells.push(tried(scene, COLUMNS, aim, sql, |answer| judge(Expected::Kept, answer)).await?);
    Ok(())
}

/// Just one row is promised.
fn one(answer: &Answer) -> Verdict {
    match answer {
        Answer::Rows(2..) => Verdict::Leaked,
        answer => judge(Expected::Reached, answer),
    }
}

async fn tried(
    scene: &Scene<'_>,
    attempt: &str,
    aim: Aim,
    sql: String,
    judged: impl Fn(&Answer) -> Verdict,
) -> Result<Cell> {
    let answer = scene.seat.attempt(&scene.bound(aim), &sql, Reads::Rows).await?;
    let verdict = judged(&answer);
    Ok(Cell { attempt: attempt.to_owned(), aim, sql, answer: answer.to_string(), verdict })
}

fn inputs<'l>(lookup: &'l Lookup<'_>) -> impl Iterator<Item = &'l Argument> {
    lookup.function.arguments.iter().filter(|argument| argument.mode == "IN")
}

fn value(text: Option<&str>, of: &Argument) -> String {
    sql(text, &of.data_type)
}

fn call(lookup: &Lookup<'_>, values: &[String]) -> String {
    format!("{}({})", lookup.signature.name, values.join(", "))
}

fn held(row: &Row, column: &Ident) -> Option<String> {
    let of = |values: &Values| values.get(column).cloned().flatten();
    of(&row.holds).or_else(|| of(&row.said))
}

#[cfg(test)]
mod tests {
    use super::{COLUMNS, RESOLVE, RESOLVER, TENANT};
    use crate::prove::attempt::named;

    #[test]
    fn every_attempt_has_its_sql() {
        for attempt in [RESOLVE, TENANT, COLUMNS] {
            assert!(named(RESOLVER, attempt).ends_with(';'), "{attempt}");
        }
    }
}
