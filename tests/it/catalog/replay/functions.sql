-- Functions in every form.

CREATE SCHEMA s;
CREATE TYPE s.k AS ENUM ('a');
CREATE TABLE s.t (id int, k s.k);
CREATE OR REPLACE FUNCTION s.a(x int, y text = 'b', z s.k DEFAULT 'a') RETURNS s.k LANGUAGE sql AS 'select $3';
CREATE FUNCTION s.b(s.t) RETURNS SETOF s.t LANGUAGE sql AS $$ select $1.* $$;
CREATE FUNCTION s.c(double precision, character varying, timestamp WITH TIME ZONE, numeric(10,2), bit varying(3),
    TIME(3), int[], varchar(3)[], "char", INTERVAL day) RETURNS TABLE (a int, "B c" s.k) LANGUAGE sql AS 'select 1,
    null::s.k';
CREATE FUNCTION s.d(IN OUT x int, OUT y text) AS $$ select 1, 'a' $$ LANGUAGE 'sql' IMMUTABLE;
CREATE FUNCTION s.e(VARIADIC "any") RETURNS void LANGUAGE internal AS 'pg_num_nonnulls';
CREATE FUNCTION s.f() RETURNS TRIGGER AS $$begin return new; end$$ LANGUAGE plpgsql;
CREATE FUNCTION s.g(x int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT x;
SELECT CASE WHEN x > 1 THEN 2 END;
END;
CREATE FUNCTION s.h(x int DEFAULT NULL) RETURNS int RETURN x + 1;
CREATE FUNCTION s.i(s.t.id%TYPE) RETURNS s.t.k%TYPE LANGUAGE sql AS 'select null::s.k';
CREATE PROCEDURE s.p(a int, INOUT b int) LANGUAGE sql AS 'select 1';
CREATE aggregate s.agg (int) (sfunc = int4pl, stype = int, initcond = '0');
CREATE FUNCTION s.w() RETURNS bigint LANGUAGE internal WINDOW IMMUTABLE STRICT AS 'window_row_number';
ALTER FUNCTION s.a(int, text, s.k) SET work_mem = '2MB';
ALTER FUNCTION s.a(int, text, s.k) RESET ALL;
ALTER FUNCTION s.a IMMUTABLE CALLED ON NULL INPUT NOT LEAKPROOF;
ALTER FUNCTION s.b(s.t) ROWS 10;
ALTER ROUTINE s.d(int) RENAME TO dd;
ALTER PROCEDURE s.p(int, int) SECURITY DEFINER;
ALTER aggregate s.agg(int) RENAME TO ag;
ALTER FUNCTION s.dd(int) SET SCHEMA PUBLIC;
ALTER TYPE s.k RENAME TO kk;
ALTER TABLE s.t RENAME TO tt;
CREATE FUNCTION s.n() RETURNS int LANGUAGE sql AS 'select 1';
DROP FUNCTION s.n;
CREATE FUNCTION s.n(int) RETURNS int LANGUAGE sql AS 'select 1';
CREATE FUNCTION s.n(text) RETURNS int LANGUAGE sql AS 'select 1';
DROP FUNCTION s.n(int), s.n(text);
DROP FUNCTION IF EXISTS s.nn(int), s.n2;
DROP aggregate s.ag(int);
DROP ROUTINE s.w();
-- types of which a function in C makes the name known, and the arrays of types by their own names
CREATE FUNCTION s.shell_in(cstring) RETURNS s.shell LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
CREATE FUNCTION s.shell_out(s.shell) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
CREATE TYPE s.shell (INPUT = s.shell_in, OUTPUT = s.shell_out, LIKE = int);
CREATE FUNCTION s.shells(s._shell, s._kk) RETURNS s.shell[] LANGUAGE sql AS 'select null::s.shell[]';
CREATE FUNCTION s.roles() RETURNS SETOF pg_roles LANGUAGE sql AS 'select * from pg_roles';
CREATE FUNCTION s.classes(pg_catalog.pg_class) RETURNS pg_class[] LANGUAGE sql AS 'select null::pg_class[]';
-- aggregates as PostgreSQL 8.1 had them
CREATE AGGREGATE s.old (BASETYPE = int, SFUNC = int4pl, STYPE = int, INITCOND = '0');
CREATE AGGREGATE s.old_all (SFUNC = int8inc, BASETYPE = 'ANY', STYPE = bigint, INITCOND = '0');
CREATE AGGREGATE s.old_any (sfunc = int8inc, basetype = "any", stype = bigint, initcond = '0');
