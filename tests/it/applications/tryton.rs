//! Tryton, an ERP of 306 tables: its database is divided among its companies, and it does not notice.

mod isolation;
mod program;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tenantry::catalog::{Catalog, live};
use tenantry::policy::manifest::Manifest;
use tenantry::policy::{self, Place};

use self::program::{COMPANIES, Work, create, work};
use crate::policy::{Admin, admin, unique};
use crate::tool::{Folder, Run, Tool};

/// Parties, products, the configuration, the state of clients: Tryton keeps them for all companies together.
const SHARED_BY_ALL: &str = "class = \"exempt\", reason = \"all companies share it\"";

/// The other answers. A user's company is the one that it works for at the moment, and some sequences are everybody's.
const ANSWERS: [(&str, &str); 10] = [
    ("account_journal_sequence", "class = \"shared\""),
    ("party_party_account", "class = \"shared\""),
    ("party_party_lang", "class = \"shared\""),
    ("party_party_sale_price_list", "class = \"shared\""),
    ("product_configuration_cost_price_warehouse", "class = \"shared\""),
    ("product_configuration_default_lead_time", "class = \"shared\""),
    ("account_move_line_template", "class = \"child\", via = \"account_move_template\""),
    (
        "analytic_account_account_distribution",
        "class = \"child\", via = \"analytic_account_account_distribution_parent_fkey\"",
    ),
    ("project_allocation", "class = \"child\", via = \"project_work\""),
    (
        "project_predecessor_successor",
        "class = \"child\", via = \"project_predecessor_successor_successor_fkey\"",
    ),
];

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

    /// Runs the tool, which has to end with this code.
    fn tool(&self, folder: &Folder, arguments: &[&str], code: i32) -> Run {
        let run = Tool::at(folder).args(arguments).env("DATABASE_URL", self.admin.url()).run();
        run.said(code, &[]);
        run
    }
}

impl Tryton {
    /// What a proof comes to, as the tool tells it to programs.
    async fn proof(&self, folder: &Folder, code: i32) -> Value {
        drop(self.admin.login(&self.app).await);
        let tool = Tool::at(folder).args(&["prove", "--format", "json"]);
        let tool = tool.env("DATABASE_URL", self.admin.url_as(&self.app));
        let run = tool.env("TENANTRY_SEED_URL", self.admin.url()).run();
        run.said(code, &[]);
        run.json()
    }
}

/// What a person answers where the proposal leaves a question open, or does not see that `res_user` holds no company's rows.
fn settled(proposal: &str) -> String {
    let line = |line: &str| {
        let Some((key, _)) = line.split_once(" = ") else { return format!("{line}\n") };
        let name = key.trim_matches(['"', '\'', ' ']).trim_start_matches("public.").trim_matches('"');
        let belongs_to_a_user = line.contains("via = \"res_user\"");
        if !line.contains("\"undecided\"") && !belongs_to_a_user {
            return format!("{line}\n");
        }
        let answer =
            ANSWERS.iter().find(|(known, _)| *known == name).map_or(SHARED_BY_ALL, |(_, answer)| answer);
        format!("{key} = {{ {answer} }}\n")
    };
    proposal.lines().map(line).collect()
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

    // As a platform engineer does it: init, settle, plan, apply, check.
    let folder = Folder::new();
    tryton.tool(&folder, &["init", "--app", &tryton.app, "--system", &tryton.system], 1);
    let manifest = settled(&folder.read("tenantry.toml"));
    folder.write("tenantry.toml", &manifest);
    let manifest = Manifest::parse(&manifest).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let catalog = tryton.catalog().await;
    tryton.tool(&folder, &["plan", "--check"], 1);
    let open = tryton.proof(&folder, 1).await;
    assert!(open["summary"]["leaked"].as_u64() > Some(10_000), "{}", open["summary"]);
    tryton.tool(&folder, &["plan", "--out", "migrations", "--style", "plain"], 0);
    tryton.admin.batch_execute(&folder.read("migrations/tenancy.up.sql")).await.unwrap();
    tryton.tool(&folder, &["plan", "--check"], 0);
    let secured = tryton.catalog().await;
    let closed = tryton.proof(&folder, 1).await;
    let cells = closed["subjects"].as_array().unwrap().iter().flat_map(|subject| {
        subject["cells"].as_array().unwrap().iter().map(move |cell| (subject["name"].as_str().unwrap(), cell))
    });
    for (name, cell) in cells.filter(|(_, cell)| cell["verdict"] != "held") {
        // A child has no tenant column that a second key of its could include, and a key that Tryton names is left as it is.
        let attempt = cell["attempt"].as_str().unwrap();
        let is_of_a_key = ["refer by ", "cascade ", "collide in "].iter().any(|of| attempt.starts_with(of));
        assert!(is_of_a_key && cell["verdict"] == "leaked", "{name}: {cell}");
    }

    let places = policy::places(&manifest, &secured).relations;
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

    tryton.tool(&folder, &["plan", "--check"], 0);
    tryton.admin.batch_execute(&folder.read("migrations/tenancy.down.sql")).await.unwrap();
    let restored = tryton.catalog().await;
    assert!(restored.relations == catalog.relations, "down left something behind");
    assert!(restored.functions == catalog.functions && restored.schemas == catalog.schemas);
}
