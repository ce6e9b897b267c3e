//! Going back to what a database was before something was tried.

use std::collections::{BTreeMap, BTreeSet};

use super::defaults::Defaults;
use super::model::Model;
use super::state::State;
use super::told::Session;
use super::undo::Undo;
use crate::catalog::{DefaultPrivileges, Extension, ServerGrant};
use crate::ident::Ident;

/// A place to go back to. What is large is not copied: what changes from here on is written down.
#[derive(Debug)]
pub(super) struct Mark {
    marks: [usize; MAPS],
    session: Session,
    defaults: Defaults,
    default_privileges: BTreeSet<DefaultPrivileges>,
    server_grants: BTreeSet<ServerGrant>,
    extensions: BTreeMap<Ident, Extension>,
    has_children: bool,
    notes: usize,
    assumed: usize,
}

/// How many parts of a state write down what changes in them.
const MAPS: usize = 17;

impl State {
    /// Marks what is there now. Each mark is let go in the end.
    pub(super) fn mark(&mut self) -> Mark {
        self.marks += 1;
        Mark {
            marks: self.maps().map(Undo::mark),
            session: self.session.clone(),
            defaults: self.defaults.clone(),
            default_privileges: self.catalog.default_privileges.clone(),
            server_grants: self.catalog.server_grants.clone(),
            extensions: self.catalog.extensions.clone(),
            has_children: self.has_children,
            notes: self.notes.len(),
            assumed: self.assumed.len(),
        }
    }

    /// Goes back to what was marked.
    pub(super) fn back_to(&mut self, mark: &Mark) {
        for (map, mark) in self.maps().into_iter().zip(mark.marks) {
            map.back_to(mark);
        }
        self.session.clone_from(&mark.session);
        self.defaults.clone_from(&mark.defaults);
        self.catalog.default_privileges.clone_from(&mark.default_privileges);
        self.catalog.server_grants.clone_from(&mark.server_grants);
        self.catalog.extensions.clone_from(&mark.extensions);
        self.has_children = mark.has_children;
        self.notes.truncate(mark.notes);
        self.assumed.truncate(mark.assumed);
    }

    /// Lets a mark go.
    pub(super) fn let_go(&mut self, _: Mark) {
        self.marks = self.marks.saturating_sub(1);
        if self.marks == 0 {
            self.maps().into_iter().for_each(Undo::stop);
        }
    }

    /// What is copied into a mark, or is no part of what is gone back to, is named here too: nothing is forgotten.
    fn maps(&mut self) -> [&mut dyn Undo; MAPS] {
        let Self {
            catalog,
            version: _,
            alike: _,
            session: _,
            types,
            indexes,
            parts,
            constraints,
            local_checks,
            outputs,
            typed,
            argument_defaults,
            uses,
            defaults: _,
            origins: _,
            has_children: _,
            notes: _,
            assumed: _,
            marks: _,
        } = self;
        let Model {
            relations,
            functions,
            types: made_types,
            schemas,
            roles,
            memberships,
            default_privileges: _,
            settings,
            server_grants: _,
            extensions: _,
            publications,
        } = catalog;
        [
            relations,
            functions,
            made_types,
            schemas,
            roles,
            memberships,
            settings,
            publications,
            types,
            indexes,
            parts,
            constraints,
            local_checks,
            outputs,
            typed,
            argument_defaults,
            uses,
        ]
    }
}
