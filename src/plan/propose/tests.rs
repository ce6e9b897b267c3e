use std::collections::BTreeMap;

use super::*;
use crate::catalog::{
    Column, ForeignKey, KeyConstraint, MatchType, ReferentialAction, RelationKind, Role, Schema,
};
use crate::policy::manifest::{Manifest, Via};

mod answers;
mod columns;
mod roles;
mod text;

/// A catalog of tables written as `id! company_id!>company line_id:uuid>line*`: a type is `bigint` unless it is said, `!` is
/// NOT NULL, `>` a foreign key to a table's `id`, and `*` ON DELETE CASCADE. The column `id` is the primary key.
fn catalog(tables: &[(&str, &str)]) -> Catalog {
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

fn add(relation: &mut Relation, table: &str, text: &str) {
    let (text, cascade) = text.strip_suffix('*').map_or((text, false), |text| (text, true));
    let (column, references) = text.split_once('>').map_or((text, None), |(column, to)| (column, Some(to)));
    let (column, not_null) = column.strip_suffix('!').map_or((column, false), |column| (column, true));
    let (name, data_type) = column.split_once(':').unwrap_or((column, "bigint"));
    relation.columns.push(Column {
        name: ident(name),
        data_type: data_type.replace('_', " "),
        not_null,
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

fn refer(relation: &mut Relation, name: &str, columns: &[&str], to: &str, on_delete: ReferentialAction) {
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
        validated: true,
        inherited: false,
    };
    relation.foreign_keys.insert(ident(name), key);
}

fn key(columns: &[&str]) -> KeyConstraint {
    let columns = columns.iter().map(|column| ident(column)).collect();
    KeyConstraint { primary: true, columns, deferrable: false, initially_deferred: false }
}

fn ident(name: &str) -> Ident {
    Ident::new(name).unwrap()
}

fn qualified(name: &str) -> QualifiedName {
    QualifiedName::new(ident("public"), ident(name))
}

fn proposal(tables: &[(&str, &str)]) -> Proposal {
    propose(&catalog(tables), &Hints::default(), &Facts::default())
}

/// Each relation's class and reason, the class with what it leads through.
fn classes(proposal: &Proposal) -> BTreeMap<&str, String> {
    let said = |proposed: &Proposed| match &proposed.choice {
        Choice::Entry(Class::Child { via }) => format!("child via {}: {}", via_text(via), proposed.reason),
        Choice::Undecided { question, .. } => format!("{question:?}: {}", proposed.reason),
        _ => format!("{}: {}", proposed.class(), proposed.reason),
    };
    proposal.relations.iter().map(|(name, of)| (name.name().as_str(), said(of))).collect()
}

fn via_text(via: &Via) -> String {
    match via {
        Via::Table(table) => table.plain(),
        Via::Name(name) => name.as_str().to_owned(),
    }
}

/// Puts an answer in place of everything that is undecided.
fn settled(text: &str) -> String {
    let text = text.replace("class = \"undecided\"", "class = \"exempt\", reason = \"tried\"");
    text.replace("# app = \"…\"", "app = \"erp_app\"")
}
