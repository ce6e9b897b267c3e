//! What a bench found: rows, the table that is printed of them, and the JSON file. `benches/README.md`
//! documents the schema.
//!
//! It needs `serde_json` and nothing else, so that a package beside this one can include it by path.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use serde_json::{Map, Value, json};

/// Raised when a reader of the file has to change.
const SCHEMA: u32 = 1;

/// One way of doing one work under one load.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// The work.
    pub name: String,
    /// The way.
    pub variant: String,
    /// The network delay that was injected, for a round trip.
    pub delay_us: u32,
    pub clients: usize,
    pub p50_us: Option<f64>,
    pub p99_us: Option<f64>,
    /// Time over the reference's time, so lower is better; exactly 1 for the reference itself.
    pub ratio_to_plain: Option<f64>,
    /// How often the client sends and then waits.
    pub flights: Option<f64>,
    /// Processor time of the server's backends for one request.
    pub server_cpu_us: Option<f64>,
    /// What this bench alone has.
    pub more: Vec<(&'static str, f64)>,
}

/// The outcome of one bench.
pub struct Report {
    /// The name of the bench and of its file.
    pub bench: &'static str,
    /// What was compared with what, and how, in a sentence or two.
    pub compared: String,
    /// Names and versions of what was measured.
    pub versions: Vec<String>,
    pub server: String,
    pub quick: bool,
    /// What else one has to know to repeat the run: rounds, pool sizes, settings of the server.
    pub settings: Vec<(String, String)>,
    pub rows: Vec<Row>,
}

/// The machine that the client runs on: processor, cores, operating system.
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let model = model.unwrap_or(env::consts::ARCH);
    format!("{cores} cores, {model}, {} {}", env::consts::OS, kernel.trim()).trim_end().to_owned()
}

/// Where results are kept: below the folder of what is built.
pub fn folder() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target"), PathBuf::from);
    target.join("tenantry-bench")
}

impl Report {
    /// What was compared, on what. Every table needs it.
    pub fn heading(&self) -> String {
        let mut lines = vec![format!("{}: {}", self.bench, self.compared)];
        lines.push(format!("versions: {}", self.versions.join(", ")));
        lines.push(format!("server: {}", self.server));
        lines.push(format!("machine: {}", machine()));
        let settings: Vec<_> = self.settings.iter().map(|(name, value)| format!("{name} {value}")).collect();
        lines.push(format!("settings: {}", settings.join(", ")));
        let mut text = lines.iter().map(|line| wrap(line)).collect::<Vec<_>>().join("\n");
        text.push('\n');
        text
    }

    /// A line for each row, with a heading for each work and load. A column that no row fills is left out.
    pub fn table(&self) -> String {
        let columns: Vec<Column> = columns(&self.rows)
            .into_iter()
            .filter(|column| self.rows.iter().any(|row| column.of(row).is_some()))
            .collect();
        let labels = labels(self.rows.iter().flat_map(|row| [heading_of(row), format!("  {}", row.variant)]));
        let mut out = String::new();
        let mut last = None;
        for row in &self.rows {
            let group = (row.name.as_str(), row.delay_us, row.clients);
            if last.replace(group) != Some(group) {
                let _ = write!(out, "\n{:<labels$}", heading_of(row));
                for column in &columns {
                    let _ = write!(out, "{:>1$}", column.title, column.width());
                }
                out.push('\n');
            }
            let _ = write!(out, "{:<labels$}", format!("  {}", row.variant));
            for column in &columns {
                let _ = write!(out, "{:>1$}", cell(column.of(row), column.digits), column.width());
            }
            out.push('\n');
        }
        out
    }

    /// The ratios alone: ways down, works across, one block for each load.
    pub fn matrix(&self) -> String {
        matrix(&self.rows)
    }

    /// Writes the file and returns its path.
    pub fn write(&self) -> io::Result<PathBuf> {
        let folder = folder();
        fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{}.json", self.bench));
        let settings: Map<String, Value> =
            self.settings.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        let document = json!({
            "schema": SCHEMA,
            "bench": self.bench,
            "quick": self.quick,
            "compared": self.compared,
            "version": self.versions,
            "server": self.server,
            "machine": machine(),
            "settings": settings,
            "rows": self.rows.iter().map(Row::json).collect::<Vec<_>>(),
        });
        fs::write(&path, format!("{document:#}\n"))?;
        Ok(path)
    }
}

impl Row {
    /// A figure that this bench alone has.
    pub fn own(&self, name: &str) -> Option<f64> {
        self.more.iter().find(|(own, _)| *own == name).map(|(_, value)| *value)
    }

