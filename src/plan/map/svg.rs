//! A map as SVG: classes in panels beside one another, and the foreign keys as curves beneath them.

mod curve;
mod layout;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::Map;
use super::class::{CROSSING, Class, OPEN, PLAIN};
use super::link::Kind;
use crate::markup::escaped;
use layout::{Layout, Panel, Spot};

const FONT: &str = "Inter, 'Segoe UI', 'Helvetica Neue', Helvetica, Arial, sans-serif";

/// The colour of the ways of children.
const WAY: &str = "#0e9384";

/// The space around everything.
const MARGIN: usize = 28;

/// Title and figures.
const HEAD: usize = 62;

/// A row of the legend.
const ROW: usize = 22;

/// How wide a character of the legend is, in tenths of a pixel.
const CHARACTER_TENTHS: usize = 64;

const MARKERS: [(&str, &str); 3] = [("plain", PLAIN), ("way", WAY), ("crossing", CROSSING)];

impl Map<'_> {
    /// The map as a picture of its own: SVG without a script, and without anything from elsewhere. The names of relations and
    /// foreign keys in full, and what is open, are shown when a pointer is on them.
    #[must_use]
    pub fn svg(&self) -> String {
        let lanes = Layout::of(self);
        let width = lanes.width.max(self.head_width()) + 2 * MARGIN;
        let (legend, rows) = self.legend(width - 2 * MARGIN);
        let top = MARGIN + HEAD + rows * ROW + 14;
        let height = top + lanes.height + MARGIN;
        let mut out = String::new();
        let _ = write!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             font-family=\"{FONT}\" role=\"img\" aria-labelledby=\"title desc\">\n\
             <title id=\"title\">{}</title>\n<desc id=\"desc\">{}</desc>\n",
            escaped(&self.title),
            escaped(&self.summary())
        );
        self.style(&mut out);
        let _ = writeln!(out, "<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>");
        let _ = writeln!(
            out,
            "<text class=\"h\" x=\"{MARGIN}\" y=\"{}\">{}</text>\n<text class=\"s\" x=\"{MARGIN}\" y=\"{}\">{}</text>",
            MARGIN + 20,
            escaped(&self.title),
            MARGIN + 44,
            escaped(&self.summary())
        );
        let _ = write!(out, "<g transform=\"translate({MARGIN} {})\">\n{legend}</g>\n", MARGIN + HEAD);
        let _ = writeln!(out, "<g transform=\"translate({MARGIN} {top})\">");
        for panel in &lanes.panels {
            draw_panel(&mut out, panel);
        }
        self.draw_links(&mut out, &lanes.spots);
        self.draw_nodes(&mut out, &lanes.spots);
        out.push_str("</g>\n</svg>\n");
        out
    }

    fn head_width(&self) -> usize {
        let title = self.title.chars().count() * 12;
        title.max(self.summary().chars().count() * 7).max(560)
    }

    fn style(&self, out: &mut String) {
        out.push_str("<style>\n");
        let _ = writeln!(
            out,
            ".h{{font-size:22px;font-weight:600;fill:#101828}} .s{{font-size:13px;fill:#475467}} \
             .l{{font-size:12px;fill:#344054}} .p{{font-size:13px;font-weight:600}} .m{{font-size:11px;font-weight:400;fill:#667085}}\n\
             .n text{{font-size:12px}} .n rect{{stroke-width:1}} .n:hover rect{{stroke-width:3}} .c{{font-size:10px;opacity:.7}}\n\
             .n.o rect{{stroke:{OPEN};stroke-width:2.5}} .n .x{{font-size:11px;font-weight:700;fill:#fff;text-anchor:middle}}\n\
             .e{{fill:none}} .e:hover{{stroke-width:5;opacity:1}}\n\
             .plain{{stroke:{PLAIN};opacity:{}}} .way{{stroke:{WAY};stroke-width:1.6;opacity:.9}} \
             .crossing{{stroke:{CROSSING};stroke-width:1.4;stroke-dasharray:5 3;opacity:{}}}",
            self.opacity(Kind::Plain),
            self.opacity(Kind::Crossing)
        );
        for (class, _) in self.classes() {
            let colours = class.colours();
            let id = id(class);
            let _ = writeln!(
                out,
                ".{id} rect{{fill:{};stroke:{}}} .{id} text{{fill:{}}}",
                colours.fill, colours.line, colours.text
            );
        }
        out.push_str("</style>\n<defs>\n");
        for (name, colour) in MARKERS {
            let _ = writeln!(
                out,
                "<marker id=\"to-{name}\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" \
                 markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M0 0.6 8 4 0 7.4z\" fill=\"{colour}\"/></marker>"
            );
        }
        out.push_str("</defs>\n");
    }

    /// The more lines there are, the fainter each has to be.
    fn opacity(&self, kind: Kind) -> &'static str {
        let number = self.links.iter().filter(|link| link.kind == kind).count();
        match (number, kind) {
            (0..=60, _) => ".85",
            (61..=250, _) => ".6",
            (251..=900, Kind::Crossing) => ".5",
            (251..=900, _) => ".4",
            (_, Kind::Crossing) => ".35",
            _ => ".22",
        }
    }

    /// What colours and lines mean, and how many rows that takes.
    fn legend(&self, width: usize) -> (String, usize) {
        let mut items: Vec<(String, String)> = Vec::new();
        for (class, _) in self.classes() {
            let sign = format!(
                "<g class=\"{}\"><rect y=\"-11\" width=\"22\" height=\"14\" rx=\"4\"/></g>",
                id(class)
            );
            items.push((sign, class.name().to_owned()));
        }
        let kinds: BTreeSet<Kind> = self.links.iter().map(|link| link.kind).collect();
        for kind in kinds {
            let (name, text) = match kind {
                Kind::Plain => ("plain", "foreign key"),
                Kind::Way => ("way", "the way to a tenant"),
                Kind::Crossing => ("crossing", "can refer to another tenant's row"),
            };
            let sign = format!("<path class=\"e {name}\" d=\"M0 -4H22\" marker-end=\"url(#to-{name})\"/>");
            items.push((sign, text.to_owned()));
        }
        if self.nodes.iter().any(|node| node.open.is_some()) {
            let sign = format!(
                "<rect y=\"-11\" width=\"22\" height=\"14\" rx=\"4\" fill=\"#ffffff\" stroke=\"{OPEN}\" stroke-width=\"2.5\"/>"
            );
            items.push((sign, "open: no policy keeps tenants apart here".to_owned()));
        }
        let (mut out, mut x, mut row) = (String::new(), 0, 0);
        for (sign, text) in items {
            let item = 28 + text.chars().count() * CHARACTER_TENTHS / 10 + 22;
            if x > 0 && x + item > width {
                (x, row) = (0, row + 1);
            }
            let _ = writeln!(
                out,
                "<g transform=\"translate({x} {})\">{sign}<text class=\"l\" x=\"28\">{}</text></g>",
                row * ROW + 12,
                escaped(&text)
            );
            x += item;
        }
        (out, row + 1)
    }

    fn draw_links(&self, out: &mut String, spots: &[Spot]) {
        let mut links: Vec<_> = self.links.iter().collect();
        // What means most is drawn last, above the others.
        links.sort_by_key(|link| link.kind);
        for link in links {
            let (Some(from), Some(to)) = (spots.get(link.from), spots.get(link.to)) else { continue };
            let name = match link.kind {
                Kind::Plain => "plain",
                Kind::Way => "way",
                Kind::Crossing => "crossing",
            };
            let _ = writeln!(
                out,
                "<path class=\"e {name}\" d=\"{}\" marker-end=\"url(#to-{name})\"><title>{}</title></path>",
                curve::between(from, to),
                escaped(&format!("{}\n{}", link.name.plain(), link.text(&self.nodes)))
            );
        }
    }

    fn draw_nodes(&self, out: &mut String, spots: &[Spot]) {
        for (node, spot) in self.nodes.iter().zip(spots) {
            let open = if node.open.is_some() { " o" } else { "" };
            let count = if node.partitions > 0 { format!("+{}", node.partitions) } else { String::new() };
            let room = (spot.width.saturating_sub(18) * 10 / layout::CHARACTER_TENTHS)
                .saturating_sub(if count.is_empty() { 0 } else { count.chars().count() + 1 });
            let Spot { x, y, width, height } = *spot;
            let _ = write!(
                out,
                "<g class=\"n {}{open}\"><title>{}</title><rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" \
                 rx=\"5\"/><text x=\"{}\" y=\"{}\">{}</text>",
                id(node.class),
                escaped(&format!("{}\n{}", node.name.plain(), node.facts.join("\n"))),
                x + 9,
                y + height / 2 + 4,
                escaped(&shortened(node.name.name().as_str(), room))
            );
            if !count.is_empty() {
                let _ = write!(
                    out,
                    "<text class=\"c\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{count}</text>",
                    x + width - 8,
                    y + height / 2 + 4
                );
            }
            if node.class == Class::Unclassified {
                let (x, y) = (x + width - 2, y + 2);
                let _ = write!(
                    out,
                    "<circle cx=\"{x}\" cy=\"{y}\" r=\"7\" fill=\"{OPEN}\"/><text class=\"x\" x=\"{x}\" y=\"{}\">?</text>",
                    y + 4
                );
            }
            out.push_str("</g>\n");
        }
    }
}

