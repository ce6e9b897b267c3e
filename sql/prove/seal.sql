-- What is tried of seals, once something is bound: whether it is taken, and whether the keys can be had.
-- Variables: support (schema).

-- attempt: taken
SELECT WHERE :"support".tenant_id() IS NOT NULL;

-- attempt: read the keys
SELECT FROM :"support".seal_key;

-- attempt: read what the keys are made of
SELECT inner_pad, outer_pad FROM :"support".seal_key;

-- attempt: retire the keys
UPDATE :"support".seal_key SET retires_at = pg_catalog.now();

-- attempt: forged
SELECT :"support".tenant_id()::text AS tenant
FROM (SELECT pg_catalog.set_config($1::text, $2::text, true) OFFSET 0) AS bound;

-- attempt: open
SELECT pg_catalog.floor(extract(epoch FROM pg_catalog.clock_timestamp()))::bigint AS now,
    session_user::text AS role, current_catalog::text AS database;
