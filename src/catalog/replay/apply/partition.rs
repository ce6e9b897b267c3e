//! Partitions: their keys, their bounds, and what they get from their table.

use super::super::analyze::Place;
use super::super::parse::index::ElementColumn;
use super::super::parse::table::{Bound, PartitionBy};
use super::super::state::{Followed, State, without_modifier};
use crate::catalog::{PartitionOf, RelationKind, Trigger};
use crate::ident::QualifiedName;

impl State {
    /// How rows find their partition, as `pg_get_partkeydef` writes it.
    pub(super) fn partition_key(&mut self, table: &QualifiedName, by: &PartitionBy) -> String {
        let mut keys = Vec::new();
        for element in &by.keys {
            let mut key = match &element.column {
                ElementColumn::Column(name) => name.bare().into_owned(),
                ElementColumn::Expr(text) => {
                    let (analyzed, note) = self.analyze(text, Place::On(table), None);
                    self.notes.extend(note);
                    analyzed.expr.normal().to_owned()
                }
            };
            if let Some(collation) = &element.collation {
                key = format!("{key} COLLATE {}", collation.name.bare());
            }
            if let Some(opclass) = &element.opclass {
                key = format!("{key} {}", opclass.name.bare());
            }
            keys.push(key);
        }
        format!("{} ({})", by.strategy, keys.join(", "))
    }

    /// The partitions of a table, directly.
    pub(super) fn partitions_of(&self, table: &QualifiedName) -> Vec<QualifiedName> {
        if self.seen(table).is_ok_and(|relation| relation.kind != RelationKind::PartitionedTable) {
            return Vec::new();
        }
        self.children(table)
    }

    /// Makes a new table a partition, which gets the indexes, triggers and foreign keys of its table.
    pub(super) fn become_partition(
        &mut self,
        table: &QualifiedName,
        parent: &QualifiedName,
        bound: &Bound,
    ) -> Followed<()> {
        if self.seen(parent)?.kind != RelationKind::PartitionedTable {
            return Err(format!("{parent} is not partitioned"));
        }
        let bound = self.bound(parent, bound)?;
        self.has_children = true;
        self.relation(table)?.partition_of = Some(PartitionOf { parent: parent.clone(), bound });
        let of = self.seen(parent)?.clone();
        for name in of.indexes.keys() {
            let full = QualifiedName::new(parent.schema().clone(), name.clone());
            self.index_partition(table, &full, parent)?;
        }
        for (name, trigger) in &of.triggers {
            if trigger.for_each_row {
                self.trigger_of_partition(table, name, trigger)?;
            }
        }
        for (name, key) in &of.foreign_keys {
            self.foreign_key_of_partition(table, name, key)?;
        }
        Ok(())
    }

    /// Gives a partition, and its own partitions, a trigger of its table.
    pub(super) fn trigger_of_partition(
        &mut self,
        partition: &QualifiedName,
        name: &crate::ident::Ident,
        trigger: &Trigger,
    ) -> Followed<()> {
        let copy = Trigger { inherited: true, ..trigger.clone() };
        if self.seen(partition)?.triggers.contains_key(name) {
            return Err(format!("{partition} has a trigger {name} already"));
        }
        self.relation(partition)?.triggers.insert(name.clone(), copy);
        for further in self.partitions_of(partition) {
            self.trigger_of_partition(&further, name, trigger)?;
        }
        Ok(())
    }

    /// Which rows are in a partition, as `pg_get_expr` writes it.
    pub(super) fn bound(&self, parent: &QualifiedName, bound: &Bound) -> Followed<String> {
        let of = self.seen(parent)?;
        let key = of.partition_key.clone().unwrap_or_default();
        // A column by its name; what an expression gives is not known.
        let inner = key.split_once('(').and_then(|(_, inner)| inner.strip_suffix(')')).unwrap_or_default();
        let types: Vec<Option<String>> = inner
            .split(", ")
            .map(|key| {
                let column = of.columns.iter().find(|column| column.name.bare() == key)?;
                Some(self.base_type(&column.data_type))
            })
            .collect();
        let value = |(place, text): (usize, &String)| {
            let data_type = types.get(place).cloned().flatten();
            constant(text, data_type.as_deref())
        };
        let list = |values: &[String]| {
            let values: Vec<String> = values.iter().enumerate().map(value).collect();
            values.join(", ")
        };
        Ok(match bound {
            Bound::Default => "DEFAULT".to_owned(),
            Bound::Range(from, to) => format!("FOR VALUES FROM ({}) TO ({})", list(from), list(to)),
            Bound::List(values) => {
                let values: Vec<String> = values.iter().map(|text| value((0, text))).collect();
                format!("FOR VALUES IN ({})", values.join(", "))
            }
            Bound::Hash { modulus, remainder } => {
                format!("FOR VALUES WITH (modulus {modulus}, remainder {remainder})")
            }
        })
    }
}

/// A constant of a bound as the server writes it: numbers and truth values by themselves, all else as a literal.
fn constant(text: &str, data_type: Option<&str>) -> String {
    let upper = text.to_ascii_uppercase();
    if matches!(upper.as_str(), "MINVALUE" | "MAXVALUE" | "NULL") {
        return upper;
    }
    let tokens = crate::lex::tokens(text);
    let literal = tokens.iter().find_map(|token| super::super::value::string(*token, text));
    let said = literal.unwrap_or_else(|| text.split_whitespace().collect());
    let data_type = data_type.map(without_modifier);
    let quoted = |said: &str| crate::ident::literal(said).trim_start().to_owned();
    match data_type.as_deref() {
        // A negative number has its quotes from the server.
        Some("smallint" | "integer" | "bigint" | "numeric" | "real" | "double precision") => {
            if said.starts_with('-') { quoted(&said) } else { said }
        }
        Some("boolean") => match said.to_ascii_lowercase().as_str() {
            "t" | "true" | "yes" | "on" | "1" => "true".to_owned(),
            _ => "false".to_owned(),
        },
        Some("timestamp without time zone") if said.len() == 10 => quoted(&format!("{said} 00:00:00")),
        Some("timestamp with time zone") if said.len() == 10 => quoted(&format!("{said} 00:00:00+00")),
        Some("timestamp with time zone") if said.len() == 19 => quoted(&format!("{said}+00")),
        Some("uuid") => quoted(&said.to_ascii_lowercase()),
        _ => quoted(&said),
    }
}
