//! The parameters of a connection, from the arguments and the environment of the tool.

use std::env;

use crate::cli::failure::Failure;
use crate::conninfo::{self, Environment, Settings};

/// The environment of this process.
pub(super) fn of_process() -> Result<Environment, Failure> {
    let lookup = |name: &str| env::var_os(name);
    Ok(Environment::read(lookup, &["DATABASE_URL"], env::home_dir(), whoami::username().ok())?)
}

/// The parameters of a connection string, or of `DATABASE_URL`, and what services and the environment add.
pub(super) fn gather(url: Option<&str>, environment: &Environment) -> Result<Settings, Failure> {
    gather_by(if url.is_some() { "--database-url" } else { "DATABASE_URL" }, url, environment)
}

/// The same of a connection string that is called something else.
pub(super) fn gather_by(
    called: &'static str,
    url: Option<&str>,
    environment: &Environment,
) -> Result<Settings, Failure> {
    let url = url.or_else(|| environment.get("DATABASE_URL")).unwrap_or_default();
    Ok(Settings::gather(called, conninfo::parse(url, called)?, environment)?)
}

#[cfg(test)]
mod tests {
    use super::{gather, gather_by};
    use crate::conninfo::Environment;

    fn gathered(url: Option<&str>, variables: &[&str]) -> Result<String, String> {
        let settings = gather(url, &Environment::of(variables)).map_err(|failure| failure.line)?;
        let pairs = settings.iter().map(|(name, value, _)| format!("{name}={value}"));
        Ok(pairs.collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn the_argument_wins_over_the_url_and_that_over_the_variables() {
        let variables = &[
            "DATABASE_URL=postgresql://me@two/erp",
            "PGHOST=three",
            "PGPORT=5433",
            "PGUSER=you",
            "PGDATABASE=",
        ];
        let expected = Ok("host=one port=5433 user=you".to_owned());
        assert_eq!(gathered(Some("postgresql://one"), variables), expected);
        let expected = Ok("dbname=erp host=two port=5433 user=me".to_owned());
        assert_eq!(gathered(None, variables), expected);
        assert_eq!(gathered(None, &variables[1..]), Ok("host=three port=5433 user=you".to_owned()));
    }

    #[test]
    fn the_last_value_of_a_url_counts_and_an_empty_one_is_none() {
        assert_eq!(gathered(Some("host=a host=b"), &[]), Ok("host=b".to_owned()));
        assert_eq!(gathered(Some("host=''"), &["PGHOST=c"]), Ok("host=c".to_owned()));
    }

    #[test]
    fn what_is_not_supported_is_refused_and_what_does_not_matter_is_not() {
        for (url, variable, answer) in [
            ("requirepeer=postgres", "", Err("requirepeer of --database-url is not supported; leave it out")),
            ("", "PGREQUIREAUTH=scram-sha-256", Err("PGREQUIREAUTH is not supported; leave it out")),
            ("gssencmode=require", "", Err("gssencmode of --database-url is not supported; leave it out")),
            ("gssencmode=prefer", "PGCLIENTENCODING=LATIN1", Ok("")),
            ("pasword=hush", "", Err("--database-url has parameter \"pasword\", which libpq does not know")),
        ] {
            let answer = answer.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(gathered(Some(url), &[variable]), answer, "{url} {variable}");
        }
        let by_variable = gather(None, &Environment::of(&["DATABASE_URL=hush"])).err().unwrap();
        assert!(by_variable.line.starts_with("DATABASE_URL does not read: "), "{by_variable:?}");
        let failure = gather(Some("pasword=hush"), &Environment::of(&[])).err().unwrap();
        assert_eq!(failure.help.as_deref(), Some("did you mean password?"));
        for (url, line) in [
            ("hush", "--server does not read: it is neither a URL"),
            ("pasword=hush", "--server has parameter \"pasword\""),
            ("requirepeer=x", "requirepeer of --server is not supported"),
        ] {
            let failure = gather_by("--server", Some(url), &Environment::of(&[])).err().unwrap();
            assert!(failure.line.starts_with(line), "{failure:?}");
        }
    }
}
