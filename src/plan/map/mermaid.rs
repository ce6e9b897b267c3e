//! A map as Mermaid, which Markdown pages draw.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::class::{CROSSING, Class, OPEN};
use super::link::{Kind, Link};
use super::{Map, Node};

/// Mermaid draws no text longer than this, and no more lines than that, unless a page raises its limits.
const MAX_TEXT: usize = 50_000;
const MAX_EDGES: usize = 500;

/// What is shown of a schema.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    /// Every relation and foreign key.
    All,
    /// Every relation, and the foreign keys that mean something to tenants.
    Ways,
    /// What is open and what can cross tenants; the rest of each class is one shape.
    Open,
    /// The classes.
    Classes,
}

/// A shape of the picture.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shape {
    Node(usize),
    Rest(Class),
}

impl Map<'_> {
    /// The map as a [Mermaid flowchart](https://mermaid.js.org/syntax/flowchart.html).
    ///
    /// Mermaid draws no more than 50,000 characters and 500 lines. A schema that needs more is shown in less detail: without
    /// the foreign keys that mean nothing to tenants, then with what is open alone, then by its classes.
    #[must_use]
    pub fn mermaid(&self) -> String {
        let fits = |(text, edges): &(String, usize)| text.len() <= MAX_TEXT && *edges <= MAX_EDGES;
        let details = [Detail::All, Detail::Ways, Detail::Open];
        let found = details.into_iter().map(|detail| self.flowchart(detail)).find(fits);
        found.unwrap_or_else(|| self.flowchart(Detail::Classes)).0
    }

    fn flowchart(&self, detail: Detail) -> (String, usize) {
        let mut out = String::from("flowchart RL\n");
        let _ = writeln!(out, "    accTitle: {}", line(&self.title));
        let _ = writeln!(out, "    accDescr: {}", line(&self.summary()));
        let apart = self.apart(detail);
        let shape = |number: usize, class: Class| {
            if apart.contains(&number) { Shape::Node(number) } else { Shape::Rest(class) }
        };
        let mut open = Vec::new();
        for (class, numbers) in self.classes() {
            let _ = writeln!(
                out,
                "    subgraph {}[\"{} ({}): {}\"]",
                id(class),
                class.name(),
                numbers.len(),
                class.meaning()
            );
            let (shown, rest): (Vec<usize>, Vec<usize>) =
                numbers.into_iter().partition(|number| apart.contains(number));
            for number in shown {
                let Some(node) = self.nodes.get(number) else { continue };
                let _ = writeln!(out, "        t{number}[\"{}\"]:::{}", label(&self.label(node)), id(class));
                if node.open.is_some() {
                    open.push(Shape::Node(number));
                }
            }
            if !rest.is_empty() {
                let is_open =
                    |number: &&usize| self.nodes.get(**number).is_some_and(|node| node.open.is_some());
                let count = rest.iter().filter(is_open).count();
                let said = if count > 0 { format!(", {count} of them open") } else { String::new() };
                let shape = Shape::Rest(class);
                let _ = writeln!(
                    out,
                    "        {}([\"{} tables{said}\"]):::{}",
                    shape.id(),
                    rest.len(),
                    id(class)
                );
                if count > 0 {
                    open.push(shape);
                }
            }
            out.push_str("    end\n");
        }
        let edges = self.edges(detail, shape);
        for ((from, to, kind), count) in &edges {
            let arrow = match (kind, *count) {
                (Kind::Plain, 1) => "-->".to_owned(),
                (Kind::Plain, count) => format!("-->|{count}|"),
                (Kind::Way, 1) => "==>".to_owned(),
                (Kind::Way, count) => format!("==>|{count}|"),
                (Kind::Crossing, 1) => "-.->".to_owned(),
                (Kind::Crossing, count) => format!("-.->|{count}|"),
            };
            let _ = writeln!(out, "    {} {arrow} {}", from.id(), to.id());
        }
        self.styles(&mut out, &open, edges.keys().map(|(_, _, kind)| *kind));
        (out, edges.len())
    }

    fn styles(&self, out: &mut String, open: &[Shape], edges: impl Iterator<Item = Kind>) {
        for (class, _) in self.classes() {
            let colours = class.colours();
            let _ = writeln!(
                out,
                "    classDef {} fill:{},stroke:{},color:{}",
                id(class),
                colours.fill,
                colours.line,
                colours.text
            );
        }
        if !open.is_empty() {
            let _ = writeln!(out, "    classDef open stroke:{OPEN},stroke-width:3px");
            let open: Vec<String> = open.iter().map(Shape::id).collect();
            let _ = writeln!(out, "    class {} open", open.join(","));
        }
        let crossing = edges.enumerate().filter(|(_, kind)| *kind == Kind::Crossing);
        let crossing: Vec<String> = crossing.map(|(number, _)| number.to_string()).collect();
        if !crossing.is_empty() {
            let _ = writeln!(out, "    linkStyle {} stroke:{CROSSING},color:{CROSSING}", crossing.join(","));
        }
    }

    /// The relations that have a shape of their own.
    fn apart(&self, detail: Detail) -> BTreeSet<usize> {
        let all = || self.nodes.iter().enumerate();
        let of = |wanted: fn(&Node<'_>) -> bool| {
            all().filter(move |(_, node)| wanted(node)).map(|(number, _)| number)
        };
        match detail {
            Detail::All | Detail::Ways => of(|_| true).collect(),
            Detail::Open => {
                let crossing = self.links.iter().filter(|link| link.crosses());
                crossing.flat_map(|link| [link.from, link.to]).chain(of(|node| node.open.is_some())).collect()
            }
            Detail::Classes => BTreeSet::new(),
        }
    }

    /// The lines between shapes, each with how many foreign keys it stands for.
    fn edges(
        &self,
        detail: Detail,
        shape: impl Fn(usize, Class) -> Shape,
    ) -> BTreeMap<(Shape, Shape, Kind), usize> {
        let mut found = BTreeMap::new();
        let shown = |link: &&Link<'_>| detail != Detail::Ways || link.kind != Kind::Plain;
        for link in self.links.iter().filter(shown) {
            let of = |number: usize| Some(shape(number, self.nodes.get(number)?.class));
            if let (Some(from), Some(to)) = (of(link.from), of(link.to)) {
                *found.entry((from, to, link.kind)).or_default() += 1;
            }
        }
        found
    }
}

impl Shape {
    fn id(&self) -> String {
        match self {
            Self::Node(number) => format!("t{number}"),
            Self::Rest(class) => format!("rest_{}", id(*class)),
        }
    }
}

fn id(class: Class) -> String {
    // Some words, such as `end` and `graph`, are Mermaid's own.
    format!("class_{}", class.name().replace(' ', "_"))
}

/// A text in the quotes of a label, where markup and Markdown have a meaning: what is neither letter nor digit is written as
/// an entity of Mermaid's own.
fn label(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            // A number with a point after it would begin a list.
            '.' if !out.is_empty() && !out.ends_with(|c: char| c.is_ascii_digit()) => out.push(c),
            c if c.is_alphanumeric() || matches!(c, '_' | ' ') => out.push(c),
            c if c.is_control() => out.push(' '),
            c => {
                let _ = write!(out, "#{};", u32::from(c));
            }
        }
    }
    out
}

/// A text that stands alone on the rest of its line.
fn line(text: &str) -> String {
    text.replace(|c: char| c.is_control() || matches!(c, ';' | '#' | '{' | '}' | '%'), " ")
}
