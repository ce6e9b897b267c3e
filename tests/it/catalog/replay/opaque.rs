//! What is not understood or not followed is said, with its place; what is of no account is not.

use tenantry::catalog::replay::{Options, Replayed, Source, replay};

fn replayed(sql: &str) -> Replayed {
    replay(&[Source::new("a.sql", sql)], &Options::default())
}

#[test]
fn what_cannot_be_followed_is_said_with_its_place() {
    for (sql, said) in [
        ("CREATE TABEL t (id int);", "a.sql:1:1: expected an object that PostgreSQL makes, found \"TABEL\""),
        ("\n  -- é\n  é;", "a.sql:3:3: expected a statement of PostgreSQL, found \"é\""),
        (
            "DO $$ BEGIN EXECUTE x; END $$;",
            "a.sql:1:13: the code that EXECUTE runs here is known only when it runs",
        ),
        (
            "DO $$\nBEGIN\n  é := 1; EXECUTE x;\nEND $$;",
            "a.sql:3:11: the code that EXECUTE runs here is known only",
        ),
        (
            "DO 'BEGIN EXECUTE x; END';",
            "a.sql:1:1: the code that EXECUTE runs here is known only when it runs",
        ),
        (
            "DO $$ BEGIN EXECUTE x; EXECUTE y; EXECUTE z; END $$;",
            "a.sql:1:13: the code that EXECUTE runs here is known only when it runs; nor are others that it runs",
        ),
        (
            "DO $$ BEGIN EXECUTE format('ALTER TABLE %I ADD a int', x); END $$;",
            "a.sql:1:13: the code that EXECUTE runs here is known only when it runs",
        ),
        (
            "DO $$ DECLARE r record; BEGIN FOR r IN EXECUTE x LOOP END LOOP; END $$;",
            "a.sql:1:31: the code that EXECUTE runs here is known only when it runs",
        ),
        (
            "DO $$ DECLARE r record; BEGIN FOR r IN EXECUTE 'SELECT * FROM own(1)' LOOP END LOOP; END $$;",
            "a.sql:1:31: the function \"own\" is not known, so what it does is not followed",
        ),
        (
            "DO $$ DECLARE r record; BEGIN FOR r IN EXECUTE 'INSERT INTO t SELECT own(1) RETURNING a' LOOP END LOOP; END $$;",
            "a.sql:1:31: what the function \"own\" does is not followed",
        ),
        (
            "DO $$ BEGIN EXECUTE 'FROBNICATE'; END $$;",
            "a.sql:1:13: expected a statement of PostgreSQL, found",
        ),
        ("DO LANGUAGE plpython3u $$ x $$;", "a.sql:1:1: a DO block runs code that is not followed"),
        (
            "DO $$ BEGIN PERFORM create_hypertable('t', 'x'); END $$;",
            "a.sql:1:13: the function \"create_hypertable\" is not known, so",
        ),
        (
            "DO $$ BEGIN x := (SELECT own(1)); END $$;",
            "a.sql:1:13: the function \"own\" is not known, so what it",
        ),
        (
            "DO $$ BEGIN PERFORM set_config('role', x, false); END $$;",
            "a.sql:1:13: what role is set to is not known",
        ),
        (
            "DO $$ BEGIN CALL p(); END $$;",
            "a.sql:1:13: the procedure \"p\" is not known, so what it does is not",
        ),
        ("DO $$ BEGIN ROLLBACK; END $$;", "a.sql:1:13: what is rolled back within a block is not followed"),
        (
            "DO $$ BEGIN CREATE TABLE u (a int); RAISE EXCEPTION 'x'; END $$;",
            "a.sql:1:1: as far as is known it raises an error here, and undoes what it has done",
        ),
        (
            "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS 'begin execute x; end'; DO $$ BEGIN\nPERFORM f(); END $$;",
            "a.sql:2:1: the code that EXECUTE runs here is known only when it runs",
        ),
        (
            "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS 'begin perform f(); end'; SELECT f();",
            "a.sql:1:80: functions call one another too deep to be followed",
        ),
        (
            "CREATE FUNCTION f() RETURNS void LANGUAGE plpython3u AS 'x'; SELECT f();",
            "a.sql:1:62: what the function public.f does is not followed",
        ),
        (
            "DO $$ BEGIN LOOP EXECUTE 'CREATE SCHEMA IF NOT EXISTS a'; END LOOP; END $$;",
            "a.sql:1:18: it runs too many statements to be followed",
        ),
        // What no file makes can be there all the same.
        (
            "DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'a') THEN GRANT a TO b; END IF; END $$;",
            "a.sql:1:71: whether this is run is known only when it runs",
        ),
        (
            "DO $$ BEGIN IF EXISTS (SELECT FROM pg_extension WHERE extname = 'a') THEN DROP EXTENSION a; END IF; END $$;",
            "a.sql:1:75: whether this is run is known only when it runs",
        ),
        (
            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'a') THEN CREATE ROLE a; \
             ELSE ALTER ROLE a BYPASSRLS; END IF; END $$;",
            "a.sql:1:95: whether this is run is known only when it runs",
        ),
        (
            "DO $$ BEGIN CREATE ROLE a; EXCEPTION WHEN duplicate_object THEN ALTER ROLE a BYPASSRLS; END $$;",
            "a.sql:1:65: whether this is run is known only when it runs",
        ),
        (
            "DO $$ BEGIN IF EXISTS (SELECT FROM t) THEN CREATE TABLE u (a int); END IF; END $$;",
            "a.sql:1:44: whether this is run is known only when it runs",
        ),
        (
            "DO $$ BEGIN IF x THEN RETURN; END IF; CREATE TABLE u (a int); END $$;",
            "a.sql:1:39: whether this is run is known only when it runs",
        ),
        (
            "DO $$ BEGIN FOR r IN SELECT a FROM t LOOP CREATE TABLE u (a int); END LOOP; END $$;",
            "a.sql:1:43: whether this is run is known only when it runs",
        ),
        (
            "DO $$ BEGIN LOOP EXIT WHEN x; END LOOP; WHILE y LOOP DROP TABLE t; END LOOP; END $$;",
            "a.sql:1:54: whether this is run is known only when it runs",
        ),
        (
            "DO $$ DECLARE a int := 1; BEGIN IF x THEN a := 2; END IF; IF a = 1 THEN DROP TABLE t; END IF; END $$;",
            "a.sql:1:73: whether this is run is known only when it runs",
        ),
        (
            "DO $$ BEGIN CREATE TABLE u (a int); EXCEPTION WHEN others THEN DROP TABLE u; END $$;",
            "a.sql:1:64: whether this is run is known only when it runs",
        ),
        (
            "CREATE TABLE u (a int); DO $$ BEGIN CREATE TABLE u (b int); EXCEPTION WHEN duplicate_object THEN END $$;",
            "a.sql:1:37: \"public\".\"u\" is already there",
        ),
        (
            "DO $$ BEGIN CREATE TABLE u (a int); ALTER TABLE t ADD a int; END $$;",
            "a.sql:1:37: the relation \"t\" is not known",
        ),
        (
            "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'frobnicate'; SELECT f();",
            "a.sql:1:64: expected a statement of PostgreSQL",
        ),
        ("CALL p();", "a.sql:1:1: the procedure \"p\" is not known, so what it does is not followed"),
        (
            "SELECT create_hypertable('t', 'x');",
            "a.sql:1:1: the function \"create_hypertable\" is not known, so",
        ),
        ("ALTER TABLE t ADD COLUMN x int;", "a.sql:1:1: the relation \"t\" is not known"),
        ("CREATE POLICY p ON t;", "a.sql:1:1: the relation \"t\" is not known"),
        ("CREATE TABLE t (id money_of_mine);", "a.sql:1:1: the type money_of_mine is not known"),
        (
            "CREATE TABLE erp.t (id int);",
            "a.sql:1:1: the schema \"erp\" is not made by these files; it is taken",
        ),
        ("CREATE TABLE t (id int); CREATE TABLE t (x int);", "a.sql:1:26: \"public\".\"t\" is already there"),
        ("CREATE TABLE t (id int", "a.sql:1:1: expected )"),
        ("SELECT 'a", "a.sql:1:1: a quote or a comment is not closed"),
        ("\\i other.sql\n", "a.sql:1:1: the file that psql includes here is not read"),
        (
            "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f();",
            "a.sql:1:1: an event trigger can",
        ),
        ("CREATE TABLE t (id int) \\gexec\n", "a.sql:1:25: psql runs whatever the query gives"),
        ("CREATE TABLE t (a int); CREATE VIEW v AS SELECT (f(a)).* FROM t;", "a.sql:1:25: a query is not"),
        (
            "CREATE TABLE t (a int PRIMARY KEY); CREATE TABLE u (a int REFERENCES t); DROP TABLE t;",
            "a.sql:1:74: the foreign key \"u_a_fkey\" of \"public\".\"u\" needs what is dropped, and CASCADE",
        ),
        ("DROP EXTENSION plpgsql CASCADE;", "a.sql:1:1: what falls along with an extension is not followed"),
        (
            "SET standard_conforming_strings = off;",
            "a.sql:1:1: without standard_conforming_strings, literals",
        ),
        ("ROLLBACK PREPARED 'x';", "a.sql:1:1: what becomes of a prepared transaction is not followed"),
        (
            "IMPORT FOREIGN SCHEMA a FROM SERVER b INTO c;",
            "a.sql:1:1: the tables that it makes are known to the",
        ),
    ] {
        let replayed = replayed(sql);
        let all: Vec<String> = replayed.opaque.iter().map(ToString::to_string).collect();
        let [only] = &all[..] else { panic!("{sql}: {all:?}") };
        assert!(only.starts_with(said), "{sql}: {only}");
        let opaque = &replayed.opaque[0];
        let statement = &replayed.statements[opaque.statement()];
        assert_eq!((opaque.line(), opaque.column()), (statement.line(), statement.column()));
        assert!(sql.contains(statement.text()));
    }
}

