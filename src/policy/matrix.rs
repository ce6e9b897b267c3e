//! What statements are to come to: by whose a row is, and who asks.
//!
//! The tests of the policies and `tenantry::prove` both ask here, so that there is one answer.

use std::collections::BTreeSet;

use super::model::Missing;
use super::place::Place;
use crate::catalog::Privilege;

/// How the rows of a table are divided, whatever its columns are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Division {
    /// Each row is a tenant's.
    Tenants,
    /// Each row is a tenant's or nobody's.
    TenantsAndNobody,
    /// Rows have nothing to do with tenants.
    Nobody,
    /// Each row is a tenant's, and tenants are above others.
    Tree,
    /// Each row says that a user is a member of a tenant.
    Members,
    /// Nobody reaches a row.
    Closed,
}

/// Whose a row is, as the one sees it who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// The tenant's that is bound.
    Own,
    /// A tenant's below the one that is bound.
    Below,
    /// No tenant's: the tenant column is NULL.
    Nobodys,
    /// Another tenant's.
    Others,
    /// Some tenant's, where none is bound.
    Unasked,
}

/// What a statement does with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// It reads the row.
    Select,
    /// It reads the row and locks it, as `FOR UPDATE` does.
    Lock,
    /// It adds such a row.
    Insert,
    /// It changes the row, and leaves it whose it was.
    Update,
    /// It removes the row.
    Delete,
    /// It empties the table.
    Truncate,
    /// It reads the row and asks that no policy be applied.
    Bypass,
}

/// What a statement is to come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expected {
    /// The row is reached.
    Reached,
    /// The row is not reached: the statement finds nothing, or is refused.
    Kept,
    /// The statement fails with [`NO_TENANT`](crate::NO_TENANT).
    Told,
    /// The statement is refused before a row is looked for: the privilege is missing.
    Refused,
}

impl Division {
    /// How the rows of a relation are divided; none where nothing is promised of it.
    #[must_use]
    pub fn of(place: &Place<'_>) -> Option<Self> {
        match place {
            // Whose a membership's row is, its users say, who are bound in the tenant's place.
            Place::Tenant { .. } | Place::Child { .. } | Place::Membership { .. } | Place::View => {
                Some(Self::Tenants)
            }
            Place::SharedRows { .. } => Some(Self::TenantsAndNobody),
            Place::Shared => Some(Self::Nobody),
            Place::Tree { .. } => Some(Self::Tree),
            Place::Members => Some(Self::Members),
            Place::Deny | Place::Partition { .. } => Some(Self::Closed),
            Place::Exempt { .. } | Place::Apart => None,
        }
    }

    /// Whether a row is read.
    #[must_use]
    pub fn reads(self, whose: Whose) -> bool {
        match self {
            Self::Tenants | Self::Members => whose == Whose::Own,
            Self::TenantsAndNobody => matches!(whose, Whose::Own | Whose::Nobodys),
            Self::Nobody => true,
            Self::Tree => matches!(whose, Whose::Own | Whose::Below),
            Self::Closed => false,
        }
    }

    /// Whether a row is written.
    #[must_use]
    pub fn writes(self, whose: Whose) -> bool {
        match self {
            Self::Tenants | Self::TenantsAndNobody | Self::Tree => whose == Whose::Own,
            Self::Members | Self::Nobody | Self::Closed => false,
        }
    }

    /// What a statement of the app role is to come to, by the privileges that it is to hold.
    #[must_use]
    pub fn expected(
        self,
        verb: Verb,
        whose: Whose,
        granted: &BTreeSet<Privilege>,
        missing: Missing,
    ) -> Expected {
        let allowed = verb.needs().is_some_and(|needs| needs.iter().all(|of| granted.contains(of)));
        let reached = match verb {
            Verb::Select => self.reads(whose),
            _ => self.writes(whose),
        };
        // What everybody reads asks for no tenant; nor does the refusal of a role that may not write.
        let asks = !matches!(self, Self::Nobody | Self::Closed);
        if verb == Verb::Bypass {
            Expected::Kept
        } else if !allowed {
            Expected::Refused
        } else if reached {
            Expected::Reached
        } else if asks && whose == Whose::Unasked && missing == Missing::Error {
            Expected::Told
        } else {
            Expected::Kept
        }
    }
}

impl Verb {
    /// The privileges that it takes; none where no plan grants it.
    fn needs(self) -> Option<&'static [Privilege]> {
        match self {
            Self::Select => Some(&[Privilege::Select]),
            Self::Insert => Some(&[Privilege::Insert]),
            Self::Lock | Self::Update => Some(&[Privilege::Select, Privilege::Update]),
            Self::Delete => Some(&[Privilege::Select, Privilege::Delete]),
            Self::Truncate | Self::Bypass => None,
        }
    }
}
