//! The model while its parts come together, each under the number that the server has for it.

use std::collections::{BTreeMap, HashMap};

use super::super::{Catalog, Function, Relation, Schema, Signature, UserType};
use super::read::Oid;
use crate::ident::{Ident, QualifiedName};

/// What has parts that other queries read.
///
/// A part of something that is not here is of a schema that is left out, and is left out as well.
pub(super) struct Building {
    schemas: HashMap<Oid, (Ident, Schema)>,
    relations: HashMap<Oid, (QualifiedName, Relation)>,
    functions: HashMap<Oid, (Signature, Function)>,
    types: HashMap<Oid, (QualifiedName, UserType)>,
}

impl Building {
    pub(super) fn new(
        schemas: Vec<(Oid, Ident, Schema)>,
        relations: Vec<(Oid, QualifiedName, Relation)>,
        functions: Vec<(Oid, Signature, Function)>,
        types: Vec<(Oid, QualifiedName, UserType)>,
    ) -> Self {
        Self {
            schemas: by_oid(schemas),
            relations: by_oid(relations),
            functions: by_oid(functions),
            types: by_oid(types),
        }
    }

    pub(super) fn schema(&mut self, oid: Oid) -> Option<&mut Schema> {
        self.schemas.get_mut(&oid).map(|(_, schema)| schema)
    }

    pub(super) fn relation(&mut self, oid: Oid) -> Option<&mut Relation> {
        self.relations.get_mut(&oid).map(|(_, relation)| relation)
    }

    pub(super) fn relations(&mut self) -> impl Iterator<Item = &mut Relation> {
        self.relations.values_mut().map(|(_, relation)| relation)
    }

    pub(super) fn function(&mut self, oid: Oid) -> Option<&mut Function> {
        self.functions.get_mut(&oid).map(|(_, function)| function)
    }

    pub(super) fn user_type(&mut self, oid: Oid) -> Option<&mut UserType> {
        self.types.get_mut(&oid).map(|(_, of)| of)
    }

    /// The model, by name.
    pub(super) fn finish(self) -> Catalog {
        Catalog {
            schemas: by_name(self.schemas),
            relations: by_name(self.relations),
            functions: by_name(self.functions),
            types: by_name(self.types),
            ..Catalog::default()
        }
    }
}

fn by_oid<N, T>(found: Vec<(Oid, N, T)>) -> HashMap<Oid, (N, T)> {
    found.into_iter().map(|(oid, name, what)| (oid, (name, what))).collect()
}

fn by_name<N: Ord, T>(found: HashMap<Oid, (N, T)>) -> BTreeMap<N, T> {
    found.into_values().collect()
}
