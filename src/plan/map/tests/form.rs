//! What is written is what its readers take, whatever the names are, and leaves everything to be seen.

use super::*;

/// The classes of all kinds, and of tables with odd names.
pub(crate) fn odd_map(seed: u64, tables: usize, look: impl Fn(&Map<'_>)) {
    let (manifest, catalog) = (manifest(TABLES), odd(seed, tables));
    look(&map(&manifest, &catalog).title("a \"title\" & <more>;\nof {two} lines"));
}

#[test]
fn svg_is_well_formed() {
    for seed in 0..40 {
        odd_map(seed, 14, |map| {
            let svg = map.svg();
            well_formed(&svg).unwrap_or_else(|what| panic!("{what} in\n{svg}"));
            let names = map.nodes.iter().map(|node| node.name.name().as_str());
            for name in names.filter(|name| name.chars().all(char::is_alphanumeric)) {
                assert!(svg.contains(&format!(">{name}</text>")), "{name} in\n{svg}");
            }
        });
    }
    assert!(well_formed("<a><b></a></b>").is_err() && well_formed("<a x=\"<\"/>").is_err());
    assert!(well_formed("<a>&nbsp;</a>").is_err() && well_formed("<a>\u{1}</a>").is_err());
    assert!(well_formed("<a>\u{fffe}</a>").is_err() && well_formed("<a>&#10;</a>").is_ok());
}

/// Whether elements are closed in order, and no text is taken for one.
fn well_formed(text: &str) -> Result<(), String> {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    if let Some(c) = text.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{fffe}') {
        return Err(format!("control character {c:?}"));
    }
    while let Some((before, after)) = rest.split_once('<') {
        for entity in before.split('&').skip(1) {
            let name = entity.split(';').next().unwrap_or_default();
            // The last four are a tab, the ends of lines and an apostrophe.
            if !matches!(name, "amp" | "lt" | "gt" | "quot" | "#9" | "#10" | "#13" | "#39") {
                return Err(format!("entity {name:?}"));
            }
        }
        if before.contains('>') && !before.trim().is_empty() && open.last().is_none_or(|of| *of != "style") {
            return Err(format!("text {before:?}"));
        }
        let (tag, next) = after.split_once('>').ok_or("a tag without an end")?;
        let name = tag.split([' ', '/', '\n']).next().unwrap_or_default();
        if tag.contains('<') || tag.matches('"').count() % 2 == 1 {
            return Err(format!("tag {tag:?}"));
        }
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Err(format!("{name} is closed"));
            }
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        rest = next;
    }
    if open.is_empty() && rest.trim().is_empty() { Ok(()) } else { Err(format!("{open:?} stay open")) }
}

#[test]
fn dot_keeps_names_in_their_quotes() {
    for seed in 0..40 {
        odd_map(seed, 14, |map| {
            let dot = map.dot();
            let mut outside = String::new();
            let mut characters = dot.chars();
            while let Some(c) = characters.next() {
                if c != '"' {
                    outside.push(c);
                    continue;
                }
                loop {
                    match characters.next() {
                        Some('"') => break,
                        Some('\\') => drop(characters.next()),
                        Some(c) => assert!(!c.is_control(), "{c:?} in\n{dot}"),
                        None => panic!("no end of quotes in\n{dot}"),
                    }
                }
            }
            let plain =
                |c: char| c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || "{}[]=,;_->.".contains(c);
            assert!(outside.chars().all(plain), "{outside}");
            assert_eq!(
                outside.matches("tooltip=,").count() + outside.matches("tooltip=]").count(),
                1 + map.nodes.len() + map.links.len()
            );
        });
    }
}

#[test]
fn a_backslash_is_itself_in_dot() {
    let (manifest, catalog) = (manifest(""), catalog(&[("end\\", "id!")]));
    let dot = map(&manifest, &catalog).dot();
    assert!(dot.contains(r#"[label="\"end\\\"","#), "{dot}");
}

#[test]
fn mermaid_keeps_names_in_their_labels() {
    for seed in 0..40 {
        odd_map(seed, 14, |map| {
            let text = map.mermaid();
            for line in text.lines() {
                let quotes: Vec<&str> = line.split('"').collect();
                assert!(matches!(quotes.len(), 1 | 3), "{line}");
                let label = |c: char| c.is_alphanumeric() || " _.#;:(),'".contains(c);
                assert!(quotes.get(1).is_none_or(|of| of.chars().all(label)), "{line}");
            }
            let title = "flowchart RL\n    accTitle: a \"title\" & <more>  of  two  lines\n";
            assert!(text.starts_with(title), "{text}");
        });
    }
}

#[test]
fn two_thousand_tables_are_all_drawn() {
    let (manifest, catalog) = (manifest(""), odd(5, 2_000));
    let map = map(&manifest, &catalog);
    let (svg, dot, mermaid) = (map.svg(), map.dot(), map.mermaid());
    assert_eq!(svg.matches("<g class=\"n ").count(), map.nodes.len());
    assert_eq!(dot.matches(" -> ").count(), map.links.len());
    // More than its reader takes, so it shows less.
    assert!(mermaid.len() < 50_000 && mermaid.contains("tables"), "{}", mermaid.len());
}

#[test]
fn without_tables_there_is_a_picture_too() {
    let (manifest, catalog) = (manifest(""), Catalog::default());
    let map = map(&manifest, &catalog);
    well_formed(&map.svg()).unwrap();
    assert_eq!(map.summary(), "0 foreign keys");
    assert!(map.svg().contains(">Tenants by company_id</text>"));
}
