//! Values that a check may take, found in what the check says.

use std::collections::{BTreeSet, VecDeque};

use sqlparser::tokenizer::Token;

use super::made::{Known, Values};
use crate::catalog::{Relation, tokens};
use crate::ident::{Ident, QualifiedName};

/// How many rows are tried before a check is given up on.
const MOST: usize = 200;

/// What has refused values.
pub(crate) enum By {
    /// A check, by its name where it has one: a partition's bound has none.
    Check(Option<String>),
    /// A type.
    Type,
}

/// Values of a row, and those that are still to be tried.
pub(crate) struct Tries {
    values: Values,
    left: VecDeque<Values>,
    /// The checks whose candidates were added, by name.
    seen: BTreeSet<Option<String>>,
    tried: usize,
}

impl Tries {
    pub(crate) fn new(values: Values) -> Self {
        Self { values, left: VecDeque::new(), seen: BTreeSet::new(), tried: 0 }
    }

    pub(crate) fn values(&self) -> &Values {
        &self.values
    }

    pub(crate) fn into_values(self) -> Values {
        self.values
    }

    /// Changes the values before the next try.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Values)) {
        change(&mut self.values);
    }

    pub(crate) fn is_under_way(&self) -> bool {
        self.tried > 0
    }

    /// Takes the next values after these were refused, by a check perhaps; says no when none are left.
    pub(crate) fn next(
        &mut self,
        refused: &By,
        candidates: impl Fn(Option<&str>) -> Vec<(Ident, Vec<Option<String>>)>,
    ) -> bool {
        self.tried += 1;
        if let By::Check(check) = refused
            && self.tried <= MOST
            && self.seen.insert(check.clone())
        {
            // What fits another check stays.
            for values in combined(&self.values, &candidates(check.as_deref())).into_iter().rev() {
                self.left.push_front(values);
            }
        }
        match self.left.pop_front().filter(|_| self.tried <= MOST) {
            Some(next) => {
                self.values = next;
                true
            }
            None => false,
        }
    }
}

/// One column changed, then two.
fn combined(base: &Values, candidates: &[(Ident, Vec<Option<String>>)]) -> Vec<Values> {
    let with = |values: &Values, column: &Ident, value: &Option<String>| {
        let mut values = values.clone();
        values.insert(column.clone(), value.clone());
        values
    };
    let mut found = Vec::new();
    for (column, values) in candidates {
        found.extend(values.iter().map(|value| with(base, column, value)));
    }
    for (at, (column, values)) in candidates.iter().enumerate() {
        for (second, others) in candidates.iter().skip(at + 1) {
            for value in values {
                let one = with(base, column, value);
                found.extend(others.iter().map(|other| with(&one, second, other)));
            }
        }
    }
    found
}

/// The columns that a check names, each with values that it may take: the constants of the check, the numbers around them, and
/// the text of a partition's bound where it was no check that refused the row.
pub(crate) fn candidates(
    known: &Known<'_>,
    table: &QualifiedName,
    relation: &Relation,
    constraint: Option<&str>,
) -> Vec<(Ident, Vec<Option<String>>)> {
    let check = constraint.and_then(|name| relation.checks.iter().find(|(own, _)| own.as_str() == name));
    let text = match check {
        Some((_, check)) => check.expression.as_str().to_owned(),
        None if constraint.is_none() => return of_partitions(known, table, relation),
        None => String::new(),
    };
    let mut found = Vec::new();
    for column in &relation.columns {
        let domain = known.types.checks(&column.data_type).join(" ");
        let named = if check.is_some() { names(&text, &column.name) } else { !domain.is_empty() };
        let refers = relation.foreign_keys.values().any(|key| key.columns.contains(&column.name));
        if named && column.generated.is_none() && !refers {
            let mut values = constants(if check.is_some() { &text } else { &domain });
            if !column.not_null {
                values.push(None);
            }
            found.push((column.name.clone(), values));
        }
    }
    found
}

/// Whether a check looks at a column, of the table's or of its type's.
pub(crate) fn is_checked(known: &Known<'_>, relation: &Relation, column: &Ident) -> bool {
    let of_type = relation.column(column).is_some_and(|of| !known.types.checks(&of.data_type).is_empty());
    of_type || relation.checks.values().any(|check| names(check.expression.as_str(), column))
}

/// The columns that a check names and that refer to other rows by themselves, but for the first.
pub(crate) fn referring<'a>(relation: &'a Relation, constraint: Option<&str>) -> Vec<&'a Ident> {
    let check = constraint.and_then(|name| relation.checks.iter().find(|(own, _)| own.as_str() == name));
    let Some((_, check)) = check else { return Vec::new() };
    let keys = relation.foreign_keys.values().filter(|key| key.columns.len() == 1);
    let named = keys.flat_map(|key| &key.columns).filter(|column| names(check.expression.as_str(), column));
    named.skip(1).collect()
}

/// The values by which partitions are told apart: those of the table, and the table itself if it is one.
fn of_partitions(
    known: &Known<'_>,
    table: &QualifiedName,
    relation: &Relation,
) -> Vec<(Ident, Vec<Option<String>>)> {
    let relations = &known.catalog.relations;
    let bound = |name: &QualifiedName| relations.get(name)?.partition_of.as_ref();
    // Keys of partitioned tables, each with a bound of one of its partitions.
    let mut bounds: Vec<(&str, &str)> = Vec::new();
    for name in known.catalog.partitions(table) {
        bounds.extend(
            bound(name)
                .and_then(|of| Some((relations.get(&of.parent)?.partition_key.as_deref()?, &*of.bound))),
        );
    }
    let mut at = table;
    while let Some(of) = bound(at) {
        bounds.extend(
            relations.get(&of.parent).and_then(|parent| Some((parent.partition_key.as_deref()?, &*of.bound))),
        );
        at = &of.parent;
    }
    let mut found = Vec::new();
    for column in &relation.columns {
        let own = bounds.iter().filter(|(key, _)| names(key, &column.name));
        let values: Vec<_> = own.flat_map(|(_, bound)| constants(bound)).collect();
        if !values.is_empty() {
            found.push((column.name.clone(), values));
        }
    }
    found
}

/// Whether a text of SQL names a column.
pub(crate) fn names(text: &str, column: &Ident) -> bool {
    let plain = column.plain();
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '"');
    text.match_indices(&plain).any(|(at, found)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(at + found.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// The constants of a text of SQL, the numbers next to them, and texts that often do.
fn constants(text: &str) -> Vec<Option<String>> {
    let mut found: Vec<String> = Vec::new();
    for (token, _) in tokens(text).unwrap_or_default() {
        match token {
            Token::SingleQuotedString(text) => found.push(text),
            Token::Number(digits, _) => {
                let numbers = digits.parse::<f64>().map(|number| [number, number + 1.0, number - 1.0]);
                found.extend(numbers.into_iter().flatten().map(|number| number.to_string()));
            }
            _ => {}
        }
    }
    found.extend(["", "a", "A", "0", "1", "AAA", "aaaa@example.com"].map(str::to_owned));
    let mut seen = BTreeSet::new();
    found.into_iter().filter(|value| seen.insert(value.clone())).map(Some).collect()
}
