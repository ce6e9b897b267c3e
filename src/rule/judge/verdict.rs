//! What a condition lets pass that is not the tenant's.

use super::policy::Action;
use super::world::{Truth, World, truth};

/// Which kinds of rows a table can have, other than rows of a tenant.
#[derive(Clone, Copy, Debug)]
pub(in crate::rule) struct Kinds {
    /// Rows without a tenant.
    pub(in crate::rule) free: bool,
    /// Rows whose tenant is an empty text.
    pub(in crate::rule) blank: bool,
    /// Whether rows without a tenant are there for everybody to read.
    pub(in crate::rule) shared: bool,
}

/// What a condition lets pass that is not the tenant's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is another kind of rows")]
pub(in crate::rule) struct Verdict {
    /// Rows of another tenant.
    pub(in crate::rule) others: bool,
    /// Rows without a tenant.
    pub(in crate::rule) free: bool,
    /// Rows, while no tenant is bound.
    pub(in crate::rule) unbound: bool,
    /// Rows whose tenant is an empty text, while no tenant is bound.
    pub(in crate::rule) blank: bool,
    /// Any of these, if something says so that is not looked into.
    pub(in crate::rule) unknown: bool,
}

impl Verdict {
    /// Whether nothing passes but the tenant's own.
    pub(in crate::rule) fn is_bound(self) -> bool {
        self == Self::default()
    }

    /// Whether all that is known is that it is not known.
    pub(in crate::rule) fn is_unknown(self) -> bool {
        self == Self { unknown: true, ..Self::default() }
    }

    /// Whether other rows pass only while no tenant is bound.
    pub(in crate::rule) fn fails_open(self) -> bool {
        self.unbound && !self.others && !self.free
    }
}

impl Kinds {
    pub(in crate::rule) fn verdict(self, of: Truth, action: Action) -> Verdict {
        use World::{BoundFree, BoundOther, EmptyBlank, EmptyFree, EmptySome, UnsetFree, UnsetSome};
        let free = self.free && !(self.shared && action == Action::Read);
        let some = |worlds: &[World], bit: u8| worlds.iter().any(|world| of.at(*world) & bit != 0);
        let any = |worlds: &[World], when: bool| when && some(worlds, truth::TRUE);
        let maybe = |worlds: &[World], when: bool| when && some(worlds, truth::MAYBE);
        let unbound: [World; 2] = [UnsetSome, EmptySome];
        Verdict {
            others: some(&[BoundOther], truth::TRUE),
            free: any(&[BoundFree], free),
            // Whoever sees rows without a tenant anyway sees no more of them without one.
            unbound: some(&unbound, truth::TRUE)
                || any(&[UnsetFree, EmptyFree], free && !some(&[BoundFree], truth::TRUE)),
            blank: any(&[EmptyBlank], self.blank),
            unknown: some(&[BoundOther, UnsetSome, EmptySome], truth::MAYBE)
                || maybe(&[BoundFree, UnsetFree, EmptyFree], free)
                || maybe(&[EmptyBlank], self.blank),
        }
    }
}
