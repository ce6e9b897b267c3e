//! What `audit` finds in a database.

use super::{Folder, Run, Tool, place};
use crate::policy::unique;

const SCHEMA: &str = "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);\
                      GRANT SELECT, TRUNCATE ON invoice TO {app};";

fn audit(folder: &Folder, url: &str, args: &[&str]) -> Run {
    Tool::at(folder).args(&["audit", "--database-url", url]).args(args).run()
}

#[tokio::test]
async fn a_database_is_judged_by_the_same_rules_as_files() {
    let place = place().await;
    let app = unique("app");
    let client = place.database.connect().await.unwrap();
    client
        .batch_execute(&format!("CREATE ROLE {app} LOGIN;{}", SCHEMA.replace("{app}", &app)))
        .await
        .unwrap();
    let folder = Folder::new();
    folder.write("tenantry.toml", &format!("[tenancy]\ntype = \"uuid\"\n[roles]\napp = \"{app}\"\n[tables]\n\"public.invoice\" = {{ class = \"tenant\" }}\n"));
    let url = place.database.url();

    let run = audit(&folder, &url, &["--format", "json"]);
    assert_eq!((run.code, run.err.as_str()), (1, ""));
    let json = run.json();
    let findings = json["findings"].as_array().unwrap();
    for rule in ["rls-disabled", "truncate-granted"] {
        let finding = findings.iter().find(|finding| finding["rule"] == rule);
        let finding = finding.unwrap_or_else(|| panic!("{rule}: {json}"));
        assert_eq!(
            (&finding["object"], &finding["severity"]),
            (&"public.invoice".into(), &"critical".into())
        );
        assert!(finding.get("file").is_none(), "{finding}");
    }
    let people = audit(&folder, &url, &[]);
    assert!(people.out.contains("critical[rls-disabled]: public.invoice holds tenants' rows"), "{people:?}");
    let sarif = audit(&folder, &url, &["--format", "sarif"]).json();
    // Code scanning refuses a log with a result that has no file.
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    for result in results {
        let location = &result["locations"][0];
        let name = location["logicalLocations"][0]["fullyQualifiedName"].as_str().unwrap();
        let line = if name.contains("public.invoice") { 6 } else { 1 };
        let place = &location["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "tenantry.toml", "{result}");
        assert_eq!(place["region"], serde_json::json!({ "startLine": line }), "{result}");
    }
    assert!(results.iter().any(|result| result["ruleId"] == "truncate-granted"), "{sarif}");

    let baseline = ["--baseline", "known.toml"];
    assert_eq!(audit(&folder, &url, &[&baseline[..], &["--write-baseline"]].concat()).code, 0);
    assert_eq!(audit(&folder, &url, &baseline).code, 0);
    // The file is that of lint, too: neither takes the other's entries out, nor what somebody has said to one.
    let said = folder.read("known.toml")
        + "\n[[finding]]\nrule = \"grant-all\"\nobject = \"public.x\"\nfile = \"known.toml\"\nreason = \"so\"\n";
    folder.write("known.toml", &said);
    assert_eq!(audit(&folder, &url, &[&baseline[..], &["--write-baseline"]].concat()).code, 0);
    assert_eq!(audit(&folder, &url, &baseline).code, 0);
    assert!(folder.read("known.toml").contains("reason = \"so\""));
    client.batch_execute(&format!("REVOKE TRUNCATE ON invoice FROM {app}")).await.unwrap();
    let run = audit(&folder, &url, &baseline);
    assert!(run.code == 1 && run.unwrapped().contains("is in the baseline, and is found no more"), "{run:?}");
}

#[test]
fn a_database_that_is_not_there_is_said() {
    let folder = Folder::new();
    folder.write("tenantry.toml", "[tenancy]\ntype = \"uuid\"\n[roles]\napp = \"a\"\n");
    audit(&folder, "postgresql://localhost:1/erp", &[]).said(3, &["error: "]);
}
