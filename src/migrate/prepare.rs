//! What is known before the first statement of a run is sent.

use tokio_postgres::Client;

use super::gate::{self, Audit};
use super::ledger::{Ledger, not_ours};
use super::login::Login;
use super::migration::Mode;
use super::migrator::{Down, Migrator};
use super::path::UsualPath;
use super::program::{Maker, Shown};
use super::report::{Report, Why};
use super::review::{Reviewed, review};
use super::strays::Strays;
use super::tenants::Roll;
use crate::catalog::{Catalog, live};
use crate::error::{Error, Result};
use crate::ident::{Ident, QualifiedName};
use crate::policy::manifest::Manifest;
use crate::policy::render::{Vars, render};
use crate::policy::{Roles, ddl};

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../sql/migrate/", $name, ".sql"))
    };
}

/// Everything that is known before the first statement is sent.
pub(super) struct Prepared<'a> {
    migrator: &'a Migrator,
    usual: UsualPath,
    pub(super) login: Login,
    ledger: Ledger,
    pub(super) reviewed: Vec<Reviewed<'a>>,
    /// What rules find in the database as it is.
    audit: Audit,
    /// What a superuser who runs this has already, if one does.
    strays: Option<Strays>,
    /// Whether the tables are there that say how far a migration has come.
    has_progress: bool,
    /// What has a row for each tenant, if that matters.
    pub(super) roll: Option<Roll>,
}

impl<'a> Prepared<'a> {
    /// Finds out what is to be done, and refuses what must not be.
    pub(super) async fn read(
        migrator: &'a Migrator,
        client: &mut Client,
        usual: UsualPath,
        report: &mut Report,
    ) -> Result<Self, Why> {
        let manifest = &migrator.manifest;
        let ledger = Ledger::read(client, &usual, migrator).await?;
        let pending = ledger.to_do(migrator)?;
        report.pending = pending.iter().map(|migration| migration.name()).collect();
        let catalog = live::load(client).await?;
        let version = catalog.server_version.unwrap_or_default();
        let login = Login::read(client, &manifest.roles, version).await?;
        let role = login.for_schema(&manifest.roles).cloned();
        let role = role.map_or_else(|| Ident::new(login.name()), Ok)?;
        let review = review(manifest, &catalog, &pending, &role).map_err(Why::Refused)?;
        gate::lint(migrator, &catalog, &pending, &role)?;
        let tenants = roles_and_roll(manifest, &login, &review.migrations, &review.catalog)?;
        let failed = |source| Error::script("looking for the progress of migrations", source);
        let schema = ledger.table().schema();
        let trusted = manifest.roles.owner_role().map(Ident::as_str);
        let progress = client.query_one(file!("progress_present"), &[&schema.as_str(), &trusted]).await;
        let progress = progress.map_err(failed)?;
        let has_progress = progress.try_get("present").map_err(failed)?;
        if let Some(stranger) = progress.try_get::<_, Option<String>>("stranger").map_err(failed)? {
            return Err(not_ours(&format!("a table tenantry_migration_… in {schema}"), &stranger).into());
        }
        if has_progress {
            refuse_half_done(client, &ledger, migrator.options.down).await?;
        }
        let audit = Audit::before(migrator, &catalog);
        let strays = Strays::before(manifest, &catalog, &login);
        Ok(Self {
            migrator,
            usual,
            login,
            ledger,
            reviewed: review.migrations,
            audit,
            strays,
            has_progress,
            roll: tenants,
        })
    }

    /// Looks at what the run has left.
    pub(super) async fn after(&self, client: &mut Client, report: &mut Report) -> Result<(), Why> {
        let migrator = self.migrator;
        if migrator.options.audit.is_none() && self.strays.is_none() {
            return Ok(());
        }
        let catalog = live::load(client).await?;
        if let Some(strays) = &self.strays {
            report.strays = strays.after(&migrator.manifest, &catalog, &self.login);
        }
        self.audit.after(migrator, &catalog)
    }

