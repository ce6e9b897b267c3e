//! A map as DOT, which Graphviz draws.

use std::fmt::Write as _;

use super::Map;
use super::class::{CROSSING, OPEN, PLAIN};
use super::link::Kind;

/// The colour of the ways of children.
const WAY: &str = "#0e9384";

impl Map<'_> {
    /// The map as [DOT](https://graphviz.org/doc/info/lang.html), for `dot -Tsvg`.
    #[must_use]
    pub fn dot(&self) -> String {
        let mut out = String::from("digraph tenancy {\n");
        let title = format!("{}\n{}", self.title, self.summary());
        let _ = write!(
            out,
            "    graph [label={}, labelloc=t, fontname=\"Helvetica,Arial,sans-serif\", fontsize=18, rankdir=RL, \
             ranksep=1.2, nodesep=0.12, compound=true, tooltip=\" \"];\n\
             \x20   node [shape=box, style=\"rounded,filled\", fontname=\"Helvetica,Arial,sans-serif\", fontsize=11, \
             height=0.28, margin=\"0.12,0.04\"];\n\
             \x20   edge [color={}, arrowsize=0.6];\n",
            text(&title),
            text(PLAIN)
        );
        for (class, nodes) in self.classes() {
            let colours = class.colours();
            let label = format!("{} ({}): {}", class.name(), nodes.len(), class.meaning());
            let _ = write!(
                out,
                "\n    subgraph {} {{\n        graph [label={}, style=\"rounded\", color={}, fontsize=12, fontcolor={}];\n\
                 \x20       node [fillcolor={}, color={}, fontcolor={}];\n",
                text(&format!("cluster {}", class.name())),
                text(&label),
                text(colours.line),
                text(colours.text),
                text(colours.fill),
                text(colours.line),
                text(colours.text),
            );
            for number in nodes {
                let Some(node) = self.nodes.get(number) else { continue };
                let tooltip = format!("{}\n{}", node.name.plain(), node.facts.join("\n"));
                let open = if node.open.is_some() {
                    format!(", color={}, penwidth=2.5", text(OPEN))
                } else {
                    String::new()
                };
                let _ = writeln!(
                    out,
                    "        t{number} [label={}, tooltip={}{open}];",
                    text(&self.label(node)),
                    text(&tooltip)
                );
            }
            out.push_str("    }\n");
        }
        out.push('\n');
        for link in &self.links {
            let style = match link.kind {
                Kind::Plain => String::new(),
                Kind::Way => format!(", color={}, penwidth=1.5", text(WAY)),
                Kind::Crossing => format!(", color={}, style=dashed, penwidth=1.5", text(CROSSING)),
            };
            let tooltip = text(&link.text(&self.nodes));
            let _ = writeln!(out, "    t{} -> t{} [edgetooltip={tooltip}{style}];", link.from, link.to);
        }
        out.push_str("}\n");
        out
    }
}

/// A text in the quotes of DOT. A backslash there begins an escape of its own, in labels such as these.
fn text(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
