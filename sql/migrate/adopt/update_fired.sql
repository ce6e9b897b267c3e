-- The same where triggers of others fire, which look names up where services do, and those that wait for the commit too: a
-- table that they wait for cannot be altered.
-- Variables: schema, table, column (of the tenant), tenant (an expression), source (FROM and the parent, or nothing), join (AND
--     and how t and parent belong together, or nothing).
UPDATE :"schema".:"table" AS t
SET :"column" = :tenant:source
WHERE t.:"column" IS NULL:join
    AND (
        SELECT pg_catalog.set_config('search_path', pg_catalog.current_setting('tenantry.search_path'), true)
    ) IS NOT NULL;

SET CONSTRAINTS ALL IMMEDIATE;

SET LOCAL search_path = pg_catalog, pg_temp;
