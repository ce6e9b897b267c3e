use std::collections::BTreeMap;

use super::*;
use crate::catalog::{ReferentialAction, RelationKind, Role};
use crate::plan::sample::{add, catalog, ident, odd, qualified, refer};
use crate::policy::manifest::{Manifest, Via};

mod adoption;
mod answers;
mod columns;
mod roles;
mod text;

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
