-- Whether the database takes what the pool seals, and what time it is there. The setting is gone with the statement.
-- Variables: support (schema).
--
-- $1: the setting that carries the tenant. $2: a tenant that nobody is, sealed.
SELECT :support.tenant_id()::text, extract(epoch FROM pg_catalog.clock_timestamp())::double precision
FROM (SELECT pg_catalog.set_config($1, $2, true) OFFSET 0) AS bound;
