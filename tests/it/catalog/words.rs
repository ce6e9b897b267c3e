//! Statements that change nothing that the model shows: their words are known as the server knows them.

use tenantry::catalog::replay::{Extent, Options, Source, replay};
use tenantry::testing;
use tokio_postgres::error::{ErrorPosition, SqlState};

/// What every server takes from PostgreSQL 14 on.
const TAKEN: &str = "ANALYZE
ANALYZE VERBOSE a, s.b (c, d)
ANALYZE (VERBOSE, SKIP_LOCKED) a
VACUUM
VACUUM FULL FREEZE VERBOSE ANALYZE a
VACUUM (FULL, ANALYZE off) a, b (c)
CLUSTER
CLUSTER VERBOSE a USING i
REINDEX TABLE CONCURRENTLY a
REINDEX (VERBOSE) SCHEMA s
CHECKPOINT
LISTEN a
UNLISTEN *
NOTIFY a, 'b'
LOCK TABLE ONLY a, s.b IN SHARE ROW EXCLUSIVE MODE NOWAIT
LOCK a
DEALLOCATE ALL
DEALLOCATE PREPARE a
DECLARE c INSENSITIVE NO SCROLL CURSOR WITH HOLD FOR SELECT 1
FETCH c
FETCH FORWARD ALL FROM c
FETCH ABSOLUTE -1 IN c
MOVE 3 c
CLOSE ALL
DISCARD PLANS
DISCARD ALL
SHOW ALL
SHOW app.tenant_id
SHOW TIME ZONE
SHOW TRANSACTION ISOLATION LEVEL
SHOW a.b.c
LOAD 'a'
REFRESH MATERIALIZED VIEW CONCURRENTLY s.m WITH DATA
REFRESH MATERIALIZED VIEW m WITH NO DATA
SECURITY LABEL FOR 'p' ON TABLE a IS 'b'
SECURITY LABEL ON COLUMN s.a.b IS NULL
COMMENT ON TABLE s.a IS 'b'
COMMENT ON COLUMN a.b IS NULL
COMMENT ON COLUMN d.s.a.b IS E'a\\nb'
COMMENT ON FUNCTION s.f(int, OUT a text[]) IS 'b'
COMMENT ON AGGREGATE a (*) IS 'b'
COMMENT ON OPERATOR s.+ (int, NONE) IS 'b'
COMMENT ON OPERATOR CLASS s.a USING btree IS 'b'
COMMENT ON CAST (s.a AS double precision) IS 'b'
COMMENT ON CONSTRAINT a ON DOMAIN d IS 'b'
COMMENT ON CONSTRAINT a ON s.b IS 'b'
COMMENT ON TRIGGER a ON b IS 'c'
COMMENT ON TEXT SEARCH CONFIGURATION s.a IS 'b'
COMMENT ON LARGE OBJECT 12 IS 'b'
COMMENT ON EXTENSION a IS 'b'
COMMENT ON EVENT TRIGGER a IS 'b'
COMMENT ON MATERIALIZED VIEW a IS 'b'
COMMENT ON FOREIGN DATA WRAPPER a IS 'b'
COMMENT ON PROCEDURAL LANGUAGE a IS 'b'
COMMENT ON TRANSFORM FOR hstore LANGUAGE a IS 'b'
COMMENT ON DATABASE a IS 'b'
COMMENT ON TYPE s.a IS 'b'
COMMENT ON ROLE a IS 'b'
SET XML OPTION DOCUMENT
SET CONSTRAINTS ALL DEFERRED
SET CONSTRAINTS s.a, b IMMEDIATE
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY NOT DEFERRABLE
SET TRANSACTION SNAPSHOT 'a'
SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE
ALTER SYSTEM SET a.b = 'c', 'd'
ALTER SYSTEM RESET ALL
BEGIN
BEGIN WORK ISOLATION LEVEL SERIALIZABLE, READ WRITE
START TRANSACTION READ ONLY
COMMIT
END TRANSACTION AND NO CHAIN
ROLLBACK WORK TO SAVEPOINT a
ROLLBACK TO a
ROLLBACK AND CHAIN
ABORT
SAVEPOINT a
RELEASE a
PREPARE TRANSACTION 'a'
COMMIT PREPARED 'a'
ROLLBACK PREPARED 'a'
CREATE ACCESS METHOD a TYPE INDEX HANDLER s.h
CREATE CAST (s.a AS timestamp with time zone) WITH FUNCTION s.f(s.a) AS ASSIGNMENT
CREATE CAST (a AS b) WITHOUT FUNCTION
CREATE CAST (a AS b) WITH INOUT AS IMPLICIT
CREATE COLLATION IF NOT EXISTS s.a (provider = icu, locale = 'de')
CREATE COLLATION a FROM \"C\"
CREATE DEFAULT CONVERSION a FOR 'LATIN1' TO 'UTF8' FROM s.f
CREATE DATABASE a WITH OWNER = b ENCODING 'UTF8' CONNECTION LIMIT -1 TEMPLATE template0
CREATE DATABASE a
CREATE FOREIGN DATA WRAPPER a HANDLER h NO VALIDATOR OPTIONS (b 'c')
CREATE LANGUAGE plperl
CREATE OR REPLACE TRUSTED PROCEDURAL LANGUAGE a HANDLER s.h INLINE i VALIDATOR v
CREATE OPERATOR CLASS s.a DEFAULT FOR TYPE int4 USING btree FAMILY s.f AS OPERATOR 1 <, OPERATOR 3 s.= (int4, int4) FOR SEARCH, FUNCTION 1 (int4) f(int4, int4), STORAGE int4
CREATE OPERATOR FAMILY a USING gist
CREATE OPERATOR s.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = f, COMMUTATOR = ===)
CREATE SERVER IF NOT EXISTS a TYPE 'b' VERSION 'c' FOREIGN DATA WRAPPER w OPTIONS (host 'd', port '1')
CREATE STATISTICS IF NOT EXISTS s.a (dependencies) ON b, (c + 1) FROM t
CREATE STATISTICS a ON lower(b), c FROM s.t
CREATE STATISTICS a ON b FROM c NATURAL JOIN d
CREATE SUBSCRIPTION a CONNECTION 'b' PUBLICATION c, d WITH (enabled = false)
CREATE TABLESPACE a OWNER b LOCATION 'c' WITH (random_page_cost = 1)
CREATE TEXT SEARCH CONFIGURATION s.a (COPY = simple)
CREATE TRANSFORM FOR hstore LANGUAGE plperl (FROM SQL WITH FUNCTION f(internal), TO SQL WITH FUNCTION g(internal))
CREATE USER MAPPING IF NOT EXISTS FOR CURRENT_USER SERVER a OPTIONS (b 'c')
ALTER COLLATION s.a REFRESH VERSION
ALTER CONVERSION a RENAME TO b
ALTER DATABASE a SET TABLESPACE b
ALTER DATABASE a OWNER TO b
ALTER DATABASE a WITH CONNECTION LIMIT 3
ALTER FOREIGN DATA WRAPPER a NO HANDLER OPTIONS (SET b 'c')
ALTER LANGUAGE a OWNER TO b
ALTER LARGE OBJECT 12 OWNER TO a
ALTER OPERATOR CLASS a USING btree SET SCHEMA s
ALTER OPERATOR FAMILY a USING btree ADD OPERATOR 1 < (int4, int2), FUNCTION 1 f(int4, int2)
ALTER OPERATOR FAMILY a USING btree DROP OPERATOR 1 (int4, int2), FUNCTION 1 (int4, int2)
ALTER OPERATOR s.+ (int, NONE) OWNER TO a
ALTER OPERATOR + (int, int) SET (RESTRICT = NONE)
ALTER SERVER a VERSION 'b' OPTIONS (SET c 'd')
ALTER STATISTICS s.a SET STATISTICS 100
ALTER SUBSCRIPTION a REFRESH PUBLICATION WITH (copy_data = false)
ALTER SUBSCRIPTION a SET PUBLICATION b, c
ALTER SUBSCRIPTION a DISABLE
ALTER TABLESPACE a RESET (random_page_cost)
ALTER TEXT SEARCH CONFIGURATION s.a ALTER MAPPING FOR b WITH c
ALTER USER MAPPING FOR PUBLIC SERVER a OPTIONS (DROP b)
ALTER TABLE ALL IN TABLESPACE a OWNED BY b SET TABLESPACE c NOWAIT
ALTER TABLE a OF s.b
ALTER TABLE a NOT OF
ALTER INDEX a ALTER COLUMN 2 SET STATISTICS -1
ALTER TYPE s.a ADD VALUE IF NOT EXISTS 'b' BEFORE 'c'
ALTER TYPE a RENAME VALUE 'b' TO 'c'
ALTER TYPE a SET (RECEIVE = f)
ALTER DOMAIN a SET DEFAULT now() + '1 day'
ALTER DOMAIN a ADD CONSTRAINT b CHECK (VALUE > 0) NOT VALID
ALTER DOMAIN a DROP CONSTRAINT IF EXISTS b CASCADE
ALTER DOMAIN a VALIDATE CONSTRAINT b
ALTER EXTENSION a UPDATE TO '2'
ALTER EXTENSION a ADD FUNCTION s.f(int)
ALTER EXTENSION a DROP VIEW v
CREATE DOMAIN a AS varchar(3) COLLATE \"C\" DEFAULT lower('B') CONSTRAINT c NOT NULL CHECK (VALUE <> '') NULL
CREATE TYPE a
CREATE TYPE a (INPUT = f, OUTPUT = g, LIKE = int4)
DROP ACCESS METHOD IF EXISTS a
DROP CAST IF EXISTS (a AS b)
DROP COLLATION a, s.b RESTRICT
DROP DATABASE a WITH (FORCE)
DROP FOREIGN DATA WRAPPER a
DROP LANGUAGE IF EXISTS a
DROP OPERATOR CLASS a USING btree
DROP OPERATOR s.=== (int, int), + (NONE, int)
DROP SERVER a, b
DROP STATISTICS IF EXISTS a
DROP SUBSCRIPTION a
DROP TABLESPACE IF EXISTS a
DROP TEXT SEARCH PARSER a
DROP TRANSFORM IF EXISTS FOR hstore LANGUAGE plperl
DROP USER MAPPING IF EXISTS FOR USER SERVER a
EXPLAIN (ANALYZE, COSTS off) SELECT 1
EXPLAIN ANALYZE VERBOSE DELETE FROM a
EXPLAIN SELECT 1";

