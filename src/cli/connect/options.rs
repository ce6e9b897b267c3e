//! What the arguments say of the server.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::failure::Failure;
use crate::cli::files;
use crate::secret;

const DATABASE_URL: &str = "The database, as a URL or in libpq's key=value form [default: DATABASE_URL]. \
    What it leaves out is taken from PGHOST and its kin and from ~/.pgpass, as psql does it";

const PASSWORD_FILE: &str = "A file that holds the password and nothing else, as secrets are mounted; a line break at its end is \
    none of it. It goes before every other password";

const WAIT_FOR_SERVER: &str = "How long to wait for a server that cannot be reached, starts, or has no connection left [default: \
    not at all]";

/// Which server, by which password, and with how much patience.
#[derive(clap::Args)]
pub(in crate::cli) struct Options {
    #[arg(long, global = true, value_name = "URL", help = DATABASE_URL)]
    pub(super) database_url: Option<String>,

    #[arg(long, global = true, value_name = "FILE", help = PASSWORD_FILE)]
    password_file: Option<PathBuf>,

    #[arg(long, global = true, value_name = "TIME", help = WAIT_FOR_SERVER, value_parser = humantime::parse_duration)]
    pub(super) wait_for_server: Option<Duration>,

    /// The argument that names the database, if it is not `--database-url`.
    #[arg(skip)]
    pub(super) named_by: Option<&'static str>,
}

impl Options {
    /// The same for another database, which this argument names.
    pub(in crate::cli) fn at(&self, url: &str, argument: &'static str) -> Self {
        Self {
            database_url: Some(url.to_owned()),
            password_file: self.password_file.clone(),
            wait_for_server: self.wait_for_server,
            named_by: Some(argument),
        }
    }

    /// The same for another role's login, whose password stands in no file that is named here.
    pub(in crate::cli) fn of_another(&self, url: &str, argument: &'static str) -> Self {
        Self { password_file: None, ..self.at(url, argument) }
    }

    /// The password of the file that is named.
    pub(super) fn password(&self) -> Result<Option<String>, Failure> {
        self.password_file.as_deref().map(password).transpose()
    }
}

fn password(file: &Path) -> Result<String, Failure> {
    let text = files::read(file)?;
    let password = secret::line(&text);
    if password.is_empty() {
        return Err(Failure::usage(format!("{} holds no password", file.display())));
    }
    if password.contains(['\n', '\0']) {
        let line = format!("{} holds more than a password", file.display());
        return Err(Failure::usage(line)
            .help("expected one line; a file of the kind of ~/.pgpass is named by PGPASSFILE"));
    }
    Ok(password.to_owned())
}
