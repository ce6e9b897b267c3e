//! What somebody changes by hand, a plan finds and puts right, and can be taken back.

use tenantry::catalog::replay::{Source, replay};
use tenantry::migrate;
use tenantry::plan::{self, Step};
use tenantry::policy::manifest::Manifest;
use tenantry::rule::{self, Finding};

use super::{Hosts, UUID, titles};
use crate::support::expected;

#[tokio::test]
async fn down_leaves_nothing_of_it() {
    let mut hosts = Hosts::new(UUID, "error").await;
    let before = hosts.catalog().await;
    let plan = hosts.apply().await;
    let after = hosts.catalog().await;
    migrate::apply(&mut hosts.admin, &plan.down().unwrap()).await.unwrap_or_else(|error| panic!("{error:?}"));
    assert!(hosts.catalog().await == before);
    migrate::apply(&mut hosts.admin, &plan.up().unwrap()).await.unwrap_or_else(|error| panic!("{error:?}"));
    assert!(hosts.catalog().await == after);
}

#[tokio::test]
async fn a_resolver_reads_well() {
    let mut hosts = Hosts::new(UUID, "error").await;
    let plan = hosts.plan().await;
    let role = hosts.fill("{resolver}");
    let is_own = |step: &&Step| step.up.contains(&role) && !step.object.starts_with("role ");
    let own = plan.steps.iter().filter(is_own);
    let text: String = own
        .map(|step| format!("-- {}: {}\n{}\n-- down\n{}\n\n", step.object, step.what, step.up, step.down))
        .collect();
    let of_anybody = [("{resolver}", "erp_resolver"), ("{app}", "erp_app")];
    let text = of_anybody.iter().fold(text, |text, (place, name)| text.replace(&hosts.fill(place), name));
    expected::compare("resolver/expected.sql", &text);
}

