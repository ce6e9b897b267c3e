//! Look-ups before the tenant is known: what a plan makes of them, what they tell, and what they keep.

mod answers;
mod asked;
mod drift;
mod problems;
mod proved;

use tenantry::catalog::{Catalog, live};
use tenantry::plan::{self, Plan};
use tenantry::policy::manifest::{Manifest, Problem};
use tenantry::rule;

use crate::policy::{Admin, admin, unique};
use crate::support::kept;

/// How tenants are told apart, and two of them.
#[derive(Clone, Copy)]
pub(crate) struct Keys {
    data_type: &'static str,
    pub(crate) a: &'static str,
    pub(crate) b: &'static str,
}

pub(crate) const UUID: Keys = Keys { data_type: "uuid", a: crate::policy::A, b: crate::policy::B };
pub(crate) const BIGINT: Keys = Keys { data_type: "bigint", a: "7", b: "8" };
pub(crate) const INTEGER: Keys = Keys { data_type: "integer", a: "7", b: "8" };
pub(crate) const TEXT: Keys = Keys { data_type: "text", a: "acme", b: "globex" };

const MANIFEST: &str = r#"
[tenancy]
type = "{type}"
missing = "{missing}"
[roles]
owner = "{owner}"
app = "{app}"
system = "{system}"
resolver = "{resolver}"
[schemas]
include = ["erp", "Odd schema"]
[tenants]
table = "erp.company"
column = "id"
[resolvers.tenant_by_host]
table = "erp.company_host"
by = ["host"]
returns = ["tenant_id"]
[resolvers.tenant_by_login]
table = "erp.login"
by = ["lower(email)", "realm"]
returns = ["tenant_id", "id"]
[resolvers.'tenant of "token"']
table = '"Odd schema"."web hook"'
by = ['the "token"']
returns = ["Tenant"]
[resolvers.tenant_by_domain]
table = "erp.domain"
by = ["name"]
returns = ["company"]
[resolvers.tenant_by_slug]
table = "erp.company"
by = ["slug"]
returns = ["id"]
[tables]
"erp.company" = { class = "tenant", column = "id" }
"erp.domain" = { class = "shared" }
'"Odd schema"."web hook"' = { class = "deny" }
"#;

/// A host is a varchar, a log-in is looked for in any case, the domain of a company may be missing.
const SCHEMA: &str = r#"
CREATE ROLE {owner};
CREATE ROLE {app} LOGIN;
CREATE SCHEMA erp;
CREATE SCHEMA "Odd schema";
CREATE TABLE erp.company (id {type} PRIMARY KEY, slug text UNIQUE);
CREATE TABLE erp.company_host (id bigserial PRIMARY KEY, tenant_id {type} NOT NULL, host varchar(60) NOT NULL UNIQUE, secret text);
CREATE TABLE erp.login (id bigserial PRIMARY KEY, tenant_id {type} NOT NULL, realm integer NOT NULL, email text NOT NULL);
CREATE UNIQUE INDEX ON erp.login (realm, lower(email));
CREATE TABLE "Odd schema"."web hook" ("Tenant" {type} NOT NULL, "the ""token""" bytea NOT NULL UNIQUE);
CREATE TABLE erp.domain (name text PRIMARY KEY, company {type});
INSERT INTO erp.company VALUES ('{a}', 'a-slug'), ('{b}', NULL);
INSERT INTO erp.company_host (tenant_id, host, secret) VALUES ('{a}', 'a.example', 'x'), ('{b}', 'b.example', 'y');
INSERT INTO erp.login (tenant_id, realm, email) VALUES ('{a}', 1, 'Ann@a.example'), ('{b}', 2, 'ann@a.example');
INSERT INTO "Odd schema"."web hook" VALUES ('{a}', '\x01'), ('{b}', '\x02');
INSERT INTO erp.domain VALUES ('a.example', '{a}'), ('b.example', '{b}'), ('nobodys.example', NULL);
"#;

/// A database with tables that are asked for a tenant.
pub(crate) struct Hosts {
    pub(crate) admin: Admin,
    pub(crate) app: String,
    names: Vec<(&'static str, String)>,
    pub(crate) manifest: String,
}

impl Hosts {
    /// Before any plan.
    pub(crate) async fn new(keys: Keys, missing: &str) -> Self {
        let mut names: Vec<(&'static str, String)> =
            ["owner", "app", "system", "resolver"].map(|role| (role, unique(role))).into();
        names.extend([
            ("type", keys.data_type.to_owned()),
            ("a", keys.a.to_owned()),
            ("b", keys.b.to_owned()),
            ("missing", missing.to_owned()),
        ]);
        let app = names[1].1.clone();
        let mut hosts = Self { admin: admin().await, app, names, manifest: String::new() };
        hosts.manifest = hosts.fill(MANIFEST);
        hosts.run(SCHEMA).await;
        hosts
    }

    /// After one.
    pub(crate) async fn planned(keys: Keys, missing: &str) -> Self {
        let mut hosts = Self::new(keys, missing).await;
        hosts.apply().await;
        hosts
    }

    /// Applies a plan, which the next one has to find nothing after.
    pub(crate) async fn apply(&mut self) -> Plan {
        let plan = self.plan().await;
        let done = kept::apply(&mut self.admin, &self.app, &plan).await;
        done.unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!(titles(&self.plan().await), Vec::<String>::new());
        plan
    }

    pub(crate) fn fill(&self, text: &str) -> String {
        let put = |text: String, (place, name): &(&str, String)| text.replace(&format!("{{{place}}}"), name);
        self.names.iter().fold(text.to_owned(), put)
    }

    /// Runs SQL as a superuser.
    pub(crate) async fn run(&self, sql: &str) {
        let sql = self.fill(sql);
        self.admin.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// The catalog without the roles of other tests: they are the cluster's.
    pub(crate) async fn catalog(&mut self) -> Catalog {
        let mut catalog = live::load(&mut self.admin).await.unwrap();
        let own: Vec<&str> = self.names[..4].iter().map(|(_, name)| name.as_str()).collect();
        catalog.roles.retain(|name, _| own.contains(&name.as_str()) || name.as_str() == "postgres");
        catalog.memberships.retain(|of| own.contains(&of.member.as_str()));
        catalog
    }

    pub(crate) async fn try_plan(&mut self) -> Result<Plan, Vec<Problem>> {
        let manifest = Manifest::parse(&self.manifest)?;
        plan::plan(&manifest, &self.catalog().await)
    }

    pub(crate) async fn plan(&mut self) -> Plan {
        self.try_plan().await.unwrap_or_else(|problems| panic!("{problems:#?}"))
    }

    /// What the audit says of functions and of the role that they run as.
    pub(crate) async fn findings(&mut self) -> Vec<String> {
        let catalog = self.catalog().await;
        let report = rule::audit(&Manifest::parse(&self.manifest).unwrap(), &catalog);
        let said = report.findings.iter().map(|found| {
            let names = self.names[..4].iter();
            let message = names
                .fold(found.message.clone(), |text, (place, name)| text.replace(name, &place.to_uppercase()));
            format!("{} {}: {message}", found.rule.code, found.severity.name())
        });
        let about = |text: &String| ["tenant_by", "tenant of", "RESOLVER"].iter().any(|of| text.contains(of));
        let mut said: Vec<String> = said.filter(about).collect();
        said.sort();
        said
    }
}

pub(crate) fn titles(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(|step| format!("{}: {}", step.object, step.what)).collect()
}
