-- The keys whose seals hold, or held once.
-- Variables: support (schema).
SELECT id,
    extract(epoch FROM added_at)::double precision,
    extract(epoch FROM nullif(retires_at, 'infinity'))::double precision,
    retires_at <= pg_catalog.now()
FROM :"support".seal_key
ORDER BY added_at, id;
