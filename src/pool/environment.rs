//! Where the environment of a process says that a pool's connections lead.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::builder::Given;
use super::credentials::PasswordFile;
use super::url::{Gained, Gathered, check_name};
use super::{TenantPool, TenantPoolBuilder};
use crate::conninfo::{self, Environment, Settings};
use crate::error::{Error, Result};
use crate::secret;

/// What says where the primary is, and so nothing for replicas.
const OF_THE_PRIMARY: &[&str] = &["PGHOST", "PGHOSTADDR", "PGPORT", "PGTARGETSESSIONATTRS", "PGSERVICE"];

/// What says as whom the tenants' pool logs in, and so nothing for the system role.
const OF_THE_TENANTS: &[&str] = &["PGUSER", "PGPASSWORD", "PGSERVICE"];

impl TenantPool {
    /// Sets a pool up by the environment of the process, for a service in a container.
    ///
    /// | variable | what it says |
    /// |---|---|
    /// | `DATABASE_URL` | a URL, or `key=value` pairs, as for [`builder`](Self::builder) |
    /// | `DATABASE_URL_FILE` | a file that holds it |
    /// | `DATABASE_PASSWORD_FILE` | a file that holds the password, which is read for each new connection, see [`PasswordFile`] |
    /// | `DATABASE_SEAL_KEY_FILE` | a file that holds the key that tenants are sealed with, see [`seal_file`](TenantPoolBuilder::seal_file) |
    /// | `PGHOST`, `PGUSER`, … | [libpq's variables](https://www.postgresql.org/docs/current/libpq-envars.html), for what the URL leaves out |
    /// | `DATABASE_REPLICA_URL`, `DATABASE_REPLICA_URL_FILE` | the URL of a replica, or several, one a line, see [`replica_url`](TenantPoolBuilder::replica_url) |
    /// | `SYSTEM_DATABASE_URL`, `SYSTEM_DATABASE_URL_FILE`, `SYSTEM_DATABASE_PASSWORD_FILE` | the same for the system role |
    ///
    /// The order is libpq's: what the URL says goes before what a service says
    /// (`service=name` in the URL, or `PGSERVICE`, from `PGSERVICEFILE`, `~/.pg_service.conf` or `PGSYSCONFDIR`), that before the variables,
    /// and those before the password file (`PGPASSFILE`, or `~/.pgpass`). A variable that is empty is one that is not
    /// set. For a replica `PGHOST`, `PGHOSTADDR`, `PGPORT`, `PGTARGETSESSIONATTRS` and `PGSERVICE` do not count, since they say where the primary is;
    /// the role and its password are the primary's. For the system role `PGUSER`, `PGPASSWORD` and `PGSERVICE` do not count, since they say as whom tenants are served. Unlike libpq, a
    /// host has to be named. [`builder`](Self::builder) reads none of these variables.
    ///
    /// ```no_run
    /// # async fn example() -> tenantry::Result<()> {
    /// use tenantry::TenantPool;
    ///
    /// let pool = TenantPool::from_env()?.max_size(32).build().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// A variable and its `_FILE` are both set, a file cannot be read or is empty, or a setting is not known
    /// ([`Error::is_usage`]). The error names the variable and the file, and never quotes a value.
    pub fn from_env() -> Result<TenantPoolBuilder> {
        Self::from_env_with_prefix("")
    }

    /// The same with a prefix, such as `ERP_` for `ERP_DATABASE_URL`, where a process has several databases. Libpq's variables have none.
    ///
    /// # Errors
    ///
    /// As for [`from_env`](Self::from_env).
    pub fn from_env_with_prefix(prefix: &str) -> Result<TenantPoolBuilder> {
        Self::from_variables(prefix, |name| env::var_os(name))
    }

    /// The same by variables that are looked up otherwise than in the environment of the process, the home folder, `HOME`, among them.
    ///
    /// ```
    /// use tenantry::TenantPool;
    ///
    /// let lookup = |name: &str| match name {
    ///     "ERP_DATABASE_URL" => Some("postgresql://erp_app@db/erp".into()),
    ///     _ => None,
    /// };
    /// assert!(TenantPool::from_variables("ERP_", lookup).is_ok());
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`from_env`](Self::from_env).
    pub fn from_variables(
        prefix: &str,
        lookup: impl Fn(&str) -> Option<OsString>,
    ) -> Result<TenantPoolBuilder> {
        let home = lookup("HOME").map(PathBuf::from);
        let environment = Environment::read(&lookup, &[], home, None)?;
        let variables = Variables { lookup };
        let database = format!("{prefix}DATABASE");
        let tenants = variables.login(&database, &environment)?;
        let replicas = variables.replicas(&database, &environment, tenants.password.is_some())?;
        let mut builder = TenantPoolBuilder::with_target(Given::Gathered(tenants.gathered));
        for replica in replicas {
            builder = builder.replica_given(Given::Gathered(replica));
        }
        if let Some(file) = tenants.password {
            builder = builder.credentials(file);
        }
        let seal = format!("{database}_SEAL_KEY_FILE");
        if let Some(file) = variables.path(&seal) {
            builder = builder.seal_file_of(file, Some(seal));
        }
        let system = format!("{prefix}SYSTEM_DATABASE");
        let environment = environment.without(OF_THE_TENANTS);
        if variables.names_a_login(&system)? {
            let called = format!("{system}_URL");
            let system = variables.login(&system, &environment)?;
            if !system.gathered.options.iter().any(|option| option.name == "user") {
                return Err(Error::config(format!("{called} names no user; name the system role there")));
            }
            builder = builder.system_given(Given::Gathered(system.gathered));
            if let Some(file) = system.password {
                builder = builder.system_credentials(file);
            }
        }
        Ok(builder)
    }
}

