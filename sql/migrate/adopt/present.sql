-- Tells what is there of the place of the records, and of the app role.
-- Variables: support, app (names).
SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = :'support') AS schema,
    EXISTS (
        SELECT
        FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = :'support' AND c.relname = 'adoption_step'
    ) AS records,
    EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = :'app') AS app;
