//! `lint` and `lint --server` on the same files: a difference is a bug of the one or the other, or comes of what `lint` itself says
//! that it has not followed.

mod stand;

use tenantry::rule::{all, example};

use self::stand::{Found, Stand, file, folder_of};
use super::Folder;
use crate::support::version;

/// SQL of several folders: each begins with `-- style: NAME`, and each of its files but the first with `-- file`.
fn styles(text: &str) -> impl Iterator<Item = (&str, Vec<&str>)> {
    text.split("-- style: ").skip(1).map(|style| {
        let (name, files) = style.split_once('\n').unwrap();
        (name, files.split("-- file\n").collect())
    })
}

const GUARDS: &str = include_str!("both/guards.sql");
const LOOPS: &str = include_str!("both/loops.sql");

const USING: &str = "tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid)";

/// What is right of a table, and what is wrong with it in one way: what the way is called, enable, force, using, verbs.
const WAYS: [[&str; 5]; 5] = [
    ["right", "ENABLE", "FORCE", USING, "SELECT, INSERT"],
    ["unforced", "ENABLE", "NO FORCE", USING, "SELECT"],
    ["open", "ENABLE", "FORCE", "true", "SELECT"],
    ["granted", "ENABLE", "FORCE", USING, "ALL"],
    ["off", "DISABLE", "FORCE", USING, "SELECT"],
];

/// The one that no reader can follow.
const NOT_FOLLOWED: &str = "not-followed";

/// The files of the styles that are wanted, in every way, in one folder.
fn made(wanted: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for [way, enable, force, using, verbs] in WAYS {
        for (style, texts) in styles(GUARDS).chain(styles(LOOPS)).filter(|(style, _)| wanted(style)) {
            let table = format!("{}_{way}", style.replace('-', "_"));
            for text in texts {
                let text = text
                    .replace("{t}", &table)
                    .replace("{enable}", enable)
                    .replace("{force}", force)
                    .replace("{using}", using)
                    .replace("{quoted}", &using.replace('\'', "''"))
                    .replace("{verbs}", verbs);
                files.push((format!("V{}__{}.sql", files.len() + 1, style.replace('-', "_")), text));
            }
        }
    }
    files
}

#[tokio::test]
async fn three_hundred_migrations_with_code_in_them_are_the_same_both_ways() {
    let files = made(|style| style != NOT_FOLLOWED);
    assert!(files.len() >= 300, "{}", files.len());
    let stand = Stand::new().await;
    let both = stand.compare(example::MANIFEST, &files).await;
    let differences: Vec<String> = both.differences().into_iter().map(stand::line).collect();
    assert_eq!(differences, [""; 0]);
    // Where something is wrong it is found, and where not, not: each style has all ways.
    let graves: Vec<_> = both.server.iter().filter(|found| found.is_grave()).collect();
    for way in ["_unforced", "_open", "_granted", "_off"] {
        let of = graves.iter().filter(|found| found.object.contains(way)).count();
        assert!(of > 30, "{way}: {of}");
    }
    let right = graves.iter().filter(|found| found.object.contains("_right"));
    // One style has a table of no class, and two have what a migration does on its way.
    let of_style = ["unclassified-table", "backfill-under-force", "fk-validated-under-force"];
    let wrong: Vec<_> = right.filter(|found| !of_style.contains(&found.rule.as_str())).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    // The names of partitions are made of dates, which are not computed. What is not followed is told, and is nothing grave.
    let opaque: Vec<_> = both.text.iter().filter(|found| found.rule == "opaque-statement").collect();
    let expected = |found: &&Found| found.file.contains("partitions") && !found.is_grave();
    assert!(opaque.len() == WAYS.len() && opaque.iter().all(expected), "{opaque:#?}");
}

