//! `tenantry prove --seal`: seals that are forged, and what becomes of them.

use std::time::Instant;

use serde_json::{Value, json};

use super::progress::Progress;
use crate::cli::args::Global;
use crate::cli::connect::{self, Session};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Terminal;
use crate::cli::output::layout::{Cell, Row, Width};
use crate::cli::output::style::{BOLD, GOOD, PLAIN, WRONG, paint, took};
use crate::policy::manifest::Manifest;
use crate::prove::{Forgery, forge};
use crate::seal::SealKey;

pub(super) fn run(
    manifest: &Manifest,
    key: Option<SealKey>,
    count: u64,
    global: &Global,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    match manifest.tenancy.sealed() {
        None => {
            return Err(Failure::usage(
                "the manifest has no [seal]: there is nothing to forge, any SQL can bind any tenant",
            ));
        }
        Some(seal) if seal.takes_bare() => {
            return Err(Failure::usage(
                "bare = true in [seal] takes tenants without a seal: nobody needs to forge one",
            )
            .help("take it out once all services seal, and apply tenantry plan"));
        }
        Some(_) => {}
    }
    let key = key.ok_or_else(|| {
        Failure::usage("no key is named to seal with")
            .help("name the file that holds it by --seal-key-file, or by TENANTRY_SEAL_KEY_FILE")
    })?;
    let begun = Instant::now();
    let (forgery, database) = connect::wait(async {
        let session = Session::open(&global.server, terminal).await?;
        let app = manifest.roles.app_role();
        if session.way().user() != app.as_str() {
            let line = format!(
                "the login is role {:?}, and the app role of the manifest is {:?}",
                session.way().user(),
                app.plain()
            );
            return Err(
                Failure::usage(line).help("log in as the app role with --database-url or DATABASE_URL")
            );
        }
        let progress = Progress::new(terminal);
        let number = |of: u64| usize::try_from(of).unwrap_or(usize::MAX);
        let see = |done: u64, of: u64| progress.see(number(done), number(of), "forged seals");
        let forgery = forge(&session.client, manifest, &key, count, &see).await;
        drop(progress);
        let database = session.close().await;
        Ok((forgery?, database))
    })?;
    terminal.result(
        |width| text(&forgery, &database, &took(begun.elapsed()), width),
        || fields(&forgery, &database),
    )?;
    Ok(if forgery.holds() { Exit::Clean } else { Exit::Findings })
}

fn text(forgery: &Forgery, database: &str, took: &str, width: Width) -> String {
    let row = |(name, (tried, taken)): (&&str, &(u64, u64))| {
        let style = if *taken == 0 { PLAIN } else { WRONG };
        Row::new(Cell::of(*name), Cell::new(style, format!("{taken} of {tried} accepted")))
    };
    let mut text = format!("Forged seals in {}\n", paint(BOLD, database));
    text.push_str(&width.rows(2, &forgery.kinds.iter().map(row).collect::<Vec<_>>()));
    let refused: Vec<String> =
        forgery.refused.iter().map(|(code, count)| format!("{count} by {code}")).collect();
    if !refused.is_empty() {
        text.push_str(&width.wrap(2, format!("refused: {}", refused.join(", "))));
    }
    let ((forged, accepted), (valid, taken)) = (forgery.forged(), forgery.valid);
    let style = if forgery.holds() { GOOD.bold() } else { WRONG };
    let said = format!("forged {forged}, accepted {accepted}; valid {valid}, accepted {taken}; in {took}");
    text + "\n" + &width.wrap_in(0, style, said)
}

fn fields(forgery: &Forgery, database: &str) -> Value {
    let ((forged, accepted), (valid, taken)) = (forgery.forged(), forgery.valid);
    let kinds = forgery.kinds.iter();
    let kinds =
        kinds.map(|(name, (tried, taken))| json!({ "kind": name, "forged": tried, "accepted": taken }));
    json!({
        "database": database,
        "forged": forged,
        "accepted": accepted,
        "valid": valid,
        "valid_accepted": taken,
        "kinds": kinds.collect::<Vec<_>>(),
        "refused": forgery.refused,
    })
}
