//! `tenantry seal`: the keys that a database verifies sealed tenants with, and values for people who work in psql.

mod key;
mod show;
mod token;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::Subcommand;
use serde_json::json;

use super::args::{Global, help};
use super::connect::{self, Session};
use super::failure::{Exit, Failure};
use super::output::Terminal;
use super::output::style::count;
use super::source::manifest;
use crate::error::Error;
use crate::migrate::{KnownKey, SealKeys};
use crate::policy::Tenancy;
use crate::seal::{SealKey, hex};
pub(super) use key::SealOptions;

const EXAMPLES: &str = "\
tenantry seal generate > key                            make a key, to be kept as a secret
tenantry seal add --key-file key                        have the database verify what is sealed with it
vault kv get -field=key erp/seal | tenantry seal add --key-file -    the same with a key that a secret manager keeps
tenantry seal rotate --key-file new-key                 add the next one, and hear what to do then
tenantry seal keys                                      list them
tenantry seal retire 0c4f1f3c --after 10m               end one
tenantry seal token --tenant 42 --reason 'ticket 815'   print a value for psql that holds for 15 minutes";

/// Manage the keys of a manifest with [seal], and make values for psql
///
/// With [seal] in the manifest policies take no tenant but one that is sealed with a key which the database verifies and which
/// no role of it can read. Log in as the migrator of the manifest, or as a superuser.
#[derive(clap::Args)]
#[command(after_help = help(EXAMPLES), subcommand_required = true, arg_required_else_help = true, disable_help_subcommand = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Subcommand)]
enum Deed {
    /// Print a new key: 64 hexadecimal digits of the system's randomness
    Generate,
    /// Have the database verify what is sealed with a key
    Add(AddArguments),
    /// List the keys that the database knows, without what is secret of them
    Keys,
    /// Have what is sealed with a key be refused, at once or in a while
    Retire(RetireArguments),
    /// Add the next key, and end the others
    Rotate(RotateArguments),
    /// Delete the keys that have retired
    Forget,
    Token(token::Arguments),
}

const KEY_FILE: &str =
    "A file that holds the key and nothing else, as secrets are mounted; - is the standard input";

#[derive(clap::Args)]
struct AddArguments {
    #[arg(long, value_name = "FILE", help = KEY_FILE)]
    key_file: PathBuf,
}

#[derive(clap::Args)]
struct RetireArguments {
    /// The name of the key, as tenantry seal keys lists it
    #[arg(value_name = "KEY")]
    id: String,

    /// For how long what is sealed with it is still taken: as long as services seal with it
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = humantime::parse_duration)]
    after: Duration,

    /// Even if no other key is left, so that nobody can bind a tenant any more
    #[arg(long)]
    last: bool,
}

#[derive(clap::Args)]
struct RotateArguments {
    #[arg(long, value_name = "FILE", help = KEY_FILE)]
    key_file: PathBuf,

    /// End the other keys after so long: until then services have to seal with the new one
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    retire_others_after: Option<Duration>,
}

pub(super) fn run(arguments: &Arguments, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    // What is wrong with the key is said before anybody is asked for a server.
    let new_key = match &arguments.deed {
        Deed::Generate => return generate(terminal),
        Deed::Add(AddArguments { key_file }) | Deed::Rotate(RotateArguments { key_file, .. }) => {
            Some(key::read(key_file)?)
        }
        Deed::Keys | Deed::Retire(_) | Deed::Forget | Deed::Token(_) => None,
    };
    let manifest = manifest(&global.config)?;
    if manifest.tenancy.sealed().is_none() {
        return Err(Failure::usage(format!(
            "{} has no [seal]: any SQL can bind any tenant",
            global.config.display()
        ))
        .help("write [seal] with bare = true into it, and apply tenantry plan"));
    }
    if let Deed::Token(asked) = &arguments.deed {
        return token::run(asked, &manifest, global, terminal);
    }
    connect::wait(async {
        let session = Session::open(&global.server, terminal).await?;
        let done = work(&arguments.deed, new_key.as_ref(), &session, &manifest.tenancy, terminal).await;
        session.close().await;
        done
    })
}

