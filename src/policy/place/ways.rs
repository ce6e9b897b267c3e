//! Where the ways of children lead.

use std::collections::BTreeSet;

use super::{Place, Places, problem};
use crate::policy::manifest::Manifest;

/// Every child's way has to end at a table that knows its tenant.
pub(super) fn check<'a>(manifest: &'a Manifest, places: &mut Places<'a>) {
    let mut wrong = Vec::new();
    for (&name, place) in &places.relations {
        let mut seen = BTreeSet::from([name]);
        let mut at = place;
        while let Place::Child { key, .. } = at {
            let parent = &key.references;
            let what = if seen.insert(parent) {
                match places.relations.get(parent) {
                    Some(Place::Exempt { .. } | Place::Shared | Place::Apart | Place::Deny) => {
                        format!(
                            "{} leads to {}, whose rows belong to no tenant",
                            name.plain(),
                            parent.plain()
                        )
                    }
                    Some(next) => {
                        at = next;
                        continue;
                    }
                    None if manifest.governs(parent) => break,
                    None => format!("{} leads to {}, which is not governed", name.plain(), parent.plain()),
                }
            } else {
                format!("{} leads in a circle, by way of {}", name.plain(), parent.plain())
            };
            let what = format!("child {what}; choose another via, or another class");
            wrong.push((name, problem(manifest.entry(name), what)));
            break;
        }
    }
    for (name, problem) in wrong {
        places.unsettle(name, problem);
    }
}
