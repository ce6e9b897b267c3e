//! The situations in which a condition is asked, and what can come of it in each.
//!
//! A condition is not computed for rows, of which a catalog has none, but for kinds of rows: the tenant's own, another
//! tenant's, one without a tenant. What can come of an expression is a set, and a set is only ever too large, so what
//! is called bound is bound.

/// How many situations there are.
pub(in crate::rule) const COUNT: usize = 8;

/// What the session has bound, and whose the row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(in crate::rule) enum World {
    /// A tenant is bound, and the row is its own.
    BoundOwn,
    /// A tenant is bound, and the row is another's.
    BoundOther,
    /// A tenant is bound, and the row has none.
    BoundFree,
    /// The setting was never set, and the row is some tenant's.
    UnsetSome,
    /// The setting was never set, and the row has no tenant.
    UnsetFree,
    /// The setting is empty, as it is after the first transaction that has set it, and the row is some tenant's.
    EmptySome,
    /// The setting is empty, and the row has no tenant.
    EmptyFree,
    /// The setting is empty, and so is the tenant of the row, where tenants are texts.
    EmptyBlank,
}

use World::{BoundFree, BoundOther, BoundOwn, EmptyBlank, EmptyFree, EmptySome, UnsetFree, UnsetSome};

pub(super) const BOUND: [World; 3] = [BoundOwn, BoundOther, BoundFree];
pub(super) const UNSET: [World; 2] = [UnsetSome, UnsetFree];
pub(super) const EMPTY: [World; 3] = [EmptySome, EmptyFree, EmptyBlank];

/// Values that an expression can have, a bit each.
pub(super) mod value {
    /// The bound tenant, or one of the tenants that the session may see.
    pub(in crate::rule::judge) const TENANT: u8 = 1;
    /// The row's tenant, where that is another one.
    pub(in crate::rule::judge) const OTHER: u8 = 2;
    pub(in crate::rule::judge) const NULL: u8 = 4;
    /// An empty text.
    pub(in crate::rule::judge) const BLANK: u8 = 8;
    /// What else the session has said of itself, such as its user.
    pub(in crate::rule::judge) const SESSION: u8 = 16;
    /// None: the server raises an error.
    pub(in crate::rule::judge) const RAISE: u8 = 32;
    /// Anything but NULL.
    pub(in crate::rule::judge) const ANY: u8 = 64;
    /// What the expression itself says.
    pub(in crate::rule::judge) const LITERAL: u8 = 128;

    pub(in crate::rule::judge) const UNKNOWN: u8 = ANY | NULL;
}

/// What a condition can be, a bit each.
pub(super) mod truth {
    pub(in crate::rule::judge) const TRUE: u8 = 1;
    pub(in crate::rule::judge) const FALSE: u8 = 2;
    pub(in crate::rule::judge) const NULL: u8 = 4;
    /// True if something says so that is not looked into.
    pub(in crate::rule::judge) const MAYBE: u8 = 8;

    pub(in crate::rule::judge) const OPEN: u8 = TRUE | FALSE | NULL;
    pub(in crate::rule::judge) const UNKNOWN: u8 = MAYBE | FALSE | NULL;
}

/// What an expression can be in each situation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rule) struct Values(pub(super) [u8; COUNT]);

impl Values {
    pub(super) const NONE: Self = Self([0; COUNT]);
    pub(super) const UNKNOWN: Self = Self([value::UNKNOWN; COUNT]);

    pub(super) fn all(bits: u8) -> Self {
        Self([bits; COUNT])
    }

    pub(super) fn at(self, world: World) -> u8 {
        self.0[world as usize]
    }

    pub(super) fn set(mut self, worlds: &[World], bits: u8) -> Self {
        for world in worlds {
            self.0[*world as usize] = bits;
        }
        self
    }

    /// What a setting yields.
    pub(super) fn setting(bound: u8, unset: u8) -> Self {
        Self::NONE.set(&BOUND, bound).set(&UNSET, unset).set(&EMPTY, value::BLANK)
    }

    pub(super) fn map(self, to: impl Fn(u8) -> u8) -> Self {
        Self(self.0.map(to))
    }

    pub(super) fn zip(self, other: Self, to: impl Fn(u8, u8) -> u8) -> Self {
        Self(std::array::from_fn(|at| to(self.0[at], other.0[at])))
    }

    pub(super) fn or(self, other: Self) -> Self {
        self.zip(other, |one, other| one | other)
    }

    /// Whether it is what the session says of itself, whatever the row: nothing when no tenant is bound.
    pub(super) fn is_of_session(self) -> bool {
        let of_session = value::TENANT | value::SESSION;
        let nothing = value::NULL | value::RAISE | value::BLANK | value::SESSION;
        let within = |worlds: &[World], bits: u8| worlds.iter().all(|world| self.at(*world) & !bits == 0);
        let says = BOUND.iter().all(|world| self.at(*world) & of_session != 0);
        says && within(&BOUND, of_session | value::NULL) && within(&UNSET, nothing) && within(&EMPTY, nothing)
    }
}

/// What a condition can be in each situation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rule) struct Truth(pub(super) [u8; COUNT]);

impl Truth {
    pub(super) const TRUE: Self = Self([truth::TRUE; COUNT]);
    pub(super) const FALSE: Self = Self([truth::FALSE; COUNT]);
    pub(super) const NULL: Self = Self([truth::NULL; COUNT]);
    pub(super) const OPEN: Self = Self([truth::OPEN; COUNT]);
    pub(super) const UNKNOWN: Self = Self([truth::UNKNOWN; COUNT]);

