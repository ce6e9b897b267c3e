//! `tenantry seal token`: a value with which a person works as a tenant in psql.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;

use super::key;
use crate::cli::args::{Global, help};
use crate::cli::connect::{self, Session};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Terminal;
use crate::cli::output::style::{PLAIN, plain};
use crate::ident::literal;
use crate::migrate::token::{LONGEST, Request, Token, token};
use crate::policy::manifest::Manifest;

const EXAMPLES: &str = "\
tenantry seal token --tenant 42 --key-file key --reason 'ticket 815'             for the app role, for 15 minutes
tenantry seal token --tenant 42 --role support --for 2h --reason 'ticket 815'    for another role, with the key that \
TENANTRY_SEAL_KEY_FILE names";

const FILE: &str = "A file that holds the key and nothing else; - is the standard input [default: TENANTRY_SEAL_KEY_FILE, or the key \
    itself in TENANTRY_SEAL_KEY]";

/// Print a statement that binds a tenant for a while, to be run in psql by the role that it is for
///
/// Whoever has it can do as that role what the tenant can, until it ends; it is bound to no connection. The server's log tells of
/// it, and the table of accesses across tenants does, where the manifest has record in [system].
#[derive(clap::Args)]
#[command(after_help = help(EXAMPLES))]
pub(super) struct Arguments {
    /// The tenant
    #[arg(long, value_name = "TENANT")]
    tenant: String,

    /// The role that logs in to use it [default: app of the manifest]
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,

    /// The user whose memberships it is to have, where the manifest has [membership]
    #[arg(long, value_name = "USER")]
    user: Option<String>,

    /// For how long, 12 hours at most
    #[arg(long = "for", value_name = "TIME", default_value = "15m", value_parser = lasting)]
    lasts: Duration,

    /// What it is for
    #[arg(long, value_name = "TEXT", value_parser = said)]
    reason: String,

    #[arg(long, value_name = "FILE", help = FILE)]
    key_file: Option<PathBuf>,
}

fn lasting(text: &str) -> Result<Duration, String> {
    let lasts = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if lasts > LONGEST || lasts < Duration::from_secs(1) {
        return Err("expected something between 1s and 12h; ask for another one when it has ended".to_owned());
    }
    Ok(lasts)
}

fn said(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("expected what somebody would want to read in the log".to_owned());
    }
    Ok(text.to_owned())
}

pub(super) fn run(
    arguments: &Arguments,
    manifest: &Manifest,
    global: &Global,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    let key = key::find(arguments.key_file.as_deref())?.ok_or_else(key::none)?;
    if arguments.user.is_some() && manifest.tenancy.members().is_none() {
        return Err(Failure::usage("--user names a user, and the manifest has no [membership]"));
    }
    let role = arguments.role.as_deref().unwrap_or(manifest.roles.app_role().as_str());
    let request = Request {
        tenant: &arguments.tenant,
        user: arguments.user.as_deref(),
        role,
        lasts: arguments.lasts,
        reason: &arguments.reason,
    };
    connect::wait(async {
        let mut session = Session::open(&global.server, terminal).await?;
        let made = token(&mut session.client, manifest, &key, request).await;
        session.close().await;
        let made = made.map_err(|error| {
            let is_denied = error.code().is_some_and(|code| code.code() == "42501");
            let failure = Failure::from(error);
            if is_denied {
                failure.help(
                    "log in as a role that reads the table of tenants and records work across tenants, as the system role or a superuser",
                )
            } else {
                failure
            }
        })?;
        if !terminal.is_json() {
            let about = format!(
                "for psql, logged in as {} to database {}; it holds until {}",
                plain(role),
                plain(&made.database),
                made.until
            );
            terminal.aside(|width| width.hang(0, 2, PLAIN, &about) + "\n");
        }
        terminal.result(
            |_| sql(&made),
            || {
                let settings = made.settings.iter();
                let settings = settings.map(|(name, value)| json!({ "name": name.as_str(), "value": value }));
                json!({
                    "settings": settings.collect::<Vec<_>>(),
                    "sql": sql(&made).trim_end(),
                    "role": role,
                    "database": made.database,
                    "until": made.until,
                })
            },
        )?;
        Ok(Exit::Clean)
    })
}

fn sql(token: &Token) -> String {
    let one = |(name, value): &(crate::ident::SettingName, String)| {
        format!("SELECT set_config({}, {}, false);\n", literal(name.as_str()), literal(value))
    };
    token.settings.iter().map(one).collect()
}
