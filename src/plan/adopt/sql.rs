//! The SQL of this module, a file for each statement or transaction.

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../../sql/migrate/adopt/", $name, ".sql"))
    };
}

pub(super) const ASTRAY: &str = file!("astray");
pub(super) const ASTRAY_PERIOD: &str = file!("astray_period");
pub(super) const ATTACH: &str = file!("attach");
pub(super) const BATCHES: &str = file!("batches");
pub(super) const BATCHES_BODY: &str = file!("batches_body");
pub(super) const BATCH: &str = file!("batch");
pub(super) const BLOCK_BOUND: &str = file!("block_bound");
pub(super) const CHECK: &str = file!("check");
pub(super) const COLUMN: &str = file!("column");
pub(super) const COLUMN_FILLED: &str = file!("column_filled");
pub(super) const DEFAULT_TENANT: &str = file!("default_tenant");
pub(super) const DROP_COLUMN: &str = file!("drop_column");
pub(super) const DROP_CONSTRAINT: &str = file!("drop_constraint");
pub(super) const DROP_INDEX: &str = file!("drop_index");
pub(super) const FILL: &str = file!("fill");
pub(super) const FILL_BODY: &str = file!("fill_body");
pub(super) const FILL_TOLD_BODY: &str = file!("fill_told_body");
pub(super) const FOREIGN_KEY: &str = file!("foreign_key");
pub(super) const INDEX: &str = file!("index");
pub(super) const KEY_BOUND: &str = file!("key_bound");
pub(super) const LEFT: &str = file!("left");
pub(super) const LEFT_KNOWN: &str = file!("left_known");
pub(super) const LEFT_TOLD: &str = file!("left_told");
pub(super) const NOT_NULL: &str = file!("not_null");
pub(super) const PSQL_BUILD: &str = file!("psql_build");
pub(super) const PSQL_LOCKS: &str = file!("psql_locks");
pub(super) const PSQL_SETUP: &str = file!("psql_setup");
pub(super) const PSQL_TRANSACTION: &str = file!("psql_transaction");
pub(super) const SCHEMA: &str = file!("schema");
pub(super) const SWAP: &str = file!("swap");
pub(super) const TELL: &str = file!("tell");
pub(super) const TOLD_PATH: &str = file!("told_path");
pub(super) const TOLD_ROW: &str = file!("told_row");
pub(super) const TOLD_SOURCE: &str = file!("told_source");
pub(super) const TOTAL_BLOCKS: &str = file!("total_blocks");
pub(super) const TOTAL_ROWS: &str = file!("total_rows");
pub(super) const UNFILL: &str = file!("unfill");
pub(super) const UNTELL: &str = file!("untell");
pub(super) const UPDATE: &str = file!("update");
pub(super) const UPDATE_FIRED: &str = file!("update_fired");
pub(super) const UNSET_NOT_NULL: &str = file!("unset_not_null");
pub(super) const UNSWAP: &str = file!("unswap");
pub(super) const VALIDATE: &str = file!("validate");
pub(super) const WITHOUT_TENANT: &str = file!("without_tenant");

pub(super) const OWN_PATH: &str = include_str!("../../../sql/migrate/own_path.sql");
