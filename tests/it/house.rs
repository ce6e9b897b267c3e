//! The rules of the house, read off the project's own sources.

mod source;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use self::source::{code, paths};

/// A file's path from the project's folder, and its text.
type File = (String, String);

/// What a rule has against files; each names the file.
type Problems = Vec<String>;

/// Looks at one file's path and text.
type Rule = fn(&str, &str) -> Problems;

const LONGEST_FILE: usize = 400;

/// Who may import whom: each those to its left.
const RUNTIME: &[&str] =
    &["error", "ident", "lex", "tenant", "conninfo", "passfile", "secret", "seal", "wire", "pool", "axum"];
const TOOL: &[&str] = &[
    "error",
    "ident",
    "lex",
    "tenant",
    "conninfo",
    "passfile",
    "secret",
    "seal",
    "markup",
    "throwaway",
    "catalog",
    "policy",
    "rule",
    "plan",
    "migrate",
    "prove",
    "transfer",
    "cli",
];
const USE_POOL: &[&str] = &["migrate", "prove", "transfer"];
const TESTING_USES: &[&str] = &["error", "ident", "lex", "tenant", "pool", "migrate", "policy", "throwaway"];

const PURE: &[&str] = &["src/catalog/model", "src/policy", "src/rule", "src/plan"];
const IMPURE: &[&str] = &[
    "tokio",
    "tokio_postgres",
    "deadpool_postgres",
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "std::time::Instant",
    "std::time::SystemTime",
];

/// The project's files with one of these extensions, under one of these folders.
fn files(folders: &[&str], extensions: &[&str]) -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut left: Vec<PathBuf> = folders.iter().map(|folder| root.join(folder)).collect();
    let mut found = Vec::new();
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|of| extensions.iter().any(|wanted| of == *wanted)) {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
    assert!(!found.is_empty(), "no files under {folders:?}");
    found
}

/// The modules that lead to a file: `src/pool/mod.rs` is `pool`, `src/pool/work.rs` is `pool` and `work`.
fn modules(path: &str) -> Vec<&str> {
    let path = path.strip_prefix("src/").unwrap_or(path).trim_end_matches(".rs");
    path.split('/').filter(|name| !matches!(*name, "mod" | "lib" | "main")).collect()
}

fn may_import(from: &str, to: &str) -> bool {
    let ordered = |layers: &[&str]| {
        let at = |name: &str| layers.iter().position(|layer| *layer == name);
        matches!((at(from), at(to)), (Some(from), Some(to)) if to < from)
    };
    from == to
        || (from == "testing" && TESTING_USES.contains(&to))
        || (to == "pool" && USE_POOL.contains(&from))
        || ordered(RUNTIME)
        || ordered(TOOL)
}

fn layers(path: &str, text: &str) -> Problems {
    let modules = modules(path);
    let Some(from) = modules.first() else { return Vec::new() };
    let known = |name: &str| name == "testing" || RUNTIME.contains(&name) || TOOL.contains(&name);
    if !known(from) {
        return vec![format!("{path}: module {from} has no place among the layers")];
    }
    let mut problems = Vec::new();
    for path_named in paths(&code(text)) {
        let parts: Vec<&str> = path_named.split("::").collect();
        let up = parts.iter().take_while(|part| **part == "super").count();
        let to = match parts[..] {
            ["crate", to, ..] => to,
            // The crate itself, seen from here, or from a module of tests in here.
            _ if up >= modules.len() && up < parts.len() && known(parts[up]) => parts[up],
            _ => continue,
        };
        if !known(to) {
            problems.push(format!("{path}: {path_named} does not name the module that it means"));
        } else if !may_import(from, to) {
            problems.push(format!("{path}: {from} must not import {to} ({path_named})"));
        }
    }
    problems
}

fn purity(path: &str, text: &str) -> Problems {
    let pure =
        |place: &str| path.strip_prefix(place).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'));
    if !PURE.iter().any(|place| pure(place)) {
        return Vec::new();
    }
    let named = paths(&code(text));
    let impure = named.iter().filter(|path| {
        let under = |place: &str| {
            path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        };
        IMPURE.iter().any(|place| under(place))
    });
    impure.map(|what| format!("{path}: {what} has no place in pure code")).collect()
}

