//! Tryton, an ERP of 306 tables: its database is divided among its companies, and it does not notice.

mod isolation;
mod program;

use std::collections::{BTreeMap, BTreeSet};

use tenantry::catalog::{Catalog, live};
use tenantry::plan::{self, Facts, Hints, Place, Question};
use tenantry::policy::manifest::{Class, Entry, Manifest, Via};
use tenantry::{Ident, QualifiedName, migrate};

use self::program::{COMPANIES, Work, create, work};
use crate::policy::{Admin, admin, unique};

/// Its configuration and its clients' state, which belong to no company, and what only looks like a company's:
/// a user's company is the one that it works for at the moment.
const NOT_TENANTS: [&str; 2] = ["ir_sequence", "res_user"];

/// Tryton's database and who works in it.
struct Tryton {
    admin: Admin,
    app: String,
    system: String,
}

impl Tryton {
    async fn new() -> Self {
        let (admin, app, system) = (admin().await, unique("tryton_app"), unique("tryton_system"));
        create(&admin.url()).await;
        let role = format!(
            "CREATE ROLE {app} LOGIN;
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {app};
             GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {app}"
        );
        admin.batch_execute(&role).await.unwrap();
        Self { admin, app, system }
    }

    async fn catalog(&mut self) -> Catalog {
        live::load(&mut self.admin).await.unwrap()
    }

    /// What is proposed, with an answer to every question.
    async fn manifest(&mut self, catalog: &Catalog) -> Manifest {
        let mut facts = Facts::default();
        for (name, relation) in &catalog.relations {
            let nullable =
                relation.column(&Ident::new("company").unwrap()).is_some_and(|column| !column.not_null);
            if nullable {
                let sql = format!("SELECT EXISTS (SELECT FROM {name} WHERE company IS NULL)");
                let row = self.admin.query_one(&sql, &[]).await.unwrap();
                facts.null_tenants.insert(name.clone(), row.get(0));
            }
        }
        let role = |name: &str| Some(Ident::new(name).unwrap());
        let hints = Hints { app: role(&self.app), system: role(&self.system), ..Hints::default() };
        let proposal = plan::propose(catalog, &hints, &facts);
        assert_eq!(proposal.problems, []);
        let column = proposal.column.as_ref().unwrap();
        assert_eq!(column.name.as_str(), "company");

        let answer = |name: &QualifiedName, question: Question| {
            let shared = question == Question::NullTenants && !NOT_TENANTS.contains(&name.name().as_str());
            if shared {
                "class = \"shared\""
            } else {
                "class = \"exempt\", reason = \"all companies share it\""
            }
        };
        let mut text = proposal.to_toml();
        for (name, proposed) in proposal.undecided() {
            let plan::Choice::Undecided { question, .. } = proposed.choice else { unreachable!() };
            text = settled(&text, name, answer(name, question));
        }
        for name in NOT_TENANTS {
            let name = QualifiedName::parse(&format!("public.{name}")).unwrap();
            if proposal.relations[&name].class() != "undecided" {
                text.push_str(&format!("\"{}\" = {{ {} }}\n", name.plain(), answer(&name, Question::Alone)));
            }
        }
        let mut manifest = Manifest::parse(&text).unwrap_or_else(|problems| panic!("{problems:#?}"));
        exempt_children_of_exempt(&mut manifest, catalog);
        manifest
    }
}

/// What belongs to a user belongs to no company, once users do not.
fn exempt_children_of_exempt(manifest: &mut Manifest, catalog: &Catalog) {
    loop {
        let is_exempt = |name: &QualifiedName| {
            manifest.entry(name).is_some_and(|entry| matches!(entry.class, Class::Exempt { .. }))
        };
        let leads_out = |(name, entry): (&QualifiedName, &Entry)| {
            let Class::Child { via } = &entry.class else { return None };
            let parent = match via {
                Via::Table(table) => table.clone(),
                Via::Name(key) => match catalog.relations[name].foreign_keys.get(key) {
                    Some(key) => key.references.clone(),
                    None => QualifiedName::new(name.schema().clone(), key.clone()),
                },
            };
            is_exempt(&parent).then(|| name.clone())
        };
        let children: Vec<QualifiedName> = manifest.tables.iter().filter_map(leads_out).collect();
        if children.is_empty() {
            return;
        }
        for name in children {
            let reason = "it goes with what all companies share".to_owned();
            manifest.tables.get_mut(&name).unwrap().class = Class::Exempt { reason };
        }
    }
}

/// The manifest with an answer where the relation is undecided.
fn settled(manifest: &str, name: &QualifiedName, answer: &str) -> String {
    let quoted = [format!("\"{}\"", name.plain()), format!("'{}'", name.plain())];
    let line = |line: &str| {
        if quoted.iter().any(|name| line.starts_with(name)) && line.contains("\"undecided\"") {
            let key = line.split(" = ").next().unwrap().trim_end();
            format!("{key} = {{ {answer} }}\n")
        } else {
            format!("{line}\n")
        }
    };
    manifest.lines().map(line).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_company_works_as_before_and_sees_its_own() {
    let mut tryton = Tryton::new().await;
    let tables = tryton.catalog().await.relations.values().filter(|relation| relation.is_table()).count();
    assert!(tables >= 300, "{tables} tables");
    let mut before: BTreeMap<i32, Work> = BTreeMap::new();
    for company in COMPANIES {
        before.insert(company, work(&tryton.admin.url(), company, true).await);
    }

    let catalog = tryton.catalog().await;
    let manifest = tryton.manifest(&catalog).await;
    let plan = plan::plan(&manifest, &catalog).unwrap_or_else(|problems| panic!("{problems:#?}"));
    migrate::apply(&mut tryton.admin, &plan.up().unwrap()).await.unwrap_or_else(|error| panic!("{error:?}"));
    let secured = tryton.catalog().await;
    let left = plan::plan(&manifest, &secured).unwrap();
    assert!(left.is_empty(), "{:#?}", left.steps);

    let places = plan::places(&manifest, &secured).relations;
    let of_one_company: BTreeSet<&str> = places
        .iter()
        .filter(|(_, place)| matches!(place, Place::Tenant { .. } | Place::Child { .. }))
        .map(|(name, _)| name.name().as_str())
        .collect();
    assert!(of_one_company.len() > 120, "{}", of_one_company.len());
    drop(tryton.admin.login(&tryton.app).await);
    let url = tryton.admin.url_as(&tryton.app);
    for company in COMPANIES {
        // Its own queries, unchanged, come to the same.
        let after = work(&url, company, true).await;
        // Of the list of companies, which Tryton reads whole, each has its own line now.
        let differences = after.differences(&before[&company]);
        assert!(
            differences[0].starts_with("company_company: - 1 ") && differences.len() == 1,
            "{differences:#?}"
        );
        // And where it does not ask for its company, it gets no other's rows.
        let unasked = work(&url, company, false).await;
        for (table, line) in &unasked.tables {
            if of_one_company.contains(table.as_str()) {
                assert_eq!(Some(line), after.tables.get(table), "company {company}, {table}");
            }
        }
        assert_eq!(unasked.business, before[&company].business, "company {company}");
    }

    isolation::check(&tryton.admin, &tryton.app, &secured, &places).await;

    let now = tryton.catalog().await;
    assert!(plan::plan(&manifest, &now).unwrap().is_empty());
    migrate::apply(&mut tryton.admin, &plan.down().unwrap()).await.unwrap();
    let restored = tryton.catalog().await;
    assert!(restored.relations == catalog.relations, "down left something behind");
    assert!(restored.functions == catalog.functions && restored.schemas == catalog.schemas);
}
