//! Which files of a folder are run forward, and in which order, as the runners of migrations have it.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use crate::catalog::replay::{Kind, tokens};

/// The files that are run forward, in their order.
pub(super) struct Forward {
    pub(super) names: Vec<String>,
    /// The files that stand for others, which are left out, and for how many.
    pub(super) stand: Vec<(String, usize)>,
}

/// Finds them among the names of all files of a folder; `read` gives the text of one.
pub(super) fn forward(mut names: Vec<String>, read: &dyn Fn(&str) -> String) -> Forward {
    let leads_back = going_back(&names);
    // A folder that holds nothing else is meant.
    if leads_back.len() < names.len() {
        names.retain(|name| !leads_back.contains(name));
    }
    names.sort_by(|one, other| order(one, other));
    let mut stand = Vec::new();
    for found in [baseline, range, squashed, checkpoint] {
        let Some((stands, left_out)) = found(&names, read).filter(|(_, left_out)| !left_out.is_empty())
        else {
            continue;
        };
        names.retain(|name| !left_out.contains(name));
        stand.push((stands, left_out.len()));
    }
    Forward { names, stand }
}

/// A file that stands for others, and those.
type Stands = (String, BTreeSet<String>);

/// The changes of a Sqitch plan that are deployed, in their order: the names of their files without `.sql`.
///
/// A change that was reworked is there several times, and all but the last are in files that are named after the tag behind them.
pub(super) fn sqitch(plan: &str) -> Vec<String> {
    let mut found: Vec<(String, Option<String>)> = Vec::new();
    for line in plan.lines().map(str::trim) {
        if let Some(tag) = line.strip_prefix('@') {
            let tag = tag.split_whitespace().next().unwrap_or_default();
            for (_, tagged) in found.iter_mut().filter(|(_, tagged)| tagged.is_none()) {
                *tagged = Some(tag.to_owned());
            }
        } else if !line.is_empty() && !line.starts_with(['%', '#', '-']) {
            let name = line.trim_start_matches('+').split_whitespace().next().unwrap_or_default();
            found.push((name.to_owned(), None));
        }
    }
    let is_last = |at: usize| found.iter().skip(at + 1).all(|(name, _)| *name != found[at].0);
    let file = |(at, (name, tag)): (usize, &(String, Option<String>))| match tag {
        Some(tag) if !is_last(at) => format!("{name}@{tag}"),
        _ => name.clone(),
    };
    found.iter().enumerate().map(file).collect()
}

/// What the folders are called whose files take others back.
const BACK: [&str; 8] = ["revert", "reverts", "rollback", "rollbacks", "down", "downs", "undo", "undos"];

/// The files that take others back, and those that only look whether others have run.
fn going_back(names: &[String]) -> BTreeSet<String> {
    let all: BTreeSet<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
    let versions: BTreeSet<&str> = names.iter().filter_map(|name| version(name, 'V')).collect();
    let leads_back = |name: &&String| {
        let lower = name.to_ascii_lowercase();
        let (folders, base) = lower.rsplit_once(['/', '\\']).unwrap_or(("", &lower));
        let stem = base.strip_suffix(".sql").unwrap_or(base);
        // Flyway undoes V7 with U7. A U without its V is run forward, by refinery.
        let undoes = version(name, 'U').is_some_and(|version| versions.contains(version));
        let is_back = |word: &str| BACK.contains(&word);
        let ends = stem.rsplit_once('.').map_or(stem, |(_, end)| end);
        // What is called so by the way only takes back what stands beside it.
        let beside = stem.rsplit_once(['_', '-']).filter(|(_, end)| is_back(end)).is_some_and(|(rest, _)| {
            let at = lower.len() - base.len();
            ["", "_up", "-up", ".up"]
                .iter()
                .any(|up| all.contains(&format!("{}{rest}{up}.sql", &lower[..at])))
        });
        let verifies = |folder: &str| {
            folder == "verify" && all.iter().any(|name| name.split(['/', '\\']).any(|part| part == "deploy"))
        };
        undoes || is_back(ends) || beside || folders.split(['/', '\\']).any(|of| is_back(of) || verifies(of))
    };
    names.iter().filter(leads_back).cloned().collect()
}

