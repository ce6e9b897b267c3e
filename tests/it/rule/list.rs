//! The list of rules in the documentation.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

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

/// A rule is found by its name.
#[test]
fn each_rule_stands_in_the_file_of_its_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rule/rules");
    let mut named = BTreeSet::new();
    for chapter in
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir())
    {
        for file in
            fs::read_dir(chapter).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file())
        {
            let text = fs::read_to_string(&file).unwrap();
            let records = text.matches("Rule = Rule {").count();
            let code = file.file_stem().unwrap().to_str().unwrap().replace('_', "-");
            assert!(records <= 1, "{} has {records} rules", file.display());
            if records == 1 {
                assert!(
                    text.starts_with(&format!("//! `{code}`\n")),
                    "{} begins with its rule",
                    file.display()
                );
                named.insert(code);
            }
        }
    }
    assert_eq!(named, all().map(|rule| rule.code.to_owned()).collect());
}