/// What no server takes.
const REFUSED: &str = "VACUUM a b
VACUUM FULL ALL a
ANALYZE a,
CLUSTER a USING
REINDEX a
CHECKPOINT a
LISTEN a b
NOTIFY a 'b'
LOCK a IN NO MODE
DECLARE c FOR SELECT 1
FETCH FORWARD ALL FROM c d
MOVE
CLOSE a b
DISCARD a
SHOW a b
LOAD a
REFRESH VIEW m
SECURITY LABEL ON a IS 'b'
COMMENT ON a IS 'b'
COMMENT ON TABLE a
COMMENT ON TABLE a IS b
COMMENT ON TABLE a IS 'b' 'c'
SET XML OPTION a
SET CONSTRAINTS a
SET TRANSACTION a
SET TIME ZONE 'UTC' a
SET ROLE a b
RESET a b
ALTER SYSTEM a
BEGIN a
COMMIT a
ROLLBACK TO
SAVEPOINT a b
RELEASE a b
CREATE CAST a
CREATE CAST (a AS b)
CREATE CAST (a AS b) WITH FUNCTION f(a) b
CREATE COLLATION a
CREATE CONVERSION a
CREATE FOREIGN DATA WRAPPER a b
CREATE LANGUAGE a b
CREATE OPERATOR a
CREATE OPERATOR CLASS a FOR TYPE b USING c
CREATE SERVER a
CREATE STATISTICS a
CREATE SUBSCRIPTION a PUBLICATION b
CREATE TABLESPACE a
CREATE TEXT SEARCH CONFIGURATION a
CREATE TEXT SEARCH a
CREATE USER MAPPING FOR a
CREATE DOMAIN a AS int b
CREATE TYPE a b
ALTER COLLATION a b
ALTER SERVER a b
ALTER SUBSCRIPTION a b
ALTER TABLESPACE a b
ALTER TYPE a b
ALTER TYPE a ADD VALUE b
ALTER DOMAIN a b
ALTER EXTENSION a UPDATE b c
ALTER EXTENSION a ADD b
ALTER PUBLICATION a SET (b) c
ALTER DATABASE a SET TABLESPACE b c
DROP CAST a
DROP a
DROP a b CASCADE
DROP OPERATOR a
DROP SERVER a b
DROP USER MAPPING FOR a
EXPLAIN a
EXPLAIN ANALYZE
GRANT a TO b c
GRANT SELECT ON a TO b c";

