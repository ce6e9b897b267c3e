//! Who may do what.

mod app_can_create;
mod app_role_bypass;
mod app_role_owns_object;
mod app_role_owns_table;
mod app_role_replication;
mod app_role_server_access;
mod default_privileges_open;
mod dump_truncated;
mod maintain_granted;
mod privilege_missing;
mod references_granted;
mod role_escalation_path;
mod shared_role_role_switch;
mod trigger_granted;
mod truncate_granted;

use crate::rule::record::Rule;

pub(super) const RULES: &[&Rule] = &[
    &app_role_bypass::RULE,
    &app_role_owns_table::RULE,
    &app_role_owns_object::RULE,
    &role_escalation_path::RULE,
    &app_role_replication::RULE,
    &app_role_server_access::RULE,
    &truncate_granted::RULE,
    &references_granted::RULE,
    &trigger_granted::RULE,
    &maintain_granted::RULE,
    &privilege_missing::RULE,
    &default_privileges_open::RULE,
    &app_can_create::RULE,
    &shared_role_role_switch::RULE,
    &dump_truncated::RULE,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::RULES;
    use crate::catalog::{Database, Grant, Grantee, Privilege};
    use crate::ident::Ident;
    use crate::rule::trial::said_of_server;

    /// A cluster has many roles, and a database most of them by no more than its being there.
    #[test]
    fn roles_that_have_nothing_to_do_with_the_tenants_are_nobodys_concern() {
        let sql = "CREATE TABLE t (tenant_id uuid); ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
            CREATE POLICY p ON t TO erp_app USING (tenant_id IS NOT NULL);
            GRANT SELECT, INSERT, UPDATE, DELETE ON t TO erp_app, erp_system;
            CREATE ROLE postgres SUPERUSER LOGIN REPLICATION BYPASSRLS CREATEROLE;
            CREATE ROLE other_owner; CREATE ROLE other_app LOGIN CREATEROLE; CREATE ROLE replica LOGIN REPLICATION;
            CREATE ROLE backup LOGIN BYPASSRLS; CREATE ROLE person LOGIN; CREATE ROLE erp_migrator LOGIN;
            GRANT other_owner TO other_app WITH ADMIN OPTION; GRANT postgres TO person; GRANT erp_owner TO erp_migrator;
            GRANT pg_read_all_data TO backup; GRANT pg_monitor, pg_read_server_files TO other_app;
            GRANT erp_app TO person WITH ADMIN OPTION;
            CREATE SCHEMA other AUTHORIZATION other_app; GRANT CREATE ON SCHEMA public TO erp_owner, other_app;
            CREATE TABLE other.thing (id int); ALTER TABLE other.thing OWNER TO other_owner;
            GRANT ALL ON other.thing TO other_app;
            ALTER DEFAULT PRIVILEGES FOR ROLE other_owner GRANT ALL ON TABLES TO PUBLIC;";
        for rule in RULES {
            let found = said_of_server(rule.code, sql, |catalog| {
                let connect = Grant {
                    grantee: Grantee::Public,
                    privilege: Privilege::Connect,
                    column: None,
                    grant_option: false,
                };
                catalog.database = Some(Database {
                    name: Ident::known("erp"),
                    owner: Ident::known("erp_owner"),
                    grants: BTreeSet::from([connect]),
                });
            });
            assert!(found.is_empty(), "{}: {found:?}", rule.code);
        }
    }
}
