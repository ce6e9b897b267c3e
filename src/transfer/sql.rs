//! The SQL of this module, a file for each statement.

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../sql/transfer/", $name, ".sql"))
    };
}

pub(super) const CANONICAL: &str = file!("canonical");
pub(super) const COPY_IN: &str = file!("copy_in");
pub(super) const COPY_OUT: &str = file!("copy_out");
pub(super) const DANGLES: &str = file!("dangles");
pub(super) const DEFER: &str = file!("defer");
pub(super) const ERASE: &str = file!("erase");
pub(super) const HOLDS: &str = file!("holds");
pub(super) const JOIN: &str = file!("join");
pub(super) const LOCK_TIMEOUT: &str = file!("lock_timeout");
pub(super) const MAY_SKIP_TRIGGERS: &str = file!("may_skip_triggers");
pub(super) const OWN: &str = file!("own");
pub(super) const RAISE: &str = file!("raise");
pub(super) const REMAINS: &str = file!("remains");
pub(super) const ROWS: &str = file!("rows");
pub(super) const SKIP_TRIGGERS: &str = file!("skip_triggers");
pub(super) const SNAPSHOT: &str = file!("snapshot");
pub(super) const TEXTS: &str = file!("texts");
pub(super) const UNBOUND: &str = file!("unbound");
pub(super) const WEIGH: &str = file!("weigh");
