//! How the server is asked for a session: everything that the parameters say, understood and checked.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, SslNegotiation};

use super::place::{Host, Place};
use crate::cli::failure::Failure;
use crate::conninfo::{Environment, Settings, SslMode};
use crate::passfile::{self, Login};

/// What is asked for, and where.
pub(super) struct Access {
    pub(super) doors: Vec<Door>,
    pub(super) mode: SslMode,
    pub(super) target: Target,
    pub(super) timeout: Option<Duration>,
    pub(super) user: String,
    pub(super) database: String,
    /// The argument that names the database, if it is one that nothing stands in for.
    pub(super) named_by: Option<&'static str>,
    /// What is to be said although it stops nothing.
    pub(super) warnings: Vec<String>,
    config: Config,
}

/// A place and the way in.
pub(super) struct Door {
    pub(super) place: Place,
    password: Option<String>,
    /// The file that the password is from.
    pub(super) passfile: Option<PathBuf>,
}

/// Which of several servers will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
    PreferStandby,
}

const TARGETS: &[(&str, Target)] = &[
    ("any", Target::Any),
    ("read-write", Target::ReadWrite),
    ("read-only", Target::ReadOnly),
    ("primary", Target::Primary),
    ("standby", Target::Standby),
    ("prefer-standby", Target::PreferStandby),
];

impl Access {
    pub(super) fn of(
        settings: &Settings,
        environment: &Environment,
        is_there: impl Fn(&Path) -> bool,
        named_by: Option<&'static str>,
    ) -> Result<Self, Failure> {
        let user = settings.get("user").or(environment.user()).ok_or_else(|| {
            Failure::usage("no user is named, and the operating system does not say who runs this")
                .help(format!("name one with {} or PGUSER", named_by.unwrap_or("--database-url")))
        })?;
        let database = settings.get("dbname").unwrap_or(user);
        let places = Place::all(settings, is_there)?;
        let mut warnings = Vec::new();
        let passfile = match settings.get("password") {
            Some(_) => None,
            None => passfile(settings, environment, &mut warnings),
        };
        let mut doors: Vec<Door> = places
            .into_iter()
            .map(|place| {
                let login = Login { host: place.in_passfile(), port: place.port, database, user };
                let kept = passfile.as_ref().and_then(|(_, text)| passfile::find(text, &login));
                let path = passfile.as_ref().filter(|_| kept.is_some()).map(|(path, _)| path.clone());
                Door { place, password: settings.get("password").map(str::to_owned).or(kept), passfile: path }
            })
            .collect();
        let random = [("disable", false), ("random", true)];
        if settings.one_of("load_balance_hosts", &random, false)? {
            shuffle(&mut doors);
        }
        Ok(Self {
            doors,
            mode: SslMode::of(settings)?,
            target: settings.one_of("target_session_attrs", TARGETS, Target::Any)?,
            timeout: seconds(settings, "connect_timeout")?,
            config: config(settings, user, database)?,
            user: user.to_owned(),
            database: database.to_owned(),
            named_by,
            warnings,
        })
    }

    /// The driver's form of it, for one door. Of encryption it says nothing.
    pub(super) fn config(&self, door: &Door) -> Config {
        let mut config = self.config.clone();
        if let Some(password) = &door.password {
            config.password(password);
        }
        config.port(door.place.port);
        match &door.place.host {
            Host::Socket(folder) => {
                config.host_path(folder);
            }
            Host::Name(name, address) => {
                config.host(name);
                address.map(|address| config.hostaddr(address));
            }
        }
        config
    }
}

fn passfile(
    settings: &Settings,
    environment: &Environment,
    warnings: &mut Vec<String>,
) -> Option<(PathBuf, String)> {
    let path = settings.get("passfile").map(PathBuf::from).or_else(|| environment.in_home(".pgpass"))?;
    match passfile::read(&path) {
        Ok(text) => text.map(|text| (path, text)),
        Err(warning) => {
            warnings.push(warning);
            None
        }
    }
}

/// Puts the doors into an order that nobody foresees.
fn shuffle(doors: &mut Vec<Door>) {
    use std::hash::{BuildHasher, RandomState};

    let random = RandomState::new();
    let mut numbered: Vec<(u64, Door)> =
        doors.drain(..).enumerate().map(|(at, door)| (random.hash_one(at), door)).collect();
    numbered.sort_by_key(|(number, _)| *number);
    doors.extend(numbered.into_iter().map(|(_, door)| door));
}

