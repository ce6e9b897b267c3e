//! What is proposed for a database that has no manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use tenantry::catalog::{
    Catalog, Column, ForeignKey, Grantee, MatchType, ReferentialAction, Relation, RelationKind, Schema,
    facts, live,
};
use tenantry::plan::{self, Choice, Facts, Hints, Proposal, Suggestion, nullable_tenant_columns, propose};
use tenantry::policy::manifest::Manifest;
use tenantry::{Ident, QualifiedName};

use crate::policy::{Admin, admin, unique};
use crate::support::{expected, kept};

const LIMIT: Duration = Duration::from_secs(30);

struct Erp {
    admin: Admin,
    owner: String,
    app: String,
}

impl Erp {
    async fn new() -> Self {
        let (admin, owner, app) = (admin().await, unique("owner"), unique("app"));
        let schema = include_str!("init/erp.sql").replace("{owner}", &owner).replace("{app}", &app);
        admin.batch_execute(&format!("CREATE ROLE {owner}; CREATE ROLE {app} LOGIN;{schema}")).await.unwrap();
        Self { admin, owner, app }
    }

    /// The catalog with its own two roles alone: they are the cluster's.
    async fn catalog(&mut self) -> Catalog {
        let mut catalog = live::load(&mut self.admin).await.unwrap();
        let own = |role: &Ident| [&self.owner, &self.app].iter().any(|own| *own == role.as_str());
        catalog.roles.retain(|name, _| own(name));
        catalog.memberships.retain(|of| own(&of.member));
        catalog
    }

    /// The same under names that do not change from one run to the next.
    async fn renamed(&mut self) -> Catalog {
        let mut catalog = self.catalog().await;
        let names = [(self.owner.clone(), "erp_owner"), (self.app.clone(), "erp_app")];
        let rename = |role: &mut Ident| {
            if let Some((_, name)) = names.iter().find(|(own, _)| own == role.as_str()) {
                *role = Ident::new(*name).unwrap();
            }
        };
        for relation in catalog.relations.values_mut() {
            rename(&mut relation.owner);
            let grants = std::mem::take(&mut relation.grants).into_iter();
            relation.grants = grants
                .map(|mut grant| {
                    if let Grantee::Role(role) = &mut grant.grantee {
                        rename(role);
                    }
                    grant
                })
                .collect();
        }
        for (mut name, role) in std::mem::take(&mut catalog.roles) {
            rename(&mut name);
            catalog.roles.insert(name, role);
        }
        catalog
    }

    async fn facts(&mut self) -> Facts {
        let mut columns = nullable_tenant_columns(&self.catalog().await, &Hints::default());
        // Nobody has looked into this one.
        columns.retain(|(table, _)| table.name().as_str() != "setting");
        Facts { null_tenants: facts::null_tenants(&mut self.admin, &columns, LIMIT).await.unwrap() }
    }

    async fn proposal(&mut self) -> Proposal {
        let (catalog, facts) = (self.catalog().await, self.facts().await);
        propose(&catalog, &Hints::default(), &facts)
    }
}

fn name(text: &str) -> QualifiedName {
    QualifiedName::parse(text).unwrap()
}

/// The class and the reason of each relation.
fn reasons(proposal: &Proposal) -> String {
    let mut text = String::new();
    for (name, proposed) in &proposal.relations {
        let name = name.plain().replace('\n', "\\n");
        writeln!(text, "{name:<28} {:<10} {}", proposed.class(), proposed.reason.replace('\n', "\\n"))
            .unwrap();
    }
    text
}

#[tokio::test]
async fn a_proposal_reads_as_expected() {
    let mut erp = Erp::new().await;
    let (catalog, facts) = (erp.renamed().await, erp.facts().await);
    let proposal = propose(&catalog, &Hints::default(), &facts);
    expected::compare("init/expected/erp.toml", &proposal.to_toml());
    expected::compare("init/expected/reasons.txt", &reasons(&proposal));
}

