//! What a role's statements need beyond the tables that they name.
//!
//! A statement sets off triggers, defaults, checks and policies, and what these call runs with the rights of who has asked,
//! unless it is `SECURITY DEFINER`. So a role that may write a table may need a privilege on another one, and the statement
//! fails without it. Only what a text leaves no doubt of is told: code that is made up as it runs, or is in a language that
//! is not read, needs nothing here.

mod deeds;
mod held;
mod path;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::catalog::{
    Catalog, Column, Command, DML, Expr, Function, Object, Part, Partitioned, Privilege, Relation,
    RelationKind, Signature, Trigger, TriggerEvent, TriggerTiming,
};
use crate::ident::{Ident, QualifiedName};
use crate::policy::ddl;
use crate::policy::granted::of_app;
use crate::policy::manifest::Manifest;
use crate::policy::place::Place;
use crate::policy::sealed::key_table;
use crate::rule::code::Code;
use crate::rule::code::sentence::Sentence;
use deeds::Deeds;
use held::Held;
use path::Path;

/// What a privilege is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Thing<'a> {
    Schema(&'a Ident),
    Relation(&'a QualifiedName),
    Sequence(&'a QualifiedName),
    Routine(&'a Signature),
}

impl<'a> Thing<'a> {
    /// As a GRANT names it.
    pub(crate) fn object(self) -> ddl::Object<'a> {
        match self {
            Self::Schema(name) => ddl::Object::Schema(name),
            Self::Relation(name) => ddl::Object::Table(name),
            Self::Sequence(name) => ddl::Object::Sequence(name),
            Self::Routine(signature) => ddl::Object::Routine(signature),
        }
    }

    /// As people call it.
    pub(crate) fn plain(self) -> String {
        match self {
            Self::Schema(name) => format!("schema {}", name.plain()),
            Self::Relation(name) | Self::Sequence(name) => name.plain(),
            Self::Routine(of) => format!("function {}({})", of.name.plain(), of.arguments.join(", ")),
        }
    }
}

/// What needs a privilege.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cause {
    /// The trigger, policy, column, constraint or view.
    pub(crate) object: Object,
    /// What it is in words, with the function in it that does it: `trigger log of public.invoice`.
    pub(crate) words: String,
}

/// A privilege that a role does not hold, and something that fails without it.
#[derive(Clone, Debug)]
pub(crate) struct Need<'a> {
    pub(crate) thing: Thing<'a>,
    pub(crate) privilege: Privilege,
    pub(crate) cause: Cause,
}

/// What a role lacks for what it may do to relations, by its rights and by `more`.
pub(crate) fn needed<'a>(
    manifest: &Manifest,
    catalog: &'a Catalog,
    role: &'a Ident,
    more: impl Fn(&QualifiedName) -> BTreeSet<Privilege>,
) -> Vec<Need<'a>> {
    let held = Held::of(catalog, role);
    let path = Path::of_role(manifest, catalog, role);
    let settled = path.settled();
    let bypasses = catalog.roles.get(role).is_some_and(|role| role.bypass_rls || role.superuser)
        || manifest.roles.system_role() == Some(role);
    let mut walk = Walk {
        catalog,
        partitioned: catalog.partitioned(),
        role,
        held,
        path,
        settled,
        bypasses,
        fired: BTreeSet::new(),
        called: BTreeSet::new(),
        read: BTreeMap::new(),
        needs: BTreeMap::new(),
    };
    for (name, relation) in &catalog.relations {
        let more = more(name);
        for verb in DML {
            if more.contains(&verb) || walk.held.holds(Thing::Relation(name), verb) {
                walk.fire(name, relation, verb);
                if verb == Privilege::Insert {
                    walk.defaults(name, relation, None, None);
                }
            }
        }
    }
    let one = |((thing, privilege), cause)| Need { thing, privilege, cause };
    walk.needs.into_iter().map(one).collect()
}

/// Whether the class of what is needed leaves it to a grant. What the manifest calls exempt is open by its grants alone; a
/// table of tenants is never opened wider than its class, one that nobody has classed not for reading, and the keys of seals to nobody.
pub(crate) fn may_be_granted(
    manifest: &Manifest,
    catalog: &Catalog,
    places: &BTreeMap<&QualifiedName, Place<'_>>,
    role: &Ident,
    need: &Need<'_>,
) -> bool {
    let Thing::Relation(name) = need.thing else { return true };
    let Some(relation) = catalog.relations.get(name) else { return false };
    if *name == key_table(&manifest.tenancy) {
        return false;
    }
    match places.get(name) {
        None => need.privilege == Privilege::Insert || relation.column(manifest.column(name)).is_none(),
        Some(Place::Exempt { .. } | Place::Apart | Place::View) => true,
        Some(Place::Partition { of }) => !places.get(of).is_some_and(Place::is_governed),
        Some(place) => {
            let own = manifest.entry(name).and_then(|entry| entry.grants.as_ref());
            role != manifest.roles.app_role() || of_app(place, relation, own, role).contains(&need.privilege)
        }
    }
}