async fn work(
    deed: &Deed,
    new_key: Option<&SealKey>,
    session: &Session,
    tenancy: &Tenancy,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    let (keys, place) = (SealKeys::new(&session.client, tenancy), session.name());
    if let Some(key) = new_key {
        keys.add(key).await.map_err(without_keys)?;
    }
    match (deed, new_key) {
        (Deed::Rotate(rotate), Some(key)) => {
            let mut others: Vec<KnownKey> = keys.list().await.map_err(without_keys)?;
            others.retain(|other| other.id != key.id() && !other.is_retired);
            if let Some(after) = rotate.retire_others_after {
                for other in &others {
                    keys.retire(&other.id, after).await.map_err(without_keys)?;
                }
            }
            let others: Vec<String> = others.into_iter().map(|other| other.id).collect();
            let after = rotate.retire_others_after;
            terminal.result(
                |width| show::rotated(key.id(), &others, after, place, width),
                || json!({ "added": key.id(), "others": others, "retire_others_after": after.map(|after| after.as_secs()) }),
            )?;
        }
        (_, Some(key)) => {
            terminal.result(|width| show::added(key.id(), place, width), || json!({ "added": key.id() }))?;
        }
        (Deed::Retire(retire), _) => {
            let known = keys.list().await.map_err(without_keys)?;
            may_retire(&known, retire)?;
            keys.retire(&retire.id, retire.after).await.map_err(without_keys)?;
            terminal.result(
                |width| show::retired(&retire.id, retire.after, place, width),
                || json!({ "retired": retire.id, "after": retire.after.as_secs() }),
            )?;
        }
        (Deed::Forget, _) => {
            let forgotten = keys.forget().await.map_err(without_keys)?;
            let of = count(usize::try_from(forgotten).unwrap_or_default(), "key");
            terminal.result(|_| show::forgotten(&of, place), || json!({ "forgotten": forgotten }))?;
        }
        _ => {
            let known = keys.list().await.map_err(without_keys)?;
            let now = SystemTime::now();
            terminal.result(|width| show::keys(&known, now, place, width), || show::fields(&known))?;
        }
    }
    Ok(Exit::Clean)
}

/// Whether a key is there, and not the last one without which nobody can bind a tenant.
fn may_retire(known: &[KnownKey], asked: &RetireArguments) -> Result<(), Failure> {
    if !known.iter().any(|key| key.id == asked.id) {
        let ids: Vec<&str> = known.iter().map(|key| key.id.as_str()).collect();
        let listed =
            if ids.is_empty() { "it knows none".to_owned() } else { format!("it knows {}", ids.join(", ")) };
        return Err(Failure::usage(format!("the database knows no key {}", asked.id)).help(listed));
    }
    let stays = |key: &KnownKey| key.id != asked.id && key.retires_at.is_none();
    if !asked.last && !known.iter().any(stays) {
        let line = format!("{} is the last key: without it nobody can bind a tenant", asked.id);
        return Err(Failure::usage(line).help("add another one first, or say --last"));
    }
    Ok(())
}

fn generate(terminal: Terminal) -> Result<Exit, Failure> {
    let secret = random()?;
    let key = SealKey::new(&secret)?;
    terminal.result(|_| format!("{secret}\n"), || json!({ "key": secret, "id": key.id() }))?;
    Ok(Exit::Clean)
}

/// A key that nobody else has.
pub(super) fn random_key() -> Result<SealKey, Failure> {
    Ok(SealKey::new(random()?)?)
}

fn random() -> Result<String, Failure> {
    let mut secret = [0_u8; 32];
    getrandom::fill(&mut secret)
        .map_err(|error| Failure::usage("the system gives no random bytes").cause(error.to_string()))?;
    Ok(hex(&secret))
}

/// What to do where the server has no table of keys, or does not let the role at it.
fn without_keys(error: Error) -> Failure {
    let code = error.code().map(|code| code.code().to_owned());
    let failure = Failure::from(error);
    match code.as_deref() {
        Some("42P01" | "3F000") => {
            failure.help("the database does not verify seals yet: apply tenantry plan")
        }
        Some("42501") => failure.help("log in as the migrator of [roles], or as a superuser"),
        _ => failure,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{RetireArguments, may_retire};
    use crate::migrate::KnownKey;

    fn key(id: &str, retires: bool) -> KnownKey {
        let at = SystemTime::UNIX_EPOCH;
        KnownKey { id: id.to_owned(), added_at: at, retires_at: retires.then_some(at), is_retired: false }
    }

    #[test]
    fn the_last_key_stays_unless_it_is_said() {
        let asked = |id: &str, last| RetireArguments { id: id.to_owned(), after: Duration::ZERO, last };
        let refused = |known: &[KnownKey], asked| may_retire(known, &asked).map_err(|failure| failure.line);
        let known = [key("a", false), key("b", true)];
        let last = "a is the last key: without it nobody can bind a tenant".to_owned();
        assert_eq!(refused(&known, asked("a", false)), Err(last));
        assert_eq!(refused(&known, asked("a", true)), Ok(()));
        assert_eq!(refused(&known, asked("b", false)), Ok(()));
        assert_eq!(refused(&known, asked("c", true)), Err("the database knows no key c".to_owned()));
        assert_eq!(refused(&[key("a", false), key("b", false)], asked("a", false)), Ok(()));
    }
}