fn base(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

/// The version of `V7__name.sql`, with another letter for other kinds.
fn version(name: &str, letter: char) -> Option<&str> {
    let (version, _) = base(name).strip_prefix(letter)?.split_once("__")?;
    version.starts_with(|c: char| c.is_ascii_digit()).then_some(version)
}

fn parts(version: &str) -> Vec<u64> {
    version.split(['.', '_']).map(|part| part.parse().unwrap_or(u64::MAX)).collect()
}

/// Flyway's newest `B7__name.sql`, which stands for all up to its version.
fn baseline(names: &[String], _: &dyn Fn(&str) -> String) -> Option<Stands> {
    let baselines = names.iter().filter_map(|name| Some((parts(version(name, 'B')?), name)));
    let (newest, name) = baselines.max()?;
    let is_older = |other: &&String| {
        let version = ['V', 'U', 'B'].into_iter().find_map(|letter| version(other, letter));
        *other != name && version.is_some_and(|version| parts(version) <= newest)
    };
    Some((name.clone(), names.iter().filter(is_older).cloned().collect()))
}

/// `0001_squashed_0040_name.sql`, which stands for 1 to 40.
fn range(names: &[String], _: &dyn Fn(&str) -> String) -> Option<Stands> {
    let number = |text: &str| -> Option<u64> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        text.get(..digits)?.parse().ok()
    };
    let squashed = |name: &&String| {
        let stem = base(name).strip_suffix(".sql").unwrap_or(name);
        let (first, last) = stem.split_once("_squashed_")?;
        Some(((*name).clone(), number(first)?, number(last)?))
    };
    let (name, first, last) = names.iter().rev().find_map(|name| squashed(&name))?;
    let within = |other: &&String| {
        **other != name && number(base(other)).is_some_and(|of| (first..=last).contains(&of))
    };
    let left_out = names.iter().filter(within).cloned().collect();
    Some((name, left_out))
}

/// A file that is called a baseline, and makes the tables again that others make: it stands for all up to the last of these.
fn squashed(names: &[String], read: &dyn Fn(&str) -> String) -> Option<Stands> {
    let is_called_so = |name: &String| {
        let stem = base(name).strip_suffix(".sql").unwrap_or(name).to_ascii_lowercase();
        let rest = stem.trim_start_matches(|c: char| !c.is_alphabetic());
        let rest =
            rest.strip_prefix('v').map_or(rest, |rest| rest.trim_start_matches(|c: char| !c.is_alphabetic()));
        rest.split(|c: char| !c.is_alphanumeric())
            .any(|word| ["baseline", "squash", "squashed"].contains(&word))
    };
    let at = names.iter().rposition(is_called_so)?;
    let made = made(&read(&names[at]));
    if made.is_empty() {
        return None;
    }
    let again = |name: &String| !self::made(&read(name)).is_disjoint(&made);
    let last = (0..names.len()).rev().find(|other| *other != at && again(&names[*other]))?;
    // What comes before the file is older than it; what comes behind it is what it stands for as far as it makes the same.
    let left_out = (0..=last.max(at)).filter(|other| *other != at);
    Some((names[at].clone(), left_out.map(|other| names[other].clone()).collect()))
}

/// The tables that a text makes although none of them may be there, by their own names. What drops tables first can follow others.
fn made(text: &str) -> BTreeSet<String> {
    let tokens = tokens(text);
    let mut found = BTreeSet::new();
    if tokens.windows(2).any(|pair| pair[0].is_word(text, "drop") && pair[1].is_word(text, "table")) {
        return found;
    }
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        let makes = before.is_some_and(|of| of.is_word(text, "create") || of.is_word(text, "unlogged"));
        if !(token.is_word(text, "table") && makes) {
            continue;
        }
        let mut name = None;
        for token in &tokens[at + 1..] {
            match token.kind {
                Kind::Word | Kind::Quoted => {
                    name = Some(token.of(text).trim_matches('"').to_ascii_lowercase());
                }
                Kind::Symbol if token.of(text) == "." => continue,
                _ => break,
            }
            if name.as_deref() == Some("if") {
                name = None;
                break;
            }
        }
        found.extend(name);
    }
    found
}

/// Atlas's newest checkpoint, which stands for all before it.
fn checkpoint(names: &[String], read: &dyn Fn(&str) -> String) -> Option<Stands> {
    if read("atlas.sum").is_empty() {
        return None;
    }
    let says = |name: &String| {
        let text = read(name);
        text.lines().take_while(|line| line.starts_with("--")).any(|line| line.contains("atlas:checkpoint"))
    };
    let at = names.iter().rposition(says)?;
    Some((names[at].clone(), names[..at].iter().cloned().collect()))
}

