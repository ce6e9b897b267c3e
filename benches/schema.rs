//! How long the tool takes for a schema of 2,000 tables, and how much memory, beside `pg_dump --schema-only`, which reads the
//! same catalogs; and for 10,000 statements of migrations, beside `psql`, which has a server run them.
//!
//!     make bench-schema

mod common;
#[path = "schema/migrations.rs"]
mod migrations;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::report::{Report, Row};
use common::stats::{float, median};
use common::{AnyError, quick, save, versions};
use tenantry::testing::{self, Database, Server};
use tokio_postgres::Client;

const TOOL: &str = env!("CARGO_BIN_EXE_tenantry");

/// How many tables there are: some of tenants, some that are children of those, some that are neither.
const TABLES: u32 = 2_000;
const COLUMNS: u32 = 20;

fn main() -> Result<(), AnyError> {
    let report = common::run(compare())?;
    println!("\n{}{}", report.heading(), report.table());
    save(&report)
}

/// What one run of a program took.
struct Took {
    time: Duration,
    /// The most memory that it had at once, in MiB.
    memory: f64,
}

async fn compare() -> Result<Report, AnyError> {
    let server = testing::server().await?;
    let database = server.database().await?;
    let admin = database.connect().await?;
    fill(&admin, TABLES).await?;
    let folder = std::env::temp_dir().join(format!("tenantry-bench-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let measured = match measure(&database, &admin, &folder).await {
        Ok(mut rows) => files(server, &folder).await.map(|more| {
            rows.extend(more);
            rows
        }),
        Err(error) => Err(error),
    };
    fs::remove_dir_all(&folder)?;
    Ok(Report {
        bench: "schema",
        compared: format!(
            "the tool on a database of {TABLES} tables with {COLUMNS} columns each, whole processes in turns; the \
             reference is pg_dump --schema-only of the same database. Of the migrations, {} statements in {} files, it is \
             psql that runs them on an empty database",
            migrations::STATEMENTS,
            migrations::STATEMENTS / 100,
        ),
        versions: versions(),
        server: describe(server),
        quick: quick(),
        settings: vec![
            ("tables".to_owned(), TABLES.to_string()),
            ("statements".to_owned(), migrations::STATEMENTS.to_string()),
        ],
        rows: measured?,
    })
}

async fn measure(database: &Database, admin: &Client, folder: &Path) -> Result<Vec<Row>, AnyError> {
    let manifest = folder.join("tenantry.toml");
    let tool = |arguments: &[&str]| {
        let mut command = Command::new(TOOL);
        command.args(arguments).arg("--config").arg(&manifest).env("DATABASE_URL", database.url());
        command
    };
    let dump = testing::program("pg_dump")?.unwrap_or_else(|| PathBuf::from("pg_dump"));
    let dump = || {
        let mut command = Command::new(&dump);
        command.args(["--schema-only", "--dbname", &database.url()]);
        command
    };

    // What is settled by hand in a real schema: the tables that belong to everybody.
    run(tool(&["init", "--app", migrations::APP, "--force"]), &[0, 1])?;
    let proposed = fs::read_to_string(&manifest)?;
    fs::write(&manifest, proposed.replace("class = \"undecided\"", "class = \"shared\""))?;
    let settled = manifest.with_extension("settled");
    fs::copy(&manifest, &settled)?;

    let mut took: [Vec<Took>; 5] = Default::default();
    for _ in 0..if quick() { 3 } else { 11 } {
        took[0].push(run(dump(), &[0])?);
        took[1].push(run(tool(&["init", "--app", migrations::APP, "--force"]), &[0, 1])?);
        fs::copy(&settled, &manifest)?;
        took[2].push(run(tool(&["plan"]), &[0])?);
        took[3].push(run(tool(&["map", "--style", "svg"]), &[0, 1])?);
        took[4].push(run(tool(&["audit", "--format", "json"]), &[0, 1])?);
    }
    let names = ["pg_dump --schema-only", "tenantry init", "tenantry plan", "tenantry map", "tenantry audit"];
    let mut rows = rows("before the plan", &names, &took);

    let plain = folder.join("plan");
    run(tool(&["plan", "--style", "plain", "--name", "tenancy", "--out", &plain.to_string_lossy()]), &[0])?;
    admin.batch_execute(&fs::read_to_string(plain.join("tenancy.up.sql"))?).await?;
    let mut took: [Vec<Took>; 3] = Default::default();
    for _ in 0..if quick() { 3 } else { 11 } {
        took[0].push(run(dump(), &[0])?);
        took[1].push(run(tool(&["plan", "--check"]), &[0])?);
        took[2].push(run(tool(&["audit"]), &[0, 1])?);
    }
    let names = ["pg_dump --schema-only", "tenantry plan --check", "tenantry audit"];
    rows.extend(self::rows("after it", &names, &took));
    Ok(rows)
}

/// The rules over a folder of migrations.
async fn files(server: &Server, folder: &Path) -> Result<Vec<Row>, AnyError> {
    let migrations = folder.join("migrations");
    migrations::write(&migrations)?;
    let manifest = folder.join("migrations.toml");
    fs::write(&manifest, format!("[tenancy]\ntype = \"uuid\"\n[roles]\napp = \"{}\"\n", migrations::APP))?;
    let mut names: Vec<PathBuf> =
        fs::read_dir(&migrations)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    names.sort_by_key(|name| (name.as_os_str().len(), name.clone()));
    let psql = testing::program("psql")?.unwrap_or_else(|| PathBuf::from("psql"));
    let mut took: [Vec<Took>; 2] = Default::default();
    for _ in 0..if quick() { 1 } else { 5 } {
        let database = server.database().await?;
        let mut load = Command::new(&psql);
        load.args(["--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--dbname", &database.url()]);
        for name in &names {
            load.arg("--file").arg(name);
        }
        took[0].push(run(load, &[0])?);
        let mut lint = Command::new(TOOL);
        lint.arg("lint").arg(&migrations).args(["--format", "json", "--config"]).arg(&manifest);
        took[1].push(run(lint, &[0, 1])?);
    }
    Ok(rows("migrations", &["psql", "tenantry lint"], &took))
}

fn rows(name: &str, names: &[&str], took: &[Vec<Took>]) -> Vec<Row> {
    let of = |took: &[Took]| median(took.iter().map(|took| took.time.as_secs_f64() * 1e6));
    let reference = of(&took[0]);
    let row = |(variant, took): (&&str, &Vec<Took>)| {
        let p50 = of(took);
        let memory = took.iter().map(|took| took.memory).fold(0.0, f64::max);
        Row {
            name: name.to_owned(),
            variant: (*variant).to_owned(),
            clients: 1,
            p50_us: p50,
            ratio_to_plain: p50.zip(reference).map(|(own, reference)| own / reference),
            more: vec![("peak_mib", memory)],
            ..Row::default()
        }
    };
    names.iter().zip(took).map(row).collect()
}

/// Runs a program to its end, which has to be one of these.
fn run(mut command: Command, expected: &[i32]) -> Result<Took, AnyError> {
    let start = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut memory: f64 = 0.0;
    let ended = loop {
        // The most so far, which the kernel keeps while the process lives.
        memory = memory.max(peak(&status).unwrap_or_default());
        if let Some(ended) = child.try_wait()? {
            break ended;
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    let time = start.elapsed();
    if ended.code().is_none_or(|code| !expected.contains(&code)) {
        let output = child.wait_with_output()?;
        return Err(
            format!("{command:?} ended with {ended}: {}", String::from_utf8_lossy(&output.stderr)).into()
        );
    }
    Ok(Took { time, memory })
}

fn peak(status: &Path) -> Option<f64> {
    let text = fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: usize = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(float(kib) / 1024.0)
}

fn describe(server: &Server) -> String {
    server.describe()
}

/// Of ten tables six belong to tenants and refer to each other, three are children of those, one belongs to everybody.
async fn fill(admin: &Client, tables: u32) -> Result<(), AnyError> {
    admin.batch_execute("CREATE TABLE company (id bigint PRIMARY KEY, name text NOT NULL)").await?;
    let columns: String = (0..COLUMNS - 3)
        .map(|n| format!(", value_{n} {}", ["text", "bigint", "date"][n as usize % 3]))
        .collect();
    let mut sql = String::new();
    for n in 0..tables - 1 {
        let table = format!("table_{n:04}");
        let above = n.checked_sub(10).map(|above| format!("table_{above:04}"));
        let refers = above.map(|above| format!(" REFERENCES {above}")).unwrap_or_default();
        let key = match n % 10 {
            0..6 => format!(
                "tenant_id bigint NOT NULL REFERENCES company, id bigint PRIMARY KEY, above bigint{refers}"
            ),
            6..9 => format!(
                "id bigint PRIMARY KEY, parent_id bigint NOT NULL REFERENCES table_{:04}, above bigint",
                n - n % 10
            ),
            _ => format!("id bigint PRIMARY KEY, code text NOT NULL, above bigint{refers}"),
        };
        sql.push_str(&format!("CREATE TABLE {table} ({key}{columns});\n"));
        if n % 10 < 6 {
            sql.push_str(&format!("CREATE INDEX ON {table} (tenant_id, value_0);\n"));
        }
        if n % 100 == 99 {
            admin.batch_execute(&std::mem::take(&mut sql)).await?;
        }
    }
    admin.batch_execute(&sql).await?;
    admin.batch_execute("VACUUM ANALYZE").await?;
    Ok(())
}
