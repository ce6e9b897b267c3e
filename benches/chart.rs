//! Draws the ratios of `switch` and prints them as a table for the README. Run `switch` first.
//!
//!     make bench-chart

mod common;
#[path = "chart/svg.rs"]
mod svg;

use std::fs;
use std::path::Path;

use common::AnyError;
use common::report::{folder, in_order};
use serde_json::Value;

/// A ratio, and where it belongs.
pub struct Bar {
    pub delay_us: u64,
    pub work: String,
    pub way: String,
    pub ratio: f64,
}

fn main() -> Result<(), AnyError> {
    let path = folder().join("switch.json");
    let text = fs::read_to_string(&path)
        .map_err(|error| format!("{} cannot be read ({error}); run make bench first", path.display()))?;
    let document: Value = serde_json::from_str(&text)?;
    let rows = document["rows"].as_array().ok_or("no rows in it; run make bench again")?;
    let bars: Vec<Bar> = rows.iter().filter_map(bar).collect();
    let text = |name: &str| document[name].as_str().unwrap_or_default().to_owned();
    let versions: Vec<&str> =
        document["version"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let server = text("server").split(" at ").next().unwrap_or_default().to_owned();
    let measured_on = format!("{server}, {}, {}", text("machine"), versions.join(", "));

    let picture = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/switch.svg");
    fs::write(&picture, svg::draw(&bars, &measured_on))?;
    print!("{}", table(&bars));
    println!("\nMedians, against the plain statement of the same run; {measured_on}.");
    println!("The picture is benches/switch.svg.");
    Ok(())
}

fn bar(row: &Value) -> Option<Bar> {
    Some(Bar {
        delay_us: row["delay_us"].as_u64()?,
        work: row["name"].as_str()?.to_owned(),
        way: row["variant"].as_str()?.to_owned(),
        ratio: row["ratio_to_plain"].as_f64()?,
    })
}

/// Without delay and with the longest: what lies between them lies between their ratios.
pub fn shown(bars: &[Bar]) -> Vec<u64> {
    let delays = || bars.iter().map(|bar| bar.delay_us);
    let mut shown: Vec<u64> = delays().min().into_iter().chain(delays().max()).collect();
    shown.dedup();
    shown
}

/// A delay, in words.
pub fn network(delay_us: u64) -> String {
    match delay_us {
        0 => "loopback".to_owned(),
        // Whole microseconds, however many: no digit is lost.
        _ => format!("{}.{} ms network", delay_us / 1000, delay_us % 1000 / 100).replace(".0 ", " "),
    }
}

/// The ways down, works and delays across, in Markdown.
fn table(bars: &[Bar]) -> String {
    let works = in_order(bars.iter().map(|bar| bar.work.as_str()));
    let columns: Vec<(&str, u64)> =
        works.iter().flat_map(|work| shown(bars).into_iter().map(move |delay| (*work, delay))).collect();
    let heads: Vec<String> =
        columns.iter().map(|(work, delay)| format!("{work}, {}", network(*delay))).collect();
    let mut out = format!("| | {} |\n|---|{}\n", heads.join(" | "), "--:|".repeat(columns.len()));
    for way in in_order(bars.iter().map(|bar| bar.way.as_str())) {
        let cells = columns.iter().map(|(work, delay)| {
            let bar = bars.iter().find(|bar| bar.way == way && bar.work == *work && bar.delay_us == *delay);
            bar.map_or_else(String::new, |bar| format!("{:.2}", bar.ratio))
        });
        out.push_str(&format!("| {way} | {} |\n", cells.collect::<Vec<_>>().join(" | ")));
    }
    out
}
