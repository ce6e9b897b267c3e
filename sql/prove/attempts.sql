-- What is tried on a table, a statement or several under each name; the last one's answer counts.
-- Variables: relation (the table, or a call of a function), row (which row is meant, of alias t), column and value (a column, and what it is set
--     to), tenant (the other tenant, in the tenant column), key (the columns of a key), columns, overriding and values (a row that is added),
--     setting, own and other (the setting, and the tenants as it carries them), schema and names (of the table and its indexes),
--     parent and child (a table that another one refers to, and which row refers to it).

-- attempt: select
SELECT FROM :relation AS t WHERE :row;

-- attempt: select for update
SELECT FROM :relation AS t WHERE :row FOR UPDATE;

-- attempt: select for share
SELECT FROM :relation AS t WHERE :row FOR SHARE;

-- attempt: count
SELECT pg_catalog.count(*) FROM :relation AS t WHERE :row;

-- attempt: aggregate
SELECT pg_catalog.count(*) FROM (SELECT pg_catalog.min(t::text) AS least FROM :relation AS t WHERE :row) AS a
WHERE least IS NOT NULL;

-- attempt: join
SELECT FROM :relation AS t JOIN :relation AS u ON u.tableoid = t.tableoid AND u.ctid = t.ctid WHERE :row;

-- attempt: subquery
SELECT WHERE EXISTS (SELECT FROM :relation AS t WHERE :row);

-- attempt: tablesample
SELECT FROM :relation AS t TABLESAMPLE SYSTEM (100) WHERE :row;

-- attempt: explain analyze
EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF, SUMMARY OFF) SELECT FROM :relation AS t WHERE :row;

-- attempt: cursor
DECLARE tenantry_cursor CURSOR WITH HOLD FOR SELECT FROM :relation AS t WHERE :row;
FETCH ALL FROM tenantry_cursor;

-- attempt: prepared
PREPARE tenantry_prepared AS SELECT FROM :relation AS t WHERE :row;
SELECT pg_catalog.set_config(:'setting', :'other', true);
EXECUTE tenantry_prepared;
SELECT pg_catalog.set_config(:'setting', :'own', true);
EXECUTE tenantry_prepared;

-- attempt: copy to
COPY (SELECT 1 FROM :relation AS t WHERE :row) TO STDOUT;

-- attempt: row_security off
SET LOCAL row_security = off;
SELECT FROM :relation AS t WHERE :row;

-- attempt: insert
INSERT INTO :relation (:columns) :overriding VALUES (:values);

-- attempt: insert returning
INSERT INTO :relation AS t (:columns) :overriding VALUES (:values) RETURNING 1;

-- attempt: insert select
INSERT INTO :relation (:columns) :overriding SELECT :values;

-- attempt: on conflict do nothing
INSERT INTO :relation (:columns) :overriding VALUES (:values) ON CONFLICT DO NOTHING;

-- attempt: merge insert
MERGE INTO :relation AS t USING (SELECT 1) AS s ON false WHEN NOT MATCHED THEN INSERT (:columns) :overriding VALUES (:values);

-- attempt: on conflict do update
INSERT INTO :relation (:columns) :overriding VALUES (:values) ON CONFLICT (:key) DO UPDATE SET :column = EXCLUDED.:column;

-- attempt: update
UPDATE :relation AS t SET :column = t.:column WHERE :row;

-- attempt: update returning
UPDATE :relation AS t SET :column = t.:column WHERE :row RETURNING 1;

-- attempt: update returning old
UPDATE :relation AS t SET :column = t.:column WHERE :row RETURNING old.ctid, new.ctid;

-- attempt: merge update
MERGE INTO :relation AS t USING (SELECT 1) AS s ON :row WHEN MATCHED THEN UPDATE SET :column = t.:column;

-- attempt: move
UPDATE :relation AS t SET :column = :value WHERE :row;

-- attempt: move all
UPDATE :relation SET :column = :value;

-- attempt: delete
DELETE FROM :relation AS t WHERE :row;

-- attempt: delete returning
DELETE FROM :relation AS t WHERE :row RETURNING 1;

-- attempt: merge delete
MERGE INTO :relation AS t USING (SELECT 1) AS s ON :row WHEN MATCHED THEN DELETE;

-- attempt: truncate
TRUNCATE :relation;

-- attempt: update all
UPDATE :relation SET :column = :value;

-- attempt: delete all
DELETE FROM :relation;

-- attempt: right to truncate
SELECT WHERE pg_catalog.has_table_privilege(:'named'::regclass, 'TRUNCATE');

-- attempt: right to trigger
SELECT WHERE pg_catalog.has_table_privilege(:'named'::regclass, 'TRIGGER');

-- attempt: right to references
SELECT WHERE pg_catalog.has_any_column_privilege(:'named'::regclass, 'REFERENCES');

-- attempt: right to maintain
SELECT WHERE pg_catalog.has_table_privilege(:'named'::regclass, 'MAINTAIN');

-- attempt: right to statistics
SELECT WHERE pg_catalog.has_any_column_privilege(:'named'::regclass, 'SELECT') AND NOT pg_catalog.row_security_active(:'named'::regclass);

-- attempt: statistics
SELECT FROM pg_catalog.pg_stats WHERE schemaname = :'schema'::name AND tablename IN (:names)
UNION ALL
SELECT FROM pg_catalog.pg_stats_ext WHERE schemaname = :'schema'::name AND tablename IN (:names)
UNION ALL
SELECT FROM pg_catalog.pg_stats_ext_exprs WHERE schemaname = :'schema'::name AND tablename IN (:names);

-- attempt: cascade delete
DELETE FROM :parent AS t WHERE :row;
SELECT pg_catalog.set_config(:'setting', :'other', true);
SELECT FROM :relation AS t WHERE :child;

-- attempt: cascade update
UPDATE :parent AS t SET :column = :value WHERE :row;
SELECT pg_catalog.set_config(:'setting', :'other', true);
SELECT FROM :relation AS t WHERE :child;

-- attempt: refer across
UPDATE :relation AS t SET :column = :value WHERE :row RETURNING t.tableoid::text, t.ctid::text;

-- attempt: tenants that are there
SELECT (SELECT t.:column::text FROM :relation AS t WHERE t.:column IS NOT NULL ORDER BY t.:column LIMIT 1) AS first,
       (SELECT t.:column::text FROM :relation AS t WHERE t.:column IS NOT NULL ORDER BY t.:column DESC LIMIT 1) AS last;

-- attempt: a row that is there
SELECT t.tableoid::text, t.ctid::text FROM :relation AS t WHERE :row LIMIT 1;

-- attempt: right to set
SELECT WHERE pg_catalog.has_sequence_privilege(:'named'::regclass, 'UPDATE');

-- attempt: refresh
REFRESH MATERIALIZED VIEW :relation;

-- attempt: look
SELECT pg_catalog.count(*), pg_catalog.sum(pg_catalog.hashtextextended(t::text, 0)) FROM :relation AS t;
