-- Has seals of a key hold no longer than until then.
-- Variables: support (schema).
--
-- $1: the name of the key. $2: in how many seconds.
UPDATE :"support".seal_key
SET retires_at = least(retires_at, pg_catalog.now() + pg_catalog.make_interval(secs => $2))
WHERE id = $1;
