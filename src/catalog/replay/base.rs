//! A database that is there before the first file is run.

use super::apply::index::column_names;
use super::model::Model;
use super::origin::Origins;
use super::run::Options;
use super::state::{IndexOf, State};
use crate::catalog::Catalog;
use crate::ident::{Ident, QualifiedName};

impl State {
    /// The state of a database with this schema.
    ///
    /// A model does not say what views and expressions need, nor which types there are. What a CASCADE takes along is
    /// therefore followed for what the files make, and not for what was there before them.
    pub(super) fn with(base: &Catalog, options: &Options) -> Self {
        let mut state = Self::new(options);
        state.catalog = Model::of(base);
        state.origins = Origins::on(&state.catalog);
        for (table, relation) in &base.relations {
            let full = |name: &Ident| QualifiedName::new(table.schema().clone(), name.clone());
            for (name, index) in &relation.indexes {
                let of = IndexOf { table: table.clone(), columns: column_names(index) };
                state.indexes.insert(full(name), of);
            }
            let constraints = relation
                .keys
                .keys()
                .chain(relation.foreign_keys.keys())
                .chain(relation.checks.keys())
                .chain(relation.exclusions.keys())
                .chain(relation.columns.iter().filter_map(|column| column.not_null_unvalidated.as_ref()));
            for name in constraints {
                state.constraints.insert(full(name));
            }
            state.has_children |= relation.partition_of.is_some() || !relation.inherits.is_empty();
        }
        state.defaults.take(&base.default_privileges);
        state
    }
}

#[cfg(test)]
mod tests {
    use crate::catalog::Object;
    use crate::catalog::replay::{Options, Source, replay, replay_on};
    use crate::ident::Ident;

    const BEFORE: &str = "
        create role erp_app login;
        alter default privileges grant select on tables to erp_app;
        create table parent (id bigint primary key, tenant_id uuid not null, unique (tenant_id, id));
        create table child (id bigint primary key, parent_id bigint references parent);
        create table log (day date not null, line text) partition by range (day);
        create table log_1 partition of log for values from ('2026-01-01') to ('2026-02-01');
    ";

    const AFTER: &str = "
        create table child_note (id bigint primary key, child_id bigint not null references child);
        alter table child add tenant_id uuid;
        alter table child add check (tenant_id is not null) not valid;
        alter table child validate constraint child_tenant_id_check;
        alter table child alter tenant_id set not null, drop constraint child_tenant_id_check;
        alter table child add foreign key (tenant_id, parent_id) references parent (tenant_id, id) not valid;
        alter table child rename constraint child_parent_id_fkey to child_old;
        alter index parent_tenant_id_id_key rename to parent_key;
        create index on child (tenant_id);
        alter table parent enable row level security, force row level security;
        create policy p on parent using (tenant_id is not null);
        alter table log add tenant_id uuid not null;
        drop table log_1;
    ";

    #[test]
    fn files_do_to_a_database_that_is_there_what_they_do_to_one_that_files_have_made() {
        let (before, after) = (Source::new("1.sql", BEFORE), Source::new("2.sql", AFTER));
        let options = Options::default();
        let base = replay(std::slice::from_ref(&before), &options).catalog;
        let on_it = replay_on(&base, std::slice::from_ref(&after), &options);
        let whole = replay(&[before, after], &options);
        assert!(whole.opaque.is_empty() && on_it.opaque.is_empty(), "{:?} {:?}", whole.opaque, on_it.opaque);
        assert_eq!(on_it.catalog, whole.catalog);
        assert_ne!(on_it.catalog, base);
    }

    #[test]
    fn what_was_there_comes_from_no_statement() {
        let before = "create role erp_app login; create role other; create schema a; create schema b; grant other to erp_app;";
        let base = replay(&[Source::new("1.sql", before)], &Options::default()).catalog;
        let after = Source::new("2.sql", "grant usage on schema a to erp_app; alter role other createdb;");
        let origins = replay_on(&base, &[after], &Options::default()).origins;
        let of = |object: Object| origins.of(&object);
        let [app, other, a, b] = ["erp_app", "other", "a", "b"].map(Ident::known);
        assert_eq!((of(Object::Schema(a)), of(Object::Role(other.clone()))), (Some(0), Some(1)));
        assert_eq!(
            (of(Object::Schema(b)), of(Object::Role(app.clone())), of(Object::Membership(app, other))),
            (None, None, None)
        );
    }
}