    pub(super) fn maker(&self) -> Maker<'_> {
        let options = &self.migrator.options;
        Maker {
            manifest: &self.migrator.manifest,
            login: &self.login,
            ledger: &self.ledger,
            usual: &self.usual,
            patience: options.patience,
            statement_timeout: options.statement_timeout,
        }
    }

    /// What makes the tables of the runner's own, each with what it is for.
    pub(super) fn tables(&self) -> Result<Vec<(&'static str, String)>> {
        let (ledger, login) = (&self.ledger, &self.login);
        let roles = &self.migrator.manifest.roles;
        let schema = ledger.table().schema();
        let mut made = self::ledger(ledger, login, roles)?;
        let has_progress =
            |of: &Reviewed<'_>| matches!(of.migration.mode(), Mode::NoTransaction | Mode::EachTenant);
        if !self.has_progress && self.reviewed.iter().any(has_progress) {
            let vars = || Vars::default().name("schema", schema);
            made.push(("the progress of migrations", render(file!("progress_create"), &vars())?));
            if login.app_exists() {
                let vars = vars().name("app", roles.app_role());
                made.push(("closing the progress to services", render(file!("progress_close"), &vars)?));
            }
            for table in ["tenantry_migration_statement", "tenantry_migration_tenant"] {
                made.extend(belongs(login, roles, &QualifiedName::new(schema.clone(), Ident::known(table)))?);
            }
        }
        Ok(made)
    }

    /// All that would be sent, for people to read.
    pub(super) fn script(&self) -> Result<String> {
        let mut script = String::new();
        if self.reviewed.is_empty() {
            return Ok(script);
        }
        let mut add = |title: &str, sql: &str| {
            for part in ["-- ", title, "\n", sql, "\n"] {
                script.push_str(part);
            }
        };
        for (title, sql) in self.tables()? {
            add(title, &(sql + "\n"));
        }
        let (maker, setting) = (self.maker(), self.migrator.manifest.tenancy.setting_name().as_str());
        for of in &self.reviewed {
            let title = format!("{} ({})", of.migration.name(), of.migration.mode().name());
            add(&title, &Shown { program: &maker.program(of)?, of, setting }.to_string());
            if *of.migration.mode() == Mode::EachTenant {
                let shown = Shown { program: &maker.finish(of)?, of, setting };
                add("Once every tenant is done:", &shown.to_string());
            }
        }
        Ok(script)
    }
}

/// Refuses to turn around in the middle of a migration that is not one transaction.
async fn refuse_half_done(client: &Client, ledger: &Ledger, down: Option<Down>) -> Result<()> {
    let failed = |source| Error::script("looking for the progress of migrations", source);
    let sql = render(file!("progress_half"), &Vars::default().name("schema", ledger.table().schema()))?;
    let row = client.query_one(&sql, &[&ledger.table().name().as_str(), &down.is_some()]).await;
    let Some(version) = row.map_err(failed)?.try_get::<_, Option<i64>>("version").map_err(failed)? else {
        return Ok(());
    };
    Err(Error::config(match down {
        None => format!("version {version} is half taken back; take it back to its end first (--down)"),
        Some(_) => format!("version {version} is half applied; apply it to its end first, without --down"),
    }))
}

/// What makes the ledger, if it is not there, and gives it to the owner, each with what it is for.
pub(super) fn ledger(ledger: &Ledger, login: &Login, roles: &Roles) -> Result<Vec<(&'static str, String)>> {
    let mut made = Vec::new();
    if !ledger.is_present() {
        made.push(("the ledger of migrations", ledger.create()?));
    }
    if !ledger.is_present() || ledger.is_owned_by(login.name()) {
        made.extend(belongs(login, roles, ledger.table())?);
    }
    Ok(made)
}

fn belongs(login: &Login, roles: &Roles, table: &QualifiedName) -> Result<Option<(&'static str, String)>> {
    let owner =
        login.for_tables(roles).map(|owner| ddl::owner(ddl::Object::Table(table), owner)).transpose()?;
    Ok(owner.map(|sql| ("the owner of the runner's tables", sql)))
}

/// Finds out whether there are the roles that are needed, and what lists the tenants.
fn roles_and_roll(
    manifest: &Manifest,
    login: &Login,
    reviewed: &[Reviewed<'_>],
    catalog: &Catalog,
) -> Result<Option<Roll>> {
    let mut roll = None;
    for of in reviewed {
        match of.migration.mode() {
            Mode::System { .. } => drop(login.for_system(&manifest.roles)?),
            Mode::EachTenant => {
                login.for_tenant(&manifest.roles)?;
                login.for_system(&manifest.roles)?;
                roll = Some(Roll::find(manifest, catalog)?);
            }
            Mode::Transaction | Mode::NoTransaction => {}
        }
    }
    Ok(roll)
}