fn length(path: &str, text: &str) -> Problems {
    let lines = text.lines().count();
    (lines > LONGEST_FILE).then(|| format!("{path}: {lines} lines; split it")).into_iter().collect()
}

/// Matches text as it stands, but for comments and white space.
fn quoting(path: &str, text: &str) -> Problems {
    if path == "src/ident.rs" {
        return Vec::new();
    }
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let text: String = lines.flat_map(str::chars).filter(|c| !c.is_whitespace()).collect();
    let quotes = [r#"replace('"',"#, r"replace('\'',", r#"replace("\"","#, r#"replace("'","#];
    let found = quotes.into_iter().filter(|quote| text.contains(quote));
    found.map(|quote| format!("{path}: {quote} ..) quotes; use crate::ident")).collect()
}

fn printing(path: &str, text: &str) -> Problems {
    if path == "src/main.rs" || path.starts_with("src/cli") {
        return Vec::new();
    }
    words(path, text, &["println!", "eprintln!", "print!", "eprint!", "process::exit"])
}

fn unfinished(path: &str, text: &str) -> Problems {
    words(path, text, &["todo!", "unimplemented!", "dbg!", "#[ignore"])
}

fn words(path: &str, text: &str, unwanted: &[&str]) -> Problems {
    let code = code(text);
    let stands = |word: &str| {
        let whole = |(at, _): (usize, &str)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        code.match_indices(word).any(whole)
    };
    unwanted.iter().filter(|word| stands(word)).map(|word| format!("{path}: {word}")).collect()
}

/// The files that a source includes, by their path from the project's folder.
fn included(path: &str, text: &str) -> BTreeSet<String> {
    let resolve = |relative: &str| {
        let mut parts: Vec<&str> = path.split('/').collect();
        parts.pop();
        for part in relative.split('/') {
            if part == ".." { parts.pop().map(drop).unwrap_or_default() } else { parts.push(part) }
        }
        parts.join("/")
    };
    let after = |opening: &str| -> Vec<String> {
        let quoted = |piece: &str| piece.split('"').next().unwrap_or_default().to_owned();
        text.split(opening).skip(1).map(quoted).collect()
    };
    let mut files: BTreeSet<String> = after("include_str!(\"").iter().map(|file| resolve(file)).collect();
    for folder in after("include_str!(concat!(\"") {
        files.extend(after("file!(\"").iter().map(|name| resolve(&format!("{folder}{name}.sql"))));
    }
    files
}

fn sql_is_included(sql: &[String], sources: &[File]) -> Problems {
    let included: BTreeSet<String> = sources.iter().flat_map(|(path, text)| included(path, text)).collect();
    let mut problems = Vec::new();
    for path in sql {
        if !path.ends_with(".sql") {
            problems.push(format!("{path}: sql/ holds SQL alone"));
        } else if !included.contains(path) {
            problems.push(format!("{path}: no source includes it"));
        }
    }
    problems
}

fn check(files: &[File], rule: Rule) {
    let problems: Problems = files.iter().flat_map(|(path, text)| rule(path, text)).collect();
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn the_house_is_in_order() {
    let sources = files(&["src"], &["rs"]);
    for rule in [layers as Rule, purity, quoting, printing, unfinished] {
        check(&sources, rule);
    }
    check(&files(&["tests"], &["rs"]), unfinished);
    check(&files(&["src", "sql", "tests", "examples", "benches"], &["rs", "sql"]), length);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut left, mut sql) = (vec![root.join("sql")], Vec::new());
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            sql.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
        }
    }
    let problems = sql_is_included(&sql, &sources);
    assert!(problems.is_empty() && !sql.is_empty(), "\n{}", problems.join("\n"));
}

