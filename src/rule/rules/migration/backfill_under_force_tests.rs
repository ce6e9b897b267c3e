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

/// The tenants' own table, and a table that a second setting opens.
const MORE: &str = "CREATE TABLE tenant (id uuid PRIMARY KEY);
    CREATE TABLE scoped (tenant_id uuid, a int);
    ALTER TABLE scoped ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY p ON scoped USING (current_setting('app.scope', true) = 'system'
        OR tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
    CREATE FUNCTION fill(name text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
        IF name = 't' THEN UPDATE t SET a = 1; END IF; END $$;
    CREATE FUNCTION by_text(name text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
        EXECUTE format('UPDATE %I SET a = 1', name); END $$;
    CREATE FUNCTION count_t() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM t); END $$;
    CREATE FUNCTION fill_as_system() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
        UPDATE t SET a = 1; END $$;
    CREATE PROCEDURE fill_all() LANGUAGE plpgsql AS $$ BEGIN PERFORM fill('t'); END $$;
    CREATE PROCEDURE fill_sql() LANGUAGE sql AS $$ DELETE FROM t; $$;
    CREATE PROCEDURE fill_bound(x text) LANGUAGE plpgsql AS $$ BEGIN
        PERFORM set_config('app.tenant_id', x, true); UPDATE t SET a = 1; END $$;
    ALTER FUNCTION fill_as_system() OWNER TO erp_system;";

#[test]
fn whatever_code_does_with_no_tenant_is_found() {
    for (sql, found) in [
        ("CALL fill_all();", 1),
        ("CALL fill_sql();", 1),
        ("CALL fill_bound('x');", 0),
        ("CALL fill_bound('');", 1),
        ("SELECT fill('t');", 1),
        ("SELECT fill('plain');", 0),
        ("SELECT by_text('t');", 1),
        ("SELECT by_text(x) FROM unnest(ARRAY['plain', 'tenant']) AS x;", 0),
        ("SELECT fill_as_system();", 0),
        ("DO $$ BEGIN PERFORM fill('t'); END $$;", 1),
        ("DO $$ DECLARE x text := 't'; BEGIN EXECUTE 'UPDATE ' || x || ' SET a = 1'; END $$;", 1),
        // Whoever runs a query sees that its answer is empty; code does not.
        ("SELECT count_t();", 0),
        ("DO $$ BEGIN IF EXISTS (SELECT FROM t WHERE a IS NULL) THEN RAISE EXCEPTION 'left'; END IF; END $$;", 1),
        ("DO $$ DECLARE n int; BEGIN SELECT count(*) INTO n FROM t; IF n > 0 THEN RAISE 'left'; END IF; END $$;", 1),
        ("DO $$ BEGIN PERFORM 1 FROM t WHERE a IS NULL; IF FOUND THEN RAISE 'left'; END IF; END $$;", 1),
        ("DO $$ BEGIN ASSERT (SELECT count(*) FROM t) = 0, 'left'; END $$;", 1),
        ("DO $$ BEGIN IF EXISTS (SELECT FROM plain) THEN RAISE EXCEPTION 'left'; END IF; END $$;", 0),
        // The tenants of the rows that nobody sees, and those of their own table.
        (
            "DO $$ DECLARE r record; BEGIN FOR r IN SELECT DISTINCT tenant_id FROM t LOOP
             PERFORM set_config('app.tenant_id', r.tenant_id::text, true); UPDATE t SET a = 1; END LOOP; END $$;",
            1,
        ),
        (
            "DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM tenant LOOP
             PERFORM set_config('app.tenant_id', r.id::text, true); UPDATE t SET a = 1; END LOOP; END $$;",
            0,
        ),
        (
            "DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM tenant LOOP
             EXECUTE format('SET LOCAL app.tenant_id = %L', r.id); UPDATE t SET a = 1; END LOOP; END $$;",
            0,
        ),
        ("DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM tenant LOOP UPDATE t SET a = 1; END LOOP; END $$;", 1),
        // What is prepared, and what is only explained.
        ("PREPARE p AS UPDATE t SET a = 1; EXECUTE p;", 1),
        ("PREPARE p (int) AS UPDATE t SET a = $1;", 0),
        ("PREPARE p AS SELECT * FROM t; EXECUTE p;", 0),
        ("EXPLAIN ANALYZE UPDATE t SET a = 1;", 1),
        ("EXPLAIN (ANALYZE, BUFFERS) DELETE FROM t;", 1),
        ("EXPLAIN UPDATE t SET a = 1;", 0),
        ("EXPLAIN ANALYZE SELECT * FROM t;", 0),
        // Another setting that opens the rows.
        ("UPDATE scoped SET a = 1;", 1),
        ("SET LOCAL app.scope = 'system'; UPDATE scoped SET a = 1;", 0),
        ("SELECT set_config('app.scope', 'system', true); UPDATE scoped SET a = 1;", 0),
        ("SET LOCAL app.scope = 'tenant'; UPDATE scoped SET a = 1;", 1),
        ("SET LOCAL app.scope = 'system'; UPDATE t SET a = 1;", 1),
        ("DO $$ BEGIN PERFORM set_config('app.scope', 'system', true); UPDATE scoped SET a = 1; END $$;", 0),
        (
            "CREATE POLICY floor ON scoped AS RESTRICTIVE USING (tenant_id IS NOT NULL);
             SET LOCAL app.scope = 'system'; UPDATE scoped SET a = 1;",
            1,
        ),
    ] {
        let sql = format!("{MORE}\n-- file: 3.sql\n{sql}");
        assert_eq!(count(&sql), found, "{sql}");
    }
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
