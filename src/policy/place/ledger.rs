//! The tables in which the runners of migrations keep what has been applied. They are nobody's, with an entry or without one,
//! and a manifest that names one serves files too, in which there is none: the runner makes it.

use crate::catalog::Relation;

/// A ledger as its runner makes it.
struct Ledger {
    names: &'static [&'static str],
    /// The columns that it has whatever the version of the runner.
    has: &'static [&'static str],
    /// Those that it may have besides. A table with any other one is somebody's own.
    may_have: &'static [&'static str],
    runner: &'static str,
}

const fn ledger(
    names: &'static [&'static str],
    has: &'static [&'static str],
    may_have: &'static [&'static str],
    runner: &'static str,
) -> Ledger {
    Ledger { names, has, may_have, runner }
}

const LEDGERS: [Ledger; 26] = [
    ledger(&["refinery_schema_history"], &["version", "name", "applied_on", "checksum"], &[], "refinery"),
    ledger(
        &["tenantry_migration_statement"],
        &["ledger", "version", "checksum", "done", "at"],
        &[],
        "tenantry",
    ),
    ledger(
        &["tenantry_migration_tenant"],
        &["ledger", "version", "tenant", "checksum", "rows", "at"],
        &[],
        "tenantry",
    ),
    ledger(
        &["_sqlx_migrations"],
        &["version", "installed_on", "checksum"],
        &["description", "success", "execution_time"],
        "sqlx",
    ),
    ledger(&["__diesel_schema_migrations"], &["version", "run_on"], &[], "Diesel"),
    ledger(&["seaql_migrations"], &["version", "applied_at"], &[], "SeaORM"),
    ledger(
        &["flyway_schema_history", "schema_version"],
        &["installed_rank", "script", "checksum"],
        &[
            "version",
            "description",
            "type",
            "installed_by",
            "installed_on",
            "execution_time",
            "success",
            "version_rank",
        ],
        "Flyway",
    ),
    ledger(
        &["databasechangelog"],
        &["id", "author", "filename", "dateexecuted"],
        &[
            "orderexecuted",
            "exectype",
            "md5sum",
            "description",
            "comments",
            "tag",
            "liquibase",
            "contexts",
            "labels",
            "deployment_id",
        ],
        "Liquibase",
    ),
    ledger(&["databasechangeloglock"], &["id", "locked", "lockgranted"], &["lockedby"], "Liquibase"),
    ledger(&["alembic_version"], &["version_num"], &[], "Alembic"),
    ledger(&["django_migrations"], &["app", "name", "applied"], &["id"], "Django"),
    ledger(&["_yoyo_migration"], &["migration_hash", "applied_at_utc"], &["migration_id"], "yoyo"),
    // dbmate's and Rails' has no further column, golang-migrate's the first, and Ecto's the second.
    ledger(&["schema_migrations"], &["version"], &["dirty", "inserted_at"], "the migrations' runner"),
    ledger(&["ar_internal_metadata"], &["key", "value", "created_at"], &["updated_at"], "Rails"),
    ledger(&["goose_db_version"], &["version_id", "is_applied"], &["id", "tstamp"], "goose"),
    ledger(&["gorp_migrations"], &["id", "applied_at"], &[], "sql-migrate"),
    ledger(
        &["atlas_schema_revisions"],
        &["version", "applied", "executed_at"],
        &[
            "description",
            "type",
            "total",
            "execution_time",
            "error",
            "error_stmt",
            "hash",
            "partial_hashes",
            "operator_version",
        ],
        "Atlas",
    ),
    ledger(
        &["_prisma_migrations"],
        &["migration_name", "checksum", "applied_steps_count"],
        &["id", "finished_at", "logs", "rolled_back_at", "started_at"],
        "Prisma",
    ),
    ledger(&["knex_migrations"], &["name", "batch", "migration_time"], &["id"], "Knex"),
    ledger(&["knex_migrations_lock"], &["is_locked"], &["index"], "Knex"),
    ledger(&["SequelizeMeta"], &["name"], &[], "Sequelize"),
    ledger(&["pgmigrations"], &["name", "run_on"], &["id"], "node-pg-migrate"),
    ledger(&["__drizzle_migrations"], &["hash", "created_at"], &["id"], "Drizzle"),
    ledger(&["__EFMigrationsHistory"], &["MigrationId", "ProductVersion"], &[], "Entity Framework"),
    ledger(&["doctrine_migration_versions"], &["version", "executed_at"], &["execution_time"], "Doctrine"),
    ledger(&["migrations"], &["migration", "batch"], &["id"], "Laravel"),
];

