//! A database that is set up as the README says.

use tenantry::migrate::{self, Migrations, Migrator};
use tenantry::policy::manifest::Manifest;
use tenantry::testing::{self, Database, Server, SetupError, Template};
use tenantry::{catalog, plan};
use tokio_postgres::{Client, NoTls};

use super::{AnyError, path};

/// The password of each role, on a server that is thrown away.
pub const PASSWORD: &str = "for this machine alone";

static TEMPLATE: Template = Template::new("erp");

/// A database with the tables of the ERP, and nothing in them.
///
/// # Errors
///
/// There is no server, or it cannot be set up.
pub async fn create() -> Result<Database, AnyError> {
    create_on(testing::server().await?).await
}

/// The same, on a server of one's own.
///
/// # Errors
///
/// It cannot be set up.
pub async fn create_on(server: &Server) -> Result<Database, AnyError> {
    Ok(TEMPLATE.clone_with(server, async |admin| fill(admin, &server.url()).await).await?)
}

/// What a platform engineer does: the roles as a superuser, the migrations as the migrator, and as a superuser once more what a migrator
/// may not make.
async fn fill(admin: &mut Client, server: &str) -> Result<(), SetupError> {
    let text = std::fs::read_to_string(path("tenantry.toml"))?;
    let manifest = Manifest::parse(&text).map_err(|problems| format!("{problems:?}"))?;
    bootstrap(admin, &manifest).await?;
    for role in ["erp_app", "erp_system", "erp_migrator"] {
        admin.batch_execute(&format!("ALTER ROLE {role} PASSWORD '{PASSWORD}'")).await?;
    }
    let migrations = Migrations::read(path("migrations"))?;
    let name: String = admin.query_one("SELECT current_database()", &[]).await?.get(0);
    let mut config: tokio_postgres::Config = server.parse()?;
    config.dbname(&name).user("erp_migrator").password(PASSWORD);
    let connect = || async {
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    };
    Migrator::new(manifest.clone(), migrations).run(connect).await?;
    bootstrap(admin, &manifest).await
}

async fn bootstrap(admin: &mut Client, manifest: &Manifest) -> Result<(), SetupError> {
    let found = catalog::live::load(admin).await?;
    let missing = plan::bootstrap(manifest, &found).map_err(|problems| format!("{problems:?}"))?;
    migrate::apply(admin, &missing.up()?).await?;
    Ok(())
}
