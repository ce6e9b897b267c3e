//! Partitions are reached through their table alone: they do not inherit its policies.

use super::draft::{Draft, Kind};
use super::step::{Lock, Work};
use crate::error::Result;
use crate::policy::place::Place;
use crate::policy::{ddl as sql, pruning};

const PARTITION: Kind = Kind {
    lock: Lock::AccessExclusive,
    work: Work::None,
    closes: "reached directly, a partition shows the rows of all tenants",
};

pub(super) fn steps(draft: &mut Draft<'_>) -> Result<()> {
    unpruned(draft);
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

/// No policy leaves partitions out while a statement is planned.
fn unpruned(draft: &mut Draft<'_>) {
    let partitioned = draft.catalog.partitioned();
    for (name, _, place) in draft.relations() {
        let Some(column) = place.tenant_column() else { continue };
        if let Some(count) = pruning::locked(draft.catalog, &partitioned, name, &column.name) {
            let what = format!(
                "a statement locks all {count} partitions and their indexes unless it names the tenant itself, as in WHERE {} = $1: \
                 a policy prunes them no sooner than it runs",
                column.name.plain()
            );
            draft.remark(name, what);
        }
    }
}