#[tokio::test]
async fn what_somebody_changes_is_planned_again() {
    let mut hosts = Hosts::planned(UUID, "error").await;
    let body = "SELECT found.tenant_id FROM erp.company_host AS found";
    for (drift, step) in [
        (
            format!("CREATE OR REPLACE FUNCTION tenantry.tenant_by_host(host varchar) RETURNS TABLE (tenant_id uuid)
                 LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS '{body}'"),
            "function tenantry.tenant_by_host(character varying): the resolver as the manifest has it",
        ),
        (
            "DROP FUNCTION tenantry.tenant_by_host; CREATE FUNCTION tenantry.tenant_by_host(host varchar)
                 RETURNS TABLE (tenant_id uuid, secret text) LANGUAGE sql SECURITY DEFINER AS 'SELECT tenant_id, secret FROM erp.company_host'"
                .to_owned(),
            "function tenantry.tenant_by_host(character varying): the resolver as the manifest has it",
        ),
        (
            "ALTER FUNCTION tenantry.tenant_by_host SECURITY INVOKER".to_owned(),
            "function tenantry.tenant_by_host(character varying): the resolver as the manifest has it",
        ),
        (
            "ALTER FUNCTION tenantry.tenant_by_host RESET search_path".to_owned(),
            "function tenantry.tenant_by_host(character varying): the resolver as the manifest has it",
        ),
        (
            "ALTER FUNCTION tenantry.tenant_by_host SET search_path = erp, pg_catalog".to_owned(),
            "function tenantry.tenant_by_host(character varying): the resolver as the manifest has it",
        ),
        (
            "ALTER FUNCTION tenantry.tenant_by_host SET work_mem = '64MB'".to_owned(),
            "function tenantry.tenant_by_host(character varying): the resolver as the manifest has it",
        ),
        (
            "ALTER FUNCTION tenantry.tenant_by_host LEAKPROOF".to_owned(),
            "function tenantry.tenant_by_host(character varying): the resolver as the manifest has it",
        ),
        (
            "ALTER FUNCTION tenantry.tenant_by_host CALLED ON NULL INPUT".to_owned(),
            "function tenantry.tenant_by_host(character varying): the resolver as the manifest has it",
        ),
        (
            "ALTER FUNCTION tenantry.tenant_by_host OWNER TO postgres".to_owned(),
            "function tenantry.tenant_by_host(character varying): owner is {resolver}",
        ),
        (
            "GRANT EXECUTE ON FUNCTION tenantry.tenant_by_host TO PUBLIC".to_owned(),
            "function tenantry.tenant_by_host(character varying): no EXECUTE for PUBLIC",
        ),
        (
            "GRANT EXECUTE ON FUNCTION tenantry.tenant_by_host TO {app} WITH GRANT OPTION".to_owned(),
            "function tenantry.tenant_by_host(character varying): no EXECUTE for {app}",
        ),
        (
            "REVOKE EXECUTE ON FUNCTION tenantry.tenant_by_host FROM {app}".to_owned(),
            "function tenantry.tenant_by_host(character varying): EXECUTE for {app}",
        ),
        (
            "DROP FUNCTION tenantry.tenant_by_host".to_owned(),
            "function tenantry.tenant_by_host(character varying): gives {app} tenant_id by host",
        ),
        (
            "CREATE FUNCTION tenantry.tenant_by_host(host text) RETURNS TABLE (tenant_id uuid) LANGUAGE sql BEGIN ATOMIC SELECT NULL::uuid; END;
             GRANT CREATE ON SCHEMA tenantry TO {resolver}; ALTER FUNCTION tenantry.tenant_by_host(text) OWNER TO {resolver};
             REVOKE CREATE ON SCHEMA tenantry FROM {resolver}"
                .to_owned(),
            "function tenantry.tenant_by_host(text): no resolver of the manifest is this one any more",
        ),
        ("GRANT SELECT (secret) ON erp.company_host TO {resolver}".to_owned(), "erp.company_host: no SELECT (secret) for {resolver}"),
        ("GRANT SELECT ON erp.company_host TO {resolver}".to_owned(), "erp.company_host: no SELECT for {resolver}"),
        ("GRANT UPDATE (host) ON erp.company_host TO {resolver}".to_owned(), "erp.company_host: no UPDATE (host) for {resolver}"),
        ("GRANT USAGE ON SEQUENCE erp.login_id_seq TO {resolver}".to_owned(), "erp.login_id_seq: no USAGE for {resolver}"),
        ("REVOKE SELECT (host) ON erp.company_host FROM {resolver}".to_owned(), "erp.company_host: SELECT (host) for {resolver}"),
        ("REVOKE USAGE ON SCHEMA erp FROM {resolver}".to_owned(), "schema erp: USAGE for {resolver}"),
    ] {
        let undrifted = hosts.catalog().await;
        hosts.run(&drift).await;
        let before = hosts.catalog().await;
        let step = hosts.fill(step);
        let plan = hosts.plan().await;
        assert!(titles(&plan).contains(&step), "{drift}: {:#?}", titles(&plan));
        hosts.apply().await;
        migrate::apply(&mut hosts.admin, &plan.down().unwrap()).await.unwrap_or_else(|error| panic!("{drift}: {error:?}"));
        let back = hosts.catalog().await;
        assert!(back.functions == before.functions, "{drift}: {:#?} {:#?}", back.functions, before.functions);
        assert!(back == before, "{drift}");
        hosts.apply().await;
        assert!(hosts.catalog().await == undrifted, "{drift}");
    }
}

/// Without its section, a resolver and what its role reads are gone.
#[tokio::test]
async fn what_the_manifest_has_no_more_goes() {
    let mut hosts = Hosts::planned(UUID, "error").await;
    let (before, rest) = hosts.manifest.split_once("[resolvers.tenant_by_host]").unwrap();
    let (_, after) = rest.split_once("[resolvers.tenant_by_login]").unwrap();
    hosts.manifest = format!("{before}[resolvers.tenant_by_login]{after}");
    let plan = hosts.apply().await;
    assert_eq!(
        titles(&plan),
        [
            "function tenantry.tenant_by_host(character varying): no resolver of the manifest is this one any more".to_owned(),
            hosts.fill("erp.company_host: no SELECT (host), SELECT (tenant_id) for {resolver}"),
        ]
    );
    migrate::apply(&mut hosts.admin, &plan.down().unwrap()).await.unwrap_or_else(|error| panic!("{error:?}"));
    hosts.apply().await;
}

/// Files say the same as the server that they were run on.
#[tokio::test]
async fn files_with_the_plan_in_them_leave_nothing_to_do() {
    let mut hosts = Hosts::new(UUID, "error").await;
    let plan = hosts.plan().await;
    let files = [
        Source::new("1.sql", hosts.fill(super::SCHEMA)),
        Source::new("2.sql", plan.up().unwrap().to_string()),
    ];
    let manifest = Manifest::parse(&hosts.manifest).unwrap();
    let replayed = replay(&files, &manifest.replay_options());
    let then = plan::plan(&manifest, &replayed.catalog).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(titles(&then), Vec::<String>::new());
    let report = rule::lint(&manifest, &files);
    let of_plan = |found: &&Finding| found.place.as_ref().is_some_and(|place| place.file == "2.sql");
    // The sequences are those of the tables.
    let about = report.findings.iter().filter(of_plan).filter(|found| found.rule.code != "sequence-shared");
    let said: Vec<_> = about.map(|found| format!("{}: {}", found.rule.code, found.message)).collect();
    assert_eq!(said, Vec::<String>::new());
}
