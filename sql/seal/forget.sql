-- Takes keys away whose seals hold no longer.
-- Variables: support (schema).
DELETE FROM :"support".seal_key WHERE retires_at <= pg_catalog.now();
