//! Reads Rust source as far as the house's rules need it.

/// The code without comments, and with nothing inside its string literals.
pub fn code(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let rest = &chars[at..];
        at += match rest {
            ['/', '/', ..] => until(rest, 2, &['\n']),
            ['/', '*', ..] => until(rest, 2, &['*', '/']) + 2,
            ['"', ..] => {
                code.push_str("\"\"");
                string(rest)
            }
            ['r', '"' | '#', ..] if !code.ends_with(word) => match raw_string(rest) {
                Some(length) => {
                    code.push_str("\"\"");
                    length
                }
                None => push(&mut code, rest[0]),
            },
            ['\'', '\\', ..] => until(rest, 3, &['\'']) + 1,
            ['\'', _, '\'', ..] => 3,
            _ => push(&mut code, rest[0]),
        };
    }
    code
}

fn push(code: &mut String, c: char) -> usize {
    code.push(c);
    1
}

fn word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// How many characters there are ahead of an end.
fn until(rest: &[char], from: usize, end: &[char]) -> usize {
    (from..rest.len()).find(|at| rest[*at..].starts_with(end)).unwrap_or(rest.len())
}

fn string(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != '"' {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

fn raw_string(rest: &[char]) -> Option<usize> {
    let hashes = rest[1..].iter().take_while(|c| **c == '#').count();
    let quote = 1 + hashes;
    (rest.get(quote) == Some(&'"')).then(|| {
        let mut end = vec!['"'];
        end.resize(quote, '#');
        until(rest, quote + 1, &end) + end.len()
    })
}

/// Every path that code names, with the trees of `use` spread out: `use a::{b, c::d}` names `a::b` and `a::c::d`.
///
/// What follows `$crate` in a macro is what its users may name, and no import.
pub fn paths(code: &str) -> Vec<String> {
    let (mut found, mut of_macros) = (Vec::new(), Vec::new());
    let mut rest = code;
    while let Some(start) = rest.find(|c: char| word(c)) {
        let found = if rest[..start].ends_with('$') { &mut of_macros } else { &mut found };
        rest = path(&rest[start..], "", found);
    }
    found
}

/// Reads one path, or tree of paths, and returns what follows it.
fn path<'a>(text: &'a str, prefix: &str, found: &mut Vec<String>) -> &'a str {
    let end = text.find(|c: char| !word(c)).unwrap_or(text.len());
    let whole = format!("{prefix}{}", &text[..end]);
    let rest = &text[end..];
    let Some(more) = rest.trim_start().strip_prefix("::") else {
        if whole.contains("::") {
            found.push(whole);
        }
        return rest;
    };
    let more = more.trim_start();
    let prefix = format!("{whole}::");
    match more.strip_prefix('{') {
        Some(tree) => branches(tree, &prefix, found),
        None if more.starts_with(word) => path(more, &prefix, found),
        None => {
            found.push(whole);
            more
        }
    }
}

fn branches<'a>(mut tree: &'a str, prefix: &str, found: &mut Vec<String>) -> &'a str {
    loop {
        tree = tree.trim_start_matches(|c: char| c.is_whitespace() || c == ',' || c == '*');
        if let Some(after) = tree.strip_prefix('}') {
            return after;
        }
        if !tree.starts_with(word) {
            return tree;
        }
        // Also past the new name of `a as b`.
        tree = path(tree, prefix, found);
        if let Some(renamed) = tree.trim_start().strip_prefix("as ") {
            tree = renamed.trim_start().trim_start_matches(word);
        }
    }
}

#[test]
fn comments_and_texts_are_not_code() {
    let text = r####"
        use a::{self, b as c, d::{e, f}}; // x::y
        /* g::h */ let i = j::k("l::m \" n::o", r#"p::q"#, '"', 'r', b'\'');
        fn s<'t>(u: &'t v::W) { $crate::x::Y }
    "####;
    let found = paths(&code(text));
    assert_eq!(found, ["a::self", "a::b", "a::d::e", "a::d::f", "j::k", "v::W"]);
}
