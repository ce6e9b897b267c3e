//! Which setting carries the tenant, by the policies that are there.

use std::collections::{BTreeMap, BTreeSet};

use super::{Table, TenantColumn};
use crate::catalog::{Catalog, Expr};
use crate::ident::SettingName;
use crate::policy::manifest::Problem;

/// The setting that policies read, in their expressions or in functions that these call; `None` if they read none. Of several
/// the one that most policies read beside the tenant column.
pub(super) fn find(
    catalog: &Catalog,
    tables: &[Table<'_>],
    column: Option<&TenantColumn>,
) -> Result<Option<SettingName>, Problem> {
    let mut beside: BTreeMap<String, usize> = BTreeMap::new();
    let mut all = BTreeSet::new();
    for policy in tables.iter().flat_map(|(_, relation)| relation.policies.values()) {
        let texts: Vec<&str> = policy.using.iter().chain(&policy.with_check).map(Expr::as_str).collect();
        let settings: BTreeSet<String> =
            texts.iter().flat_map(|text| read(text).into_iter().chain(called(catalog, text))).collect();
        let names = |column: &TenantColumn| texts.iter().any(|text| names(text, column.name.as_str()));
        for setting in settings {
            *beside.entry(setting.clone()).or_default() += usize::from(column.is_some_and(names));
            all.insert(setting);
        }
    }
    let most = beside.values().copied().max().unwrap_or_default();
    let best: Vec<&String> =
        beside.iter().filter(|(_, count)| **count == most).map(|(name, _)| name).collect();
    match best[..] {
        [] => Ok(None),
        [one] => Ok(SettingName::new(one.as_str()).ok()),
        _ => {
            let names: Vec<&str> = all.iter().map(String::as_str).collect();
            let what = format!(
                "policies read several settings ({}); name the one that carries the tenant with --setting",
                names.join(", ")
            );
            Err(Problem { line: None, what })
        }
    }
}

/// The settings that a text reads under names that stand in it.
fn read(text: &str) -> Vec<String> {
    let lower = text.to_ascii_lowercase();
    let calls = lower.match_indices("current_setting").map(|(at, word)| &text[at + word.len()..]);
    let name = |rest: &str| {
        let rest = rest.trim_start().strip_prefix('(')?.trim_start().strip_prefix('\'')?;
        let (name, _) = rest.split_once('\'')?;
        Some(SettingName::new(name).ok()?.as_str().to_owned())
    };
    calls.filter_map(name).collect()
}

/// Those that the functions read which a text calls.
fn called(catalog: &Catalog, text: &str) -> Vec<String> {
    let calls = |name: &str| {
        text.match_indices(name).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + name.len()..].trim_start_matches('"').trim_start();
            !before.is_some_and(is_of_a_name) && after.starts_with('(')
        })
    };
    let functions = catalog.functions.iter().filter(|(signature, _)| calls(signature.name.name().as_str()));
    functions.flat_map(|(_, function)| read(&function.body)).collect()
}

/// Whether a word stands in a text.
fn names(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let (before, after) = (text[..at].chars().next_back(), text[at + word.len()..].chars().next());
        // In a literal it is part of a setting's name.
        let in_literal = text[..at].matches('\'').count() % 2 == 1;
        !in_literal && !before.is_some_and(is_of_a_name) && !after.is_some_and(is_of_a_name)
    })
}

fn is_of_a_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}
