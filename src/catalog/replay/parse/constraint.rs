//! Constraints, of a column or of a table.

use super::super::cursor::{Cursor, Name, Parsed};
use super::index::{IndexElement, element, include};
use super::options::skip_options;
use crate::catalog::{MatchType, ReferentialAction};
use crate::ident::Ident;

/// A constraint, as a statement defines it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Constraint {
    pub(crate) name: Option<Ident>,
    pub(crate) kind: ConstraintKind,
    pub(crate) timing: Timing,
}

/// What follows a constraint of any kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a keyword that is there or not")]
pub(crate) struct Timing {
    /// Whether it says when rows are checked.
    pub(crate) says_when: bool,
    pub(crate) deferrable: bool,
    pub(crate) initially_deferred: bool,
    /// What it says of whether rows are checked at all.
    pub(crate) enforced: Option<bool>,
    pub(crate) not_valid: bool,
    pub(crate) no_inherit: bool,
}

impl Timing {
    /// Whether the rows are checked that are written from now on; they are where nothing is said.
    pub(crate) fn is_enforced(self) -> bool {
        self.enforced != Some(false)
    }

    /// Whether the rows are checked that are there.
    pub(crate) fn is_validated(self) -> bool {
        self.is_enforced() && !self.not_valid
    }
}

/// What a constraint demands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ConstraintKind {
    Check(String),
    NotNull(Ident),
    Key {
        primary: bool,
        nulls_not_distinct: bool,
        columns: Vec<Ident>,
        without_overlaps: bool,
        include: Vec<Ident>,
    },
    KeyUsing {
        primary: bool,
        index: Ident,
    },
    ForeignKey(ForeignKeyDef),
    Exclude {
        method: String,
        elements: Vec<(IndexElement, String)>,
        include: Vec<Ident>,
        predicate: Option<String>,
    },
}

/// A foreign key, as a statement defines it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ForeignKeyDef {
    pub(crate) columns: Vec<Ident>,
    pub(crate) references: Name,
    /// Empty where the primary key is meant.
    pub(crate) referenced: Vec<Ident>,
    /// Whether the last column is a period, on either side.
    pub(crate) period: bool,
    pub(crate) match_type: MatchType,
    pub(crate) on_update: ReferentialAction,
    pub(crate) on_delete: ReferentialAction,
    pub(crate) on_delete_columns: Vec<Ident>,
}

/// `CONSTRAINT name`, where it is written.
pub(crate) fn constraint_name(cursor: &mut Cursor<'_>) -> Parsed<Option<Ident>> {
    if cursor.take("constraint") { cursor.ident().map(Some) } else { Ok(None) }
}

/// Whether the constraint of a table comes next, rather than a column.
pub(crate) fn is_constraint(cursor: &Cursor<'_>) -> bool {
    cursor.is_one_of(&[
        "constraint",
        "check (",
        "unique (",
        "unique nulls",
        "unique using",
        "primary key",
        "foreign key",
        "exclude (",
        "exclude using",
        "not null",
    ])
}

/// A constraint of a table.
pub(crate) fn constraint(cursor: &mut Cursor<'_>) -> Parsed<Constraint> {
    let name = constraint_name(cursor)?;
    let kind = if cursor.take("check") {
        ConstraintKind::Check(cursor.parens()?.text().to_owned())
    } else if cursor.take("not null") {
        ConstraintKind::NotNull(cursor.ident()?)
    } else if cursor.is_one_of(&["unique", "primary key"]) {
        ConstraintKind::key(cursor, None)?
    } else if cursor.take("foreign key") {
        let (columns, period) = columns_and_period(cursor)?;
        ConstraintKind::foreign_key(cursor, columns, period)?
    } else if cursor.take("exclude") {
        exclude(cursor)?
    } else {
        return Err(cursor.unexpected("a constraint"));
    };
    let timing = timing(cursor)?;
    Ok(Constraint { name, kind, timing })
}

impl ConstraintKind {
    /// `UNIQUE` or `PRIMARY KEY`, of the column that it stands at or of those that it lists.
    pub(crate) fn key(cursor: &mut Cursor<'_>, own: Option<Vec<Ident>>) -> Parsed<Self> {
        let primary = cursor.take("primary key");
        if !primary {
            cursor.expect("unique")?;
        }
        if cursor.take("using index") && own.is_none() {
            return Ok(Self::KeyUsing { primary, index: cursor.ident()? });
        }
        let nulls_not_distinct = cursor.take("nulls not distinct");
        let _ = cursor.take("nulls distinct");
        let mut without_overlaps = false;
        let columns = match own {
            Some(own) => own,
            None => cursor.in_parens(|cursor| {
                let column = cursor.ident()?;
                without_overlaps = cursor.take("without overlaps");
                Ok(column)
            })?,
        };
        let include = include(cursor)?;
        index_parameters(cursor)?;
        Ok(Self::Key { primary, nulls_not_distinct, columns, without_overlaps, include })
    }

