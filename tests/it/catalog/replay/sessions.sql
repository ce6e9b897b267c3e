-- What a session is told, transactions, and statements that are of no account.

CREATE SCHEMA a;
CREATE SCHEMA b;
SET search_path TO b, a, public;
CREATE TABLE t (id int);
CREATE TABLE a.u (id int);
SELECT set_config('search_path', 'a', FALSE);
CREATE TABLE t2 (id int);
CREATE VIEW v AS SELECT * FROM u;
SET search_path TO DEFAULT;
BEGIN;
CREATE TABLE gone1 (id int);
ROLLBACK;
BEGIN;
CREATE TABLE kept1 (id int);
SAVEPOINT x;
CREATE TABLE gone2 (id int);
DROP TABLE b.t;
ROLLBACK TO x;
CREATE TABLE kept2 (id int);
COMMIT;
BEGIN;
SET LOCAL search_path = b;
CREATE TABLE loc (id int);
COMMIT;
CREATE TABLE notloc (id int);
START TRANSACTION;
SAVEPOINT s1;
CREATE TABLE z1 (a int);
SAVEPOINT s1;
CREATE TABLE z2(a int);
ROLLBACK TO SAVEPOINT s1;
RELEASE s1;
ROLLBACK TO s1;
CREATE TABLE z3(a int);
END;
CREATE SCHEMA el CREATE TABLE e1 (id int PRIMARY key, x text DEFAULT 'a') CREATE INDEX ON e1 (x) CREATE VIEW ev AS
    SELECT x FROM e1 CREATE SEQUENCE es GRANT SELECT ON e1 TO PUBLIC;
CREATE TEMP TABLE t (x text);
ALTER TABLE t ADD COLUMN y int;
CREATE INDEX ON t (y);
DROP TABLE t;
ALTER TABLE b.t ADD COLUMN q int;
CREATE TABLE IF NOT EXISTS b.t (other int);
CREATE INDEX IF NOT EXISTS t_q ON b.t (q);
CREATE INDEX IF NOT EXISTS t_q ON b.t (id);
ALTER TABLE IF EXISTS nope ADD COLUMN x int;
ALTER TABLE b.t ADD COLUMN IF NOT EXISTS q text;
ALTER TABLE b.t DROP COLUMN IF EXISTS nope;
SET search_path = b, public;
SET ROLE pg_monitor;
RESET ROLE;
SET SESSION AUTHORIZATION DEFAULT;
SELECT pg_catalog.setval('el.es', 5, TRUE);
SELECT 1;
INSERT INTO t VALUES (1);
UPDATE t SET id = 2;
DELETE FROM t;
TRUNCATE t;
WITH w AS (INSERT INTO t (id) VALUES (3) RETURNING 1) SELECT * FROM w;
ANALYZE;
COMMENT ON TABLE t IS 'x';
EXPLAIN SELECT 1;
VALUES (1);
PREPARE pp AS SELECT 1;
EXECUTE pp;
DEALLOCATE pp;
/* outer /* inner; */ ; */ CREATE TABLE "we;ird" (a text DEFAULT ';', b text DEFAULT $q$;'$q$, c text DEFAULT E'\';');
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $f$ begin execute 'create table hidden()'; end $f$;
SELECT * INTO b.into1 FROM b.t;
CREATE TABLE b.ctas AS WITH x AS (SELECT 1 AS a) SELECT a, x.a + 1 AS b, 'lit'::varchar(3) AS c, ARRAY[1] AS d,
    (SELECT 1.5) AS e, coalesce(NULL, 1) FROM x;
CREATE RULE rr AS ON UPDATE TO b.t WHERE old.id > 1 DO ALSO (INSERT INTO kept1 VALUES (1); DELETE FROM kept1 WHERE
    id = new.id);
CREATE VIEW b.union_v AS SELECT id FROM kept1 UNION ALL SELECT id FROM b.t EXCEPT SELECT 1;
CREATE VIEW b.lateral_v AS SELECT k.id FROM public.kept1 k, LATERAL (SELECT 1 FROM b.loc WHERE loc.id = k.id) s,
    generate_series(1, 2) g LEFT JOIN b.into1 ON TRUE WHERE EXISTS (SELECT 1 FROM el.e1);
CREATE VIEW b.win AS
    SELECT row_number() OVER (PARTITION BY id ORDER BY id DESC) AS r, sum(id) FILTER (WHERE id > 1) AS s,
        id::text || 'x' AS c, CASE WHEN id > 1 THEN 'a' ELSE 'b' END AS d, extract(year FROM now()) AS y,
        INTERVAL '1 day' AS i, array_agg(id ORDER BY id) AS g
    FROM b.t GROUP BY id, q HAVING count(*) > 1 ORDER BY 1 LIMIT 5 OFFSET 2;
CREATE RECURSIVE VIEW b.rec (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM rec WHERE n < 5;
CREATE OR REPLACE VIEW b.ev2 AS SELECT * FROM el.ev;
CREATE OR REPLACE VIEW b.ev2 AS SELECT *, 1 AS more FROM el.ev;
CREATE TYPE b.comp AS (a int, b text);
CREATE TABLE b.typed OF b.comp (PRIMARY key (a), b WITH OPTIONS DEFAULT 'x');
CREATE TYPE b.rng AS RANGE (SUBTYPE = int4);
CREATE TABLE b.rt (r b.rng, m b.comp[], n int4multirange);
CREATE INDEX ON b.rt USING gist (r);
CREATE INDEX ON b.rt (m);
CREATE COLLATION b.col (locale = 'C');
CREATE TABLE b.colt (x text COLLATE b.col);
CREATE STATISTICS b.st ON id, q FROM b.t;
CREATE CAST (b.comp AS text) WITH INOUT;
CREATE text SEARCH CONFIGURATION b.tsc (COPY = simple);
CREATE FOREIGN DATA WRAPPER fw;
CREATE SERVER sv FOREIGN DATA WRAPPER fw;
CREATE FOREIGN TABLE b.ft (id int OPTIONS (x 'y') NOT NULL, v text) SERVER sv OPTIONS (a 'b');
ALTER FOREIGN TABLE b.ft ADD COLUMN w int;
CREATE USER MAPPING FOR PUBLIC SERVER sv;
