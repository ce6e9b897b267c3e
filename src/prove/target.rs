//! What the app role may try to reach, found in the catalog.

use std::borrow::Cow;
use std::collections::BTreeSet;

use sqlparser::tokenizer::Token;

use super::made::Known;
use super::report::Subject;
use super::seal;
use super::value::{Random, sql};
use super::window::{What, Window};
use crate::catalog::{Function, FunctionKind, Grantee, Privilege, Relation, RelationKind, Signature, tokens};
use crate::ident::{Ident, QualifiedName};
use crate::policy::Place;
use crate::policy::place::views::reached;
use crate::policy::reach::reachable;
use crate::policy::resolver::{Lookup, lookups};

/// What is tried on, by its kind.
pub(crate) enum Target<'a> {
    Table(&'a QualifiedName, Cow<'a, Place<'a>>),
    Window(Window<'a>),
    Sequence(&'a QualifiedName),
    Resolver(Lookup<'a>),
    /// Those of the whole database.
    LargeObjects,
    /// What verifies seals.
    Seal,
}

impl Target<'_> {
    /// Whether it is a table whose rows are tenants'.
    pub(crate) fn is_of_tenants(&self) -> bool {
        matches!(self, Self::Table(_, place) if place.tenant_column().is_some())
    }
}

/// Something to try on, and what the report says of it.
pub(crate) struct Tried<'a> {
    pub(crate) subject: Subject,
    pub(crate) target: Target<'a>,
}

/// Everything to try on; and what nothing is promised of.
pub(crate) fn targets<'a>(
    known: &Known<'a>,
    wanted: &dyn Fn(&QualifiedName) -> bool,
) -> (Vec<Tried<'a>>, Vec<Subject>) {
    let (mut targets, mut apart) = (Vec::new(), Vec::new());
    for (name, place) in known.places.relations.iter().filter(|(name, _)| wanted(name)) {
        let Some(relation) = known.catalog.relations.get(*name) else { continue };
        let kind = match relation.kind {
            RelationKind::Table if matches!(place, Place::Partition { .. }) => "partition",
            RelationKind::Table | RelationKind::PartitionedTable => "table",
            RelationKind::View => "view",
            RelationKind::MaterializedView => "materialized view",
            RelationKind::ForeignTable => "foreign table",
            RelationKind::Sequence => "sequence",
        };
        let subject =
            |apart| Subject { name: name.plain(), kind, place: place.name(), apart, cells: Vec::new() };
        match place {
            Place::Exempt { reason } => apart.push(subject(Some((*reason).to_owned()))),
            Place::Apart => apart.push(subject(Some("it holds nothing of a tenant's".to_owned()))),
            _ if relation.is_table() => {
                targets.push(Tried {
                    subject: subject(None),
                    target: Target::Table(name, Cow::Borrowed(place)),
                });
            }
            _ => {
                let tables =
                    reached(known.catalog, relation).into_iter().filter(|name| is_of_tenants(known, name));
                let window = Window {
                    relation: name.to_string(),
                    name: name.to_string(),
                    what: match place {
                        Place::View => What::View { reads_tables: reads_tables(known, relation) },
                        _ => What::Closed { is_kept: relation.kind == RelationKind::MaterializedView },
                    },
                    tables: tables.collect(),
                };
                targets.push(Tried { subject: subject(None), target: Target::Window(window) });
            }
        }
    }
    for (name, relation) in &known.catalog.relations {
        let of = relation.inherits.iter().find(|parent| is_of_tenants(known, parent));
        if let Some(of) = of.filter(|_| !known.places.relations.contains_key(name) && wanted(name)) {
            targets.push(child(name, of));
        }
    }
    let governed = |name: &QualifiedName| known.manifest.governs(name) && wanted(name);
    for (name, relation) in known.catalog.relations.iter().filter(|(name, _)| governed(name)) {
        if relation.kind == RelationKind::Sequence && relation.extension.is_none() {
            let subject =
                Subject { name: name.plain(), kind: "sequence", place: "", apart: None, cells: Vec::new() };
            targets.push(Tried { subject, target: Target::Sequence(name) });
        }
    }
    for (signature, function) in &known.catalog.functions {
        if let Some(window) = of_function(known, signature, function).filter(|_| wanted(&signature.name)) {
            let kind = if function.security_definer { "security definer function" } else { "function" };
            let name = format!("{}({})", signature.name.plain(), signature.arguments.join(", "));
            let subject = Subject { name, kind, place: "", apart: None, cells: Vec::new() };
            targets.push(Tried { subject, target: Target::Window(window) });
        }
    }
    let (resolvers, _) = lookups(known.manifest, known.catalog);
    for lookup in resolvers.into_iter().filter(|lookup| wanted(&lookup.signature.name)) {
        let Signature { name, arguments } = &lookup.signature;
        let name = format!("{}({})", name.plain(), arguments.join(", "));
        let subject = Subject { name, kind: "resolver", place: "", apart: None, cells: Vec::new() };
        targets.push(Tried { subject, target: Target::Resolver(lookup) });
    }
    if wanted(&QualifiedName::new(Ident::known("pg_catalog"), Ident::known("pg_largeobject"))) {
        let (name, kind) = ("pg_largeobject".to_owned(), "large objects");
        let subject = Subject { name, kind, place: "", apart: None, cells: Vec::new() };
        targets.push(Tried { subject, target: Target::LargeObjects });
    }
    let verifier = seal::verifier(known.manifest);
    if known.manifest.tenancy.sealed().is_some() && wanted(&verifier) {
        let (name, kind) = (verifier.plain(), "seal");
        let subject = Subject { name, kind, place: "", apart: None, cells: Vec::new() };
        targets.push(Tried { subject, target: Target::Seal });
    }
    (targets, apart)
}

