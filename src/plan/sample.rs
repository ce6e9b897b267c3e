//! Catalogs to try things on.

use std::collections::BTreeSet;

use crate::catalog::{
    Catalog, Column, ForeignKey, KeyConstraint, MatchType, ReferentialAction, Relation, RelationKind, Schema,
};
use crate::ident::{Ident, QualifiedName};

/// A catalog of tables written as `id! company_id!>company line_id:uuid>line*`: a type is `bigint` unless it is said, `!` is
/// NOT NULL, `>` a foreign key to a table's `id`, and `*` ON DELETE CASCADE. The column `id` is the primary key.
pub(super) fn catalog(tables: &[(&str, &str)]) -> Catalog {
    let mut catalog = Catalog::default();
    let owner = ident("owner");
    let schema = Schema { owner: owner.clone(), grants: BTreeSet::new(), extension: None };
    catalog.schemas.insert(ident("public"), schema);
    for (name, columns) in tables {
        let mut relation = Relation::new(RelationKind::Table, owner.clone());
        for column in columns.split_whitespace() {
            add(&mut relation, name, column);
        }
        if relation.column(&ident("id")).is_some() {
            relation.keys.insert(ident(&format!("{name}_pkey")), key(&["id"]));
        }
        catalog.relations.insert(qualified(name), relation);
    }
    catalog
}

pub(super) fn add(relation: &mut Relation, table: &str, text: &str) {
    let (text, cascade) = text.strip_suffix('*').map_or((text, false), |text| (text, true));
    let (column, references) = text.split_once('>').map_or((text, None), |(column, to)| (column, Some(to)));
    let (column, not_null) = column.strip_suffix('!').map_or((column, false), |column| (column, true));
    let (name, data_type) = column.split_once(':').unwrap_or((column, "bigint"));
    relation.columns.push(Column {
        name: ident(name),
        data_type: data_type.replace('_', " "),
        not_null,
        not_null_unvalidated: None,
        default: None,
        generated: None,
        identity: None,
        inherited: false,
    });
    if let Some(to) = references {
        let on_delete = if cascade { ReferentialAction::Cascade } else { ReferentialAction::NoAction };
        refer(relation, &format!("{table}_{name}_fkey"), &[name], to, on_delete);
    }
}

pub(super) fn refer(
    relation: &mut Relation,
    name: &str,
    columns: &[&str],
    to: &str,
    on_delete: ReferentialAction,
) {
    let key = ForeignKey {
        columns: columns.iter().map(|column| ident(column)).collect(),
        references: qualified(to),
        referenced_columns: vec![ident("id"); columns.len()],
        on_update: ReferentialAction::NoAction,
        on_delete,
        on_delete_columns: Vec::new(),
        match_type: MatchType::Simple,
        deferrable: false,
        initially_deferred: false,
        period: false,
        enforced: true,
        validated: true,
        inherited: false,
    };
    relation.foreign_keys.insert(ident(name), Box::new(key));
}

fn key(columns: &[&str]) -> KeyConstraint {
    let columns = columns.iter().map(|column| ident(column)).collect();
    KeyConstraint {
        primary: true,
        columns,
        without_overlaps: false,
        deferrable: false,
        initially_deferred: false,
    }
}

pub(super) fn ident(name: &str) -> Ident {
    Ident::new(name).unwrap()
}

pub(super) fn qualified(name: &str) -> QualifiedName {
    QualifiedName::new(ident("public"), ident(name))
}

const ODD: [&str; 12] = [
    "plain",
    "Odd",
    "two words",
    "a.b",
    "a\"b",
    "it's",
    "back\\slash",
    "line\nbreak",
    "# hash",
    "ünïcødé",
    "tab\there",
    "'''",
];

/// A number that a seed repeats.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// A schema with odd names, in which tables refer to those before them.
pub(super) fn odd(seed: u64, tables: usize) -> Catalog {
    let random = &mut Random(seed);
    let mut catalog = catalog(&[("company", "id!")]);
    let mut names = vec!["company".to_owned()];
    for number in 0..tables {
        let name = format!("{}{number}", ODD[random.below(ODD.len())]);
        let mut relation = Relation::new(RelationKind::Table, ident("owner"));
        add(&mut relation, &name, "id!");
        if number == 0 || random.below(2) == 0 {
            add(&mut relation, &name, ["company_id!>company", "company_id>company"][random.below(2)]);
        }
        for step in 0..random.below(3) {
            let to = names[random.below(names.len())].clone();
            let column = format!("{}_{step}", ODD[random.below(ODD.len())]);
            add(&mut relation, &name, if random.below(2) == 0 { "x!" } else { "x" });
            relation.columns.last_mut().unwrap().name = ident(&column);
            refer(&mut relation, &format!("{column}{number}"), &[&column], &to, ReferentialAction::NoAction);
        }
        catalog.relations.insert(qualified(&name), relation);
        names.push(name);
    }
    catalog
}
