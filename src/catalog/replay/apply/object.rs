//! Extensions and publications, and the options of relations.

use std::collections::BTreeMap;

use super::super::analyze::Place;
use super::super::parse::object::{AlterPublication, CreateExtension, Published};
use super::super::state::{Followed, State};
use super::super::statement::AlterExtension;
use crate::catalog::{Extension, Publication};
use crate::ident::Ident;

/// Options as the model has them: those of a TOAST table are its own affair.
pub(super) fn options(written: &[(String, String)]) -> BTreeMap<String, String> {
    written.iter().filter(|(name, _)| !name.contains('.') && name != "oids").cloned().collect()
}

/// The extensions whose control file names their schema.
const FIXED: [(&str, &str); 3] =
    [("plpgsql", "pg_catalog"), ("pg_cron", "pg_catalog"), ("adminpack", "pg_catalog")];

impl State {
    pub(super) fn create_extension(&mut self, made: &CreateExtension) -> Followed<()> {
        if self.catalog.extensions.contains_key(&made.name) {
            let there = format!("the extension {} is already there", made.name);
            return if made.if_not_exists { Ok(()) } else { Err(there) };
        }
        let fixed = FIXED.iter().find(|(name, _)| *name == made.name.as_str());
        let schema = match (fixed, &made.schema) {
            (Some((_, schema)), _) => Ident::known(schema),
            (None, Some(schema)) => {
                self.assume_schema(schema);
                schema.clone()
            }
            (None, None) => {
                let mut path = self.path().filter(|schema| schema.as_str() != "pg_temp");
                let first = path.next();
                first.ok_or("no schema of the search_path is there to make it in")?
            }
        };
        self.catalog.extensions.insert(made.name.clone(), Extension { schema });
        Ok(())
    }

    pub(super) fn alter_extension(&mut self, name: &Ident, change: &AlterExtension) -> Followed<()> {
        match change {
            AlterExtension::Update => Ok(()),
            AlterExtension::Members => Err("what an extension gains or loses is not followed".to_owned()),
            AlterExtension::Schema(schema) => {
                self.assume_schema(schema);
                let extension = self.catalog.extensions.get_mut(name);
                extension.ok_or_else(|| format!("the extension {name} is not known"))?.schema =
                    schema.clone();
                Ok(())
            }
        }
    }

    pub(super) fn drop_extensions(
        &mut self,
        names: &[Ident],
        if_exists: bool,
        cascade: bool,
    ) -> Followed<()> {
        for name in names {
            if self.catalog.extensions.remove(name).is_none() && !if_exists {
                return Err(format!("the extension {name} is not known"));
            }
        }
        if cascade { Err("what falls along with an extension is not followed".to_owned()) } else { Ok(()) }
    }

    pub(super) fn create_publication(&mut self, name: &Ident, published: &Published) -> Followed<()> {
        if self.catalog.publications.contains_key(name) {
            return Err(format!("the publication {name} is already there"));
        }
        let publication = self.published(published)?;
        self.catalog.publications.insert(name.clone(), publication);
        Ok(())
    }

    fn published(&mut self, published: &Published) -> Followed<Publication> {
        let mut publication = Publication {
            all_tables: published.all_tables,
            tables: BTreeMap::new(),
            schemas: std::collections::BTreeSet::new(),
        };
        for (table, filter) in &published.tables {
            let table = self.find(table)?;
            let filter = filter.as_ref().map(|text| {
                let (analyzed, note) = self.analyze(text, Place::On(&table), None);
                self.notes.extend(note);
                analyzed.expr
            });
            publication.tables.insert(table, filter);
        }
        for schema in &published.schemas {
            let current = || self.path().find(|schema| schema.as_str() != "pg_temp");
            let schema = schema.clone().or_else(current);
            publication.schemas.insert(schema.ok_or("no schema of the search_path is there")?);
        }
        Ok(publication)
    }

    pub(super) fn alter_publication(&mut self, name: &Ident, change: &AlterPublication) -> Followed<()> {
        let unknown = || format!("the publication {name} is not known");
        let given = match change {
            AlterPublication::Add(given) | AlterPublication::Set(given) | AlterPublication::Drop(given) => {
                self.published(given)?
            }
            AlterPublication::Rename(to) => {
                let publication = self.catalog.publications.remove(name).ok_or_else(unknown)?;
                self.catalog.publications.insert(to.clone(), publication);
                return Ok(());
            }
            AlterPublication::Nothing => return Ok(()),
        };
        let publication = self.catalog.publications.get_mut(name).ok_or_else(unknown)?;
        match change {
            AlterPublication::Add(_) => {
                publication.tables.extend(given.tables);
                publication.schemas.extend(given.schemas);
            }
            AlterPublication::Drop(_) => {
                publication.tables.retain(|table, _| !given.tables.contains_key(table));
                publication.schemas.retain(|schema| !given.schemas.contains(schema));
            }
            _ => *publication = given,
        }
        Ok(())
    }
}
