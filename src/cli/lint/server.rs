//! `lint --server`: the files are run, and the rules look at what they have left.

use std::cell::RefCell;
use std::time::Duration;

use tokio::time::timeout;

use super::granted::Granted;
use super::place::Place;
use super::run::{Runner, tenant};
use crate::catalog::replay::{Source, replay};
use crate::cli::args::Global;
use crate::cli::failure::Failure;
use crate::cli::output::Terminal;
use crate::cli::output::style::took;
use crate::cli::seal::random_key;
use crate::cli::server::Server;
use crate::ident::Ident;
use crate::policy::manifest::Manifest;
use crate::policy::render::{Vars, render};
use crate::rule::{Report, lint_run};

/// The database that files are run in if they name none.
const DATABASE: &str = "tenantry_lint";

/// Runs the files on a server, and judges what they leave. Tells the server's version as well.
pub(super) async fn lint(
    manifest: &Manifest,
    sources: &[Source],
    server: &Server,
    limit: Duration,
    global: &Global,
    terminal: Terminal,
) -> Result<(Report, String), Failure> {
    let granted = Granted::of(&replay(sources, &manifest.replay_options()).statements);
    let database = granted.database.clone().unwrap_or_else(|| Ident::known(DATABASE));
    let mut place = Place::open(server, database, global, terminal).await?;
    let key = random_key()?;
    // What is running, to say it when time is up.
    let at = RefCell::new(None);
    let work = async {
        let role = roles(manifest, &granted, &place).await?;
        let runner =
            Runner { role: &role, tenancy: &manifest.tenancy, tenant: tenant(manifest), key: &key, at: &at };
        // With the roles that were made just now, of which the files say nothing.
        let before = place.now().await?;
        let run = async |source: &Source| {
            runner.file(source, &place).await?;
            place.now().await
        };
        lint_run(manifest, sources, &before, &role, run).await
    };
    let done = timeout(limit, work).await.unwrap_or_else(|_| {
        let line = match &*at.borrow() {
            Some(at) => format!("{at}: the files did not run to their end within {}", took(limit)),
            None => format!("the files did not run to their end within {}", took(limit)),
        };
        Err(Failure::database(line).help("raise --server-timeout, or look at what this statement waits for"))
    });
    let version = place.version.clone();
    place.close().await;
    Ok((done?, version))
}

/// Makes the roles that are taken for granted, and tells which one runs the files.
async fn roles(manifest: &Manifest, granted: &Granted, place: &Place) -> Result<Ident, Failure> {
    let roles = &manifest.roles;
    let said = manifest.migrations.as_ref().map(|migrations| &migrations.role).or(roles.owner_role());
    let runner = said.unwrap_or(&place.role).clone();
    let above = [roles.system_role(), roles.resolver_role()];
    let named = [Some(roles.app_role()), roles.migrator_role(), roles.backup_role(), roles.sealer_role()];
    let mut wanted = granted.roles.clone();
    wanted.extend(named.into_iter().chain(above).flatten().cloned());
    wanted.insert(runner.clone());
    // A file that makes the one that runs it would otherwise have nobody to do it.
    wanted.retain(|role| *role == runner || !granted.made.contains(role));
    for role in wanted.iter().filter(|role| !place.before.roles.contains_key(role)) {
        let file = if *role == runner {
            include_str!("../../../sql/lint/runner.sql")
        } else if above.contains(&Some(role)) {
            include_str!("../../../sql/lint/system.sql")
        } else {
            include_str!("../../../sql/lint/role.sql")
        };
        let sql = render(file, &Vars::default().name("role", role))?;
        place.run(&format!("role {} cannot be made", role.plain()), &sql).await?;
    }
    Ok(runner)
}
