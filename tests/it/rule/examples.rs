//! The examples of the rules on a server: what a rule says of files it says of the database that they make.

use std::collections::BTreeSet;

use tenantry::catalog::live;
use tenantry::catalog::replay::Source;
use tenantry::policy::manifest::Manifest;
use tenantry::rule::{Finding, Reach, Rule, all, audit, example, lint};
use tenantry::testing::{self, Server};
use tokio_postgres::{Client, NoTls};

use crate::support::kept::{Fact, Held};
use crate::support::version;

/// A server of its own: the examples have roles, which are the whole cluster's.
pub(crate) struct Stand {
    server: Server,
    admin: Client,
    version: u32,
}

impl Stand {
    pub(crate) async fn new() -> Self {
        let server = testing::Server::builder().start().await.unwrap();
        let admin = server.connect().await.unwrap();
        let version = version::of(&admin).await;
        Self { server, admin, version }
    }

    /// Runs an example in a database of its own. What it leaves goes when the next one begins.
    pub(crate) async fn database(&self, example: &str) -> Result<Client, String> {
        self.run(&self.admin, "DROP DATABASE IF EXISTS example WITH (FORCE)").await?;
        let left = "SELECT quote_ident(rolname) FROM pg_roles WHERE rolname LIKE 'erp\\_%'";
        for row in self.admin.query(left, &[]).await.map_err(|error| error.to_string())? {
            let role: String = row.get(0);
            self.run(&self.admin, &format!("DROP OWNED BY {role} CASCADE; DROP ROLE {role}")).await?;
        }
        self.run(&self.admin, example::ROLES).await?;
        self.run(&self.admin, "CREATE DATABASE example").await?;
        let url = self.server.url();
        let mut config: tokio_postgres::Config = url.parse().map_err(|error| format!("{url}: {error}"))?;
        let (client, connection) =
            config.dbname("example").connect(NoTls).await.map_err(|error| error.to_string())?;
        tokio::spawn(connection);
        for source in example::files(example) {
            self.as_owner(&client, source.text()).await?;
        }
        Ok(client)
    }

    /// The URL of the example's database for the superuser.
    pub(crate) fn url(&self) -> String {
        let (server, _) =
            self.server.url().rsplit_once('/').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        format!("{server}/example")
    }

    /// Runs a script as the role that owns what it makes, with the rights of a superuser.
    async fn as_owner(&self, client: &Client, sql: &str) -> Result<(), String> {
        self.run(client, "ALTER ROLE erp_owner SUPERUSER; SET ROLE erp_owner").await?;
        self.run(client, sql).await?;
        self.run(client, "RESET ROLE; ALTER ROLE erp_owner NOSUPERUSER").await
    }

    async fn run(&self, client: &Client, sql: &str) -> Result<(), String> {
        client.batch_execute(sql).await.map_err(|error| match error.as_db_error() {
            Some(error) => format!("{} in {sql}", error.message()),
            None => format!("{error} in {sql}"),
        })
    }

    /// Whether the server is too old for an example, and so has to refuse it for what it does not know.
    fn is_older_than(&self, example: &str) -> bool {
        example::needs(example).is_some_and(|version| version * 10_000 > self.version)
    }

    async fn found(&self, rule: &Rule, example: &str, client: &mut Client) -> Vec<Finding> {
        let catalog = live::load(client).await.unwrap();
        of(rule, audit(&manifest(example), &catalog).findings)
    }
}

fn manifest(example: &str) -> Manifest {
    Manifest::parse(&example::manifest(example)).unwrap()
}

fn of(rule: &Rule, findings: Vec<Finding>) -> Vec<Finding> {
    findings.into_iter().filter(|finding| finding.rule.code == rule.code).collect()
}

fn objects(findings: &[Finding]) -> BTreeSet<String> {
    findings.iter().map(|finding| finding.object.to_string()).collect()
}

#[tokio::test]
async fn a_rule_says_the_same_of_a_database_as_of_the_files_that_make_it() {
    let stand = Stand::new().await;
    let mut wrong = Vec::new();
    for rule in all().filter(|rule| rule.reach() == Reach::Both && rule.code != "unused-suppression") {
        let code = rule.code;
        let sources = |sql: &str| {
            let mut sources = vec![Source::new("roles.sql", example::ROLES)];
            sources.extend(example::files(sql));
            sources
        };
        let in_files = objects(&of(rule, lint(&manifest(rule.bad), &sources(rule.bad)).findings));
        let is_newer = stand.is_older_than(rule.bad);
        match stand.database(rule.bad).await {
            Err(_) if is_newer => {}
            Ok(_) if is_newer => wrong.push(format!("{code}: its bad example runs on an older server too")),
            Err(why) => wrong.push(format!("{code}: its bad example does not run: {why}")),
            Ok(mut client) => {
                let found = stand.found(rule, rule.bad, &mut client).await;
                if objects(&found) != in_files {
                    wrong.push(format!(
                        "{code}: {in_files:?} in files, {:?} in the database",
                        objects(&found)
                    ));
                }
                let fixes: Vec<String> = found.into_iter().filter_map(|finding| finding.sql).collect();
                if !fixes.is_empty() {
                    let before = Held::of(&client, "erp_app").await;
                    match stand.as_owner(&client, &fixes.join("\n")).await {
                        Err(why) => wrong.push(format!("{code}: its fix does not run: {why}")),
                        Ok(()) => {
                            let after = Held::of(&client, "erp_app").await;
                            let said = |fact: &Fact| {
                                let takes = |fix: &&String| {
                                    (fix.contains("REVOKE") && fix.contains(&fact.what))
                                        || (fix.contains("OWNER TO") && fact.is_an_owners())
                                };
                                // Its fix says so in words.
                                let widens =
                                    fact.is_unique() && rule.fix.contains("can then have the same value");
                                widens || fixes.iter().any(|fix| takes(&fix))
                            };
                            let lost = before.lost(&after, said);
                            wrong
                                .extend(lost.iter().map(|lost| format!("{code}: its fix takes away {lost}")));
                            let left = stand.found(rule, rule.bad, &mut client).await;
                            wrong.extend(
                                left.iter().map(|left| format!("{code} after its fix: {}", left.message)),
                            );
                        }
                    }
                }
            }
        }
        let is_newer = stand.is_older_than(rule.good);
        match stand.database(rule.good).await {
            Err(_) if is_newer => {}
            Ok(_) if is_newer => wrong.push(format!("{code}: its good example runs on an older server too")),
            Err(why) => wrong.push(format!("{code}: its good example does not run: {why}")),
            Ok(mut client) => {
                let found = stand.found(rule, rule.good, &mut client).await;
                wrong.extend(
                    found.iter().map(|found| format!("{code} in its good example: {}", found.message)),
                );
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What the files of a rule on statements show runs as it stands.
#[tokio::test]
async fn the_examples_of_rules_on_statements_run() {
    let stand = Stand::new().await;
    let mut wrong = Vec::new();
    for rule in all().filter(|rule| rule.reach() == Reach::Files) {
        for example in [rule.bad, rule.good] {
            match (stand.database(example).await, stand.is_older_than(example)) {
                (Ok(_), false) | (Err(_), true) => {}
                (Ok(_), true) => wrong.push(format!("{}: runs on an older server too", rule.code)),
                (Err(why), false) => wrong.push(format!("{}: {why}", rule.code)),
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
