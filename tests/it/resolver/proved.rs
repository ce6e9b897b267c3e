//! What the audit and a proof say of resolvers.

use super::{BIGINT, Hosts, UUID};
use crate::prove::Prover;

#[tokio::test]
async fn the_audit_finds_what_is_wider_than_the_manifest_says() {
    let mut hosts = Hosts::planned(UUID, "error").await;
    assert_eq!(hosts.findings().await, Vec::<String>::new());
    let is = |what: &str| {
        format!(
            "secdef-function high: tenantry.tenant_by_host(character varying) is not the resolver of the manifest: it {what}; apply tenantry plan"
        )
    };
    for (drift, said) in [
        ("GRANT EXECUTE ON FUNCTION tenantry.tenant_by_host TO PUBLIC", is("lets PUBLIC call it")),
        ("ALTER FUNCTION tenantry.tenant_by_host RESET search_path", is("has no search path of pg_catalog, pg_temp alone")),
        ("ALTER FUNCTION tenantry.tenant_by_host OWNER TO {system}", is("belongs to SYSTEM, not to RESOLVER")),
        (
            "DROP FUNCTION tenantry.tenant_by_host; CREATE FUNCTION tenantry.tenant_by_host(host varchar) RETURNS TABLE (tenant_id uuid, secret text)
                 LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
                 AS 'SELECT tenant_id, secret FROM erp.company_host WHERE host = $1';
             REVOKE ALL ON FUNCTION tenantry.tenant_by_host FROM PUBLIC; GRANT EXECUTE ON FUNCTION tenantry.tenant_by_host TO {app};
             ALTER FUNCTION tenantry.tenant_by_host OWNER TO {resolver}",
            is("takes or returns something else"),
        ),
        (
            "GRANT SELECT (secret) ON erp.company_host TO {resolver}",
            "secdef-function high: RESOLVER holds SELECT (secret) on erp.company_host, which no resolver needs".to_owned(),
        ),
        (
            "GRANT {resolver} TO {owner}",
            "secdef-function medium: OWNER is a member of RESOLVER, which finds rows of all tenants".to_owned(),
        ),
        (
            "ALTER ROLE {resolver} LOGIN",
            "secdef-function high: RESOLVER has LOGIN, and is to do nothing but own functions that find tenants".to_owned(),
        ),
    ] {
        hosts.run("GRANT CREATE ON SCHEMA tenantry TO {resolver}, {system}").await;
        hosts.run(drift).await;
        hosts.run("REVOKE CREATE ON SCHEMA tenantry FROM {resolver}, {system}").await;
        let found = hosts.findings().await;
        assert!(found.contains(&said), "{drift}: {found:#?}");
        hosts.run("REVOKE {resolver} FROM {owner}; ALTER ROLE {resolver} NOLOGIN").await;
        hosts.apply().await;
        assert_eq!(hosts.findings().await, Vec::<String>::new(), "{drift}");
    }
}

#[tokio::test]
async fn a_proof_tries_keys_of_two_tenants() {
    for (keys, missing) in [(UUID, "error"), (BIGINT, "empty")] {
        let hosts = Hosts::planned(keys, missing).await;
        hosts.run("REVOKE CREATE ON SCHEMA public FROM PUBLIC").await;
        let prover = Prover::new(&hosts.admin, &hosts.app, &hosts.manifest).await;
        let proof = prover.proof().await;
        let of: Vec<_> = proof.subjects.iter().filter(|subject| subject.kind == "resolver").collect();
        assert_eq!(of.len(), 5, "{proof}");
        for subject in of {
            let tried = subject.cells.iter().filter(|cell| cell.attempt.starts_with("resolve"));
            assert!(tried.count() >= 12, "{}", subject.name);
        }
        let red: Vec<_> = proof.broken().map(|(subject, cell)| (&subject.name, cell)).collect();
        assert!(red.is_empty(), "{red:#?}");
        let unproved: Vec<_> = proof.unproved().filter(|(subject, ..)| subject.kind == "resolver").collect();
        assert!(unproved.is_empty(), "{unproved:#?}");
    }
}

/// Each of these a proof has to notice.
#[tokio::test]
async fn a_proof_notices_a_resolver_that_was_changed() {
    let hosts = Hosts::planned(UUID, "error").await;
    hosts.run("REVOKE CREATE ON SCHEMA public FROM PUBLIC").await;
    let prover = Prover::new(&hosts.admin, &hosts.app, &hosts.manifest).await;
    let body = "SELECT found.tenant_id FROM erp.company_host AS found";
    for (change, attempt) in [
        (format!("{body} WHERE found.host LIKE $1"), "leaked: resolve a pattern"),
        (body.to_owned(), "leaked: resolve"),
        (
            format!("{body} WHERE found.host = $1 AND found.tenant_id = tenantry.tenant_id()"),
            "denied: resolve",
        ),
        (
            "SELECT max(found.tenant_id::text)::uuid FROM erp.company_host AS found WHERE found.host = $1 OR $1 IS NULL OR true".to_owned(),
            "leaked: resolve what nobody has",
        ),
    ] {
        let sql = format!(
            "CREATE OR REPLACE FUNCTION tenantry.tenant_by_host(host varchar) RETURNS TABLE (tenant_id uuid)
                 LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $${change}$$"
        );
        hosts.run(&sql).await;
        let proof = prover.proof().await;
        let red: Vec<String> =
            proof.broken().map(|(_, cell)| format!("{}: {}", cell.verdict.name(), cell.attempt)).collect();
        assert!(red.iter().any(|of| of == attempt), "{change}: {red:?}");
    }
}

#[tokio::test]
async fn every_mutation_of_a_resolver_is_noticed() {
    let hosts = Hosts::planned(UUID, "error").await;
    hosts.run("REVOKE CREATE ON SCHEMA public FROM PUBLIC").await;
    let prover = Prover::new(&hosts.admin, &hosts.app, &hosts.manifest).await;
    let mutations = prover.mutations().await;
    let role = hosts.fill("member of: {resolver}");
    let of: Vec<String> = mutations
        .all
        .iter()
        .filter(|mutation| mutation.object.contains("tenantry.") || mutation.what == role)
        .map(|mutation| format!("{} {}: {:?}", mutation.object, mutation.what, mutation.fate))
        .collect();
    assert_eq!(of.len(), 5 * 4 - 1 + 1, "{of:#?}");
    let missed: Vec<&String> = of.iter().filter(|mutation| !mutation.contains("Noticed")).collect();
    assert!(missed.is_empty(), "{missed:#?}");
}
