//! `app-role-server-access`

use crate::catalog::{Object, ServerRight};
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::subject::way::{by_way_of, cut, object};

pub(super) const RULE: Rule = Rule {
    code: "app-role-server-access",
    severity: Severity::High,
    finds: "the role of services reaches past grants and policies, as a member of a predefined role or by a right of its own",
    why: "The files of a server hold the rows of all tenants, and no policy guards them. Roles that read or write all data \
          reach each table, view and partition that has no policy of its own. So does whoever may call a function that reads the server's \
          files, log in elsewhere by a foreign server, or have the server's triggers passed over.",
    fix: "Revoke the membership or the right, and grant by name what services need.",
    bad: "GRANT pg_read_server_files TO erp_app;",
    good: "CREATE ROLE erp_monitor LOGIN;
GRANT pg_monitor TO erp_monitor;",
    manual: "https://www.postgresql.org/docs/current/predefined-roles.html",
    check: Check::Model(check),
};

/// What the predefined roles let their members do, as far as it reaches other tenants.
const POWERS: [(&str, Severity, &str); 9] = [
    ("pg_execute_server_program", Severity::High, "runs programs on the server"),
    ("pg_write_server_files", Severity::High, "writes the server's files"),
    ("pg_read_server_files", Severity::High, "reads the server's files, those of tables among them"),
    ("pg_write_all_data", Severity::High, "writes every table that no policy guards"),
    ("pg_read_all_data", Severity::High, "reads every table that no policy guards"),
    (
        "pg_create_subscription",
        Severity::Medium,
        "has the server log in elsewhere, and write what comes from there",
    ),
    ("pg_signal_backend", Severity::Low, "ends the statements and sessions of others"),
    (
        "pg_monitor",
        Severity::Medium,
        "reads the statements of other sessions, with what is written out in them",
    ),
    (
        "pg_read_all_stats",
        Severity::Medium,
        "reads the statements of other sessions, with what is written out in them",
    ),
];

fn check(subject: &Subject<'_>, found: &mut Findings) {
    memberships(subject, found);
    for of in &subject.catalog.server_grants {
        if subject.is_app(&of.grantee) {
            let (severity, what) = allowed(&of.right);
            let message = format!("{} may {what}", of.grantee.plain());
            found.add(Object::Role(subject.manifest.roles.app_role().clone()), message).severity(severity);
        }
    }
}

/// How bad a right is, and what it allows.
fn allowed(right: &ServerRight) -> (Severity, String) {
    match right {
        ServerRight::Execute(function) if function.as_str().starts_with("pg_read") => {
            (Severity::High, format!("call {}, which reads the server's files", function.plain()))
        }
        ServerRight::Execute(function) if function.as_str() == "dblink_connect_u" => (
            Severity::High,
            format!("call {}, which logs in with what the server itself may log in with", function.plain()),
        ),
        ServerRight::Execute(function) => {
            (Severity::High, format!("call {}, which copies to or from the server's files", function.plain()))
        }
        ServerRight::ForeignServer(server) => (
            Severity::Medium,
            format!(
                "use foreign server {}, for which there is a login; which policies bind that is not known here",
                server.plain()
            ),
        ),
        ServerRight::Set(setting) if setting == "session_replication_role" => (
            Severity::High,
            format!("set {setting}, under which neither triggers run nor foreign keys are checked"),
        ),
        ServerRight::Set(setting) => {
            (Severity::Medium, format!("set {setting}, which is left to superusers otherwise"))
        }
        ServerRight::AlterSystem(setting) => {
            (Severity::High, format!("write {setting} into the configuration of the server"))
        }
    }
}

fn memberships(subject: &Subject<'_>, found: &mut Findings) {
    for (role, severity, what) in POWERS {
        let Some(role) = subject.app.iter().find(|of| of.as_str() == role) else { continue };
        let way = subject.reached.way(role);
        let Some(object) = object(&way) else { continue };
        let app = subject.manifest.roles.app_role().plain();
        let message = format!("{app} is a member of {}{}, which {what}", role.plain(), by_way_of(&way));
        let finding = found.add(object, message);
        finding.severity(severity);
        cut(finding, &way);
    }
}

#[cfg(test)]
mod tests {
    use crate::catalog::{Grantee, ServerGrant, ServerRight};
    use crate::ident::Ident;
    use crate::rule::trial::{said, said_of_server};

    const CODE: &str = "app-role-server-access";

    #[test]
    fn what_each_can_do_is_told() {
        let sql = "CREATE ROLE erp_ops; GRANT pg_monitor, pg_checkpoint TO erp_ops; GRANT erp_ops TO erp_app;
            GRANT pg_read_all_data TO erp_app, erp_owner;";
        let expected = [
            "high: erp_app is a member of pg_read_all_data, which reads every table that no policy guards",
            "medium: erp_app is a member of pg_monitor, by way of erp_ops, which reads the statements of other sessions, \
             with what is written out in them",
        ];
        assert_eq!(said(CODE, sql), expected);
    }

    #[test]
    fn a_right_is_told_of_whoever_of_the_services_has_it() {
        let sql = "CREATE ROLE erp_ops; GRANT erp_ops TO erp_app;
            GRANT EXECUTE ON FUNCTION pg_read_file(text) TO erp_ops; GRANT EXECUTE ON FUNCTION lo_import(text) TO erp_owner;
            GRANT EXECUTE ON FUNCTION lo_export(oid, text) TO PUBLIC; REVOKE EXECUTE ON FUNCTION lo_export(oid, text) FROM PUBLIC;";
        assert_eq!(said(CODE, sql), ["high: erp_ops may call pg_read_file, which reads the server's files"]);
        let of_server = said_of_server(CODE, "SELECT 1;", |catalog| {
            let app = || Grantee::Role(Ident::known("erp_app"));
            let rights = [
                ServerRight::Execute(Ident::known("dblink_connect_u")),
                ServerRight::ForeignServer(Ident::known("books")),
                ServerRight::Set("session_replication_role".to_owned()),
                ServerRight::AlterSystem("log_statement".to_owned()),
            ];
            catalog.server_grants.extend(rights.map(|right| ServerGrant { grantee: app(), right }));
        });
        let expected = [
            "high: erp_app may call dblink_connect_u, which logs in with what the server itself may log in with",
            "high: erp_app may set session_replication_role, under which neither triggers run nor foreign keys are checked",
            "high: erp_app may write log_statement into the configuration of the server",
            "medium: erp_app may use foreign server books, for which there is a login; which policies bind that is not known \
             here",
        ];
        let mut of_server = of_server;
        of_server.sort();
        assert_eq!(of_server, expected);
    }
}