/// By version, where files have one as Flyway and refinery write it; those without come after, as repeatable ones do.
/// Otherwise by name, with numbers by their value.
fn order(one: &str, other: &str) -> Ordering {
    let of = |name| ['V', 'U', 'B'].into_iter().find_map(|letter| version(name, letter));
    let repeats = |name: &str| base(name).starts_with("R__");
    match (of(one), of(other)) {
        (Some(one_version), Some(other_version)) => {
            parts(one_version).cmp(&parts(other_version)).then_with(|| natural(one, other))
        }
        (Some(_), None) if repeats(other) => Ordering::Less,
        (None, Some(_)) if repeats(one) => Ordering::Greater,
        _ => natural(one, other),
    }
}

/// `a2` before `a10`.
fn natural(one: &str, other: &str) -> Ordering {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let (mut left, mut right) = (one, other);
    loop {
        let (left_digits, right_digits) = (digits(left), digits(right));
        if left_digits > 0 && right_digits > 0 {
            let (one, left_rest) = left.split_at(left_digits);
            let (other, right_rest) = right.split_at(right_digits);
            let (one, other) = (one.trim_start_matches('0'), other.trim_start_matches('0'));
            let numbers = one.len().cmp(&other.len()).then_with(|| one.cmp(other));
            if numbers != Ordering::Equal {
                return numbers;
            }
            (left, right) = (left_rest, right_rest);
            continue;
        }
        let (mut left_chars, mut right_chars) = (left.chars(), right.chars());
        match (left_chars.next(), right_chars.next()) {
            (Some(a), Some(b)) if a == b => (left, right) = (left_chars.as_str(), right_chars.as_str()),
            // What differs in nothing but leading zeros differs all the same.
            (None, None) => return one.cmp(other),
            (a, b) => return a.cmp(&b),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{forward, made, sqitch};

    fn taken(found: &[&str]) -> Vec<String> {
        forward(found.iter().map(|name| (*name).to_owned()).collect(), &|_| String::new()).names
    }

    #[test]
    fn files_are_taken_in_the_order_in_which_runners_take_them() {
        for (found, expected) in [
            // refinery and Flyway
            (
                &["V10__b.sql", "V2__a.sql", "V2.1__c.sql", "R__views.sql"][..],
                &["V2__a.sql", "V2.1__c.sql", "V10__b.sql", "R__views.sql"][..],
            ),
            (&["U1__a.sql", "V1__a.sql", "V2__b.sql"], &["V1__a.sql", "V2__b.sql"]),
            (
                &["U2__b.sql", "V1__a.sql", "V3__c.sql", "V3__c.down.sql"],
                &["V1__a.sql", "U2__b.sql", "V3__c.sql"],
            ),
            // sqlx, dbmate, golang-migrate
            (
                &["20240102000000_b.up.sql", "20240101000000_a.up.sql", "20240101000000_a.down.sql"],
                &["20240101000000_a.up.sql", "20240102000000_b.up.sql"],
            ),
            (&["10_b.sql", "9_a.sql", "0001_z.sql"], &["0001_z.sql", "9_a.sql", "10_b.sql"]),
            // diesel
            (
                &["2024-02-01-b/up.sql", "2024-02-01-b/down.sql", "2024-01-01-a/up.sql"],
                &["2024-01-01-a/up.sql", "2024-02-01-b/up.sql"],
            ),
            (&["b.sql", "a.sql", "A.SQL"], &["A.SQL", "a.sql", "b.sql"]),
        ] {
            assert_eq!(taken(found), expected);
        }
    }

    #[test]
    fn what_takes_others_back_is_left_out() {
        for (found, expected) in [
            (&["reverts/1_a.sql", "1_a.sql"][..], &["1_a.sql"][..]),
            (&["1_a.sql", "1_a.revert.sql", "2_b.ROLLBACK.SQL", "3_c.undo.sql"], &["1_a.sql"]),
            (&["1_a_up.sql", "1_a_down.sql"], &["1_a_up.sql"]),
            (&["1_a.sql", "1_a_rollback.sql"], &["1_a.sql"]),
            // Nothing beside it says that it takes anything back.
            (&["1_a.sql", "2_table_rollback.sql"], &["1_a.sql", "2_table_rollback.sql"]),
            (&["x/deploy/a.sql", "x/revert/a.sql", "x/verify/a.sql"], &["x/deploy/a.sql"]),
            (&["1_a.sql", "verify/2_b.sql"], &["1_a.sql", "verify/2_b.sql"]),
            (&["up/1_a.sql", "down/1_a.sql"], &["up/1_a.sql"]),
            // A folder that holds nothing else is meant.
            (&["1_a.revert.sql", "2_b.revert.sql"], &["1_a.revert.sql", "2_b.revert.sql"]),
        ] {
            assert_eq!(taken(found), expected);
        }
    }

    #[test]
    fn a_baseline_stands_for_those_before_it() {
        let make = "create table a (id int); create table b (id int);";
        let texts = |name: &str| match name {
            "0004_baseline.sql" | "V4__squashed.sql" | "0000_baseline.sql" => make,
            "0001_a.sql" | "V1__a.sql" | "1_a.sql" => "CREATE TABLE public.\"A\" (id int);",
            "0003_b.sql" => "CREATE UNLOGGED TABLE b (id int);",
            "9_check.sql" => "-- atlas:checkpoint\n\ncreate table a ();",
            _ => "ALTER TABLE a ADD b int;",
        };
        for (found, expected, stand) in [
            (
                &["B2__x.sql", "B4__y.sql", "V1__a.sql", "V4__b.sql", "V4.1__c.sql", "V5__d.sql", "R__v.sql"]
                    [..],
                &["B4__y.sql", "V4.1__c.sql", "V5__d.sql", "R__v.sql"][..],
                Some(("B4__y.sql", 3)),
            ),
            (
                &["0001_a.sql", "0001_squashed_0003_x.sql", "0003_c.sql", "0004_d.sql"],
                &["0001_squashed_0003_x.sql", "0004_d.sql"],
                Some(("0001_squashed_0003_x.sql", 2)),
            ),
            (
                &["0001_a.sql", "0002_c.sql", "0004_baseline.sql", "0005_d.sql"],
                &["0004_baseline.sql", "0005_d.sql"],
                Some(("0004_baseline.sql", 2)),
            ),
            (
                &["0000_baseline.sql", "0001_a.sql", "0002_c.sql", "0003_b.sql", "0005_d.sql"],
                &["0000_baseline.sql", "0005_d.sql"],
                Some(("0000_baseline.sql", 3)),
            ),
            (&["V1__a.sql", "V4__squashed.sql"], &["V4__squashed.sql"], Some(("V4__squashed.sql", 1))),
            // What makes nothing that another file makes stands for none.
            (
                &["0001_a.sql", "0002_squash_duplicates.sql"],
                &["0001_a.sql", "0002_squash_duplicates.sql"],
                None,
            ),
            (&["0002_c.sql", "0004_baseline.sql"], &["0002_c.sql", "0004_baseline.sql"], None),
            (&["1_a.sql", "9_check.sql", "10_d.sql"], &["9_check.sql", "10_d.sql"], Some(("9_check.sql", 1))),
        ] {
            let names = found.iter().map(|name| (*name).to_owned()).collect();
            let found = forward(names, &|name| texts(name).to_owned());
            assert_eq!(found.names, expected);
            let stand: Vec<_> = stand.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
            assert_eq!(found.stand, stand);
        }
    }

    #[test]
    fn tables_are_made_that_are_not_made_only_if_they_are_missing() {
        let sql =
            "create table a (x int); create table if not exists b (x int); create table s.\"C d\" (x int);
            create temp table t (x int); -- create table e\n select 'create table f';";
        assert_eq!(made(sql).into_iter().collect::<Vec<_>>(), ["a", "c d"]);
        assert!(made("drop table if exists a; create table a (x int);").is_empty());
    }

    #[test]
    fn sqitch_deploys_what_its_plan_says() {
        let plan = "%syntax-version=1.0.0\n%project=erp\n\nroles 2024-01-01T00:00:00Z a <a@b> # r\n\
                    invoice [roles] 2024-01-02T00:00:00Z a <a@b> # i\n@v1 2024-01-03T00:00:00Z a <a@b>\n\
                    invoice [invoice@v1] 2024-01-04T00:00:00Z a <a@b>\n@v2 2024-01-05T00:00:00Z a <a@b>\nlast\n";
        assert_eq!(sqitch(plan), ["roles", "invoice@v1", "invoice", "last"]);
    }
}