#[tokio::test]
async fn what_is_not_followed_is_exact_on_the_server() {
    let stand = Stand::new().await;
    let both = stand.compare(example::MANIFEST, &made(|style| style == NOT_FOLLOWED)).await;
    let opaque = both.text.iter().filter(|found| found.rule == "opaque-statement" && found.is_grave());
    assert_eq!(opaque.count(), WAYS.len());
    // None of them is certain without the server.
    let certain = |found: &&Found| found.is_grave() && found.rule != "opaque-statement";
    assert_eq!(both.text.iter().find(certain), None);
    let graves = both.server.iter().filter(certain);
    let graves: Vec<_> = graves.map(|found| format!("{} {}", found.rule, found.object)).collect();
    assert_eq!(
        graves,
        [
            "using-true public.not_followed_open.tenant",
            "truncate-granted public.not_followed_granted",
            "trigger-granted public.not_followed_granted",
            "policies-rls-off public.not_followed_off",
            "force-missing public.not_followed_unforced",
        ]
    );
}

#[tokio::test]
async fn what_people_were_told_wrong_is_the_same_both_ways() {
    let stand = Stand::new().await;
    let mut wrong = Vec::new();
    for (name, texts) in styles(include_str!("both/cases.sql")) {
        let files = texts.iter().enumerate().map(|(at, text)| file(&format!("V{}__a.sql", at + 1), text));
        let both = stand.compare(example::MANIFEST, &files.collect::<Vec<_>>()).await;
        wrong.extend(both.unexplained().into_iter().map(|line| format!("{name}: {line}")));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn the_examples_of_the_rules_are_the_same_both_ways() {
    let stand = Stand::new().await;
    let mut wrong = Vec::new();
    for rule in all() {
        for example in [rule.bad, rule.good] {
            if example::needs(example).is_some_and(|version| version * 10_000 > stand.version) {
                continue;
            }
            let sources = example::files(example);
            let files: Vec<_> = sources.iter().map(|source| file(source.name(), source.text())).collect();
            let both = stand.compare(&example::manifest(example), &files).await;
            wrong.extend(
                both.unexplained().into_iter().map(|line| format!("{}: {line}\n{example}", rule.code)),
            );
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn the_schemas_of_other_tests_are_the_same_both_ways() {
    let stand = Stand::new().await;
    let mut wrong = Vec::new();
    for name in [
        "adopt/shop.sql",
        "adopt/erp.sql",
        "catalog/replay/blocks.sql",
        "catalog/replay/caught.sql",
        "catalog/replay/cursors.sql",
        "catalog/replay/drops.sql",
        "catalog/replay/expressions.sql",
        "catalog/replay/functions.sql",
        "catalog/replay/grants.sql",
        "catalog/replay/helpers.sql",
        "catalog/replay/idioms.sql",
        "catalog/replay/loops.sql",
        "catalog/replay/names.sql",
        "catalog/replay/partitions.sql",
        "catalog/replay/renames.sql",
        "catalog/replay/sessions.sql",
        "catalog/schema.sql",
        "init/erp.sql",
        "plan/erp.sql",
        "plan/owned.sql",
        "tool/erp.sql",
    ] {
        let text = version::fit(&folder_of(name), stand.version);
        let mut text = text.replace("{database}", "example");
        for role in ["owner", "app", "system", "migrator"] {
            text = text.replace(&format!("{{{role}}}"), &format!("erp_{role}"));
        }
        let text = text.replace("{role}", "erp").replace("{invoices}", "9");
        let manifest = example::MANIFEST.split("[tables]").next().unwrap().to_owned()
            + "[schemas]\ninclude = [\"public\", \"erp\"]\n";
        let both = stand.compare(&manifest, &[file("schema.sql", &text)]).await;
        wrong.extend(both.unexplained().into_iter().map(|line| format!("{name}: {line}")));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// A folder with files in it, for the tool.
fn folder(manifest: &str, files: &[(String, String)]) -> Folder {
    let folder = Folder::new();
    folder.write("tenantry.toml", manifest);
    std::fs::create_dir(folder.path("migrations")).unwrap();
    for (name, text) in files {
        folder.write(&format!("migrations/{name}"), text);
    }
    folder
}
