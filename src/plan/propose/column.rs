//! Which column tells the tenants apart.

use std::collections::BTreeMap;
use std::fmt;

use super::name::{is_authors, is_users, means, weight};
use super::{Hints, Table, TenantColumn};
use crate::catalog::{Catalog, Column};
use crate::ident::{Ident, QualifiedName};
use crate::policy::manifest::{Problem, nearest};
use crate::policy::place::{fits, top};
use crate::tenant::TenantType;

/// Of these a candidate needs at least so many points to be the tenant column without anybody's word for it.
const ENOUGH: u32 = 60;

/// Two candidates that are no further apart than this are a question for people.
const NEAR: u32 = 12;

/// How many candidates are named where none is plain.
const NAMED: usize = 4;

const TYPES: [TenantType; 4] = [TenantType::Uuid, TenantType::Bigint, TenantType::Integer, TenantType::Text];

/// A column that may be the one that tells the tenants apart, with what speaks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its name.
    pub column: Ident,
    /// Its type in most of the tables.
    pub data_type: String,
    /// What that is for a tenant; `None` if a tenant's key cannot be of that type.
    pub tenant_type: Option<TenantType>,
    /// How many tables have it.
    pub tables: usize,
    /// Out of so many.
    pub of: usize,
    /// In how many of them it is not null.
    pub not_null: usize,
    /// The key in which most of its foreign keys meet.
    pub references: Option<(QualifiedName, Ident)>,
    /// How many do.
    pub referring: usize,
    /// How much speaks for it, out of 100.
    pub points: u32,
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { column, data_type, tables, of, not_null, referring, .. } = self;
        write!(f, "{} ({data_type}) is in {tables} of {of} tables, not null in {not_null}", column.plain())?;
        match &self.references {
            Some((table, _)) => write!(f, ", and in {referring} refers to {}", table.plain()),
            None => f.write_str(", and refers to nothing"),
        }
    }
}

/// The columns of one name.
#[derive(Default)]
struct Bearers<'a> {
    columns: Vec<&'a Column>,
    /// In how many tables it is the whole primary key.
    keys: usize,
    targets: BTreeMap<(&'a QualifiedName, &'a Ident), usize>,
}

