//! The environment says where a pool's connections lead.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tenantry::{TenantPool, TenantPoolBuilder};
use tracing::Level;

use super::{Folder, HUSH, World, says};
use crate::support::erp::{PASSWORD, SYSTEM, tenant};
use crate::support::log::Log;

/// Variables, as the environment of a process has them.
#[derive(Clone, Default)]
struct Variables(BTreeMap<String, String>);

impl Variables {
    fn of(pairs: &[(&str, &str)]) -> Self {
        Self::default().with(pairs)
    }

    fn with(mut self, pairs: &[(&str, &str)]) -> Self {
        self.0.extend(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self
    }

    fn builder(&self) -> tenantry::Result<TenantPoolBuilder> {
        self.prefixed("")
    }

    fn prefixed(&self, prefix: &str) -> tenantry::Result<TenantPoolBuilder> {
        TenantPool::from_variables(prefix, |name| self.0.get(name).map(Into::into))
    }

    /// The user and the application's name of a connection that these lead to.
    async fn session(&self) -> (String, String) {
        let pool = self.builder().unwrap().max_size(1).build().await.unwrap();
        let sql = "select current_user::text, current_setting('application_name')";
        let row = pool.tenant(tenant(1)).query_one(sql, &[]).await.unwrap();
        pool.close().await;
        (row.get(0), row.get(1))
    }
}

impl World {
    /// The server and the database, by libpq's variables.
    fn variables(&self) -> Variables {
        let port = self.erp.address().port().to_string();
        let pairs = [("PGHOST", "localhost"), ("PGPORT", &*port), ("PGDATABASE", self.erp.database.name())];
        Variables::of(&pairs)
    }

