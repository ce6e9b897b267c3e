//! Whatever a file says, it is read to its end, soon.

use std::time::{Duration, Instant};

use tenantry::catalog::replay::{Options, Replayed, Source, replay};

use crate::support::random::Random;

const SCHEMA: &str = include_str!("../schema.sql");

/// Blocks, helpers and handlers of PL/pgSQL.
const BLOCKS: &str = concat!(
    include_str!("blocks.sql"),
    include_str!("caught.sql"),
    include_str!("cursors.sql"),
    include_str!("helpers.sql"),
    include_str!("idioms.sql"),
    include_str!("loops.sql"),
);

const PIECES: &[&str] = &[
    "'",
    "''",
    "\"",
    "$",
    "$$",
    "$a$",
    "--",
    "/*",
    "*/",
    "\\",
    "\\.",
    "\n",
    "\r\n",
    ";",
    "(",
    ")",
    "[",
    "]",
    ",",
    ".",
    "::",
    ":=",
    "e'",
    "u&\"",
    " ",
    "\t",
    "é",
    "\u{feff}",
    "\0",
    "1",
    "1e",
    "0x",
    "a",
    "t",
    "public",
    "create",
    "table",
    "policy",
    "on",
    "using",
    "with check",
    "alter",
    "drop",
    "cascade",
    "begin",
    "atomic",
    "case",
    "end",
    "rollback",
    "to",
    "savepoint",
    "function",
    "returns",
    "as",
    "language sql",
    "view",
    "select",
    "from",
    "where",
    "and",
    "not",
    "null",
    "default",
    "references",
    "partition of",
    "for values in",
    "inherits",
    "grant",
    "all",
    "execute",
    "rename",
    "set",
    "schema",
    "role",
    "copy",
    "stdin",
    "primary key",
    "check",
    "generated always as",
    "identity",
    "like",
    "including all",
    "trigger",
    "when",
];

fn run(text: &str) -> Replayed {
    let begun = Instant::now();
    let source = Source::new("garbage.sql", text);
    let text = source.text();
    let replayed = replay(std::slice::from_ref(&source), &Options::default());
    let taken = begun.elapsed();
    assert!(taken < Duration::from_secs(20), "{taken:?} for {} bytes: {text:.300}", text.len());
    let lines: Vec<&str> = text.split('\n').collect();
    for statement in &replayed.statements {
        let line: String = lines[statement.line() - 1].chars().skip(statement.column() - 1).collect();
        let first = statement.written().lines().next().unwrap();
        assert!(line.starts_with(first), "{first:?} is not where it is said to be");
    }
    assert!(replayed.opaque.iter().all(|opaque| opaque.statement() < replayed.statements.len()));
    replayed
}

#[test]
fn random_text_is_read() {
    let mut random = Random::new(1);
    for _ in 0..400 {
        let length = random.below(120);
        let piece = |_| PIECES[usize::try_from(random.below(PIECES.len() as u64)).unwrap()];
        let pieces: Vec<&str> = (0..length).map(piece).collect();
        run(&pieces.join(if length.is_multiple_of(2) { " " } else { "" }));
    }
}

#[test]
fn a_schema_that_was_damaged_is_read() {
    let mut random = Random::new(2);
    let words: Vec<&str> = SCHEMA.split_inclusive([' ', '\n', '(', ')', ',']).collect();
    let whole = run(SCHEMA).statements.len();
    let mut below = |limit: usize| usize::try_from(random.below(limit as u64)).unwrap();
    for _ in 0..60 {
        let mut damaged = words.clone();
        for _ in 0..=below(20) {
            let at = below(damaged.len());
            match below(4) {
                0 => drop(damaged.remove(at)),
                1 => damaged.insert(at, PIECES[below(PIECES.len())]),
                2 => {
                    let other = below(damaged.len());
                    damaged.swap(at, other);
                }
                _ => damaged[at] = words[below(words.len())],
            }
        }
        let replayed = run(&damaged.concat());
        assert!(replayed.statements.len() <= whole + 60);
    }
}

#[test]
fn blocks_that_were_damaged_are_run_to_an_end() {
    let mut random = Random::new(3);
    let words: Vec<&str> = BLOCKS.split_inclusive([' ', '\n', '(', ')', ',', ';']).collect();
    let mut below = |limit: usize| usize::try_from(random.below(limit as u64)).unwrap();
    for _ in 0..40 {
        let mut damaged = words.clone();
        for _ in 0..=below(30) {
            let (at, other) = (below(damaged.len()), below(words.len()));
            match below(3) {
                0 => drop(damaged.remove(at)),
                1 => damaged.insert(at, words[other]),
                _ => damaged[at] = words[other],
            }
        }
        run(&damaged.concat());
    }
}

#[test]
fn it_is_not_the_depth_or_the_length_of_a_text_that_takes_long() {
    const MANY: usize = 4000;
    let policy = |expr: String| format!("create table t (a int); create policy p on t using ({expr});");
    let nested = |open: &str, close: &str, depth| format!("{}a{}", open.repeat(depth), close.repeat(depth));
    let mut texts: Vec<String> = [
        "(",
        "/*",
        "$a$ ",
        "$",
        "'",
        "'\n",
        "E'\\",
        "\"",
        ";",
        "begin;",
        "-",
        "+-",
        "a \\\\ ",
        "\\x\n",
        "a.",
        "create schema a ",
    ]
    .into_iter()
    .map(|piece| piece.repeat(MANY))
    .collect();
    for depth in [10, 20, 39, 200] {
        for (open, close) in [
            ("(", ")"),
            ("f(", ")"),
            ("array[", "]"),
            ("case when ", " then 1 end"),
            ("- ", ""),
            ("not ", ""),
        ] {
            texts.push(policy(nested(open, close, depth)));
        }
        texts.push(policy(nested("exists (select 1 from t where ", ")", depth)));
        texts.push(format!("create view v as select * from {}", nested("(select * from ", ") x", depth)));
        texts.push(format!("create view v as select * from {}", nested("(", ")", depth)));
    }
    for tail in ["and a = 1 ", "+ 1 ", "::int ", "is null ", ", a"] {
        texts.push(policy(format!("a {}", tail.repeat(MANY))));
    }
    texts.push(policy(format!("a in ({} 1)", "1, ".repeat(MANY))));
    texts.push("begin; savepoint a; rollback to a; rollback;".repeat(300));
    texts.push(
        (0..600)
            .map(|n| format!("create table t{n} (id serial primary key, b int references t{});", n / 2))
            .collect(),
    );
    texts.push(
        (0..600).map(|n| format!("create table t{n} (id serial unique); drop table t{};", n / 2)).collect(),
    );
    // As deep as what is understood may be, on no more stack than a thread of a test has.
    std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(move || texts.iter().for_each(|text| drop(run(text))))
        .unwrap()
        .join()
        .unwrap();
}
