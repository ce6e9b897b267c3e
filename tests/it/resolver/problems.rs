//! What has to be settled before a resolver can be made.

use super::{Hosts, UUID};

#[tokio::test]
async fn what_a_resolver_lacks_is_said_with_what_to_do() {
    let mut hosts = Hosts::new(UUID, "error").await;
    hosts
        .run(
            "CREATE VIEW erp.hosts AS SELECT * FROM erp.company_host;
             CREATE TYPE erp.kind AS ENUM ('x');
             CREATE TABLE erp.try (tenant_id uuid NOT NULL, note text, part text NOT NULL, late text UNIQUE DEFERRABLE, kind erp.kind UNIQUE,
                 size integer UNIQUE, pair text);
             CREATE UNIQUE INDEX ON erp.try (part) WHERE note IS NULL;
             CREATE UNIQUE INDEX ON erp.try (tenant_id, pair);
             CREATE UNIQUE INDEX ON erp.try (upper(note));
             CREATE TABLE erp.day (tenant_id uuid NOT NULL, day date, code text, UNIQUE (day, code)) PARTITION BY RANGE (day);
             CREATE TABLE erp.day_rest PARTITION OF erp.day DEFAULT;
             CREATE SCHEMA tenantry;
             CREATE FUNCTION tenantry.tenant_by_host(text) RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid';",
        )
        .await;
    let (head, rest) = hosts
        .manifest
        .clone()
        .split_once("[resolvers.tenant_by_host]")
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let tables = format!(
        "[tables]{}\"erp.try\" = {{ class = \"tenant\", unique = [\"part\"] }}\n\"erp.hosts\" = {{ class = \"deny\" }}\n",
        rest.split_once("[tables]").unwrap().1
    );
    for (resolver, said) in [
        (
            "table = 'erp.company_hots'\nby = ['host']\nreturns = ['tenant_id']",
            "reads erp.company_hots, which is not in the database; did you mean erp.company_host?",
        ),
        (
            "table = 'erp.hosts'\nby = ['host']\nreturns = ['tenant_id']",
            "reads erp.hosts, which is no table; name the table that has the key",
        ),
        (
            "table = 'erp.day_rest'\nby = ['day', 'code']\nreturns = ['tenant_id']",
            "reads erp.day_rest, which is a partition; name erp.day",
        ),
        (
            "table = 'erp.company_host'\nby = ['hots']\nreturns = ['tenant_id']",
            "names column hots of erp.company_host, which is not there; did you mean host?",
        ),
        (
            "table = 'erp.company_host'\nby = ['host']\nreturns = ['tenant']",
            "names column tenant of erp.company_host, which is not there; did you mean tenant_id?",
        ),
        (
            "table = 'erp.company_host'\nby = ['host']\nreturns = ['secret']",
            "returns secret first; expected tenant_id, the tenant column of erp.company_host",
        ),
        (
            "table = 'erp.domain'\nby = ['company']\nreturns = ['name']",
            "returns name of erp.domain first, which is of type text; expected a tenant, of type uuid",
        ),
        (
            "table = 'erp.try'\nby = ['kind']\nreturns = ['tenant_id']",
            "names column kind of erp.try, which is of type erp.kind; expected one of smallint",
        ),
        (
            "table = 'erp.try'\nby = ['lower(size)']\nreturns = ['tenant_id']",
            "compares lower(size) of erp.try, and size is of type integer; expected text",
        ),
        (
            "table = 'erp.try'\nby = ['note']\nreturns = ['tenant_id']",
            "looks for note, and erp.try has no unique index on just that",
        ),
        (
            "table = 'erp.try'\nby = ['lower(note)']\nreturns = ['tenant_id']",
            "looks for lower(note), and erp.try has no unique index on just that",
        ),
        (
            "table = 'erp.try'\nby = ['late']\nreturns = ['tenant_id']",
            "looks for late, and erp.try has no unique index on just that",
        ),
        (
            "table = 'erp.try'\nby = ['pair']\nreturns = ['tenant_id']",
            "looks for pair, and erp.try has no unique index on just that",
        ),
        (
            "table = 'erp.try'\nby = ['part']\nreturns = ['tenant_id']",
            "looks for part, which is unique in erp.try within a tenant alone, as [tables] says; take it out of unique there",
        ),
        (
            "table = 'erp.company_host'\nby = ['host']\nreturns = ['tenant_id']",
            "has the name of tenantry.tenant_by_host(text), which is not this one; drop that, or choose another name",
        ),
    ] {
        hosts.manifest = format!("{head}[resolvers.tenant_by_host]\n{resolver}\n{tables}");
        let problems = hosts.try_plan().await.unwrap_err();
        let line = head.lines().count() + 1;
        let wanted = format!("line {line}: resolver tenant_by_host {said}");
        assert_eq!(problems.len(), 1, "{resolver}: {problems:#?}");
        assert!(problems[0].to_string().starts_with(&wanted), "{wanted}\n{}", problems[0]);
    }
}

#[tokio::test]
async fn its_role_is_for_nothing_else() {
    let mut hosts = Hosts::planned(UUID, "error").await;
    for (drift, said, back) in [
        (
            "ALTER ROLE {resolver} LOGIN",
            "role {resolver} is to own the functions that find tenants, and can do more; run ALTER ROLE \"{resolver}\" NOLOGIN",
            "ALTER ROLE {resolver} NOLOGIN",
        ),
        (
            "ALTER ROLE {resolver} SUPERUSER",
            "role {resolver} is to own the functions that find tenants, and can do more; run ALTER ROLE \"{resolver}\" NOSUPERUSER",
            "ALTER ROLE {resolver} NOSUPERUSER",
        ),
        (
            "ALTER ROLE {resolver} NOBYPASSRLS",
            "role {resolver} is to find tenants by their keys, and policies bind it; run ALTER ROLE \"{resolver}\" BYPASSRLS",
            "ALTER ROLE {resolver} BYPASSRLS",
        ),
        (
            "GRANT {resolver} TO {app}",
            "role {app} is a member of {resolver}, which has BYPASSRLS; policies would not bind it",
            "REVOKE {resolver} FROM {app}",
        ),
    ] {
        hosts.run(drift).await;
        let problems = hosts.try_plan().await.unwrap_err();
        assert_eq!(
            problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [hosts.fill(said)],
            "{drift}"
        );
        hosts.run(back).await;
    }
    hosts.apply().await;
}
