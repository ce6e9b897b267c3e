//! The text of a proposal.

use super::*;
use crate::plan::places;
use crate::policy::manifest::Entry;

#[test]
fn it_reads_back_as_what_is_proposed_whatever_the_names_are() {
    let hints = Hints { column: Some(ident("company_id")), app: Some(ident("app")), ..Hints::default() };
    let mut undecided = 0;
    for seed in 0..300 {
        let catalog = odd(seed, 12);
        let proposal = propose(&catalog, &hints, &Facts::default());
        let text = proposal.to_toml();
        let settled = settled(&text);
        let manifest = Manifest::parse(&settled).unwrap_or_else(|problems| panic!("{problems:?}\n{settled}"));
        assert_eq!(manifest.tenancy.tenant_column().as_str(), "company_id");
        let mut entries = 0;
        for (name, proposed) in &proposal.relations {
            let entry = manifest.entry(name).cloned().map(|entry| Entry { line: 0, ..entry });
            let wanted = match &proposed.choice {
                Choice::Default(_) => None,
                Choice::Entry(class) => Some(Entry {
                    class: class.clone(),
                    column: proposed.column.clone(),
                    grants: proposed.grants.clone(),
                    unique: Vec::new(),
                    line: 0,
                }),
                Choice::Undecided { .. } => {
                    undecided += 1;
                    assert!(matches!(entry.as_ref().unwrap().class, Class::Exempt { .. }));
                    entry.clone()
                }
            };
            entries += usize::from(wanted.is_some());
            assert_eq!(entry, wanted, "{name} in\n{text}");
        }
        assert_eq!(manifest.tables.len(), entries);
        // What is decided is what the database bears; only a way through what was settled here can end.
        for problem in places(&manifest, &catalog).problems {
            assert!(problem.what.contains("whose rows belong to no tenant"), "{problem}\n{text}");
        }
    }
    assert!(undecided > 300, "{undecided}");
}

#[test]
fn every_answer_is_one_that_the_database_bears() {
    let hints = Hints { column: Some(ident("company_id")), app: Some(ident("app")), ..Hints::default() };
    let mut answers = 0;
    for seed in 0..100 {
        let catalog = odd(seed, 8);
        let proposal = propose(&catalog, &hints, &Facts::default());
        for (name, proposed) in &proposal.relations {
            let Choice::Undecided { between, .. } = &proposed.choice else { continue };
            for answer in between {
                let mut manifest = Manifest::parse(&settled(&proposal.to_toml())).unwrap();
                let entry = manifest.tables.get_mut(name).unwrap();
                (entry.class, entry.column) = (answer.class.clone(), answer.column.clone());
                let own = name.plain();
                for problem in places(&manifest, &catalog).problems {
                    let ends = problem.what.contains("whose rows belong to no tenant");
                    // One that comes before it.
                    let ends =
                        ends || (answer.is_adopted && problem.what.contains("has no column company_id"));
                    assert!(ends || !problem.what.contains(&own), "{problem} with {answer:?}");
                }
                answers += 1;
            }
        }
    }
    assert!(answers > 100, "{answers}");
}

#[test]
fn what_is_undecided_stands_there_as_such() {
    let proposal = proposal(&[
        ("company", "id!"),
        ("a", "id! company_id!>company"),
        ("b", "id! company_id!>company"),
        ("mood", "id!"),
    ]);
    let text = proposal.to_toml().replace("# app = \"…\"", "app = \"app\"");
    let manifest = Manifest::parse(&text).unwrap();
    let mood = manifest.entry(&QualifiedName::parse("public.mood").unwrap()).unwrap();
    assert_eq!(mood.class, Class::Undecided);
    let line = text.lines().nth(mood.line - 1).unwrap();
    assert!(line.starts_with("\"public.mood\""), "{line}");
}
