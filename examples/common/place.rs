//! Where an example runs: a schema and roles of its own, on the server that `DATABASE_URL` names or
//! on a throwaway one. It touches nothing else there and takes both away again.

use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::process::Command;

use tenantry::policy::{Bootstrap, Password, Roles, Tenancy};
use tenantry::testing::{self, Database, Server};
use tenantry::{Ident, TenantType, migrate};
use tokio_postgres::config::Host;
use tokio_postgres::{Client, Config, NoTls};

use super::{AnyError, terminal};

pub struct Place {
    pub admin: Client,
    admin_url: String,
    /// The schema, without quotes; letters and digits only.
    pub schema: String,
    pub roles: Roles,
    names: [String; 3],
    password: String,
    given: bool,
    _throwaway: Option<Database>,
}

impl Place {
    pub async fn open() -> Result<Self, AnyError> {
        let (admin_url, throwaway) = match std::env::var("DATABASE_URL") {
            Ok(url) => (url, None),
            Err(_) => {
                let server: &Server = testing::server().await?;
                println!("{} (a throwaway, gone when this ends)", server.describe());
                let database = server.database().await?;
                (database.url(), Some(database))
            }
        };
        let config: Config = admin_url.parse().map_err(|error| format!("DATABASE_URL: {error}"))?;
        let (admin, connection) = config.connect(NoTls).await?;
        tokio::spawn(connection);

        let suffix = random();
        let schema = format!("tenantry_demo_{}", &suffix[..8]);
        let names = ["owner", "app", "system"].map(|role| format!("{schema}_{role}"));
        let [owner, app, system] = &names;
        let roles = Roles::new(owner, app)?.system(system)?;
        let place = Self {
            admin,
            admin_url,
            roles,
            names,
            password: random(),
            given: throwaway.is_none(),
            _throwaway: throwaway,
            schema,
        };
        if place.given {
            println!("the database of DATABASE_URL, in schema {} and nowhere else", place.schema);
        }
        Ok(place)
    }

    /// A tenancy whose support functions live in the example's own schema.
    pub fn tenancy(&self, tenant_type: TenantType) -> Result<Tenancy, AnyError> {
        Ok(Tenancy::new(tenant_type).support_schema(&self.schema)?)
    }

    /// Makes schema, roles and functions.
    pub async fn bootstrap(&mut self, tenancy: &Tenancy) -> Result<(), AnyError> {
        let script = Bootstrap::new(tenancy.clone(), self.roles.clone())
            .app_password(Password::new(&self.password)?)
            .system_password(Password::new(&self.password)?)
            .script()?;
        migrate::apply(&mut self.admin, &script).await?;
        Ok(())
    }

    /// One of PostgreSQL's own programs, told through its environment to log in as these settings say.
    pub fn command(&self, program: &Path, config: &Config) -> Command {
        let mut command = Command::new(program);
        match config.get_hosts().first() {
            Some(Host::Tcp(host)) => command.env("PGHOST", host),
            Some(Host::Unix(folder)) => command.env("PGHOST", folder),
            None => &mut command,
        };
        if let Some(port) = config.get_ports().first() {
            command.env("PGPORT", port.to_string());
        }
        let password = config.get_password().map(String::from_utf8_lossy);
        for (name, value) in [
            ("PGUSER", config.get_user()),
            ("PGDATABASE", config.get_dbname()),
            ("PGPASSWORD", password.as_deref()),
            ("PGOPTIONS", config.get_options()),
        ] {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        command
    }

    /// The admin's connection settings, with the example's schema in the search path.
    pub fn admin_config(&self) -> Result<Config, AnyError> {
        let mut config: Config = self.admin_url.parse()?;
        config.options(format!("-c search_path={}", self.schema));
        Ok(config)
    }

    pub fn app_config(&self) -> Result<Config, AnyError> {
        self.login(&self.names[1])
    }

    pub fn system_config(&self) -> Result<Config, AnyError> {
        self.login(&self.names[2])
    }

    fn login(&self, role: &str) -> Result<Config, AnyError> {
        let mut config = self.admin_config()?;
        config.user(role).password(&self.password);
        Ok(config)
    }

    /// Takes away what the example made.
    pub async fn close(self) -> Result<(), AnyError> {
        // The search path is the admin's own again, so nothing but these names is meant.
        let mut sql = format!("drop schema if exists {} cascade;", Ident::new(&self.schema)?);
        for name in &self.names {
            let exists = "select from pg_catalog.pg_roles where rolname = $1";
            if self.admin.query_opt(exists, &[name]).await?.is_some() {
                let role = Ident::new(name)?;
                sql += &format!("drop owned by {role}; drop role {role};");
            }
        }
        self.admin.batch_execute(&format!("begin; {sql} commit;")).await?;
        if self.given {
            terminal::title("Tidied up");
            terminal::gets(&format!("schema {} and its three roles are gone", self.schema));
        }
        Ok(())
    }
}

/// 32 hexadecimal digits, from the random keys of the standard library's hashers.
fn random() -> String {
    let number = || RandomState::new().hash_one(std::process::id());
    format!("{:016x}{:016x}", number(), number())
}