    fn system_url(&self) -> String {
        format!("postgresql://{SYSTEM}@localhost:{}/{}", self.erp.address().port(), self.erp.database.name())
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn a_url_is_in_the_variable_or_in_the_file_that_another_one_names() {
    let (world, folder) = (World::new().await, Folder::new());
    let url = world.url_with(&format!(":{HUSH}"));
    let file = folder.file("url", &format!("{url}\n"));
    for variables in
        [Variables::of(&[("DATABASE_URL", &*url)]), Variables::of(&[("DATABASE_URL_FILE", text(&file))])]
    {
        assert_eq!(variables.session().await, (world.role.clone(), String::new()));
    }
    let both = Variables::of(&[("ERP_DATABASE_URL", &*url), ("DATABASE_URL", "postgresql://elsewhere/erp")]);
    both.prefixed("ERP_").unwrap().build().await.unwrap().close().await;
    world.end().await;
}

#[tokio::test]
async fn the_order_is_that_of_libpq() {
    let (world, folder) = (World::new().await, Folder::new());
    let role = &*world.role;
    let passfile = |folder: &Folder, name: &str, password: &str| {
        let path = folder.file(name, &format!("*:*:*:{role}:{password}\n"));
        fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        path
    };
    let named = passfile(&folder, "named", HUSH);
    let variables = world.variables().with(&[("PGUSER", role), ("PGPASSFILE", text(&named))]);
    assert_eq!(variables.session().await, (role.to_owned(), String::new()));
    passfile(&folder, ".pgpass", HUSH);
    let own = world.variables().with(&[("PGUSER", role), ("HOME", text(folder.path()))]);
    assert_eq!(own.session().await.0, role);

    let wrong = passfile(&folder, "wrong", "hush but wrong");
    let variables =
        own.with(&[("PGPASSFILE", text(&wrong)), ("PGPASSWORD", HUSH), ("PGAPPNAME", "variable")]);
    assert_eq!(variables.session().await.1, "variable");
    let services =
        format!("[erp]\nuser={role}\npassword={HUSH}\napplication_name=service\n[other]\nuser=x\n");
    let services = folder.file("services", &services);
    let variables = variables.with(&[
        ("PGSERVICEFILE", text(&services)),
        ("PGSERVICE", "erp"),
        ("PGUSER", "nobody"),
        ("PGPASSWORD", "hush but wrong"),
    ]);
    assert_eq!(variables.session().await.1, "service");
    let url = "postgresql:///?application_name=url";
    assert_eq!(variables.clone().with(&[("DATABASE_URL", url)]).session().await.1, "url");
    // The service that the URL names goes before the variable's.
    let url = "postgresql:///?service=erp";
    let variables = variables.with(&[("PGSERVICE", "other"), ("DATABASE_URL", url)]);
    assert_eq!(variables.session().await, (role.to_owned(), "service".to_owned()));
    // A port of the URL's own is not needed where a variable has one.
    let port = world.erp.address().port();
    let url = world.url_with(&format!(":{HUSH}")).replace(&format!(":{port}/"), "/");
    assert_eq!(world.variables().with(&[("DATABASE_URL", &*url)]).session().await.0, role);
    world.end().await;
}

#[tokio::test]
async fn a_password_file_is_read_for_each_connection_and_the_system_role_has_its_own() {
    let (log, _guard) = Log::listen(Level::TRACE);
    let (world, folder) = (World::new().await, Folder::new());
    let tenants = folder.file("tenants", &format!("{HUSH}\n"));
    let system = folder.file("system", PASSWORD);
    let variables = world.variables().with(&[
        ("PGUSER", &*world.role),
        ("PGPASSFILE", "/nowhere"),
        ("ERP_DATABASE_PASSWORD_FILE", text(&tenants)),
        ("ERP_SYSTEM_DATABASE_URL", &*world.system_url()),
        ("ERP_SYSTEM_DATABASE_PASSWORD_FILE", text(&system)),
    ]);
    let builder = variables.prefixed("ERP_").unwrap();
    let pool = builder.clone().max_size(1).build().await.unwrap();
    world.set_password("hush-again").await;
    fs::write(&tenants, "hush-again").unwrap();
    pool.refresh();
    pool.tenant(tenant(1)).query("select id from erp.account", &[]).await.unwrap();
    let row = pool.system("to look").unwrap().query_one("select current_user::text", &[]).await.unwrap();
    assert_eq!(row.get::<_, String>(0), SYSTEM);
    fs::write(&tenants, "").unwrap();
    pool.refresh();
    let error = pool.tenant(tenant(1)).query("select 1", &[]).await.unwrap_err();
    let why = format!("ERP_DATABASE_PASSWORD_FILE names {}, which is empty", tenants.display());
    says(&error, &["no connection to the server", &why]);
    let shown = format!("{builder:?} {pool:?} {}", log.text());
    assert!(log.text().contains("tenant pool is open") && !shown.contains("hush"), "{shown}");
    pool.close().await;
    world.end().await;
}

/// Nobody is asked, so no server is needed.
#[tokio::test]
async fn what_does_not_add_up_is_one_clear_error() {
    let folder = Folder::new();
    let empty = folder.file("empty", "\n");
    let url = "postgresql://me:hush@db/erp";
    let (missing, here) = (folder.path().join("missing"), folder.path());
    for (pairs, words) in [
        (
            &[("DATABASE_URL", url), ("DATABASE_URL_FILE", "/hush")][..],
            "DATABASE_URL and DATABASE_URL_FILE are both set; unset one",
        ),
        (
            &[("DATABASE_URL_FILE", text(&missing))],
            &*format!(
                "DATABASE_URL_FILE names {}, which cannot be read, entity not found",
                missing.display()
            ),
        ),
        (
            &[("DATABASE_URL_FILE", text(here))],
            &format!("DATABASE_URL_FILE names {}, which is a directory", here.display()),
        ),
        (
            &[("DATABASE_URL_FILE", text(&empty))],
            &format!("DATABASE_URL_FILE names {}, which is empty", empty.display()),
        ),
        (
            &[("DATABASE_URL", url), ("DATABASE_PASSWORD_FILE", "/x")],
            "DATABASE_PASSWORD_FILE and password of DATABASE_URL are both set",
        ),
        (
            &[("PGHOST", "db"), ("PGPASSWORD", "hush"), ("DATABASE_PASSWORD_FILE", "/x")],
            "DATABASE_PASSWORD_FILE and PGPASSWORD are both set",
        ),
        (
            &[("DATABASE_URL", url), ("SYSTEM_DATABASE_PASSWORD_FILE", "/x")],
            "SYSTEM_DATABASE_PASSWORD_FILE is set without SYSTEM_DATABASE_URL",
        ),
        (
            &[("DATABASE_URL", url), ("SYSTEM_DATABASE_URL", url), ("SYSTEM_DATABASE_URL_FILE", "/x")],
            "SYSTEM_DATABASE_URL and SYSTEM_DATABASE_URL_FILE are both set",
        ),
        (
            &[("PGUSER", "me"), ("DATABASE_URL", url), ("SYSTEM_DATABASE_URL", "postgresql://x")],
            "SYSTEM_DATABASE_URL names no user; name the system role there",
        ),
        (
            &[("DATABASE_URL", "postgresql://me:hu/sh@hush/erp")],
            "DATABASE_URL does not read: an @ stands where none can; write %40 for @",
        ),
        (
            &[("DATABASE_URL", "postgresql://me:hush@db/erp?pool_size=3")],
            "leave it out and call TenantPoolBuilder::max_size",
        ),
        (&[("PGHOST", "db"), ("PGREQUIREAUTH", "hush")], "PGREQUIREAUTH is not supported; leave it out"),
        (&[("PGSERVICE", "erp"), ("PGSERVICEFILE", text(&missing))], "the service file"),
        (&[("PGSERVICE", "erp")], "service \"erp\" is in no service file; describe it"),
    ] {
        let error = Variables::of(pairs).builder().map(drop).unwrap_err();
        assert!(error.is_usage(), "{error}");
        says(&error, &[words]);
    }
    // What depends on the rest of the builder is known when the pool is built.
    for (pairs, words) in [
        (&[][..], "the environment names no host; set DATABASE_URL or PGHOST"),
        (&[("PGHOST", "db"), ("PGPORT", "hush")], "PGPORT is not a port; expected 1 to 65535"),
        (
            &[("PGHOST", "db"), ("PGSSLMODE", "hush")],
            "PGSSLMODE has another value than disable, allow, prefer",
        ),
        (
            &[("PGHOST", "db"), ("PGSSLMODE", "verify-full")],
            "sslmode=verify-full of the environment needs a TLS connector",
        ),
        (&[("PGHOST", "a,b"), ("PGPORT", "1,2,3")], "the environment has 3 ports for 2 hosts"),
    ] {
        let error =
            Variables::of(pairs).builder().and_then(TenantPoolBuilder::build_lazy).map(drop).unwrap_err();
        assert!(error.is_usage(), "{error}");
        says(&error, &[words]);
    }
}
