//! `manifest-contradicted`

use crate::catalog::Object;
use crate::policy::absent::{Absent, Meant, absent};
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "manifest-contradicted",
    severity: Severity::Medium,
    finds: "the manifest says something of the database that is not so",
    why: "What the manifest means to say of a table is said of none: the table it was for is judged by the defaults.",
    fix: "Correct the entry, or take it out.",
    bad: "CREATE TABLE currencies (code text PRIMARY KEY);",
    good: "CREATE TABLE currency (code text PRIMARY KEY);
CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE TABLE invoice_line (id bigint PRIMARY KEY, invoice_id bigint NOT NULL REFERENCES invoice);",
    manual: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let places = &subject.places;
    let of_a_relation = |problem| places.unsettled.values().any(|known| known == problem);
    for problem in places.problems.iter().filter(|problem| !of_a_relation(*problem)) {
        let message = match problem.line {
            Some(line) => format!("line {line} of the manifest: {}", problem.what),
            None => problem.what.clone(),
        };
        found.add(Object::Database, message);
    }
    // Files say nothing of roles that are the cluster's.
    let is_live = subject.catalog.server_version.is_some();
    if let Some(Absent { meant }) = absent(subject.manifest, subject.catalog).filter(|_| is_live) {
        let app = subject.manifest.roles.app_role();
        let advice = match meant {
            Some(Meant { role, tables }) => {
                let tables = if tables == 1 { "1 table".to_owned() } else { format!("{tables} tables") };
                format!("did you mean {}, which has rights on {tables}?", role.plain())
            }
            None => "tenantry plan makes it".to_owned(),
        };
        let message = format!(
            "role {}, as which services log in, is not there, so nothing says what they may do; {advice}",
            app.plain()
        );
        found.add(Object::Role(app.clone()), message);
    }
}

#[cfg(test)]
mod tests {
    use crate::catalog::Catalog;
    use crate::ident::Ident;
    use crate::rule::trial::{said_of_server, said_under};

    #[test]
    fn it_says_which_line_and_what_was_meant_and_leaves_tables_without_a_place_to_others() {
        let manifest = "[tenancy]\ntype = \"uuid\"\n[roles]\napp = \"erp_app\"\n[tables]\n\
                        \"public.currencies\" = { class = \"shared\" }\n";
        let sql = "CREATE TABLE currency (code text PRIMARY KEY);";
        let message = "medium: line 6 of the manifest: public.currencies is not in the database; did you mean public.currency?";
        assert_eq!(said_under("manifest-contradicted", manifest, sql), [message]);
    }

    #[test]
    fn a_role_that_is_not_on_the_server_is_found_with_the_one_that_was_meant() {
        let of_roles = |mut said: Vec<String>| {
            said.retain(|line| line.starts_with("medium: role "));
            said
        };
        let found = |sql: &str| {
            let without = |catalog: &mut Catalog| {
                catalog.roles.remove(&Ident::known("erp_app"));
            };
            of_roles(said_of_server("manifest-contradicted", sql, without))
        };
        let head = "medium: role erp_app, as which services log in, is not there, so nothing says what they may do; ";
        let tables =
            "CREATE TABLE t (tenant_id uuid); CREATE TABLE u (tenant_id uuid); CREATE ROLE erp_ap LOGIN;
            CREATE ROLE reports LOGIN; GRANT SELECT ON t TO reports;";
        assert_eq!(found("CREATE ROLE erp_ap LOGIN;"), [format!("{head}tenantry plan makes it")]);
        let near = format!("{tables} GRANT SELECT ON t, u TO erp_ap;");
        assert_eq!(found(&near), [format!("{head}did you mean erp_ap, which has rights on 2 tables?")]);
        let only = format!("{head}did you mean reports, which has rights on 1 table?");
        assert_eq!(found(tables), [only], "whatever it is called, services work as it");
        assert!(of_roles(said_of_server("manifest-contradicted", &near, |_| ())).is_empty());
    }
}