fn config(settings: &Settings, user: &str, database: &str) -> Result<Config, Failure> {
    let mut config = Config::new();
    let name = settings.get("application_name").or(settings.get("fallback_application_name"));
    config.user(user).dbname(database).application_name(name.unwrap_or("tenantry"));
    if let Some(options) = settings.get("options") {
        config.options(options);
    }
    let bindings = [
        ("disable", ChannelBinding::Disable),
        ("prefer", ChannelBinding::Prefer),
        ("require", ChannelBinding::Require),
    ];
    config.channel_binding(settings.one_of("channel_binding", &bindings, ChannelBinding::Prefer)?);
    let negotiations = [("postgres", SslNegotiation::Postgres), ("direct", SslNegotiation::Direct)];
    let negotiation = settings.one_of("sslnegotiation", &negotiations, SslNegotiation::Postgres)?;
    let weak = matches!(SslMode::of(settings)?, SslMode::Disable | SslMode::Allow | SslMode::Prefer);
    if negotiation == SslNegotiation::Direct && weak {
        let named = settings.named("sslnegotiation");
        return Err(Failure::usage(format!("{named} is direct, which needs sslmode=require or stronger")));
    }
    config.ssl_negotiation(negotiation);
    config.keepalives(settings.number("keepalives")?.unwrap_or(1) != 0);
    if let Some(idle) = seconds(settings, "keepalives_idle")? {
        config.keepalives_idle(idle);
    }
    if let Some(interval) = seconds(settings, "keepalives_interval")? {
        config.keepalives_interval(interval);
    }
    let count = settings.number("keepalives_count")?.or(settings.number("keepalives_retries")?);
    if let Some(count) = count.and_then(|count| u32::try_from(count).ok()).filter(|count| *count > 0) {
        config.keepalives_retries(count);
    }
    if let Some(millis) = positive(settings, "tcp_user_timeout")? {
        config.tcp_user_timeout(Duration::from_millis(millis));
    }
    Ok(config)
}

fn seconds(settings: &Settings, name: &'static str) -> Result<Option<Duration>, Failure> {
    Ok(positive(settings, name)?.map(Duration::from_secs))
}

/// A number, unless it is zero or less, which stands for none.
fn positive(settings: &Settings, name: &'static str) -> Result<Option<u64>, Failure> {
    let number = settings.number(name)?;
    Ok(number.and_then(|number| u64::try_from(number).ok()).filter(|number| *number > 0))
}

#[cfg(test)]
mod tests {
    use super::{Access, Environment, Target};
    use crate::cli::connect::gather::gather;

    fn access(url: &str, variables: &[&str]) -> Access {
        let environment = Environment::of(variables);
        let settings = gather(Some(url), &environment).unwrap();
        Access::of(&settings, &environment, |_| false, None).unwrap()
    }

    #[test]
    fn what_is_left_out_is_as_libpq_has_it() {
        let access = access("", &[]);
        let config = access.config(&access.doors[0]);
        assert_eq!((config.get_user(), config.get_dbname()), (Some("me"), Some("me")));
        assert_eq!(config.get_application_name(), Some("tenantry"));
        assert_eq!((access.target, access.timeout), (Target::Any, None));
        assert_eq!(access.doors[0].place.to_string(), "localhost:5432");
    }

    #[test]
    fn the_database_is_the_user_unless_it_is_named() {
        assert_eq!(access("user=you", &[]).database, "you");
        assert_eq!(access("user=you", &["PGDATABASE=erp"]).database, "erp");
    }

    #[test]
    fn the_parameters_reach_the_driver() {
        let access = access(
            "postgresql://you:hush@a,b/erp?options=-csearch_path%3Dx&connect_timeout=3&hostaddr=10.0.0.1,10.0.0.2",
            &["PGAPPNAME=ci", "PGTARGETSESSIONATTRS=read-write"],
        );
        let config = access.config(&access.doors[1]);
        assert_eq!(config.get_password(), Some(b"hush".as_slice()));
        assert_eq!(config.get_options(), Some("-csearch_path=x"));
        assert_eq!(config.get_application_name(), Some("ci"));
        assert_eq!(config.get_hostaddrs(), ["10.0.0.2".parse::<std::net::IpAddr>().unwrap()]);
        assert_eq!(access.timeout, Some(std::time::Duration::from_secs(3)));
        assert_eq!(access.target, Target::ReadWrite);
    }

    #[test]
    fn what_is_no_number_or_no_word_of_those_known_is_refused() {
        for (url, variable, why) in [
            ("connect_timeout=soon", "", "connect_timeout of --database-url is not a whole number"),
            ("", "PGCONNECT_TIMEOUT=soon", "PGCONNECT_TIMEOUT is not a whole number"),
            ("", "PGTARGETSESSIONATTRS=best", "PGTARGETSESSIONATTRS is not one of any, read-write"),
            ("sslnegotiation=direct", "", "which needs sslmode=require"),
        ] {
            let environment = Environment::of(&[variable]);
            let settings = gather(Some(url), &environment).unwrap();
            let failure = Access::of(&settings, &environment, |_| false, None).err().unwrap();
            assert!(failure.line.contains(why), "{failure:?}");
        }
    }
}
