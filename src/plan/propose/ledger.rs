//! The tables in which tools keep which migrations have run.

use crate::catalog::Relation;

/// Names, columns that a table of that name has if it is the tool's, and the tool.
const LEDGERS: [(&[&str], &[&str], &str); 25] = [
    (&["refinery_schema_history"], &["version", "applied_on", "checksum"], "refinery"),
    (
        &["tenantry_migration_statement", "tenantry_migration_tenant"],
        &["ledger", "version", "checksum"],
        "tenantry",
    ),
    (&["_sqlx_migrations"], &["version", "installed_on", "checksum"], "sqlx"),
    (&["__diesel_schema_migrations"], &["version", "run_on"], "Diesel"),
    (&["seaql_migrations"], &["version", "applied_at"], "SeaORM"),
    (&["flyway_schema_history", "schema_version"], &["installed_rank", "script", "checksum"], "Flyway"),
    (&["databasechangelog"], &["id", "author", "filename", "dateexecuted"], "Liquibase"),
    (&["databasechangeloglock"], &["id", "locked", "lockgranted"], "Liquibase"),
    (&["alembic_version"], &["version_num"], "Alembic"),
    (&["django_migrations"], &["app", "name", "applied"], "Django"),
    (&["_yoyo_migration"], &["migration_hash", "applied_at_utc"], "yoyo"),
    // Rails, dbmate, golang-migrate and Ecto all call theirs so.
    (&["schema_migrations"], &["version"], "the migrations' runner"),
    (&["ar_internal_metadata"], &["key", "value", "created_at"], "Rails"),
    (&["goose_db_version"], &["version_id", "is_applied"], "goose"),
    (&["gorp_migrations"], &["id", "applied_at"], "sql-migrate"),
    (&["atlas_schema_revisions"], &["version", "applied", "executed_at"], "Atlas"),
    (&["_prisma_migrations"], &["migration_name", "checksum", "applied_steps_count"], "Prisma"),
    (&["knex_migrations"], &["name", "batch", "migration_time"], "Knex"),
    (&["knex_migrations_lock"], &["is_locked"], "Knex"),
    (&["SequelizeMeta"], &["name"], "Sequelize"),
    (&["pgmigrations"], &["name", "run_on"], "node-pg-migrate"),
    (&["__drizzle_migrations"], &["hash", "created_at"], "Drizzle"),
    (&["__EFMigrationsHistory"], &["MigrationId", "ProductVersion"], "Entity Framework"),
    (&["doctrine_migration_versions"], &["version", "executed_at"], "Doctrine"),
    (&["migrations"], &["migration", "batch"], "Laravel"),
];

/// The tool whose ledger a table is, by its name and its columns.
pub(super) fn tool(name: &str, relation: &Relation) -> Option<&'static str> {
    let has = |wanted: &&str| relation.columns.iter().any(|column| column.name.as_str() == *wanted);
    let is =
        |(names, columns, _): &&(&[&str], &[&str], &str)| names.contains(&name) && columns.iter().all(has);
    LEDGERS.iter().find(is).map(|(_, _, tool)| *tool)
}
