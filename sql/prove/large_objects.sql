-- What is tried on large objects, whose tenant no manifest says: a statement or several under each name, and the last one's answer counts.
-- Variables: number (of one that somebody else than the app role has made).

-- attempt: make
SELECT pg_catalog.lo_from_bytea(0, '\x00'::bytea)::text;

-- attempt: lo_get
SELECT pg_catalog.lo_get(:number);

-- attempt: lo_open and loread
SELECT pg_catalog.loread(pg_catalog.lo_open(:number, 262144), 1);

-- attempt: lo_open and lowrite
SELECT pg_catalog.lowrite(pg_catalog.lo_open(:number, 131072), '\x01'::bytea);

-- attempt: lo_put
SELECT pg_catalog.lo_put(:number, 0, '\x01'::bytea);

-- attempt: lo_truncate
SELECT pg_catalog.lo_truncate(pg_catalog.lo_open(:number, 131072), 0);

-- attempt: lo_unlink
SELECT pg_catalog.lo_unlink(:number);

-- attempt: read the table below
SELECT FROM pg_catalog.pg_largeobject LIMIT 1;

-- attempt: read those that are there
SELECT pg_catalog.lo_get(m.oid, 0, 1)
FROM pg_catalog.pg_largeobject_metadata AS m
WHERE EXISTS (
    SELECT FROM pg_catalog.aclexplode(COALESCE(m.lomacl, pg_catalog.acldefault('L', m.lomowner))) AS a
    WHERE a.privilege_type = 'SELECT'::text AND (a.grantee = 0 OR pg_catalog.pg_has_role(a.grantee, 'USAGE')))
LIMIT 100;

-- attempt: write those that are there
SELECT pg_catalog.lo_put(m.oid, 0, '\x'::bytea)
FROM pg_catalog.pg_largeobject_metadata AS m
WHERE EXISTS (
    SELECT FROM pg_catalog.aclexplode(COALESCE(m.lomacl, pg_catalog.acldefault('L', m.lomowner))) AS a
    WHERE a.privilege_type = 'UPDATE'::text AND (a.grantee = 0 OR pg_catalog.pg_has_role(a.grantee, 'USAGE')))
LIMIT 100;
