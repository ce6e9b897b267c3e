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
    pub(crate) deferrable: bool,
    pub(crate) initially_deferred: bool,
    pub(crate) not_valid: bool,
    pub(crate) no_inherit: bool,
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
        let columns = cursor.in_parens(Cursor::ident)?;
        ConstraintKind::foreign_key(cursor, columns)?
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
        let columns = match own {
            Some(own) => own,
            None => cursor.in_parens(Cursor::ident)?,
        };
        let include = include(cursor)?;
        index_parameters(cursor)?;
        Ok(Self::Key { primary, nulls_not_distinct, columns, include })
    }

    /// `REFERENCES …`.
    pub(crate) fn foreign_key(cursor: &mut Cursor<'_>, columns: Vec<Ident>) -> Parsed<Self> {
        cursor.expect("references")?;
        let mut key = ForeignKeyDef {
            columns,
            references: cursor.name()?,
            referenced: Vec::new(),
            match_type: MatchType::Simple,
            on_update: ReferentialAction::NoAction,
            on_delete: ReferentialAction::NoAction,
            on_delete_columns: Vec::new(),
        };
        if cursor.is("(") {
            key.referenced = cursor.in_parens(Cursor::ident)?;
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
        if cursor.take("deferrable") {
            timing.deferrable = true;
        } else if cursor.take("initially deferred") {
            timing.deferrable = true;
            timing.initially_deferred = true;
        } else if cursor.take("not valid") {
            timing.not_valid = true;
        } else if cursor.take("no inherit") {
            timing.no_inherit = true;
        } else if cursor.is("not enforced") {
            return Err("NOT ENFORCED is not followed".to_owned());
        } else if cursor.take_one_of(&["not deferrable", "initially immediate", "enforced"]).is_none() {
            return Ok(timing);
        }
    }
}