fn draw_panel(out: &mut String, panel: &Panel<'_>) {
    let Spot { x, y, width, height } = panel.spot;
    let colours = panel.class.colours();
    let schema = panel.schema.map(|schema| format!("{} · ", schema.plain())).unwrap_or_default();
    let name = format!("{schema}{}", panel.class.name());
    let (count, meaning) = (panel.count, panel.class.meaning());
    let _ = write!(
        out,
        "<g><title>{}</title><rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"10\" fill=\"{}\" \
         fill-opacity=\".18\" stroke=\"{}\" stroke-opacity=\".35\"/><text class=\"p\" x=\"{}\" y=\"{}\" fill=\"{}\">{}\
         <tspan class=\"m\" dx=\"7\">{count}</tspan>",
        escaped(&format!("{name}: {meaning}; {count}")),
        colours.fill,
        colours.line,
        x + layout::PADDING,
        y + 21,
        colours.text,
        escaped(&shortened(&name, width.saturating_sub(50) / 7))
    );
    // Where there is no room the tooltip says it.
    let room = width.saturating_sub(2 * layout::PADDING + name.chars().count() * 8 + 50);
    if meaning.chars().count() * 6 <= room {
        let _ = write!(out, "<tspan class=\"m\" dx=\"10\">{}</tspan>", escaped(meaning));
    }
    out.push_str("</text></g>\n");
}

fn id(class: Class) -> String {
    format!("k-{}", class.name().replace(' ', "-"))
}

/// A text of at most so many characters. What is cut is cut out of the middle, since both ends tell names apart.
fn shortened(text: &str, room: usize) -> String {
    // On a line of its own, whatever is in it.
    let characters: Vec<char> = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if characters.len() <= room || room < 4 {
        return characters.into_iter().collect();
    }
    let end = (room - 1) * 2 / 5;
    let start = room - 1 - end;
    let (start, end) = (characters.iter().take(start), characters.iter().skip(characters.len() - end));
    start.chain(['…'].iter()).chain(end).collect()
}