#[test]
fn of_a_statement_without_end_only_a_change_of_rows_is_followed() {
    let (rows, values) = (", (1)".repeat(70_000), ", 1".repeat(140_000));
    let sql = format!(
        "INSERT INTO t VALUES (1){rows}; CREATE VIEW v AS SELECT 1{values}; CREATE TABLE t (id int);"
    );
    let replayed = replayed(&sql);
    let [only] = &replayed.opaque[..] else { panic!("{} are opaque", replayed.opaque.len()) };
    assert_eq!((only.statement(), only.why()), (1, "a statement as long as this one is not followed"));
    assert_eq!(replayed.statements[1].text().len(), "CREATE VIEW v AS SELECT 1".len() + values.len());
    assert_eq!(replayed.catalog.relations.len(), 1);
}

#[test]
fn a_table_has_no_more_columns_than_the_server_lets_it_have() {
    for (count, tables) in [(1600, 1), (1601, 0)] {
        let columns: Vec<String> = (0..count).map(|number| format!("c{number} int")).collect();
        let replayed = replayed(&format!("CREATE TABLE t ({})", columns.join(", ")));
        assert_eq!((replayed.catalog.relations.len(), replayed.opaque.len()), (tables, 1 - tables));
    }
}

#[test]
fn what_is_of_no_account_is_not_said() {
    for sql in [
        "SELECT 1; SELECT pg_notify('a', 'b'); SELECT now(), count(*) FROM anything; VALUES (1);",
        "INSERT INTO t VALUES (1); UPDATE t SET a = 1; DELETE FROM t; MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE;",
        "SET statement_timeout = 0; SET TIME ZONE 'UTC'; SET NAMES 'utf8'; RESET ALL; SHOW all; DISCARD ALL; SET x.y TO 'a', b;",
        "ANALYZE; VACUUM FULL t; REINDEX TABLE t; CLUSTER; CHECKPOINT; REFRESH MATERIALIZED VIEW CONCURRENTLY m;",
        "COMMENT ON TABLE t IS 'x'; COMMENT ON COLUMN t.a IS NULL; SECURITY LABEL ON TABLE t IS 'x'; EXPLAIN ANALYZE SELECT 1;",
        "CREATE STATISTICS s ON a, b FROM t; CREATE COLLATION c (locale = 'C'); CREATE OPERATOR = (LEFTARG = int);",
        "CREATE TEXT SEARCH CONFIGURATION c (COPY = simple); CREATE LANGUAGE l; ALTER OPERATOR FAMILY f USING btree OWNER TO a;",
        "CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p; ALTER SYSTEM SET a = 1;",
        "DROP COLLATION IF EXISTS c; DROP OPERATOR CLASS o USING btree; DROP TABLE IF EXISTS t, u CASCADE; DROP VIEW IF EXISTS v;",
        "GRANT CONNECT ON DATABASE d TO PUBLIC; GRANT USAGE ON LANGUAGE plpgsql TO a; GRANT SET ON PARAMETER work_mem TO a;",
        "\\set ON_ERROR_STOP on\n\\echo hi\n\\timing\n\\restrict abc\n\\unrestrict abc\n",
        "DO $$ BEGIN END $$; DO $$ DECLARE x int := 1; BEGIN IF x = 1 THEN RAISE EXCEPTION 'x'; ELSE RETURN; END IF; END $$;",
        "DO LANGUAGE plpgsql $$ BEGIN FOR r IN SELECT lower(a) FROM t LOOP UPDATE t SET a = r.a; END LOOP; END $$;",
        "DO $$ BEGIN PERFORM set_config('role', 'a', false); SET LOCAL search_path = s; COMMIT; END $$; EXPLAIN ANALYZE DELETE FROM t;",
        "DO $$ BEGIN FOR i IN 1..1000000 LOOP INSERT INTO t VALUES (i); END LOOP; LOOP UPDATE t SET a = 1; EXIT WHEN NOT FOUND; END LOOP; END $$;",
        "DO $$ BEGIN EXECUTE format('UPDATE %I SET a = 1', x); EXECUTE format('COMMENT ON TABLE %I IS %L', x, y); END $$;",
        "DO $$ BEGIN BEGIN CREATE TABLE u (a int); EXCEPTION WHEN others THEN RAISE; END; BEGIN ALTER TABLE missing ADD x int; EXCEPTION WHEN undefined_table THEN NULL; END; END $$;",
        "PREPARE p AS UPDATE t SET a = 1; EXECUTE p; EXPLAIN (ANALYZE) EXECUTE p; EXECUTE q(1); EXPLAIN ANALYZE SELECT now();",
        "DO $$ BEGIN INSERT INTO t (a, b) SELECT 1, now() ON CONFLICT (a) DO UPDATE SET b = excluded.b; PERFORM 1; END $$;",
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS 'begin delete from t; end'; SELECT f(); DO $$ BEGIN PERFORM f(); END $$;",
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'delete from t; update t set a = 1'; SELECT f();",
        "COPY t FROM stdin;\n1\t'\n\\.\nCOPY t TO stdout; LISTEN a; NOTIFY a; LOCK TABLE t; PREPARE a AS SELECT 1; DEALLOCATE a;",
    ] {
        let all: Vec<String> = replayed(sql).opaque.iter().map(ToString::to_string).collect();
        assert_eq!(all, [""; 0]);
    }
}

#[test]
fn each_file_begins_in_a_session_of_its_own() {
    let sources = [
        Source::new(
            "1.sql",
            "CREATE SCHEMA a; SET search_path = a; CREATE ROLE r; SET ROLE r; BEGIN; CREATE TABLE t (id int);",
        ),
        Source::new("2.sql", "CREATE TABLE t (id int); ROLLBACK;"),
    ];
    let catalog = replay(&sources, &Options::default()).catalog;
    let owners: Vec<(String, &str)> = catalog
        .relations
        .iter()
        .map(|(name, relation)| (name.to_string(), relation.owner.as_str()))
        .collect();
    assert_eq!(owners, [("\"a\".\"t\"".to_owned(), "r"), ("\"public\".\"t\"".to_owned(), "postgres")]);
}
