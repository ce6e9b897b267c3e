//! Views read with the rights of those who ask.

use super::draft::{Draft, Kind};
use super::step::{Lock, Work};
use crate::error::Result;
use crate::policy::ddl as sql;
use crate::policy::place::Place;

const VIEW: Kind = Kind {
    lock: Lock::AccessExclusive,
    work: Work::None,
    closes: "a view reads, and changes, what its owner may",
};

/// `security_invoker` has the caller's policies asked, `security_barrier` has the view's own conditions asked before those
/// of the statement.
const OPTIONS: [&str; 2] = ["security_invoker", "security_barrier"];

pub(super) fn steps(draft: &mut Draft<'_>) -> Result<()> {
    for (name, relation, place) in draft.relations() {
        if place != Place::View {
            continue;
        }
        let missing: Vec<&str> =
            OPTIONS.into_iter().filter(|option| !relation.option_is_on(option)).collect();
        if missing.is_empty() {
            continue;
        }
        let set: Vec<(String, String)> =
            missing.iter().map(|option| ((*option).to_owned(), "true".to_owned())).collect();
        let (mut unset, mut back) = (Vec::new(), Vec::new());
        for option in &missing {
            match relation.options.get(*option) {
                Some(value) => back.push(((*option).to_owned(), value.clone())),
                None => unset.push((*option).to_owned()),
            }
        }
        let mut down = Vec::new();
        if !back.is_empty() {
            down.push(sql::view_options(name, &back)?);
        }
        if !unset.is_empty() {
            down.push(sql::view_reset(name, &unset)?);
        }
        let what = match missing[..] {
            [option] => format!("{option} is on"),
            _ => format!("{} are on", missing.join(" and ")),
        };
        draft.push(name.plain(), what, VIEW, (sql::view_options(name, &set)?, down.join("\n\n")));
    }
    Ok(())
}
