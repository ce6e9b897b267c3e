//! The list of rules in the documentation.

use tenantry::rule::{Reach, Severity, all};

use crate::support::expected;

/// `UPDATE_EXPECTED=1` writes it anew.
#[test]
fn the_list_in_the_documentation_is_that_of_the_rules() {
    let mut text = "| rule | severity | found in | what |\n|---|---|---|---|\n".to_owned();
    for severity in Severity::ALL.into_iter().rev() {
        let mut rules: Vec<_> = all().filter(|rule| rule.severity == severity).collect();
        rules.sort_by_key(|rule| rule.code);
        for rule in rules {
            let reach = match rule.reach() {
                Reach::Both => "files, databases",
                Reach::Files => "files",
                Reach::Database => "databases",
            };
            let row = format!("| `{}` | {} | {reach} | {} |\n", rule.code, severity.name(), rule.finds);
            text.push_str(&row);
        }
    }
    expected::compare("../../src/rule/list.md", &text);
}
