//! A model as a page to read.

use std::fmt::Debug;

const WIDTH: usize = 118;
const OPENING: [char; 3] = ['{', '[', '('];

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
    if !line.ends_with(OPENING) {
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
    let mut lines = joined(line, &parts, end);
    // The key of a map ends where its value begins.
    if end.ends_with(OPENING)
        && let Some(last) = lines.pop()
    {
        lines.extend(node(&last, rest));
    }
    lines
}

fn joined(line: &str, parts: &[Vec<String>], end: &str) -> Vec<String> {
    if parts.iter().all(|part| part.len() == 1) {
        let words: Vec<&str> = parts.iter().map(|part| part[0].trim()).collect();
        let words = words.join(" ");
        let one = format!("{line}{}{}", words.strip_suffix(',').unwrap_or(&words), end.trim());
        if one.len() <= WIDTH {
            return vec![one];
        }
    }
    let inner = parts.iter().flatten().cloned();
    std::iter::once(line.to_owned()).chain(inner).chain([end.to_owned()]).collect()
}

/// Whether it is a field, rather than an entry of a map, that has nothing in it.
fn says_nothing(part: &[String]) -> bool {
    let nothing = [": None,", ": false,", ": {},", ": [],"];
    let [field] = part else { return false };
    !field.contains('"') && nothing.iter().any(|end| field.ends_with(end))
}

#[test]
fn a_page_is_short() {
    let value = (Some("x".repeat(80)), vec![(1, false); 2], vec![vec![0_u8; 60]]);
    let page = page(&value);
    assert_eq!(page.lines().nth(1).unwrap().trim(), format!("Some(\"{}\"),", "x".repeat(80)));
    assert_eq!(page.lines().nth(2).unwrap().trim(), "[(1, false), (1, false)],");
    assert!(page.lines().count() > 60, "{page}");
}
