//! Words and statements for the memberships that lead from a role to another.

use crate::catalog::{Membership, Object};
use crate::policy::ddl;
use crate::rule::finding::Finding;
use crate::rule::words::list;

/// The roles between, as a message adds them: nothing where there are none.
pub(in crate::rule) fn by_way_of(way: &[&Membership]) -> String {
    match way {
        [between @ .., _] if !between.is_empty() => {
            format!(", by way of {}", list(between.iter().map(|of| of.role.plain())))
        }
        _ => String::new(),
    }
}

/// The membership that a way begins with, which is where it is best cut.
pub(in crate::rule) fn object(way: &[&Membership]) -> Option<Object> {
    way.first().map(|of| Object::Membership(of.member.clone(), of.role.clone()))
}

/// Cuts a way of one membership. Where roles are between, people have to say which of them goes too far.
pub(in crate::rule) fn cut(finding: &mut Finding, way: &[&Membership]) {
    if let [only] = way {
        finding.sql(ddl::revoke_role(&only.role, &only.member, false));
    }
}
