//! What `explain` tells.

use super::{Folder, Run, Tool};

fn explain(args: &[&str]) -> Run {
    Tool::at(&Folder::new()).args(&["explain"]).args(args).run()
}

#[test]
fn every_rule_is_listed_and_explained() {
    let list = explain(&[]);
    assert_eq!((list.code, list.err.as_str()), (0, ""));
    let json = explain(&["--format", "json"]).json();
    for rule in json["rules"].as_array().unwrap() {
        let code = rule["rule"].as_str().unwrap();
        assert!(list.out.contains(&format!("  {code} ")), "{code}");
        let page = explain(&[code]);
        assert_eq!((page.code, page.err.as_str()), (0, ""), "{code}");
        for part in
            ["What\n", "\n\nWhy\n", "\n\nFix\n", "\n\nBad\n", "\n\nGood\n", "https://www.postgresql.org/"]
        {
            assert!(page.out.contains(part), "{code}: {part}");
        }
        for example in ["bad", "good"] {
            let first = rule[example].as_str().unwrap().lines().next().unwrap();
            assert!(page.out.contains(&format!("  {first}\n")), "{code}: {first}");
        }
    }
}

#[test]
fn a_rule_that_is_none_is_refused_with_the_nearest() {
    explain(&["rls-disable"]).said(2, &["there is no rule rls-disable", "did you mean rls-disabled?"]);
    explain(&["zzz"]).said(2, &["there is no rule zzz", "tenantry explain lists"]);
}