    /// `REFERENCES …`.
    pub(crate) fn foreign_key(cursor: &mut Cursor<'_>, columns: Vec<Ident>, period: bool) -> Parsed<Self> {
        cursor.expect("references")?;
        let mut key = ForeignKeyDef {
            columns,
            references: cursor.name()?,
            referenced: Vec::new(),
            period,
            match_type: MatchType::Simple,
            on_update: ReferentialAction::NoAction,
            on_delete: ReferentialAction::NoAction,
            on_delete_columns: Vec::new(),
        };
        if cursor.is("(") {
            let start = *cursor;
            let (referenced, period) = columns_and_period(cursor)?;
            if period != key.period {
                return Err(start.unexpected("PERIOD on both sides or on none"));
            }
            key.referenced = referenced;
        }
        loop {
            if cursor.take("match full") {
                key.match_type = MatchType::Full;
            } else if cursor.take("on update") {
                key.on_update = action(cursor)?;
            } else if cursor.take("on delete") {
                key.on_delete = action(cursor)?;
                if cursor.is("(") {
                    key.on_delete_columns = cursor.in_parens(Cursor::ident)?;
                }
            } else if !cursor.take("match simple") {
                return Ok(Self::ForeignKey(key));
            }
        }
    }
}

/// The columns of one side of a foreign key, and whether the last one is a period.
fn columns_and_period(cursor: &mut Cursor<'_>) -> Parsed<(Vec<Ident>, bool)> {
    let mut period = false;
    let columns = cursor.in_parens(|cursor| {
        let mut ahead = *cursor;
        // A column can be called that too.
        period = ahead.take("period") && !ahead.is_one_of(&[",", ")"]);
        if period {
            *cursor = ahead;
        }
        cursor.ident()
    })?;
    Ok((columns, period))
}

fn action(cursor: &mut Cursor<'_>) -> Parsed<ReferentialAction> {
    let found = cursor.take_one_of(&["no action", "restrict", "cascade", "set null", "set default"]);
    Ok(match found {
        Some("no action") => ReferentialAction::NoAction,
        Some("restrict") => ReferentialAction::Restrict,
        Some("cascade") => ReferentialAction::Cascade,
        Some("set null") => ReferentialAction::SetNull,
        Some(_) => ReferentialAction::SetDefault,
        None => return Err(cursor.unexpected("a referential action")),
    })
}

/// `WITH (…)` and `USING INDEX TABLESPACE name`.
fn index_parameters(cursor: &mut Cursor<'_>) -> Parsed<()> {
    if cursor.take("with") {
        skip_options(cursor)?;
    }
    if cursor.take("using index tablespace") {
        cursor.ident()?;
    }
    Ok(())
}

fn exclude(cursor: &mut Cursor<'_>) -> Parsed<ConstraintKind> {
    let method = if cursor.take("using") { cursor.ident()?.as_str().to_owned() } else { "gist".to_owned() };
    let method = if cursor.is("(") { method } else { return Err(cursor.unexpected("(")) };
    let elements = cursor.in_parens(|cursor| {
        let element = element(cursor)?;
        cursor.expect("with")?;
        Ok((element, operator(cursor)?))
    })?;
    let include = include(cursor)?;
    index_parameters(cursor)?;
    let predicate = if cursor.take("where") { Some(cursor.parens()?.text().to_owned()) } else { None };
    Ok(ConstraintKind::Exclude { method, elements, include, predicate })
}

/// `=` or `OPERATOR(schema.=)`.
fn operator(cursor: &mut Cursor<'_>) -> Parsed<String> {
    if cursor.take("operator") {
        return Ok(cursor.parens()?.words().last().copied().unwrap_or_default().to_owned());
    }
    let token = cursor.peek().to_owned();
    cursor.any().map(|_| token).ok_or_else(|| cursor.unexpected("an operator"))
}

/// `DEFERRABLE`, `NOT VALID` and the like.
pub(crate) fn timing(cursor: &mut Cursor<'_>) -> Parsed<Timing> {
    let mut timing = Timing::default();
    loop {
        if cursor.take("not valid") {
            timing.not_valid = true;
        } else if cursor.take("no inherit") {
            timing.no_inherit = true;
        } else if cursor.take("not enforced") {
            timing.enforced = Some(false);
        } else if cursor.take("enforced") {
            timing.enforced = Some(true);
        } else {
            let when = ["deferrable", "initially deferred", "not deferrable", "initially immediate"];
            let Some(said) = cursor.take_one_of(&when) else { return Ok(timing) };
            timing.says_when = true;
            timing.deferrable |= matches!(said, "deferrable" | "initially deferred");
            timing.initially_deferred |= said == "initially deferred";
        }
    }
}