/// A table that inherits from a governed one and that the manifest does not govern itself: its rows are the other one's.
fn child<'a>(name: &'a QualifiedName, of: &'a QualifiedName) -> Tried<'a> {
    let subject =
        Subject { name: name.plain(), kind: "child", place: "partition", apart: None, cells: Vec::new() };
    Tried { subject, target: Target::Table(name, Cow::Owned(Place::Partition { of })) }
}

/// Whether a view names a table of tenants itself.
fn reads_tables(known: &Known<'_>, view: &Relation) -> bool {
    view.view.iter().flat_map(|view| &view.reads).any(|name| is_of_tenants(known, name))
}

fn is_of_tenants(known: &Known<'_>, name: &QualifiedName) -> bool {
    let table = known.catalog.relations.get(name).is_some_and(Relation::is_table);
    table && known.places.relations.get(name).is_some_and(Place::holds_tenants)
}

/// A function that the app role may call and whose body names tables of tenants.
fn of_function<'a>(
    known: &Known<'a>,
    signature: &'a Signature,
    function: &'a Function,
) -> Option<Window<'a>> {
    let returns = function.returns.as_deref()?;
    let is_called = function.kind == FunctionKind::Function
        && !matches!(returns, "trigger" | "event_trigger" | "void" | "internal")
        && matches!(function.language.as_str(), "sql" | "plpgsql")
        && function.extension.is_none()
        && known.manifest.schemas.contains(signature.name.schema());
    if !is_called || !may_execute(known, function) {
        return None;
    }
    let words = words(&function.body)?;
    let named = known.places.relations.keys().filter(|name| words.contains(name.name().as_str()));
    let tables: Vec<_> = named.copied().filter(|name| is_of_tenants(known, name)).collect();
    if tables.is_empty() {
        return None;
    }
    let mut random = Random::seeded();
    let arguments = function.arguments.iter().filter(|argument| matches!(argument.mode, "IN" | "INOUT"));
    let values: Vec<String> = arguments
        .map(|argument| {
            sql(known.types.value(&argument.data_type, &mut random).as_deref(), &argument.data_type)
        })
        .collect();
    let relation = format!("{}({})", signature.name, values.join(", "));
    let name = format!("{}({})", signature.name, signature.arguments.join(", "));
    let what = What::Function { is_invoker: !function.security_definer };
    Some(Window { relation, name, what, tables })
}

/// The words of a text of SQL, those without quotes in lower case; none where it does not read.
pub(crate) fn words(text: &str) -> Option<BTreeSet<String>> {
    let word = |token| match token {
        Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_lowercase()),
        Token::Word(word) => Some(word.value),
        _ => None,
    };
    Some(tokens(text)?.into_iter().filter_map(|(token, _)| word(token)).collect())
}

fn may_execute(known: &Known<'_>, function: &Function) -> bool {
    let app = known.manifest.roles.app_role();
    let roles = reachable(known.catalog, app);
    let holds = |grantee: &Grantee| match grantee {
        Grantee::Public => true,
        Grantee::Role(role) => roles.contains(role),
    };
    roles.contains(&function.owner)
        || function.grants.iter().any(|grant| grant.privilege == Privilege::Execute && holds(&grant.grantee))
}