/// Each rule finds what it is there to find.
#[test]
fn a_house_that_is_out_of_order_is_found_so() {
    let wrong: &[(Rule, &str, &str)] = &[
        (layers, "src/pool/work.rs", "use crate::policy::Script;"),
        (layers, "src/policy/model.rs", "use crate::{error::Error, pool::Core};"),
        (layers, "src/policy/model.rs", "fn f() { crate::pool::open() }"),
        (layers, "src/error.rs", "use crate::ident::Ident;"),
        (layers, "src/error.rs", "use super::pool::Core;"),
        (layers, "src/pool/work.rs", "use super::super::catalog::Catalog;"),
        (layers, "src/pool/mod.rs", "use crate::testing;"),
        (layers, "src/migrate/apply.rs", "use crate::testing::Server;"),
        (layers, "src/rule/mod.rs", "use crate::plan::Step;"),
        (layers, "src/testing/mod.rs", "use crate::catalog::Catalog;"),
        (layers, "src/pool/work.rs", "use crate::TenantPool;"),
        (layers, "src/helpers.rs", ""),
        (purity, "src/policy/model.rs", "use std::{fmt, fs};"),
        (purity, "src/plan.rs", "fn f() { std::env::var(x) }"),
        (purity, "src/rule/rules/a.rs", "use std::time::{Duration, Instant};"),
        (purity, "src/catalog/model/table.rs", "use tokio_postgres::types::Type;"),
        (purity, "src/plan/mod.rs", "async fn f() { tokio::spawn(x) }"),
        (quoting, "src/policy/render.rs", r#"text.replace('"', "\"\"")"#),
        (quoting, "src/pool/binding.rs", r#"text . replace( '\'', "''" )"#),
        (printing, "src/pool/mod.rs", r#"println!("x")"#),
        (printing, "src/error.rs", r#"eprint!("x")"#),
        (printing, "src/migrate/mod.rs", "std::process::exit(1)"),
        (unfinished, "src/pool/mod.rs", "todo!()"),
        (unfinished, "tests/it/laws.rs", "#[ignore = \"slow\"] fn f() {}"),
        (unfinished, "tests/it/laws.rs", "dbg!(x)"),
    ];
    for (rule, path, text) in wrong {
        assert_eq!(rule(path, text).len(), 1, "{path}: {text}");
    }
    assert_eq!(length("src/error.rs", &"\n".repeat(LONGEST_FILE + 1)).len(), 1);
    let source = |text: &str| [("src/pool/guard.rs".to_owned(), text.to_owned())];
    let sql = ["sql/pool/guard.sql".to_owned()];
    assert_eq!(sql_is_included(&sql, &source(r#"include_str!("../../sql/pool/other.sql")"#)).len(), 1);
    assert_eq!(sql_is_included(&["sql/README".to_owned()], &[]).len(), 1);
    assert!(sql_is_included(&sql, &source(r#"include_str!("../../sql/pool/guard.sql")"#)).is_empty());
    let by_macro = r#"include_str!(concat!("../../sql/pool/", $name, ".sql")) } file!("guard")"#;
    assert!(sql_is_included(&sql, &source(by_macro)).is_empty());
}

/// And nothing else.
#[test]
fn a_house_that_is_in_order_is_left_alone() {
    let right: &[(Rule, &str, &str)] = &[
        (layers, "src/migrate/mod.rs", "use crate::{pool::Core, policy::Script, error::Error};"),
        (layers, "src/pool/work.rs", "//! See [`crate::policy`].\nuse super::lease::Lease;"),
        (layers, "src/policy/shapes/a.rs", "use super::super::model::Roles;"),
        (layers, "src/lib.rs", "pub use pool::TenantPool;"),
        (purity, "src/policy/model.rs", "use std::time::Duration; // no std::fs"),
        (purity, "src/catalog/live.rs", "use tokio_postgres::Client;"),
        (printing, "src/cli/output.rs", "println!()"),
        (printing, "src/pool/mod.rs", "//! println!()\nlet x = \"println!\";"),
        (unfinished, "src/pool/mod.rs", "my_todo!()"),
    ];
    for (rule, path, text) in right {
        assert_eq!(rule(path, text), Problems::new(), "{path}: {text}");
    }
}
