-- Puts into schema public what fits the queries of others better than what the server has: an operator for each pair of these
-- types, functions by the names that queries use, and tables, types and domains by the names of the server's. Whatever is called
-- counts that, and fails.
CREATE SEQUENCE public.calls;

GRANT ALL ON SEQUENCE public.calls TO PUBLIC;

DO $plant$
DECLARE
    kinds  text[] := ARRAY['oid', 'regclass', 'regtype', 'name', 'text', 'varchar', '"char"', 'int2', 'int4', 'int8', 'bool',
                           'timestamptz', 'text[]', 'name[]', 'oid[]', 'bigint[]', 'tid'];
    called text[] := ARRAY['set_config', 'current_setting', 'current_schemas', 'pg_has_role', 'to_regclass', 'to_regprocedure', 'to_char', 'min',
                           'count', 'concat_ws', 'format', 'starts_with', 'unnest', 'array_agg', 'string_agg', 'quote_ident',
                           'format_type', 'pg_get_expr', 'hashtextextended', 'pg_try_advisory_lock', 'pg_relation_size',
                           'split_part', 'cardinality', 'substr', 'length', 'aclexplode', 'pg_get_userbyid', 'int4', 'int8'];
    l text;
    r text;
    o text;
    f text;
BEGIN
    FOREACH l IN ARRAY kinds LOOP
        FOREACH r IN ARRAY kinds LOOP
            EXECUTE pg_catalog.format(
                $$CREATE FUNCTION public.planted(%s, %s) RETURNS boolean LANGUAGE plpgsql AS $body$
                BEGIN
                    PERFORM pg_catalog.nextval('public.calls'::pg_catalog.regclass);
                    RAISE EXCEPTION 'what was planted is called by %%', current_user;
                END $body$ $$, l, r);
            FOREACH o IN ARRAY ARRAY['=', '<>', '<', '>', '<=', '>=', '~', '!~', '~~', '||'] LOOP
                EXECUTE pg_catalog.format('CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = public.planted)', o, l, r);
            END LOOP;
        END LOOP;
        -- Of one argument, and of two and three of which the first is this.
        FOREACH f IN ARRAY called LOOP
            FOREACH r IN ARRAY ARRAY['', ', text', ', varchar', ', name', ', oid', ', bool', ', text, bool', ', varchar, bool', ', text, text'] LOOP
                EXECUTE pg_catalog.format(
                    $$CREATE FUNCTION public.%I(%s%s) RETURNS text LANGUAGE plpgsql AS $body$
                    BEGIN
                        PERFORM pg_catalog.nextval('public.calls'::pg_catalog.regclass);
                        RAISE EXCEPTION 'what was planted is called by %%', current_user;
                    END $body$ $$, f, l, r);
            END LOOP;
        END LOOP;
    END LOOP;
    FOREACH f IN ARRAY ARRAY['pg_class', 'pg_namespace', 'pg_roles', 'pg_settings', 'pg_locks', 'pg_index', 'pg_attribute'] LOOP
        EXECUTE pg_catalog.format('CREATE VIEW public.%I AS SELECT public.planted(1::int4, 1::int4) AS oid', f);
        EXECUTE pg_catalog.format('GRANT SELECT ON public.%I TO PUBLIC', f);
    END LOOP;
    FOREACH f IN ARRAY ARRAY['oid', 'regclass', 'name', 'text', 'uuid', 'int8', 'regtype'] LOOP
        EXECUTE pg_catalog.format('CREATE TYPE public.%I AS (planted pg_catalog.int4)', f);
    END LOOP;
END
$plant$;