/// The manifest with an answer to each of its questions.
fn settled(proposal: &Proposal, choose: impl Fn(&[Suggestion]) -> &Suggestion) -> Manifest {
    let text = proposal.to_toml().replace("\"undecided\"", "\"exempt\", reason = \"tried\"");
    let mut manifest = Manifest::parse(&text).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
    for (name, proposed) in proposal.undecided() {
        let Choice::Undecided { between, .. } = &proposed.choice else { continue };
        let answer = choose(between);
        let entry = manifest.tables.get_mut(name).unwrap();
        (entry.class, entry.column) = (answer.class.clone(), answer.column.clone());
    }
    manifest
}

#[tokio::test]
async fn what_is_proposed_and_settled_is_what_a_plan_takes() {
    let mut erp = Erp::new().await;
    let proposal = erp.proposal().await;
    assert!(proposal.problems.is_empty() && !proposal.is_settled(), "{:?}", proposal.problems);
    let catalog = erp.catalog().await;
    let first = settled(&proposal, |answers| &answers[0]);
    plan::plan(&first, &catalog).unwrap_or_else(|problems| panic!("{problems:#?}"));
    // The last answer never takes a tenant from where there is none.
    let last = settled(&proposal, |answers| &answers[answers.len() - 1]);
    let plan = plan::plan(&last, &catalog).unwrap_or_else(|problems| panic!("{problems:#?}"));
    kept::apply(&mut erp.admin, &erp.app, &plan).await.unwrap_or_else(|error| panic!("{error:?}"));
    let again = plan::plan(&last, &erp.catalog().await).unwrap();
    assert!(again.is_empty(), "{:?}", again.steps);

    let app = erp.admin.login(&erp.app).await;
    let count = async |tenant: &str, table: &str| {
        let sql = format!("SELECT set_config('app.tenant_id', '{tenant}', false)");
        app.batch_execute(&sql).await.unwrap();
        let row = app.query_one(&format!("SELECT count(*) FROM erp.{table}"), &[]).await;
        row.map(|row| row.get::<_, i64>(0)).map_err(|error| error.code().unwrap().code().to_owned())
    };
    // A tenant's own, and of those that may be everybody's the ones that are.
    assert_eq!(count("1", "company").await, Ok(1));
    assert_eq!(count("1", "sequence").await, Ok(1));
    assert_eq!(count("1", "tag").await, Ok(2));
    assert_eq!(count("2", "tag").await, Ok(1));
    // And no more than the role could do before.
    let deleted = app.execute("DELETE FROM erp.invoice", &[]).await.unwrap_err();
    assert_eq!(deleted.code().unwrap().code(), "42501");
}

#[tokio::test]
async fn two_columns_that_may_be_the_tenants_are_named_with_figures() {
    let mut admin = admin().await;
    let schema = "CREATE TABLE org (id uuid PRIMARY KEY);
        CREATE TABLE team (id uuid PRIMARY KEY, org_id uuid NOT NULL REFERENCES org);
        CREATE TABLE task (id int PRIMARY KEY, team_id uuid NOT NULL REFERENCES team);
        CREATE TABLE plan (id int PRIMARY KEY, team_id uuid NOT NULL REFERENCES team, org_id uuid REFERENCES org);";
    admin.batch_execute(schema).await.unwrap();
    let catalog = live::load(&mut admin).await.unwrap();
    let app = Some(Ident::new("app").unwrap());
    let mut hints = Hints { app, ..Hints::default() };
    let proposal = propose(&catalog, &hints, &Facts::default());
    let what = "2 columns may be the tenants'; name the one that is with --column: \
        org_id (uuid) is in 2 of 4 tables, not null in 1, and in 2 refers to public.org; \
        team_id (uuid) is in 2 of 4 tables, not null in 2, and in 2 refers to public.team";
    assert_eq!(proposal.problems.iter().map(|problem| problem.what.as_str()).collect::<Vec<_>>(), [what]);
    hints.column = Some(Ident::new("org_id").unwrap());
    let proposal = propose(&catalog, &hints, &Facts::default());
    assert_eq!(proposal.relations[&name("public.task")].class(), "child");
    assert_eq!(proposal.problems, []);
}

