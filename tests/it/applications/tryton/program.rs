//! Tryton itself, as Debian packages it.

use std::collections::BTreeMap;
use std::path::Path;

use tokio::process::Command;

/// The companies that its database has.
pub const COMPANIES: [i32; 2] = [1, 2];

/// Debian's, which has Tryton; the one in `PATH` may be another.
const PYTHON: &str = "/usr/bin/python3";

/// What a company's user came to.
#[derive(Debug, PartialEq, Eq)]
pub struct Work {
    /// What was read of each table: how it comes to its company, the number of rows, and a hash of them.
    pub tables: BTreeMap<String, String>,
    /// What the business came to, a line for each step.
    pub business: Vec<String>,
}

impl Work {
    /// The lines in which the two differ.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let tables = self.tables.iter().filter_map(|(table, line)| {
            let others = other.tables.get(table);
            (others != Some(line)).then(|| format!("{table}: {line} and {others:?}"))
        });
        let lines = self.business.iter().zip(&other.business).filter(|(one, other)| one != other);
        let lines = lines.map(|(one, other)| format!("{one} and {other}"));
        let counts = [(self.tables.len(), other.tables.len()), (self.business.len(), other.business.len())];
        let counts =
            counts.into_iter().filter(|(one, other)| one != other).map(|counts| format!("{counts:?} lines"));
        tables.chain(lines).chain(counts).collect()
    }
}

/// Makes the tables in an empty database and fills them.
pub async fn create(url: &str) {
    run("create.py", &[url], None).await;
}

/// Reads every table as a user of the company, does some business, and takes it back.
pub async fn work(url: &str, company: i32, only_company: bool) -> Work {
    let company = company.to_string();
    let mut arguments = vec![url, &company];
    arguments.extend(only_company.then_some("--only-company"));
    let output = run("work.py", &arguments, Some(format!("-c app.tenant_id={company}"))).await;
    let (mut tables, mut business) = (BTreeMap::new(), Vec::new());
    for line in output.lines() {
        match line.split('\t').collect::<Vec<_>>()[..] {
            [table, way, count, hash] if hash.len() == 64 => {
                tables.insert(table.to_owned(), format!("{way} {count} {hash}"));
            }
            _ => business.push(line.to_owned()),
        }
    }
    assert!(tables.len() > 300 && business.len() > 10, "{} tables, {business:#?}", tables.len());
    Work { tables, business }
}

async fn run(script: &str, arguments: &[&str], options: Option<String>) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/applications/tryton");
    let mut command = Command::new(PYTHON);
    command.arg(folder.join(script)).args(arguments).kill_on_drop(true);
    if let Some(options) = options {
        command.env("PGOPTIONS", options);
    }
    let output =
        command.output().await.expect("Debian's Python is there; sh tests/server/tryton.sh installs it");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{script}: {errors}\nsh tests/server/tryton.sh installs what is missing"
    );
    String::from_utf8(output.stdout).unwrap()
}
