//! The tenancy of a schema as a picture.

mod class;
mod dot;
mod link;
mod mermaid;
mod svg;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::catalog::{Catalog, Relation, RelationKind};
use crate::ident::{Ident, QualifiedName};
use crate::policy::manifest::Manifest;
use crate::policy::place::{Place, places, top};

use class::Class;
use link::Link;

#[cfg(test)]
mod tests;

/// The relations of a schema by whose their rows are, and the foreign keys between them, to be drawn.
///
/// ```
/// # fn main() -> tenantry::Result<()> {
/// use tenantry::catalog::Catalog;
/// use tenantry::plan::map;
/// use tenantry::policy::manifest::Manifest;
///
/// let manifest = Manifest::parse("[tenancy]\ntype = \"uuid\"\n[roles]\napp = \"erp_app\"").unwrap();
/// let catalog = Catalog::default(); // as it is read from a server or from files
/// let map = map(&manifest, &catalog).title("erp");
/// assert!(map.svg().starts_with("<svg"));
/// assert!(map.dot().starts_with("digraph"));
/// assert!(map.mermaid().starts_with("flowchart"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Map<'a> {
    title: String,
    /// In the order of their classes, and by name in each.
    nodes: Vec<Node<'a>>,
    links: Vec<Link<'a>>,
    /// Whether the relations are of more than one schema.
    schemas: BTreeSet<&'a Ident>,
}

/// A relation.
#[derive(Clone, Debug)]
struct Node<'a> {
    name: &'a QualifiedName,
    class: Class,
    /// What is to be known of it, line by line.
    facts: Vec<String>,
    /// Why its rows are open, if they are.
    open: Option<String>,
    partitions: usize,
}

/// Draws the tenancy of a schema.
///
/// A relation that the manifest leaves open is drawn as unclassified. Partitions are part of their table, and what nothing
/// of tenants is in or behind is left out.
#[must_use]
pub fn map<'a>(manifest: &'a Manifest, catalog: &'a Catalog) -> Map<'a> {
    let places = places(manifest, catalog);
    let mut partitions: HashMap<&QualifiedName, Vec<&Relation>> = HashMap::new();
    for (name, relation) in &catalog.relations {
        if let Some(top) = top(catalog, name) {
            partitions.entry(top).or_default().push(relation);
        }
    }
    let problems = said_of(&places.problems, catalog);
    let mut nodes = Vec::new();
    for (name, relation) in &catalog.relations {
        let governed = relation.kind != RelationKind::Sequence && manifest.governs(name);
        let place = places.relations.get(name);
        if !governed || matches!(place, Some(Place::Partition { .. } | Place::Apart)) {
            continue;
        }
        let of = partitions.get(name).map_or(&[][..], Vec::as_slice);
        nodes.push(if let Some(place) = place {
            node(name, relation, place, of)
        } else {
            let what = problems.get(name).cloned().unwrap_or_else(|| "it has no class".to_owned());
            let open = Some(what.clone());
            Node { name, class: Class::Unclassified, facts: vec![what], open, partitions: of.len() }
        });
    }
    nodes.sort_by(|one, other| (one.class, one.name).cmp(&(other.class, other.name)));
    let links = link::find(manifest, catalog, &places, &nodes);
    let schemas = nodes.iter().map(|node| node.name.schema()).collect();
    Map { title: format!("Tenants by {}", manifest.tenancy.tenant_column().plain()), nodes, links, schemas }
}

impl<'a> Map<'a> {
    /// What stands above the picture. Default: by what the tenants are told apart.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// The map in figures, in one line.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut parts: Vec<String> = self
            .classes()
            .into_iter()
            .map(|(class, nodes)| format!("{} {}", nodes.len(), class.name()))
            .collect();
        let open = self.nodes.iter().filter(|node| node.open.is_some()).count();
        let crossing = self.links.iter().filter(|link| link.crosses()).count();
        if open > 0 {
            parts.push(format!("{open} open"));
        }
        parts.push(match self.links.len() {
            1 => "1 foreign key".to_owned(),
            links => format!("{links} foreign keys"),
        });
        if crossing > 0 {
            parts.push(format!("{crossing} that can cross tenants"));
        }
        parts.join(" · ")
    }

    /// The classes that there are, each with its relations by their number.
    fn classes(&self) -> Vec<(Class, Vec<usize>)> {
        let mut found: BTreeMap<Class, Vec<usize>> = BTreeMap::new();
        for (number, node) in self.nodes.iter().enumerate() {
            found.entry(node.class).or_default().push(number);
        }
        found.into_iter().collect()
    }

    /// What a relation is called in the picture.
    fn label(&self, node: &Node<'a>) -> String {
        if self.schemas.len() > 1 { node.name.plain() } else { node.name.name().plain() }
    }
}

fn node<'a>(
    name: &'a QualifiedName,
    relation: &Relation,
    place: &Place<'_>,
    partitions: &[&Relation],
) -> Node<'a> {
    let class = Class::of(place);
    let mut facts = vec![match place {
        Place::Tenant { column, .. }
        | Place::SharedRows { column }
        | Place::Tree { column }
        | Place::Membership { column } => format!("{}, by {}", class.name(), column.name.plain()),
        Place::Child { key, .. } => {
            let columns: Vec<String> = key.columns.iter().map(Ident::plain).collect();
            format!("{} of {}, by {}", class.name(), key.references.plain(), columns.join(", "))
        }
        Place::Exempt { reason } => format!("{}: {reason}", class.name()),
        _ => class.name().to_owned(),
    }];
    if !partitions.is_empty() {
        facts.push(format!("partitions: {}", partitions.len()));
    }
    let open = open(relation, place, partitions);
    facts.extend(open.iter().cloned());
    Node { name, class, facts, open, partitions: partitions.len() }
}

/// Why rows are open to more than they should be.
fn open(relation: &Relation, place: &Place<'_>, partitions: &[&Relation]) -> Option<String> {
    let what = match place {
        Place::Exempt { .. } => "no policy governs it",
        Place::View if !relation.option_is_on("security_invoker") => "it reads with its owner's rights",
        _ if !relation.is_table() => return None,
        _ if !relation.row_security => "row-level security is off",
        _ if !relation.force_row_security => "row-level security does not bind the owner",
        _ if partitions.iter().any(|of| !of.row_security || !of.force_row_security) => {
            "row-level security is off in partitions"
        }
        _ => return None,
    };
    Some(what.to_owned())
}

/// What problems say of relations. A problem names them as people read them.
fn said_of<'a>(
    problems: &[crate::policy::manifest::Problem],
    catalog: &'a Catalog,
) -> HashMap<&'a QualifiedName, String> {
    let names: HashMap<String, &QualifiedName> =
        catalog.relations.keys().map(|name| (name.plain(), name)).collect();
    let mut found: HashMap<&QualifiedName, String> = HashMap::new();
    for problem in problems {
        for word in problem.what.split([' ', ',', ';']) {
            if let Some(name) = names.get(word) {
                found.entry(name).or_insert_with(|| problem.what.clone());
            }
        }
    }
    found
}