#[tokio::test]
async fn a_table_that_cannot_be_looked_into_is_unknown() {
    let admin = admin().await;
    let reader = unique("reader");
    let schema = format!(
        "CREATE TABLE without (t int); INSERT INTO without VALUES (1);
        CREATE TABLE with_one (t int); INSERT INTO with_one VALUES (1), (NULL);
        CREATE TABLE empty (t int);
        CREATE TABLE \"Odd \"\"\"\"; --\" (\"t'\" int); INSERT INTO \"Odd \"\"\"\"; --\" VALUES (NULL);
        CREATE TABLE hidden (t int); INSERT INTO hidden VALUES (NULL);
        ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
        CREATE VIEW slow AS SELECT NULLIF(i, i) AS t FROM generate_series(1, 9) AS i, pg_sleep(60);
        CREATE TABLE locked (t int); CREATE TABLE denied (t int);
        CREATE ROLE {reader} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader};
        REVOKE ALL ON denied FROM {reader};"
    );
    admin.batch_execute(&schema).await.unwrap();
    let mut client = admin.login(&reader).await;
    admin.batch_execute("BEGIN; LOCK TABLE locked").await.unwrap();
    let of = |table: &str| (name(&format!("public.{table}")), Ident::new("t").unwrap());
    let mut columns: Vec<_> =
        ["without", "hidden", "slow", "locked", "denied", "absent", "with_one", "empty"].map(of).into();
    columns.push((name(r#"public."Odd """"; --""#), Ident::new("t'").unwrap()));
    let found = facts::null_tenants(&mut client, &columns, Duration::from_millis(300)).await.unwrap();
    let expected = BTreeMap::from([
        (name("public.without"), false),
        (name("public.with_one"), true),
        (name("public.empty"), false),
        (columns[8].0.clone(), true),
    ]);
    assert_eq!(found, expected);
    // Nothing of it stays with the connection.
    let row = client
        .query_one("SELECT current_setting('statement_timeout') || current_setting('row_security')", &[]);
    assert_eq!(row.await.unwrap().get::<_, &str>(0), "0on");
}

/// A schema of 2,000 tables, in which every second one has the tenant column and each refers to others.
fn wide() -> Catalog {
    let ident = |name: &str| Ident::new(name).unwrap();
    let column = |name: &str| Column {
        name: ident(name),
        data_type: "bigint".to_owned(),
        not_null: true,
        not_null_unvalidated: None,
        default: None,
        generated: None,
        identity: None,
        inherited: false,
    };
    let key = |column: &str, table: String| ForeignKey {
        columns: vec![ident(column)],
        references: name(&format!("public.{table}")),
        referenced_columns: vec![ident("id")],
        on_update: ReferentialAction::NoAction,
        on_delete: ReferentialAction::NoAction,
        on_delete_columns: Vec::new(),
        match_type: MatchType::Simple,
        deferrable: false,
        initially_deferred: false,
        period: false,
        enforced: true,
        validated: true,
        inherited: false,
    };
    let mut catalog = Catalog::default();
    let public = Schema { owner: ident("owner"), grants: BTreeSet::new(), extension: None };
    catalog.schemas.insert(ident("public"), public);
    for number in 0..2_000_usize {
        let mut table = Relation::new(RelationKind::Table, ident("owner"));
        table.columns.push(column("id"));
        table.columns.extend((0..20).map(|number| column(&format!("value_{number}"))));
        if number % 2 == 1 {
            table.columns.push(column("tenant_id"));
            table.foreign_keys.insert(ident("of_tenant"), Box::new(key("tenant_id", "table_0".to_owned())));
        }
        for step in 1..=3 {
            table.columns.push(column(&format!("to_{step}")));
            let to = format!("table_{}", (number * 7 + step * 311) % 2_000);
            table.foreign_keys.insert(ident(&format!("to_{step}")), Box::new(key(&format!("to_{step}"), to)));
        }
        catalog.relations.insert(name(&format!("public.table_{number}")), table);
    }
    catalog
}

#[test]
fn two_thousand_tables_are_proposed_and_drawn() {
    let catalog = wide();
    let hints = Hints { app: Some(Ident::new("app").unwrap()), ..Hints::default() };
    let text = propose(&catalog, &hints, &Facts::default()).to_toml();
    let text = text.replace("\"undecided\"", "\"exempt\", reason = \"tried\"");
    let manifest = Manifest::parse(&text).unwrap_or_else(|problems| panic!("{problems:?}"));
    let map = plan::map(&manifest, &catalog);
    let drawn = [map.svg(), map.dot(), map.mermaid()];
    assert!(drawn[0].contains("table_1999"));
}
