//! Partitions are reached through their table alone: they do not inherit its policies.

use super::draft::{Draft, Kind};
use super::step::{Lock, Work};
use crate::error::Result;
use crate::policy::ddl as sql;
use crate::policy::place::Place;

const PARTITION: Kind = Kind {
    lock: Lock::AccessExclusive,
    work: Work::None,
    closes: "reached directly, a partition shows the rows of all tenants",
};

pub(super) fn steps(draft: &mut Draft<'_>) -> Result<()> {
    for (name, relation, place) in draft.relations() {
        let Place::Partition { of } = place else { continue };
        if draft.places.get(of).is_none_or(|of| !of.is_governed()) {
            continue;
        }
        let (mut up, mut down) = (Vec::new(), Vec::new());
        if !relation.row_security {
            up.push(sql::row_security(name, true)?);
            down.push(sql::row_security(name, false)?);
        }
        if !relation.force_row_security {
            up.push(sql::force(name, true)?);
            down.push(sql::force(name, false)?);
        }
        if !up.is_empty() {
            down.reverse();
            let sql = (up.join("\n\n"), down.join("\n\n"));
            draft.push(name.plain(), "row-level security is enabled and forced", PARTITION, sql);
        }
    }
    Ok(())
}
