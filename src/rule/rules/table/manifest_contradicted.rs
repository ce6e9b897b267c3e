//! `manifest-contradicted`

use crate::catalog::Object;
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
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::said_under;

    #[test]
    fn it_says_which_line_and_what_was_meant_and_leaves_tables_without_a_place_to_others() {
        let manifest = "[tenancy]\ntype = \"uuid\"\n[roles]\napp = \"erp_app\"\n[tables]\n\
                        \"public.currencies\" = { class = \"shared\" }\n";
        let sql = "CREATE TABLE currency (code text PRIMARY KEY);";
        let message = "medium: line 6 of the manifest: public.currencies is not in the database; did you mean public.currency?";
        assert_eq!(said_under("manifest-contradicted", manifest, sql), [message]);
    }
}