/// Where to log in, and by which password.
struct Login {
    gathered: Gathered,
    password: Option<PasswordFile>,
}

struct Variables<L> {
    lookup: L,
}

impl<L: Fn(&str) -> Option<OsString>> Variables<L> {
    /// What the variables with this beginning say, and libpq's for what they leave out.
    fn login(&self, name: &str, environment: &Environment) -> Result<Login> {
        let called = format!("{name}_URL");
        let text = self.text(&called)?.unwrap_or_default();
        let settings = settings(&text, called, environment)?;
        let variable = format!("{name}_PASSWORD_FILE");
        let password = self.path(&variable).map(|path| PasswordFile::of(variable.clone(), path));
        if password.is_some() && settings.get("password").is_some() {
            let other = settings.named("password");
            return Err(Error::config(format!("{variable} and {other} are both set; unset one of them")));
        }
        Ok(Login { gathered: gathered(&settings, environment, password.is_some()), password })
    }

    /// Where the replicas are, of which one stands in each line.
    fn replicas(&self, name: &str, environment: &Environment, has_file: bool) -> Result<Vec<Gathered>> {
        let called = format!("{name}_REPLICA_URL");
        let text = self.text(&called)?.unwrap_or_default();
        let environment = environment.clone().without(OF_THE_PRIMARY);
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        lines
            .map(|line| Ok(gathered(&settings(line, called.clone(), &environment)?, &environment, has_file)))
            .collect()
    }

    /// Whether any of them is set. A password of nobody is a mistake.
    fn names_a_login(&self, name: &str) -> Result<bool> {
        let is_set = |variable: &str| self.path(&format!("{name}_{variable}")).is_some();
        let names = is_set("URL") || is_set("URL_FILE");
        if !names && is_set("PASSWORD_FILE") {
            return Err(Error::config(format!("{name}_PASSWORD_FILE is set without {name}_URL; set both")));
        }
        Ok(names)
    }

    /// A variable, or what the file holds that the variable with `_FILE` names.
    fn text(&self, name: &str) -> Result<Option<String>> {
        let file = format!("{name}_FILE");
        match (self.path(name), self.path(&file)) {
            (Some(_), Some(_)) => {
                Err(Error::config(format!("{name} and {file} are both set; unset one of them")))
            }
            (Some(text), None) => match text.into_os_string().into_string() {
                Ok(text) => Ok(Some(text)),
                Err(_) => Err(Error::config(format!("{name} is not UTF-8"))),
            },
            (None, Some(path)) => read(&file, &path).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// A variable, unless it is empty.
    fn path(&self, name: &str) -> Option<PathBuf> {
        (self.lookup)(name).filter(|value| !value.is_empty()).map(PathBuf::from)
    }
}

/// What a URL says, and the environment for what it leaves out.
fn settings(url: &str, called: String, environment: &Environment) -> Result<Settings> {
    let pairs = conninfo::parse(url, &called)?;
    for (name, _) in pairs.iter().filter(|(name, _)| !matches!(&**name, "service" | "servicefile")) {
        check_name(name)?;
    }
    Ok(Settings::gather(called, pairs, environment)?)
}

/// What of it a connection is opened by, where the password stands in a file of its own or not.
fn gathered(settings: &Settings, environment: &Environment, has_file: bool) -> Gathered {
    let is_used = |name: &str| match name {
        "service" | "servicefile" => false,
        "passfile" => !has_file,
        _ => true,
    };
    let options = settings.iter().filter(|(name, ..)| is_used(name));
    let options = options.map(|(name, value, named)| Gained { name, value: value.to_owned(), named });
    let own_passfile = environment.in_home(".pgpass").filter(|_| !has_file);
    Gathered { options: options.collect(), own_passfile, home: environment.in_home("") }
}

fn read(variable: &str, path: &Path) -> Result<String> {
    secret::read(path, "the file", Some(variable)).map_err(|why| Error::config(why.to_string()))
}
