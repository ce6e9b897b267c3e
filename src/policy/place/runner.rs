//! The tables in which `tenantry migrate` and refinery keep what has been applied. They are nobody's, without an entry.

use crate::catalog::Relation;

/// Names, and exactly the columns that such a table has.
const TABLES: [(&str, &[&str]); 3] = [
    ("refinery_schema_history", &["version", "name", "applied_on", "checksum"]),
    ("tenantry_migration_statement", &["ledger", "version", "checksum", "done", "at"]),
    ("tenantry_migration_tenant", &["ledger", "version", "tenant", "checksum", "rows", "at"]),
];

/// Why such a table is exempt.
pub(super) const REASON: &str = "the runner of migrations keeps there what has been applied";

/// Whether it is one of them. Another table that is only called so is not.
pub(super) fn is_of_runner(name: &str, relation: &Relation) -> bool {
    let columns = || relation.columns.iter().map(|column| column.name.as_str());
    TABLES.iter().any(|(known, wanted)| *known == name && columns().eq(wanted.iter().copied()))
}

#[cfg(test)]
mod tests {
    use crate::catalog::replay::{Options, Source, replay};
    use crate::policy::manifest::Manifest;
    use crate::policy::{Place, places};

    #[test]
    fn the_runners_tables_are_known_by_their_name_and_columns() {
        let manifest = Manifest::parse("[tenancy]\ntype = \"uuid\"\n[roles]\napp = \"a\"").unwrap();
        let ledger = "version int8 primary key, name text, applied_on text, checksum text";
        for (columns, is_known) in [(ledger.to_owned(), true), (format!("{ledger}, note text"), false)] {
            let sql = format!("create table refinery_schema_history ({columns});");
            let catalog = replay(&[Source::new("1.sql", sql)], &Options::default()).catalog;
            let places = places(&manifest, &catalog);
            assert_eq!(places.problems.is_empty(), is_known, "{columns}");
            assert_eq!(
                places.relations.values().any(|place| matches!(place, Place::Exempt { .. })),
                is_known
            );
        }
    }
}
