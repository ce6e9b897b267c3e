//! What a SECURITY DEFINER function does past policies.

use super::Subject;
use super::used::{Used, Verb};
use crate::catalog::Function;
use crate::rule::record::Severity;

/// How grave it is, and what it does, in the third person; `adding` says how grave it is to add rows and read none.
pub(in crate::rule) fn judge<'a>(
    subject: &Subject<'a>,
    function: &'a Function,
    adding: Severity,
) -> Option<(Severity, String)> {
    let used = Used::of(subject, function);
    let named = |verb| {
        let tables = used.tables.iter().filter(move |(_, of)| **of == verb).map(|(table, _)| table);
        tables.into_iter().find_map(|table| Some((table.plain(), subject.unbound_owner(function, table)?)))
    };
    let touched = named(Verb::Touch).map(|(table, why)| {
        let what = format!("reaches {table} with its owner's rights, and {why}");
        if used.asks_tenant {
            (Severity::Medium, format!("{what}, so that only its own text keeps tenants apart"))
        } else {
            (Severity::High, what)
        }
    });
    let added = named(Verb::Insert)
        .map(|(table, why)| (adding, format!("adds rows to {table} with its owner's rights, and {why}")));
    let hidden = subject.owner_bypasses(function).filter(|_| used.hidden).map(|why| {
        let what = "runs statements that its text does not show with its owner's rights";
        (Severity::Medium, format!("{what}, and {why}"))
    });
    [touched, added, hidden].into_iter().flatten().max_by_key(|(severity, _)| *severity)
}