    fn json(&self) -> Value {
        let rounded = |value: Option<f64>| value.map(|value| (value * 1000.0).round() / 1000.0);
        let mut row = json!({
            "name": self.name,
            "variant": self.variant,
            "delay_us": self.delay_us,
            "clients": self.clients,
            "p50_us": rounded(self.p50_us),
            "p99_us": rounded(self.p99_us),
            "ratio_to_plain": rounded(self.ratio_to_plain),
            "flights": rounded(self.flights),
            "server_cpu_us": rounded(self.server_cpu_us),
        });
        for (name, value) in &self.more {
            row[*name] = json!(rounded(Some(*value)));
        }
        row
    }
}

/// The ratios alone: ways down, works across, one block for each load.
pub fn matrix(rows: &[Row]) -> String {
    let mut out = String::new();
    let names = in_order(rows.iter().map(|row| row.name.as_str()));
    let labels = labels(rows.iter().map(|row| format!("  {}", row.variant)));
    let loads: BTreeSet<(u32, usize)> = rows.iter().map(|row| (row.delay_us, row.clients)).collect();
    let only_one = loads.len() == 1;
    for (delay_us, clients) in loads {
        let load = if only_one { String::new() } else { load(delay_us, clients) };
        let block: Vec<&Row> =
            rows.iter().filter(|row| (row.delay_us, row.clients) == (delay_us, clients)).collect();
        let _ = write!(out, "\n{load:<labels$}");
        for name in &names {
            let _ = write!(out, "{name:>16}");
        }
        out.push('\n');
        for variant in in_order(block.iter().map(|row| row.variant.as_str())) {
            let _ = write!(out, "{:<labels$}", format!("  {variant}"));
            for name in &names {
                let row = block.iter().find(|row| row.variant == variant && row.name == *name);
                let _ = write!(out, "{:>16}", cell(row.and_then(|row| row.ratio_to_plain), 2));
            }
            out.push('\n');
        }
    }
    out
}

/// A figure of a row, as the table shows it.
struct Column {
    title: &'static str,
    digits: usize,
    figure: Figure,
}

type Of = fn(&Row) -> Option<f64>;

enum Figure {
    Common(Of),
    More(&'static str),
}

impl Column {
    fn of(&self, row: &Row) -> Option<f64> {
        match self.figure {
            Figure::Common(of) => of(row),
            Figure::More(name) => row.own(name),
        }
    }

    fn width(&self) -> usize {
        self.title.chars().count().max(6) + 2
    }
}

fn columns(rows: &[Row]) -> Vec<Column> {
    let common: [(_, _, Of); 5] = [
        ("p50 µs", 1, |row| row.p50_us),
        ("p99 µs", 1, |row| row.p99_us),
        ("ratio", 2, |row| row.ratio_to_plain),
        ("flights", 0, |row| row.flights),
        ("cpu µs", 1, |row| row.server_cpu_us),
    ];
    let common = common.map(|(title, digits, of)| Column { title, digits, figure: Figure::Common(of) });
    let more = in_order(rows.iter().flat_map(|row| row.more.iter().map(|(name, _)| *name)));
    let more = more.into_iter().map(|name| Column {
        title: name,
        digits: match name {
            _ if name.ends_with("ratio") => 2,
            _ if name.ends_with("us") => 1,
            _ => 0,
        },
        figure: Figure::More(name),
    });
    common.into_iter().chain(more).collect()
}

/// The load of a row, in words.
fn load(delay_us: u32, clients: usize) -> String {
    let network = match delay_us {
        0 => "no added delay".to_owned(),
        _ => format!("{} ms round trip", f64::from(delay_us) / 1000.0),
    };
    if clients == 1 { network } else { format!("{clients} clients, {network}") }
}

fn heading_of(row: &Row) -> String {
    match (row.delay_us, row.clients) {
        (0, 1) => row.name.clone(),
        (0, clients) => format!("{}, {clients} clients", row.name),
        (delay_us, clients) => format!("{}, {}", row.name, load(delay_us, clients)),
    }
}

/// How wide the column of labels is.
fn labels(labels: impl Iterator<Item = String>) -> usize {
    labels.map(|label| label.chars().count()).max().unwrap_or(0)
}

fn cell(value: Option<f64>, digits: usize) -> String {
    // Tenths of ten milliseconds say nothing, and would not fit their column.
    let digits = |value: f64| if value < 10_000.0 { digits } else { 0 };
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.0$}", digits(value)))
}

/// Each once, in the order of its first appearance.
pub fn in_order<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = Vec::new();
    for name in names {
        if !seen.contains(&name) {
            seen.push(name);
        }
    }
    seen
}

/// Breaks a line so that it fits a terminal of 100 columns.
fn wrap(line: &str) -> String {
    let (mut out, mut width) = (String::new(), 0);
    for word in line.split(' ') {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > 98 {
            out.push_str("\n  ");
            width = 2;
        } else if width > 0 {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += length;
    }
    out
}
