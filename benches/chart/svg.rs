//! The picture: a column for loopback and one for the longest delay, a group of bars for each work.

use std::fmt::Write as _;

use super::{Bar, network, shown};
use crate::common::report::in_order;
use crate::common::stats::float;

const LABELS: f64 = 246.0;
const PANEL: f64 = 230.0;
const GAP: f64 = 52.0;
const RIGHT: f64 = 46.0;
const BAR: f64 = 13.0;
const STEP: f64 = 18.0;
const HEAD: f64 = 62.0;
const GROUP_HEAD: f64 = 24.0;
const GROUP_GAP: f64 = 12.0;

/// Colours that stand out from white and from near black; readers of the picture choose the page's colour.
const STYLE: &str = "
    text { font: 12px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #768390 }
    .title, .work { font-weight: 600 }
    .title { font-size: 14px }
    .small { font-size: 10.5px }
    .own, .value { font-weight: 600 }
    .bar { fill: #8c959f }
    .bar.own { fill: #2f81f7 }
    .bar.plain { fill: none; stroke: #8c959f }
    .one { stroke: #8c959f; stroke-dasharray: 3 3 }
    @media (prefers-color-scheme: dark) { text { fill: #adbac7 } }
    @media (prefers-color-scheme: light) { text { fill: #424a53 } }
";

pub fn draw(bars: &[Bar], measured_on: &str) -> String {
    let shown = shown(bars);
    let most =
        bars.iter().filter(|bar| shown.contains(&bar.delay_us)).map(|bar| bar.ratio).fold(1.0, f64::max);
    let scale = PANEL / most;
    let width = LABELS + float(shown.len()) * (PANEL + GAP) - GAP + RIGHT;

    let mut body = String::new();
    text(&mut body, 0.0, 16.0, "title", "Time of a request, as a multiple of the plain statement's");
    text(&mut body, 0.0, 33.0, "small", "Medians of one run in turns. Shorter is better.");
    for (at, delay_us) in shown.iter().enumerate() {
        text(&mut body, left(at), HEAD - 8.0, "title", &network(*delay_us));
    }
    let mut y = HEAD;
    for work in in_order(bars.iter().map(|bar| bar.work.as_str())) {
        let reference = if work.starts_with('5') { ", against the transaction without tenants" } else { "" };
        text(&mut body, 0.0, y + 15.0, "work", &format!("{work}{reference}"));
        y += GROUP_HEAD;
        let of_work: Vec<&Bar> = bars.iter().filter(|bar| bar.work == work).collect();
        let ways = in_order(of_work.iter().map(|bar| bar.way.as_str()));
        let bottom = y + float(ways.len()) * STEP;
        for at in 0..shown.len() {
            let x = left(at) + scale;
            let _ = writeln!(body, r#"<path class="one" d="M{x:.1} {:.1}V{:.1}"/>"#, y - 3.0, bottom);
        }
        for way in ways {
            text(&mut body, 10.0, y + 11.0, class(way), way);
            for (at, delay_us) in shown.iter().enumerate() {
                let bar = of_work.iter().find(|bar| bar.way == way && bar.delay_us == *delay_us);
                let Some(bar) = bar else { continue };
                let (x, length) = (left(at), bar.ratio * scale);
                let class = if bar.ratio == 1.0 { "plain" } else { class(way) };
                let _ = writeln!(
                    body,
                    r#"<rect class="bar {class}" x="{x:.1}" y="{y:.1}" width="{length:.1}" height="{BAR}" rx="2"/>"#
                );
                // Clear of the line that marks the reference.
                let end = x + length.max(scale) + 5.0;
                text(&mut body, end, y + 11.0, "value", &format!("{:.2}", bar.ratio));
            }
            y += STEP;
        }
        y += GROUP_GAP;
    }
    for line in broken(measured_on) {
        text(&mut body, 0.0, y + 10.0, "small", &line);
        y += 15.0;
    }
    let height = y + 8.0;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"-8 -4 {:.0} {:.0}\" role=\"img\">\n\
         <title>Time of a request, as a multiple of the plain statement's</title>\n\
         <style>{STYLE}</style>\n{body}</svg>\n",
        width + 16.0,
        height + 8.0
    )
}

fn left(panel: usize) -> f64 {
    LABELS + float(panel) * (PANEL + GAP)
}

fn class(way: &str) -> &'static str {
    match way {
        _ if way.starts_with("tenantry") => "own",
        _ => "other",
    }
}

fn text(out: &mut String, x: f64, y: f64, class: &str, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(out, r#"<text class="{class}" x="{x:.1}" y="{y:.1}">{text}</text>"#);
}

/// Lines that fit the picture.
fn broken(line: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for part in line.split(", ") {
        let last = lines.len() - 1;
        if lines[last].len() + part.len() > 120 {
            lines.push(part.to_owned());
        } else if lines[last].is_empty() {
            lines[last].push_str(part);
        } else {
            lines[last] = format!("{}, {part}", lines[last]);
        }
    }
    lines
}
