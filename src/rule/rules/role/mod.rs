//! Who may do what.

mod app_can_create;
mod app_role_bypass;
mod app_role_owns_table;
mod app_role_replication;
mod app_role_server_access;
mod default_privileges_open;
mod dump_truncated;
mod references_granted;
mod role_escalation_path;
mod shared_role_role_switch;
mod trigger_granted;
mod truncate_granted;

use crate::rule::record::Rule;

pub(super) const RULES: &[&Rule] = &[
    &app_role_bypass::RULE,
    &app_role_owns_table::RULE,
    &role_escalation_path::RULE,
    &app_role_replication::RULE,
    &app_role_server_access::RULE,
    &truncate_granted::RULE,
    &references_granted::RULE,
    &trigger_granted::RULE,
    &default_privileges_open::RULE,
    &app_can_create::RULE,
    &shared_role_role_switch::RULE,
    &dump_truncated::RULE,
];
