-- The keys that sealed settings are verified with, each as the two blocks that HMAC begins with (RFC 2104).
-- Variables: support (schema), sealer (role).
--
-- Nobody reads them but the functions of their owner. Row-level security keeps those out as well who may read every table and are bound
-- by policies, as members of pg_read_all_data are; and statistics would hold a copy of each.
CREATE TABLE IF NOT EXISTS :"support".seal_key (
    id         text        PRIMARY KEY CHECK (id ~ '^[0-9a-f]{8}$'),
    inner_pad  bytea       NOT NULL CHECK (octet_length(inner_pad) = 64),
    outer_pad  bytea       NOT NULL CHECK (octet_length(outer_pad) = 64),
    added_at   timestamptz NOT NULL DEFAULT now(),
    retires_at timestamptz NOT NULL DEFAULT 'infinity'
);

ALTER TABLE :"support".seal_key
    ALTER COLUMN inner_pad SET STATISTICS 0,
    ALTER COLUMN outer_pad SET STATISTICS 0;

ALTER TABLE :"support".seal_key ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE :"support".seal_key FROM PUBLIC;

GRANT CREATE ON SCHEMA :"support" TO :"sealer";

ALTER TABLE :"support".seal_key OWNER TO :"sealer";

REVOKE CREATE ON SCHEMA :"support" FROM :"sealer";