/// Why the words of a statement are not understood, if they are not.
fn refused(sql: &str) -> Option<String> {
    let read = replay(&[Source::new("a.sql", sql)], &Options::default());
    let of_words = read.opaque.iter().find(|opaque| opaque.extent() == Extent::Words);
    of_words.map(|opaque| opaque.why().to_owned())
}

#[tokio::test]
async fn words_are_taken_and_refused_as_the_server_does_it() {
    let database = testing::server().await.unwrap().database().await.unwrap();
    let client = database.connect().await.unwrap();
    let mut wrong = Vec::new();
    for (statements, taken) in [(TAKEN, true), (REFUSED, false)] {
        for sql in statements.lines() {
            // The server reads the whole text before it runs any of it, and runs nothing of this one.
            let text = format!("{sql}; ) ");
            let error = client.batch_execute(&text).await.unwrap_err();
            let error = error.as_db_error().unwrap();
            assert_eq!(error.code(), &SqlState::SYNTAX_ERROR, "{sql}: {error}");
            let end = u32::try_from(text.chars().count() - 1).unwrap();
            let reached_end = error.position() == Some(&ErrorPosition::Original(end));
            if reached_end != taken {
                wrong.push(format!("the server {} {sql}: {error}", if taken { "refuses" } else { "takes" }));
            }
            if refused(sql).is_none() != taken {
                wrong.push(format!("{sql}: {}", refused(sql).unwrap_or_else(|| "it is taken".to_owned())));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The functions that SQL can call; what sets a setting is followed, and is none of them.
const FUNCTIONS: &str = "SELECT DISTINCT proname::text FROM pg_proc
    WHERE pronamespace = 'pg_catalog'::regnamespace AND proname NOT LIKE 'binary\\_upgrade\\_%' AND proname <> 'set_config'
    AND NOT proargtypes::oid[] && ARRAY['internal', 'cstring']::regtype[]::oid[]
    AND prorettype <> ALL (ARRAY['internal', 'cstring', 'trigger', 'event_trigger']::regtype[])";

#[tokio::test]
async fn a_function_of_the_server_is_none_that_may_do_anything() {
    let database = testing::server().await.unwrap().database().await.unwrap();
    let client = database.connect().await.unwrap();
    let rows = client.query(FUNCTIONS, &[]).await.unwrap();
    let mut names: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert!(names.len() > 1_000, "{}", names.len());
    let stranger = "a_function_that_no_server_has".to_owned();
    names.push(stranger.clone());
    let one =
        |name: &String| Source::new(name.clone(), format!("DO $$ BEGIN PERFORM \"{name}\"(x); END $$;"));
    let read = replay(&names.iter().map(one).collect::<Vec<_>>(), &Options::default());
    let not_known: Vec<&str> = read.opaque.iter().map(|opaque| opaque.file()).collect();
    assert_eq!(not_known, [stranger]);
}
