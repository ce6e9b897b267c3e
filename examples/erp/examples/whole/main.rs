//! The ERP with all that is around it, on this machine: a database, a store for files, the service, its gateway, and Prometheus.
//!
//! `make erp` starts it and prints what to try. Ctrl-C or SIGTERM ends it, and nothing is left.

mod parts;
mod tries;

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tenantry::testing::Database;
use tokio::signal::unix::{Signal, SignalKind, signal};
use uuid::Uuid;

use parts::gateway::Gateway;
use parts::keys::SignIn;
use parts::program::Program;
use parts::prometheus::Prometheus;
use parts::sample::{self, Company};
use parts::service::Service;
use parts::store::Store;
use parts::{AnyError, database};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// SIGINT, as Ctrl-C sends it, and SIGTERM.
struct Bell {
    interrupt: Signal,
    terminate: Signal,
}

impl Bell {
    fn new() -> Result<Self, AnyError> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn rings(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

async fn run() -> Result<(), AnyError> {
    let mut bell = Bell::new()?;
    let folder = env::temp_dir().join(format!("tenantry-erp-{}", Uuid::new_v4()));
    std::fs::create_dir(&folder)?;
    let mut programs = Vec::new();
    // The first one that is to end is the last one that was started.
    let started = tokio::select! {
        started = start(&folder, &mut programs) => started,
        () = bell.rings() => Err("told to end before all had started".into()),
    };
    if started.is_ok() {
        bell.rings().await;
        eprintln!("ending");
    }
    // The database is dropped after all that use it.
    let (database, mut outcome) = match started {
        Ok(database) => (Some(database), Ok(())),
        Err(error) => (None, Err(error)),
    };
    for program in programs.into_iter().rev() {
        let ended = program.end().await;
        outcome = outcome.and(ended);
    }
    drop(database);
    std::fs::remove_dir_all(&folder)?;
    outcome
}

/// Starts all of it, one after the other, and prints what to try.
async fn start(folder: &Path, programs: &mut Vec<Program>) -> Result<Database, AnyError> {
    eprintln!("starting a database, a store, the service, a gateway and Prometheus");
    let database = database::create().await?;
    let sign_in = SignIn::new(folder)?;

    let store = Store::start(folder).await?;
    let mut settings = store.settings().to_vec();
    programs.push(store.program);
    let tokens = folder.join("tokens.json");
    settings.push(("ERP_DEMO_TOKENS_FILE", tokens.display().to_string()));

    let service = Service::start(&executable()?, &database, &sign_in, folder, &settings).await?;
    programs.push(service.program);
    let gateway = Gateway::start(&service.url, folder, &[]).await?;
    programs.push(gateway.program);
    let prometheus = Prometheus::start(&service.metrics, &gateway.inside, "5s", folder).await?;
    programs.push(prometheus.program);

    let (url, signs) = (gateway.url.clone(), sign_in.clone());
    let companies = tokio::task::spawn_blocking(move || sample::make(&url, &signs)).await??;
    let people = headers(folder, &sign_in, &companies)?;
    std::fs::write(tokens, demo(&companies))?;

    println!("gateway     {}", gateway.url);
    println!("page        {}/", gateway.url);
    println!("service     {}, metrics at http://{}/metrics", service.url, service.metrics);
    println!("Prometheus  {}", prometheus.url);
    println!("S3 store    {}", store.url);
    println!("database    {}", database.url());
    println!("logs        {}", folder.display());
    println!();
    let places =
        tries::Places { gateway: &gateway.url, metrics: &service.metrics, prometheus: &prometheus.url };
    for one in tries::all(&places, &people, &companies) {
        println!("# {}\n{}", one.what, one.line);
    }
    println!("\nCtrl-C ends it.");
    Ok(database)
}

/// The service, which was built beside this example.
fn executable() -> Result<PathBuf, AnyError> {
    let example = env::current_exe()?;
    let folder = example.ancestors().nth(2).ok_or("this program is in no folder")?;
    let executable = folder.join("tenantry-erp");
    if executable.exists() {
        Ok(executable)
    } else {
        Err(format!("{} is not there; run: cargo build --package tenantry-erp --bins", executable.display())
            .into())
    }
}

/// Files of a header each, for curl.
fn headers(folder: &Path, sign_in: &SignIn, companies: &[Company]) -> Result<tries::People, AnyError> {
    let operator = sign_in.operator()?;
    let people =
        companies.iter().map(|company| (company.name, &company.token)).chain([("operator", &operator)]);
    let mut files = tries::People::new();
    for (name, token) in people {
        let file = folder.join(name);
        std::fs::write(&file, format!("authorization: Bearer {token}\n"))?;
        files.insert(name, file);
    }
    Ok(files)
}

/// The tokens that the page offers to everybody who looks at it here.
fn demo(companies: &[Company]) -> String {
    let of = |company: &Company| serde_json::json!({ "name": company.name, "token": company.token });
    serde_json::Value::from_iter(companies.iter().map(of)).to_string()
}
