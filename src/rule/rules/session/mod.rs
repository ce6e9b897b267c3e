//! What a session leaves behind for the next one on its connection.

mod guc_user_settable;
mod lastval_currval;
mod listen_in_pool;
mod session_advisory_lock;
mod session_level_set;
mod session_prepare;
mod session_set;
mod set_config_same_statement;
mod set_local_outside_tx;
mod temp_table_in_pool;
mod with_hold_cursor;

use crate::rule::record::Rule;

pub(super) const RULES: &[&Rule] = &[
    &guc_user_settable::RULE,
    &lastval_currval::RULE,
    &listen_in_pool::RULE,
    &session_advisory_lock::RULE,
    &session_level_set::RULE,
    &session_prepare::RULE,
    &session_set::RULE,
    &set_config_same_statement::RULE,
    &set_local_outside_tx::RULE,
    &temp_table_in_pool::RULE,
    &with_hold_cursor::RULE,
];
