//! Services whose statements set something off: a plan gives them what that needs, and no more.

use tenantry::catalog::live;
use tenantry::policy::manifest::Manifest;
use tenantry::{migrate, rule};

use super::{plan_for, titles};
use crate::policy::{A, admin, outcome, unique};
use crate::support::kept;

const MANIFEST: &str = r#"
[tenancy]
type = "uuid"
[roles]
owner = "{owner}"
app = "{app}"
system = "{system}"
[tables]
"public.audit" = { class = "exempt", reason = "what was changed, for the auditors" }
"public.vault" = { class = "deny" }
"public.account" = { class = "exempt", reason = "who may log in" }
"#;

const SCHEMA: &str = "
CREATE TABLE invoice (tenant_id uuid NOT NULL, id int PRIMARY KEY, total numeric NOT NULL DEFAULT 0);
CREATE TABLE audit (id bigserial PRIMARY KEY, tenant_id uuid, invoice int);
CREATE TABLE vault (id int);
CREATE TABLE account (name text);
ALTER TABLE audit OWNER TO {auditor};
CREATE SCHEMA tools;
CREATE TABLE tools.count (invoices int NOT NULL);
INSERT INTO tools.count VALUES (0);
CREATE FUNCTION tools.counted() RETURNS void LANGUAGE sql AS 'UPDATE tools.count SET invoices = invoices + 1';
REVOKE EXECUTE ON FUNCTION tools.counted() FROM PUBLIC;
CREATE FUNCTION log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit (tenant_id, invoice) VALUES (NEW.tenant_id, NEW.id);
    PERFORM tools.counted();
    RETURN NEW;
END
$$;
CREATE TRIGGER log AFTER INSERT OR UPDATE ON invoice FOR EACH ROW EXECUTE FUNCTION log();
CREATE FUNCTION locked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO vault VALUES (1);
    RETURN NULL;
END
$$;
CREATE TRIGGER locked AFTER DELETE ON invoice FOR EACH ROW EXECUTE FUNCTION locked();
";

/// `insufficient_privilege`
const DENIED: &str = "42501";

/// The statement that fails before a plan for what its trigger lacks, and goes through after it: as each role that writes.
#[tokio::test]
async fn a_trigger_can_write_what_it_writes_once_the_plan_was_applied() {
    let mut admin = admin().await;
    let [owner, app, system, auditor] = ["owner", "app", "system", "auditor"].map(unique);
    let fill = |text: &str| {
        let names = [("{owner}", &owner), ("{app}", &app), ("{system}", &system), ("{auditor}", &auditor)];
        names.iter().fold(text.to_owned(), |text, (place, name)| text.replace(place, name))
    };
    let roles = "CREATE ROLE {owner}; CREATE ROLE {app} LOGIN; CREATE ROLE {system} LOGIN BYPASSRLS; CREATE ROLE {auditor};";
    admin.batch_execute(&fill(roles)).await.unwrap();
    admin.batch_execute(&fill(SCHEMA)).await.unwrap();
    admin.batch_execute(&fill("GRANT SELECT, INSERT, UPDATE ON invoice TO {app}")).await.unwrap();
    let manifest = fill(MANIFEST);
    let update = "INSERT INTO invoice VALUES (current_setting('app.tenant_id')::uuid, 1) \
                  ON CONFLICT (id) DO UPDATE SET total = invoice.total + 1";
    let mut service = admin.login(&app).await;
    assert!(outcome(&mut service, Some(A), update).await == DENIED);

    let catalog = live::load(&mut admin).await.unwrap();
    let plan = plan_for(&manifest, &catalog);
    let steps: Vec<String> =
        plan.steps.iter().map(|step| format!("{}: {}", step.object, step.what)).collect();
    for (object, what) in [
        ("public.audit", format!("INSERT for {app}, for trigger log of public.invoice")),
        ("public.audit_id_seq", format!("USAGE for {app}, for trigger log of public.invoice")),
        ("public.audit", format!("INSERT for {owner}, for trigger log of public.invoice")),
        ("schema tools", format!("USAGE for {app}, for trigger log of public.invoice")),
        ("function tools.counted()", format!("EXECUTE for {system}, for trigger log of public.invoice")),
        (
            "tools.count",
            format!("SELECT, UPDATE for {app}, for trigger log of public.invoice, by tools.counted()"),
        ),
    ] {
        let step = format!("{object}: {what}");
        assert!(steps.contains(&step), "{step} in {steps:#?}");
    }
    // What a class closes stays closed, and is told.
    assert!(
        !plan.steps.iter().any(|step| step.object == "public.vault" && step.what.contains("INSERT for app"))
    );
    let told = plan.remarks.iter().find(|remark| remark.object == "public.vault").unwrap();
    let expected =
        format!("{app} has no INSERT on it, which trigger locked of public.invoice needs, and class deny");
    assert!(told.what.starts_with(&expected), "{told:?}");
    // What nothing sets off is granted to nobody.
    assert!(!steps.iter().any(|step| step.contains("public.account")), "{steps:#?}");

    kept::apply(&mut admin, &app, &plan).await.unwrap_or_else(|error| panic!("{error:?}"));
    for role in [&app, &system] {
        let mut service = admin.login(role).await;
        assert_eq!(outcome(&mut service, Some(A), update).await, "1", "{role}");
    }
    let as_owner = format!("SET LOCAL ROLE {owner}; SET LOCAL app.tenant_id = '{A}'; {update}");
    admin.batch_execute(&format!("BEGIN; {as_owner}; COMMIT")).await.unwrap();
    let mut service = admin.login(&app).await;
    assert!(outcome(&mut service, Some(A), "SELECT FROM audit").await == DENIED);
    assert!(outcome(&mut service, Some(A), "SELECT FROM account").await == DENIED);

    let catalog = live::load(&mut admin).await.unwrap();
    assert_eq!(titles(&plan_for(&manifest, &catalog)), Vec::<String>::new());
    let report = rule::audit(&Manifest::parse(&manifest).unwrap(), &catalog);
    let missing = report.findings.iter().filter(|finding| finding.rule.code == "privilege-missing");
    let missing: Vec<&str> = missing.map(|finding| finding.message.as_str()).collect();
    assert_eq!(
        missing,
        [format!("{app} has no INSERT on public.vault, which trigger locked of public.invoice needs")]
    );

    migrate::apply(&mut admin, &plan.down().unwrap()).await.unwrap_or_else(|error| panic!("{error:?}"));
    let mut service = admin.login(&app).await;
    assert!(outcome(&mut service, Some(A), update).await == DENIED);
}
