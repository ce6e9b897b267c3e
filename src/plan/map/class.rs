//! The classes of a picture: their order, what they mean, and their colours.

use crate::policy::place::Place;

/// Whose the rows of a relation are, in the order in which they are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Class {
    Unclassified,
    Tenant,
    Tree,
    Membership,
    SharedRows,
    Child,
    Shared,
    Members,
    View,
    Deny,
    Exempt,
}

/// The colours of a class: of the surface, of the line around it, and of the text on it.
#[derive(Clone, Copy)]
pub(super) struct Colours {
    pub(super) fill: &'static str,
    pub(super) line: &'static str,
    pub(super) text: &'static str,
}

/// What is open.
pub(super) const OPEN: &str = "#d92d20";

/// What can cross tenants.
pub(super) const CROSSING: &str = "#e8590c";

/// What does neither.
pub(super) const PLAIN: &str = "#98a2b3";

impl Class {
    pub(super) fn of(place: &Place<'_>) -> Self {
        match place {
            Place::Tenant { .. } => Self::Tenant,
            Place::Child { .. } => Self::Child,
            Place::SharedRows { .. } => Self::SharedRows,
            Place::Shared => Self::Shared,
            Place::Tree { .. } => Self::Tree,
            Place::Membership { .. } => Self::Membership,
            Place::Members => Self::Members,
            Place::Deny => Self::Deny,
            Place::View => Self::View,
            Place::Exempt { .. } | Place::Partition { .. } | Place::Apart => Self::Exempt,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Unclassified => "unclassified",
            Self::Tenant => "tenant",
            Self::Tree => "tree",
            Self::Membership => "membership",
            Self::SharedRows => "shared rows",
            Self::Child => "child",
            Self::Shared => "shared",
            Self::Members => "members",
            Self::View => "view",
            Self::Deny => "deny",
            Self::Exempt => "exempt",
        }
    }

    /// Whose its rows are, in a few words.
    pub(super) fn meaning(self) -> &'static str {
        match self {
            Self::Unclassified => "nobody has said whose the rows are",
            Self::Tenant => "the tenant's in the column",
            Self::Tree => "the tenant's and those below it",
            Self::Membership => "those of the user's tenants",
            Self::SharedRows => "the tenant's, or everybody's",
            Self::Child => "the tenant's of the row above",
            Self::Shared => "everybody's to read",
            Self::Members => "who belongs to which tenant",
            Self::View => "what the caller may see",
            Self::Deny => "nobody's",
            Self::Exempt => "not governed",
        }
    }

    /// The column of the picture that it stands in, from the left: an arrow points to the left.
    pub(super) fn lane(self) -> usize {
        match self {
            Self::Shared | Self::Members => 0,
            Self::Tenant | Self::Tree | Self::Membership | Self::SharedRows => 1,
            Self::Child => 2,
            Self::Unclassified | Self::View | Self::Deny | Self::Exempt => 3,
        }
    }

    pub(super) fn colours(self) -> Colours {
        let (fill, line, text) = match self {
            Self::Unclassified => ("#fee4e2", "#d92d20", "#7a271a"),
            Self::Tenant => ("#d1e9ff", "#1570cd", "#102a56"),
            Self::Tree => ("#e0eaff", "#444ce7", "#2d3282"),
            Self::Membership => ("#ebe9fe", "#7a5af8", "#3e1c96"),
            Self::SharedRows => ("#e4f5c8", "#5d8c12", "#2b5314"),
            Self::Child => ("#ccf3ec", "#0e9384", "#0b4a43"),
            Self::Shared => ("#fef0c7", "#ca8504", "#713b12"),
            Self::Members => ("#fce7f6", "#c11574", "#851651"),
            Self::View => ("#f2f4f7", "#667085", "#344054"),
            Self::Deny => ("#d0d5dd", "#475467", "#1d2939"),
            Self::Exempt => ("#ffffff", "#98a2b3", "#475467"),
        };
        Colours { fill, line, text }
    }
}
