//! Sealed manifests in the tool: what a plan makes of them, what the audit says, and what `tenantry seal` and `prove` do.

mod keys;
mod migrated;
mod planned;
mod proved;

use tenantry::catalog::{Catalog, live};
use tenantry::plan::{self, Plan};
use tenantry::policy::manifest::{Manifest, Problem};
use tokio_postgres::Client;

use crate::policy::{A, Admin, B, admin, unique};
use crate::support::kept;

const MANIFEST: &str = r#"
[tenancy]
type = "uuid"
missing = "{missing}"
[roles]
owner = "{owner}"
app = "{app}"
system = "{system}"
migrator = "{migrator}"
{role}
{seal}
[schemas]
include = ["erp"]
[tenants]
table = "erp.company"
column = "id"
[membership]
table = "erp.member"
[tables]
"erp.company" = { class = "tenant", column = "id" }
"erp.member" = { class = "membership" }
"erp.desk" = { class = "membership" }
"#;

const SCHEMA: &str = "
CREATE ROLE {owner};
CREATE SCHEMA erp;
CREATE TABLE erp.company (id uuid PRIMARY KEY, name text);
CREATE TABLE erp.invoice (tenant_id uuid NOT NULL, id integer, total integer, PRIMARY KEY (tenant_id, id));
CREATE TABLE erp.member (user_id uuid, tenant_id uuid REFERENCES erp.company, PRIMARY KEY (user_id, tenant_id));
CREATE TABLE erp.desk (tenant_id uuid NOT NULL, id integer, PRIMARY KEY (tenant_id, id));
INSERT INTO erp.company VALUES ('{a}'), ('{b}');
INSERT INTO erp.invoice VALUES ('{a}', 1, 10), ('{b}', 2, 20);
";

/// What `[seal]` says.
pub(crate) const UNSEALED: &str = "";
pub(crate) const BARE: &str = "[seal]\nbare = true";
pub(crate) const SEALED: &str = "[seal]";

/// A database whose manifest changes.
pub(crate) struct World {
    pub(crate) admin: Admin,
    names: Vec<(&'static str, String)>,
    missing: &'static str,
    seal: &'static str,
}

impl World {
    /// Before any plan.
    pub(crate) async fn new(missing: &'static str, seal: &'static str) -> Self {
        let names = ["owner", "app", "system", "migrator", "sealer"].map(|role| (role, unique(role))).into();
        let world = Self { admin: admin().await, names, missing, seal };
        world.run(SCHEMA).await;
        world
    }

    /// After one.
    pub(crate) async fn planned(missing: &'static str, seal: &'static str) -> Self {
        let mut world = Self::new(missing, seal).await;
        world.apply().await;
        world
    }

    pub(crate) fn name(&self, role: &str) -> &str {
        self.names.iter().find(|(of, _)| *of == role).map(|(_, name)| name.as_str()).unwrap()
    }

    pub(crate) fn fill(&self, text: &str) -> String {
        let put = |text: String, (place, name): &(&str, String)| text.replace(&format!("{{{place}}}"), name);
        self.names.iter().fold(text.replace("{a}", A).replace("{b}", B), put)
    }

    /// With the names of roles by their purpose.
    pub(crate) fn plain(&self, text: &str) -> String {
        self.names
            .iter()
            .fold(text.to_owned(), |text, (place, name)| text.replace(name, &place.to_uppercase()))
    }

    /// What the manifest says of seals from here on.
    pub(crate) fn seal(&mut self, seal: &'static str) {
        self.seal = seal;
    }

    pub(crate) fn manifest_text(&self) -> String {
        let role = if self.seal.is_empty() { "" } else { r#"sealer = "{sealer}""# };
        let parts = [("{missing}", self.missing), ("{seal}", self.seal), ("{role}", role)];
        self.fill(&parts.iter().fold(MANIFEST.to_owned(), |text, (place, part)| text.replace(place, part)))
    }

    pub(crate) fn manifest(&self) -> Manifest {
        Manifest::parse(&self.manifest_text()).unwrap_or_else(|problems| panic!("{problems:#?}"))
    }

    /// Runs SQL as a superuser.
    pub(crate) async fn run(&self, sql: &str) {
        let sql = self.fill(sql);
        self.admin.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// The catalog without the roles of other tests: they are the cluster's.
    pub(crate) async fn catalog(&mut self) -> Catalog {
        let mut catalog = live::load(&mut self.admin).await.unwrap();
        let own: Vec<&str> = self.names.iter().map(|(_, name)| name.as_str()).collect();
        catalog.roles.retain(|name, _| own.contains(&name.as_str()) || name.as_str() == "postgres");
        catalog.memberships.retain(|of| own.contains(&of.member.as_str()));
        catalog
    }

    pub(crate) async fn try_plan(&mut self) -> Result<Plan, Vec<Problem>> {
        let catalog = self.catalog().await;
        plan::plan(&self.manifest(), &catalog)
    }

    pub(crate) async fn plan(&mut self) -> Plan {
        self.try_plan().await.unwrap_or_else(|problems| panic!("{problems:#?}"))
    }

    /// Applies a plan, which the next one has to find nothing after.
    pub(crate) async fn apply(&mut self) -> Plan {
        let plan = self.plan().await;
        let app = self.name("app").to_owned();
        let done = kept::apply(&mut self.admin, &app, &plan).await;
        done.unwrap_or_else(|error| panic!("{error:?}\n{}", plan.up().unwrap()));
        let left = self.plan().await;
        assert_eq!(self.titles(&left), Vec::<String>::new());
        plan
    }

    pub(crate) fn titles(&self, plan: &Plan) -> Vec<String> {
        let title = |step: &plan::Step| self.plain(&format!("{}: {}", step.object, step.what));
        plan.steps.iter().map(title).collect()
    }

    pub(crate) fn remarks(&self, plan: &Plan) -> Vec<String> {
        let remark = |of: &plan::Remark| self.plain(&format!("{}: {}", of.object, of.what));
        plan.remarks.iter().map(remark).collect()
    }

    /// A connection of the app role.
    pub(crate) async fn app(&self) -> Client {
        self.admin.login(self.name("app")).await
    }
}