/// Finds the tenant column, or says why nothing plainly is.
pub(super) fn find(
    catalog: &Catalog,
    hints: &Hints,
    tables: &[Table<'_>],
) -> (Vec<Candidate>, Result<TenantColumn, Problem>) {
    let bearers = bearers(catalog, tables);
    let mut candidates: Vec<Candidate> =
        bearers.iter().filter_map(|(name, of)| candidate(name, of, tables.len())).collect();
    if let Some(name) = &hints.column {
        let found = candidates.iter().find(|candidate| candidate.column == *name).cloned();
        let found = found.or_else(|| figures(name, bearers.get(name)?, tables.len()));
        return match found {
            Some(candidate) => {
                let mut chosen = chosen(candidate.clone(), "as --column says");
                if let Ok(column) = &mut chosen
                    && column.own.is_none()
                {
                    column.own = meant(name, tables).map(|(own, _)| own);
                }
                (vec![candidate], chosen)
            }
            None => (Vec::new(), new(name, tables).ok_or_else(|| unknown(name, &bearers))),
        };
    }
    candidates.sort_by(|one, other| (other.points, &one.column).cmp(&(one.points, &other.column)));
    let found = match candidates.as_slice() {
        [] => Err(problem("no column says whose a row is; name the tenant column with --column")),
        [best, ..] if weight(best.column.as_str()) == 0 || best.points < ENOUGH => {
            candidates.truncate(NAMED);
            Err(problem(format!(
                "no column is plainly the tenants'; name it with --column: {}",
                list(&candidates)
            )))
        }
        [best, rest @ ..] => {
            // Another name for what refers to the same table is no rival.
            let rivals = |other: &&Candidate| {
                other.points + NEAR >= best.points
                    && (other.references.is_none() || other.references != best.references)
            };
            let rivals: Vec<&Candidate> = rest.iter().filter(rivals).take(NAMED - 1).collect();
            if rivals.is_empty() {
                chosen(best.clone(), "")
            } else {
                let all: Vec<Candidate> = [best].into_iter().chain(rivals).cloned().collect();
                let what = format!(
                    "{} columns may be the tenants'; name the one that is with --column: {}",
                    all.len(),
                    list(&all)
                );
                candidates = all;
                Err(problem(what))
            }
        }
    };
    (candidates, found)
}

/// The column that tables are to get, of a schema that knows the tenants' own table and nothing of whose its rows are.
fn new(name: &Ident, tables: &[Table<'_>]) -> Option<TenantColumn> {
    let (own, tenant_type) = meant(name, tables)?;
    let reason = format!("as --column says; no table has it yet, and it is named after {}", own.0.plain());
    Some(TenantColumn { name: name.clone(), tenant_type, own: Some(own), reason })
}

/// The table whose key a column is named after, if it is one, and what its key is for a tenant.
fn meant(name: &Ident, tables: &[Table<'_>]) -> Option<((QualifiedName, Ident), TenantType)> {
    let mut found = tables
        .iter()
        .filter(|(table, _)| means(name.as_str(), table.name().as_str()))
        .filter_map(|(table, relation)| {
            let [key] = relation.primary_key()? else { return None };
            let data_type = &relation.column(key)?.data_type;
            let tenant_type = TYPES.into_iter().find(|of| fits(data_type, *of))?;
            Some((((*table).clone(), key.clone()), tenant_type))
        });
    found.next().filter(|_| found.next().is_none())
}

fn chosen(candidate: Candidate, why: &str) -> Result<TenantColumn, Problem> {
    let Some(tenant_type) = candidate.tenant_type else {
        return Err(problem(format!(
            "column {} is of type {}, which cannot hold a tenant; expected uuid, bigint, integer, text or varchar",
            candidate.column.plain(),
            candidate.data_type
        )));
    };
    let figures = candidate.to_string();
    // The name and type stand beside it.
    let figures = figures.split_once(") is ").map_or(figures.as_str(), |(_, figures)| figures);
    let reason = if why.is_empty() { figures.to_owned() } else { format!("{why}; {figures}") };
    // A few foreign keys to a table of another name may mean something else by the column.
    let own = candidate.references.filter(|(table, _)| {
        2 * candidate.referring >= candidate.tables || means(candidate.column.as_str(), table.name().as_str())
    });
    Ok(TenantColumn { name: candidate.column, tenant_type, own, reason })
}

fn bearers<'a>(catalog: &'a Catalog, tables: &[Table<'a>]) -> BTreeMap<&'a Ident, Bearers<'a>> {
    let mut bearers: BTreeMap<&Ident, Bearers<'_>> = BTreeMap::new();
    for (_, relation) in tables {
        let key = relation.primary_key();
        for column in &relation.columns {
            let of = bearers.entry(&column.name).or_default();
            of.columns.push(column);
            of.keys += usize::from(key == Some(std::slice::from_ref(&column.name)));
        }
        let single = relation.foreign_keys.values().filter(|key| key.columns.len() == 1 && !key.inherited);
        for key in single {
            let target = top(catalog, &key.references).unwrap_or(&key.references);
            for (column, referenced) in key.columns.iter().zip(&key.referenced_columns) {
                if let Some(of) = bearers.get_mut(column) {
                    *of.targets.entry((target, referenced)).or_default() += 1;
                }
            }
        }
    }
    bearers
}

/// A candidate, if the column can be one at all.
fn candidate(name: &Ident, bearers: &Bearers<'_>, of: usize) -> Option<Candidate> {
    let weight = weight(name.as_str());
    let found = figures(name, bearers, of)?;
    let many = found.tables > 1 || of < 4;
    let own_key = 2 * bearers.keys > found.tables;
    if weight > 0 {
        return (many && !own_key).then_some(found);
    }
    // What it is not called can still be what it is: in half of the tables, and all of it refers to one other.
    let shaped = many
        && !own_key
        && 2 * found.tables >= of
        && 10 * found.referring >= 9 * found.tables
        && found.tenant_type.is_some();
    (shaped && !is_authors(name.as_str()) && !is_users(name.as_str())).then_some(found)
}

fn figures(name: &Ident, bearers: &Bearers<'_>, of: usize) -> Option<Candidate> {
    let mut types: BTreeMap<&str, usize> = BTreeMap::new();
    for column in &bearers.columns {
        *types.entry(&column.data_type).or_default() += 1;
    }
    let as_tenant = |data_type: &str| TYPES.into_iter().find(|of| fits(data_type, *of));
    // Of types that can hold a tenant the most frequent one, if there is any.
    let (data_type, _) =
        types.iter().max_by_key(|(data_type, count)| (as_tenant(data_type).is_some(), **count))?;
    let tenant_type = as_tenant(data_type);
    let alike = |column: &&&Column| match tenant_type {
        Some(tenant_type) => fits(&column.data_type, tenant_type),
        None => column.data_type == *data_type,
    };
    let tables = bearers.columns.iter().filter(alike).count();
    let not_null = bearers.columns.iter().filter(alike).filter(|column| column.not_null).count();
    let target = bearers.targets.iter().max_by_key(|(_, count)| **count);
    let referring = target.map_or(0, |(_, count)| *count);
    let of_100 = |part: usize, whole: usize| u32::try_from(100 * part / whole.max(1)).unwrap_or(100);
    let points = 45 * weight(name.as_str())
        + 25 * of_100(tables, of)
        + 20 * of_100(referring, tables)
        + 10 * of_100(not_null, tables);
    Some(Candidate {
        column: name.clone(),
        data_type: (*data_type).to_owned(),
        tenant_type,
        tables,
        of,
        not_null,
        references: target.map(|((table, column), _)| ((*table).clone(), (*column).clone())),
        referring,
        points: points / 100,
    })
}

fn list(candidates: &[Candidate]) -> String {
    let figures: Vec<String> = candidates.iter().map(ToString::to_string).collect();
    figures.join("; ")
}

fn unknown(name: &Ident, bearers: &BTreeMap<&Ident, Bearers<'_>>) -> Problem {
    let known: Vec<&str> = bearers.keys().map(|name| name.as_str()).collect();
    let advice = match nearest(name.as_str(), &known) {
        Some(meant) => format!("did you mean {meant}?"),
        None => "expected the name of a column as the catalog spells it, or one after the table of tenants, whose key it \
                 is to hold (company_id after company); make that table first, with a row for each tenant"
            .to_owned(),
    };
    problem(format!("no table has a column {}; {advice}", name.plain()))
}

fn problem(what: impl Into<String>) -> Problem {
    Problem { line: None, what: what.into() }
}
