//! The roles that a role reaches by its memberships.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Catalog, Membership};
use crate::ident::Ident;

/// The roles that a role reaches, itself included, each with the membership by which it does.
#[derive(Debug)]
pub(in crate::rule) struct Reached<'a> {
    role: &'a Ident,
    /// Those that it can become with `SET ROLE`.
    set: Ways<'a>,
    /// Those whose privileges it has without that.
    inherited: Ways<'a>,
    /// Those whose privileges it can use, as itself or as one that it can become.
    used: Ways<'a>,
}

type Ways<'a> = BTreeMap<&'a Ident, Option<&'a Membership>>;

impl<'a> Reached<'a> {
    pub(in crate::rule) fn of(catalog: &'a Catalog, role: &'a Ident) -> Self {
        let start = || Ways::from([(role, None)]);
        // The server follows SET ROLE by memberships that allow it alone, and never begins with one that does not.
        let set = follow(catalog, start(), |of| of.set);
        let used = follow(catalog, set.clone(), |of| of.inherit);
        let inherited = follow(catalog, start(), |of| of.inherit);
        Self { role, set, inherited, used }
    }

    /// The roles that it can become, itself first of all one of them.
    pub(in crate::rule) fn set(&self) -> impl Iterator<Item = &'a Ident> {
        self.set.keys().copied()
    }

    /// The roles whose privileges it can use, itself among them.
    pub(in crate::rule) fn used(&self) -> impl Iterator<Item = &'a Ident> {
        self.used.keys().copied()
    }

    /// Whether it has the privileges of a role without `SET ROLE`.
    pub(in crate::rule) fn inherits(&self, role: &Ident) -> bool {
        self.inherited.contains_key(role)
    }

    /// Whether it can use the privileges of a role.
    pub(in crate::rule) fn uses(&self, role: &Ident) -> bool {
        self.used.contains_key(role)
    }

    /// The memberships that lead to a role, the first one being its own; none to itself.
    pub(in crate::rule) fn way(&self, role: &Ident) -> Vec<&'a Membership> {
        let mut way = Vec::new();
        let mut at = role;
        let mut seen = BTreeSet::new();
        while at != self.role
            && seen.insert(at)
            && let Some(step) = self.inherited.get(at).or_else(|| self.used.get(at)).copied().flatten()
        {
            way.push(step);
            at = &step.member;
        }
        way.reverse();
        way
    }
}

fn follow<'a>(catalog: &'a Catalog, start: Ways<'a>, allows: impl Fn(&Membership) -> bool) -> Ways<'a> {
    let mut left: Vec<&Ident> = start.keys().copied().collect();
    let mut found = start;
    while let Some(member) = left.pop() {
        for step in catalog.memberships.iter().filter(|of| of.member == *member && allows(of)) {
            if !found.contains_key(&step.role) {
                found.insert(&step.role, Some(step));
                left.push(&step.role);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::Reached;
    use crate::catalog::{Catalog, Membership};
    use crate::ident::Ident;

    fn ident(name: &str) -> Ident {
        Ident::new(name).unwrap()
    }

    fn catalog(memberships: &[(&str, &str, bool, bool)]) -> Catalog {
        let one = |&(member, role, inherit, set): &(&str, &str, bool, bool)| Membership {
            member: ident(member),
            role: ident(role),
            admin: true,
            inherit,
            set,
        };
        Catalog { memberships: memberships.iter().map(one).collect(), ..Catalog::default() }
    }

    #[test]
    fn what_is_inherited_is_not_what_can_be_set() {
        let catalog = catalog(&[
            ("app", "reader", true, false),
            ("reader", "behind_reader", false, true),
            ("app", "switch", false, true),
            ("switch", "behind_switch", true, false),
            ("switch", "next", false, true),
            ("app", "administered", false, false),
        ]);
        let app = ident("app");
        let reached = Reached::of(&catalog, &app);
        let names = |of: Vec<&Ident>| of.into_iter().map(Ident::to_string).collect::<Vec<_>>().join(" ");
        assert_eq!(names(reached.set().collect()), r#""app" "next" "switch""#);
        assert_eq!(names(reached.used().collect()), r#""app" "behind_switch" "next" "reader" "switch""#);
        assert!(reached.inherits(&ident("reader")) && !reached.inherits(&ident("switch")));
        let way: Vec<String> = reached.way(&ident("next")).iter().map(|of| of.role.plain()).collect();
        assert_eq!(way, ["switch", "next"]);
        assert!(reached.way(&app).is_empty());
    }

    #[test]
    fn a_circle_ends() {
        let catalog = catalog(&[("a", "b", true, true), ("b", "a", true, true)]);
        assert_eq!(Reached::of(&catalog, &ident("a")).used().count(), 2);
    }
}