struct Walk<'a> {
    catalog: &'a Catalog,
    partitioned: Partitioned<'a>,
    role: &'a Ident,
    held: Held<'a>,
    path: Path<'a>,
    /// The same for an expression, in which every name is what it meant when it was made.
    settled: Path<'a>,
    bypasses: bool,
    fired: BTreeSet<(&'a QualifiedName, Privilege)>,
    called: BTreeSet<&'a Signature>,
    /// What expressions do, by their texts: many tables have the same ones. Nothing for those that do nothing to what is there.
    read: BTreeMap<&'a str, Option<Rc<Deeds>>>,
    needs: BTreeMap<(Thing<'a>, Privilege), Cause>,
}

impl<'a> Walk<'a> {
    /// Follows what a verb on a relation sets off.
    fn fire(&mut self, name: &'a QualifiedName, relation: &'a Relation, verb: Privilege) {
        if !self.fired.insert((name, verb)) {
            return;
        }
        let cause = |part: Part, kind: &str, of: &Ident| Cause {
            object: Object::Part(part, name.clone(), of.clone()),
            words: format!("{kind} {} of {}", of.plain(), name.plain()),
        };
        // A row of a partitioned table fires the triggers of its partition too.
        let with_partitions = self.partitioned.below(name).into_iter();
        let partitions = with_partitions.filter_map(|name| self.catalog.relations.get_key_value(name));
        for (table, relation) in std::iter::once((name, relation)).chain(partitions) {
            for (trigger_name, trigger) in &relation.triggers {
                let is_own = !trigger.inherited || table == name;
                if !(trigger.enabled
                    && is_own
                    && event(verb).is_some_and(|event| trigger.events.contains(&event)))
                {
                    continue;
                }
                let object = Object::Part(Part::Trigger, table.clone(), trigger_name.clone());
                let words = format!("trigger {} of {}", trigger_name.plain(), table.plain());
                self.trigger(trigger, &Cause { object, words });
            }
        }
        let is_asked = relation.row_security && !self.bypasses;
        for (policy_name, policy) in relation.policies.iter().filter(|_| is_asked) {
            let governs = policy.command == Command::All || policy.command.sql() == verb.sql();
            if !governs || !policy.roles.iter().any(|role| self.held.is_it(role)) {
                continue;
            }
            for expr in [&policy.using, &policy.with_check].into_iter().flatten() {
                self.expression(expr, &|| cause(Part::Policy, "policy", policy_name));
            }
        }
        let writes = matches!(verb, Privilege::Insert | Privilege::Update);
        for column in relation.columns.iter().filter(|_| writes) {
            if let Some(generated) = column.generated.as_ref().filter(|generated| generated.stored) {
                let expression = &generated.expression;
                self.expression(expression, &|| cause(Part::Column, "generated column", &column.name));
            }
        }
        for (check_name, check) in relation.checks.iter().filter(|(_, check)| writes && check.enforced) {
            self.expression(&check.expression, &|| cause(Part::Check, "check", check_name));
        }
        self.view(name, relation, verb);
    }

    fn trigger(&mut self, trigger: &'a Trigger, cause: &Cause) {
        if let Some(when) = &trigger.when {
            self.expression(when, &|| cause.clone());
        }
        // Whoever made it was asked for EXECUTE.
        let function = Signature { name: trigger.function.clone(), arguments: Vec::new() };
        if let Some((signature, function)) = self.catalog.functions.get_key_value(&function) {
            self.body(signature, function, cause);
        }
    }

    /// Follows the defaults of the columns that an inserted row does not name, for something other than the column perhaps.
    fn defaults(
        &mut self,
        name: &QualifiedName,
        relation: &'a Relation,
        given: Option<&[String]>,
        cause: Option<&Cause>,
    ) {
        let is_given =
            |column: &Column| given.is_some_and(|of| of.iter().any(|name| name == column.name.as_str()));
        for column in &relation.columns {
            let Some(default) = &column.default else { continue };
            if is_given(column) || column.generated.is_some() {
                continue;
            }
            let own = || Cause {
                object: Object::column(name, &column.name),
                words: format!("the default of {}.{}", name.plain(), column.name.plain()),
            };
            let cause = || cause.cloned().unwrap_or_else(own);
            match column.sequence().and_then(|name| self.catalog.relations.get_key_value(&name)) {
                Some((name, _)) => self.need(Thing::Sequence(name), Privilege::Usage, &cause()),
                None => self.expression(default, &cause),
            }
        }
    }

    /// A view that reads with the rights of who asks, and a simple one through which its table is written.
    fn view(&mut self, name: &QualifiedName, relation: &'a Relation, verb: Privilege) {
        let Some(view) = relation.view.as_ref().filter(|_| relation.kind == RelationKind::View) else {
            return;
        };
        let cause = Cause { object: Object::Relation(name.clone()), words: format!("view {}", name.plain()) };
        let known = |name| self.catalog.relations.get_key_value(name);
        let reads: Vec<_> = view.reads.iter().filter_map(known).collect();
        let invoker = relation.option_is_on("security_invoker");
        for (name, read) in &reads {
            if invoker {
                self.need(Thing::Relation(name), Privilege::Select, &cause);
                self.fire(name, read, Privilege::Select);
            }
        }
        let instead = relation.triggers.values().any(|trigger| trigger.timing == TriggerTiming::InsteadOf);
        if let ([(table, of)], true) =
            (&reads[..], verb != Privilege::Select && !instead && relation.rules.is_empty())
        {
            if invoker {
                self.need(Thing::Relation(table), verb, &cause);
            }
            self.fire(table, of, verb);
        }
    }

    /// Most expressions need nothing, and nobody has to be told for what.
    fn expression(&mut self, expr: &'a Expr, cause: &dyn Fn() -> Cause) {
        let path = &self.settled;
        let read = self.read.entry(expr.as_str()).or_insert_with_key(|text| {
            let deeds = Deeds::of(&[Sentence::of(text)]);
            deeds.reach(path).then(|| Rc::new(deeds))
        });
        if let Some(deeds) = read.clone() {
            let path = path.clone();
            self.follow(&deeds, &path, &cause());
        }
    }

    /// What a function does that runs with the rights of who has asked.
    fn body(&mut self, signature: &'a Signature, function: &'a Function, cause: &Cause) {
        if function.security_definer || !self.called.insert(signature) {
            return;
        }
        let Some(code) = Code::of_function(signature, function) else { return };
        let path = self.path.within(function, self.role);
        self.follow(&Deeds::of(&code.sentences), &path, cause);
    }

    fn follow(&mut self, deeds: &Deeds, path: &Path<'a>, cause: &Cause) {
        for (name, privilege) in &deeds.relations {
            let Some((name, relation)) = path.relation(name) else { continue };
            self.reach(name.schema(), path, cause);
            self.need(Thing::Relation(name), *privilege, cause);
            self.fire(name, relation, *privilege);
        }
        for (name, read) in &deeds.read_if_column {
            let Some((name, relation)) = path.relation(name) else { continue };
            if relation.columns.iter().any(|column| read.iter().any(|word| word == column.name.as_str())) {
                self.need(Thing::Relation(name), Privilege::Select, cause);
            }
        }
        for (name, columns) in &deeds.inserts {
            if let Some((name, relation)) = path.relation(name) {
                self.defaults(name, relation, columns.as_deref(), Some(cause));
            }
        }
        for (name, privilege) in &deeds.sequences {
            let Some((name, _)) = path.relation(name).filter(|(_, of)| of.sequence.is_some()) else {
                continue;
            };
            self.need(Thing::Sequence(name), *privilege, cause);
        }
        for (name, arguments) in &deeds.calls {
            let Some((signature, function)) = path.function(name, *arguments) else { continue };
            self.reach(signature.name.schema(), path, cause);
            self.need(Thing::Routine(signature), Privilege::Execute, cause);
            let words = format!("{}, by {}()", cause.words, signature.name.plain());
            // The chain is told by its two ends.
            let words = match cause.words.split_once(", by ") {
                Some((first, _)) => format!("{first}, by {}()", signature.name.plain()),
                None => words,
            };
            self.body(signature, function, &Cause { object: cause.object.clone(), words });
        }
    }

    /// Code that looks names up as it runs needs their schema.
    fn reach(&mut self, schema: &Ident, path: &Path<'a>, cause: &Cause) {
        if let Some((schema, _)) = self.catalog.schemas.get_key_value(schema).filter(|_| !path.is_settled) {
            self.need(Thing::Schema(schema), Privilege::Usage, cause);
        }
    }

    fn need(&mut self, thing: Thing<'a>, privilege: Privilege, cause: &Cause) {
        let is_sequence = |name: &QualifiedName| {
            self.catalog.relations.get(name).is_some_and(|relation| relation.sequence.is_some())
        };
        let thing = match thing {
            Thing::Relation(name) if is_sequence(name) => Thing::Sequence(name),
            other => other,
        };
        // Each of the two lets a session draw from a sequence.
        let or_update = matches!(thing, Thing::Sequence(_)) && self.held.holds(thing, Privilege::Update);
        if !or_update && !self.held.holds(thing, privilege) {
            self.needs.entry((thing, privilege)).or_insert_with(|| cause.clone());
        }
    }
}

fn event(verb: Privilege) -> Option<TriggerEvent> {
    Some(match verb {
        Privilege::Insert => TriggerEvent::Insert,
        Privilege::Update => TriggerEvent::Update,
        Privilege::Delete => TriggerEvent::Delete,
        _ => return None,
    })
}
