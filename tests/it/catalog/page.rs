//! A model as a page to read.

use std::fmt::Debug;

const WIDTH: usize = 118;

/// What `{:#?}` says, without what is empty or off, and with what fits on a line on one line.
pub(crate) fn page(value: &impl Debug) -> String {
    let text = format!("{value:#?}");
    let mut lines = text.lines().peekable();
    let mut page = String::new();
    while let Some(line) = lines.next() {
        page.push_str(&node(line, &mut lines).join("\n"));
        page.push('\n');
    }
    page
}

/// The lines that come of one line and of those that are part of it.
fn node<'a>(line: &str, rest: &mut impl Iterator<Item = &'a str>) -> Vec<String> {
    if !line.ends_with(['{', '[', '(']) {
        return vec![line.to_owned()];
    }
    let mut parts = Vec::new();
    let end = loop {
        let Some(next) = rest.next() else { break "" };
        if next.trim_start().starts_with(['}', ']', ')']) {
            break next;
        }
        let part = node(next, rest);
        if !says_nothing(&part) {
            parts.push(part);
        }
    };
    let words: Vec<&str> =
        parts.iter().map(|part| if part.len() == 1 { part[0].trim() } else { "\n" }).collect();
    let (words, end_word) = (words.join(" "), end.trim());
    let words = words.strip_suffix(',').unwrap_or(&words);
    let one = format!("{line}{words}{end_word}");
    if one.len() <= WIDTH && !one.contains('\n') {
        return vec![one];
    }
    let inner = parts.into_iter().flatten();
    std::iter::once(line.to_owned()).chain(inner).chain([end.to_owned()]).collect()
}

fn says_nothing(part: &[String]) -> bool {
    let nothing = [": None,", ": false,", ": {},", ": [],", ": \"\","];
    part.len() == 1 && nothing.iter().any(|end| part[0].ends_with(end))
}

#[test]
fn a_page_is_short() {
    let value = (Some("x".repeat(80)), vec![(1, false); 2], vec![vec![0_u8; 60]]);
    let page = page(&value);
    assert_eq!(page.lines().nth(1).unwrap().trim(), format!("Some(\"{}\"),", "x".repeat(80)));
    assert_eq!(page.lines().nth(2).unwrap().trim(), "[(1, false), (1, false)],");
    assert!(page.lines().count() > 60, "{page}");
}
