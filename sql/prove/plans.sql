-- What is looked at of the plans that a tenant's statements get.
-- Variables: relation (quoted), row (which row is meant, of alias t), parent (quoted), on (how the two are joined).
--
-- A small table is read as a whole whatever indexes it has, so that is made dear.

-- attempt: settings
SET LOCAL enable_seqscan = off;

-- attempt: look-up
EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM :relation AS t WHERE :row;

-- attempt: scan
EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM :relation AS t;

-- attempt: join
EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM :relation AS t JOIN :parent AS p ON :on;

-- attempt: locks
SELECT pg_catalog.count(*) FROM pg_catalog.pg_locks WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'relation'::text;
