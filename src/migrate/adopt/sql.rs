//! The SQL of this module, a file for each statement or transaction.

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../../sql/migrate/adopt/", $name, ".sql"))
    };
}

pub(super) const ABORTING: &str = file!("aborting");
pub(super) const APP_PATH: &str = file!("app_path");
pub(super) const BATCH_SETUP: &str = file!("batch_setup");
pub(super) const BEGIN: &str = file!("begin");
pub(super) const BEGIN_FILE: &str = file!("begin_file");
pub(super) const BEGIN_STEP: &str = file!("begin_step");
pub(super) const COUNT: &str = file!("count");
pub(super) const DEADLOCK_TIMEOUT: &str = file!("deadlock_timeout");
pub(super) const DONE: &str = file!("done");
pub(super) const DROP_INDEX: &str = file!("drop_index");
pub(super) const ENDED: &str = file!("ended");
pub(super) const FILE: &str = file!("file");
pub(super) const FILE_RECORDS: &str = file!("file_records");
pub(super) const IS_TENANT: &str = file!("is_tenant");
pub(super) const INDEX_STATE: &str = file!("index_state");
pub(super) const LAST: &str = file!("last");
pub(super) const LATER: &str = file!("later");
pub(super) const LOGIN: &str = file!("login");
pub(super) const PRESENT: &str = file!("present");
pub(super) const PROGRESS: &str = file!("progress");
pub(super) const READ_ONLY: &str = file!("read_only");
pub(super) const RECORDS: &str = file!("records");
pub(super) const SCHEMA: &str = file!("schema");
pub(super) const SESSION: &str = file!("session");
pub(super) const STARTED: &str = file!("started");
pub(super) const STEPS: &str = file!("steps");
pub(super) const TOLD_COUNT: &str = file!("told_count");
pub(super) const TOLD_KNOWN: &str = file!("told_known");
pub(super) const TOLD_LEFT_OUT: &str = file!("told_left_out");
pub(super) const TRANSACTION: &str = file!("transaction");
pub(super) const UNDONE: &str = file!("undone");
