//! The names that the server makes up where a statement gives none.

use std::collections::BTreeSet;

use super::state::State;
use super::undo::{Undo, Undoable};
use super::value::cut;
use crate::ident::{Ident, MAX_NAME_BYTES, QualifiedName};

/// Joins names and a label with `_` and cuts the longer of the names until the whole fits.
fn joined(first: &str, second: Option<&str>, label: &str) -> Option<Ident> {
    let fixed = label.len() + 1 + second.map_or(0, |_| 1);
    let room = MAX_NAME_BYTES.saturating_sub(fixed);
    let (mut one, mut other) = (first.len(), second.map_or(0, str::len));
    while one + other > room {
        if one > other { one -= 1 } else { other -= 1 }
    }
    let first = clipped(first, one);
    cut(match second {
        Some(second) => format!("{first}_{}_{label}", clipped(second, other)),
        None => format!("{first}_{label}"),
    })
}

/// As much of a name as fits without cutting a character apart.
fn clipped(name: &str, length: usize) -> &str {
    let mut end = length;
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.get(..end).unwrap_or_default()
}

/// The names of columns as they stand in the name of a constraint or an index.
pub(super) fn addition<'a>(columns: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for column in columns {
        if !text.is_empty() {
            text.push('_');
        }
        text.push_str(column);
        if text.len() > MAX_NAME_BYTES {
            break;
        }
    }
    text
}

/// Names that several things can have.
#[derive(Clone, Debug, Default)]
pub(super) struct Names(Undoable<QualifiedName, usize>);

impl Names {
    pub(super) fn insert(&mut self, name: QualifiedName) {
        let count = self.0.get(&name).copied().unwrap_or_default();
        self.0.insert(name, count + 1);
    }

    pub(super) fn remove(&mut self, name: &QualifiedName) {
        match self.0.get(name).copied() {
            None => {}
            Some(1) => drop(self.0.remove(name)),
            Some(count) => drop(self.0.insert(name.clone(), count - 1)),
        }
    }

    pub(super) fn contains(&self, name: &QualifiedName) -> bool {
        self.0.contains_key(name)
    }
}

impl Undo for Names {
    fn mark(&mut self) -> usize {
        self.0.mark()
    }

    fn back_to(&mut self, mark: usize) {
        self.0.back_to(mark);
    }

    fn stop(&mut self) {
        self.0.stop();
    }
}

impl State {
    /// The first of `a_b_label`, `a_b_label1` and so on that is not taken.
    fn free(
        first: &str,
        second: Option<&str>,
        label: &str,
        taken: impl Fn(&Ident) -> bool,
    ) -> Result<Ident, String> {
        // More than there can be names.
        (0..usize::MAX)
            .map(|pass| if pass == 0 { label.to_owned() } else { format!("{label}{pass}") })
            .filter_map(|label| joined(first, second, &label))
            .find(|name| !taken(name))
            .ok_or_else(|| "no name is free".to_owned())
    }

    /// A name for a relation, such as an index or a sequence.
    pub(super) fn relation_name(
        &self,
        table: &QualifiedName,
        columns: Option<&str>,
        label: &str,
        constraint: bool,
    ) -> Result<Ident, String> {
        Self::free(table.name().as_str(), columns, label, |name| {
            let name = QualifiedName::new(table.schema().clone(), name.clone());
            self.is_taken(&name) || (constraint && self.constraints.contains(&name))
        })
    }

    /// A name for a constraint that has no index.
    pub(super) fn constraint_name(
        &self,
        table: &QualifiedName,
        columns: Option<&str>,
        label: &str,
    ) -> Result<Ident, String> {
        Self::free(table.name().as_str(), columns, label, |name| {
            self.constraints.contains(&QualifiedName::new(table.schema().clone(), name.clone()))
        })
    }
}

/// Makes names different that an index gives to its keys: `expr`, `expr1`.
pub(super) fn distinct(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let mut found = Vec::new();
    for name in names {
        let mut free = name.clone();
        let mut count = 0;
        while !taken.insert(free.clone()) {
            count += 1;
            let number = count.to_string();
            free = format!("{}{number}", clipped(&name, name.len().min(MAX_NAME_BYTES - number.len())));
        }
        found.push(free);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{addition, distinct, joined};

    #[test]
    fn names_are_cut_as_the_server_cuts_them() {
        let name = |one: &str, two, label| joined(one, two, label).unwrap().as_str().to_owned();
        assert_eq!(name("t", Some("a"), "key"), "t_a_key");
        assert_eq!(name("t", None, "pkey"), "t_pkey");
        let long = "a_table_with_a_name_of_sixty_three_bytes_to_make_its_index_long";
        assert_eq!(
            name(long, Some("another_rather_long_column_name_for_one_more_constraint"), "key"),
            "a_table_with_a_name_of_sixty__another_rather_long_column_na_key"
        );
        assert_eq!(
            name(long, Some("id"), "seq"),
            "a_table_with_a_name_of_sixty_three_bytes_to_make_its_ind_id_seq"
        );
        assert_eq!(name(&"é".repeat(31), None, "pkey").len(), 5 + 58);
        assert_eq!(addition(["a", "b"]), "a_b");
        assert_eq!(distinct(["a", "expr", "expr"].map(str::to_owned)), ["a", "expr", "expr1"]);
    }
}