/// Why such a table is exempt.
pub(super) const REASON: &str = "the runner of migrations keeps there what has been applied";

/// The runner whose ledger a table is, by its name and its columns. Another table that is only called so is none.
pub(crate) fn runner(name: &str, relation: &Relation) -> Option<&'static str> {
    let columns = || relation.columns.iter().map(|column| column.name.as_str());
    let is = |of: &&Ledger| {
        of.names.contains(&name)
            && of.has.iter().all(|wanted| columns().any(|column| column == *wanted))
            && columns().all(|column| of.has.contains(&column) || of.may_have.contains(&column))
    };
    LEDGERS.iter().find(is).map(|of| of.runner).or_else(|| is_refinerys(relation).then_some("refinery"))
}

/// Whether a table is one that refinery, or `tenantry migrate`, has made under a name that somebody chose.
fn is_refinerys(relation: &Relation) -> bool {
    let columns: Vec<(&str, &str)> =
        relation.columns.iter().map(|column| (column.name.as_str(), column.data_type.as_str())).collect();
    let [("version", "integer" | "bigint"), rest @ ..] = &columns[..] else { return false };
    rest == ["name", "applied_on", "checksum"].map(|name| (name, "character varying(255)"))
}

/// Whether a runner calls its ledger so.
pub(super) fn is_called_so(name: &str) -> bool {
    LEDGERS.iter().any(|of| of.names.contains(&name))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::LEDGERS;
    use crate::catalog::replay::{Options, Source, replay};
    use crate::policy::manifest::Manifest;
    use crate::policy::{Place, places};

    /// Whether there is nothing to settle, and the only table is exempt.
    fn is_known(sql: &str, entry: &str) -> bool {
        let text = format!("[tenancy]\ntype = \"uuid\"\n[roles]\napp = \"a\"\n[tables]\n{entry}");
        let manifest = Manifest::parse(&text).unwrap();
        let catalog = replay(&[Source::new("1.sql", sql)], &Options::default()).catalog;
        let places = places(&manifest, &catalog);
        places.problems.is_empty()
            && places.relations.values().all(|place| matches!(place, Place::Exempt { .. }))
    }

    #[test]
    fn a_ledger_needs_no_entry_and_may_have_one_whether_it_is_there_or_not() {
        for of in &LEDGERS {
            for name in of.names {
                let entry = format!("'public.\"{name}\"' = {{ class = \"exempt\", reason = \"ledger\" }}");
                let table = |columns: Vec<&str>| {
                    let columns: Vec<String> =
                        columns.iter().map(|column| format!("\"{column}\" text")).collect();
                    format!("create table \"{name}\" ({});", columns.join(", "))
                };
                for columns in [of.has.to_vec(), [of.has, of.may_have].concat()] {
                    assert!(is_known(&table(columns.clone()), ""), "{name}");
                    assert!(is_known(&table(columns), &entry), "{name}");
                }
                assert!(is_known("", &entry), "{name}");
                // A table of that name with other columns is somebody's own.
                assert!(!is_known(&table([of.has, &["note"]].concat()), ""), "{name}");
                assert!(
                    !is_known(&table(of.has[1..].iter().copied().chain(["note"]).collect()), ""),
                    "{name}"
                );
                // What is no ledger is not to be missing, nor is one to be of another class.
                assert!(!is_known("", &entry.replace(name, "ledger_of_ours")), "{name}");
                assert!(!is_known("", &format!("'public.\"{name}\"' = {{ class = \"shared\" }}")), "{name}");
            }
        }
        let ours = "create table deployed (version bigint primary key, name varchar(255), applied_on varchar(255), checksum \
                     varchar(255));";
        assert!(is_known(ours, ""), "refinery's has whatever name it was given");
        assert!(
            !is_known(&ours.replace("applied_on", "tenant"), "")
                && !is_known(&ours.replace("bigint", "text"), "")
        );
        let names: BTreeSet<&str> = LEDGERS.iter().flat_map(|of| of.names).copied().collect();
        assert_eq!(names.len(), LEDGERS.iter().map(|of| of.names.len()).sum::<usize>());
    }
}
