//! `backfill-under-force`, case by case.

use crate::rule::trial::severities;

fn count(sql: &str) -> usize {
    let start = "CREATE TABLE t (tenant_id uuid, a int); CREATE TABLE plain (tenant_id uuid, a int);
        ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;\n-- file: 2.sql\n";
    severities(super::RULE.code, &format!("{start}{sql}")).len()
}

#[test]
fn whatever_reaches_no_row_is_found() {
    for sql in [
        "UPDATE t SET a = 1;",
        "UPDATE plain SET a = t.a FROM t;",
        "DELETE FROM public.t;",
        "INSERT INTO plain SELECT * FROM t;",
        "MERGE INTO plain p USING t ON p.a = t.a WHEN MATCHED THEN DELETE;",
        "MERGE INTO t USING plain p ON p.a = t.a WHEN MATCHED THEN DELETE;",
        "WITH gone AS (DELETE FROM t RETURNING *) INSERT INTO plain SELECT * FROM gone;",
        "CREATE TABLE copy AS SELECT * FROM t;",
        "CREATE TEMP TABLE copy AS SELECT * FROM t;",
        "SELECT * INTO copy FROM t;",
        "COPY t TO '/tmp/t';",
        "COPY (SELECT * FROM t) TO '/tmp/t';",
        "DO $$ BEGIN UPDATE t SET a = 1; END $$;",
        "DO $$ BEGIN EXECUTE 'DELETE FROM t'; END $$;",
        "SELECT set_config('app.tenant_id', '', true); UPDATE t SET a = 1;",
        "SET LOCAL app.tenant_id = 'x'; RESET app.tenant_id; UPDATE t SET a = 1;",
    ] {
        assert_eq!(count(sql), 1, "{sql}");
    }
}

#[test]
fn what_reaches_its_rows_or_fails_by_itself_is_not() {
    for sql in [
        "UPDATE plain SET a = 1;",
        "CREATE TABLE currency (a int); ALTER TABLE currency ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
         \n-- file: 3.sql\nUPDATE currency SET a = 1;",
        "INSERT INTO t VALUES (NULL, 1);",
        "INSERT INTO t SELECT * FROM plain;",
        "SELECT * FROM t;",
        "TRUNCATE t;",
        "COPY t FROM '/tmp/t';",
        "SET LOCAL row_security = off; UPDATE t SET a = 1;",
        "SET row_security TO 'off'; UPDATE t SET a = 1;",
        "SELECT set_config('app.tenant_id', id::text, true) FROM plain; UPDATE t SET a = 1;",
        "DO $$ BEGIN PERFORM set_config('app.tenant_id', x, true); UPDATE t SET a = 1; END $$;",
        "SET ROLE erp_system; UPDATE t SET a = 1;",
        "SET ROLE postgres; UPDATE t SET a = 1;",
        "ALTER TABLE t NO FORCE ROW LEVEL SECURITY; UPDATE t SET a = 1;",
        "-- tenantry: each-tenant\nUPDATE t SET a = 1;",
        "-- tenantry: system \"all of them\"\nUPDATE t SET a = 1;",
        "CREATE ROLE erp_loader BYPASSRLS; SET ROLE erp_loader; UPDATE t SET a = 1;",
        "CREATE TABLE u (a int); INSERT INTO u VALUES (1);
         ALTER TABLE u ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;",
        "CREATE TABLE u (a int); ALTER TABLE u ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
         UPDATE u SET a = 1;",
        "-- UPDATE t SET a = 1\nSELECT 'UPDATE t SET a = 1';",
    ] {
        assert_eq!(count(sql), 0, "{sql}");
    }
    let filled = "CREATE TABLE u (a int); INSERT INTO u VALUES (1);
         ALTER TABLE u ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; UPDATE u SET a = 1;";
    assert_eq!(count(filled), 1);
}

#[test]
fn where_the_policies_raise_it_is_loud() {
    let sql = "CREATE SCHEMA tenantry;
        CREATE FUNCTION tenantry.tenant_id() RETURNS uuid LANGUAGE sql STABLE RETURN NULL::uuid;
        CREATE TABLE t (tenant_id uuid, a int);
        ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY p ON t USING (tenant_id = (SELECT tenantry.tenant_id()));
        \n-- file: 2.sql\nUPDATE t SET a = 1;";
    assert_eq!(severities(super::RULE.code, sql), ["medium"]);
}
