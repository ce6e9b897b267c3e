//! `app-role-server-access`

use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::subject::way::{by_way_of, cut, object};

pub(super) const RULE: Rule = Rule {
    code: "app-role-server-access",
    severity: Severity::High,
    finds: "the role of services is a member of a predefined role that reaches past grants and policies",
    why: "The files of a server hold the rows of all tenants, and no policy guards them. Roles that read or write all data \
          reach each table, view and partition that has no policy of its own.",
    fix: "Revoke the membership, and grant by name what services need.",
    bad: "GRANT pg_read_server_files TO erp_app;",
    good: "CREATE ROLE erp_monitor LOGIN;
GRANT pg_monitor TO erp_monitor;",
    manual: "https://www.postgresql.org/docs/current/predefined-roles.html",
    check: Check::Model(check),
};

/// What the predefined roles let their members do, as far as it reaches other tenants.
const POWERS: [(&str, Severity, &str); 7] = [
    ("pg_execute_server_program", Severity::High, "runs programs on the server"),
    ("pg_write_server_files", Severity::High, "writes the server's files"),
    ("pg_read_server_files", Severity::High, "reads the server's files, those of tables among them"),
    ("pg_write_all_data", Severity::High, "writes every table that no policy guards"),
    ("pg_read_all_data", Severity::High, "reads every table that no policy guards"),
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
    use crate::rule::trial::said;

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
}