    pub(super) fn at(self, world: World) -> u8 {
        self.0[world as usize]
    }

    pub(super) fn set(mut self, worlds: &[World], bits: u8) -> Self {
        for world in worlds {
            self.0[*world as usize] = bits;
        }
        self
    }

    pub(super) fn map(self, to: impl Fn(u8) -> u8) -> Self {
        Self(self.0.map(|bits| each(bits, &to)))
    }

    pub(super) fn and(self, other: Self) -> Self {
        self.zip(other, both)
    }

    pub(super) fn or(self, other: Self) -> Self {
        self.zip(other, one_of)
    }

    pub(super) fn not(self) -> Self {
        self.map(|bit| match bit {
            truth::TRUE => truth::FALSE,
            truth::FALSE => truth::TRUE,
            other => other,
        })
    }

    pub(super) fn either(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] | other.0[at]))
    }

    fn zip(self, other: Self, to: impl Fn(u8, u8) -> u8) -> Self {
        Self(std::array::from_fn(|at| pairs(self.0[at], other.0[at], &to)))
    }

    /// Whether it is true whatever the session and the row.
    pub(in crate::rule) fn is_constant_true(self) -> bool {
        self == Self::TRUE
    }

    /// Whether it is never true.
    pub(in crate::rule) fn is_never_true(self) -> bool {
        self.0.iter().all(|bits| bits & (truth::TRUE | truth::MAYBE) == 0)
    }
}

fn both(one: u8, other: u8) -> u8 {
    match (one, other) {
        (truth::FALSE, _) | (_, truth::FALSE) => truth::FALSE,
        (truth::NULL, _) | (_, truth::NULL) => truth::NULL,
        (truth::MAYBE, _) | (_, truth::MAYBE) => truth::MAYBE,
        _ => truth::TRUE,
    }
}

fn one_of(one: u8, other: u8) -> u8 {
    match (one, other) {
        (truth::TRUE, _) | (_, truth::TRUE) => truth::TRUE,
        // Unlike AND, which NULL keeps from being true.
        (truth::MAYBE, _) | (_, truth::MAYBE) => truth::MAYBE | (one | other) & truth::NULL,
        (truth::NULL, _) | (_, truth::NULL) => truth::NULL,
        _ => truth::FALSE,
    }
}

fn bits(of: u8) -> impl Iterator<Item = u8> {
    (0..8).map(|shift| 1 << shift).filter(move |bit| of & bit != 0)
}

fn each(of: u8, to: impl Fn(u8) -> u8) -> u8 {
    bits(of).fold(0, |found, bit| found | to(bit))
}

fn pairs(one: u8, other: u8, to: impl Fn(u8, u8) -> u8) -> u8 {
    bits(one).fold(0, |found, left| found | each(other, |right| to(left, right)))
}

/// Whether two values are equal. What a literal is nobody knows; it can be taken for no tenant's.
pub(super) fn equal(one: Values, other: Values, literals_match: bool) -> Truth {
    let of = |one: u8, other: u8| {
        use value::{ANY, BLANK, LITERAL, NULL, OTHER, RAISE, SESSION, TENANT};
        match (one, other) {
            (NULL | RAISE, _) | (_, NULL | RAISE) => truth::NULL,
            (TENANT, TENANT) | (OTHER, OTHER) | (BLANK, BLANK) => truth::TRUE,
            (TENANT | OTHER | BLANK, TENANT | OTHER | BLANK) | (SESSION, OTHER) | (OTHER, SESSION) => {
                truth::FALSE
            }
            (LITERAL, OTHER) | (OTHER, LITERAL) if !literals_match => truth::FALSE,
            (ANY | SESSION | LITERAL, _) | (_, ANY | SESSION | LITERAL) => truth::TRUE | truth::FALSE,
            _ => truth::OPEN,
        }
    };
    Truth(std::array::from_fn(|at| pairs(one.0[at], other.0[at], of)))
}

/// Whether a value is NULL. An error is no answer.
pub(super) fn is_null(of: Values) -> Truth {
    let is = |bit: u8| match bit {
        value::NULL => truth::TRUE,
        value::RAISE => truth::NULL,
        _ => truth::FALSE,
    };
    Truth(std::array::from_fn(|at| each(of.0[at], is)))
}

#[cfg(test)]
mod tests {
    use super::{Truth, truth};

    #[test]
    fn what_may_be_true_stays_so_beside_what_is_null() {
        let maybe = Truth([truth::MAYBE; super::COUNT]);
        assert_eq!(maybe.or(Truth::NULL), Truth([truth::MAYBE | truth::NULL; super::COUNT]));
        assert_eq!(maybe.and(Truth::NULL), Truth::NULL);
        assert_eq!((maybe.or(Truth::FALSE), maybe.and(Truth::TRUE)), (maybe, maybe));
        for (one, other, both, either) in [
            (Truth::TRUE, Truth::NULL, Truth::NULL, Truth::TRUE),
            (Truth::FALSE, Truth::NULL, Truth::FALSE, Truth::NULL),
            (Truth::TRUE, Truth::FALSE, Truth::FALSE, Truth::TRUE),
        ] {
            assert_eq!((one.and(other), other.and(one)), (both, both));
            assert_eq!((one.or(other), other.or(one)), (either, either));
        }
    }
}
