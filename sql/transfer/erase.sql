-- Deletes some of the tenant's rows of a table, or all of them where there is no limit.
-- Variables: only, schema, table, own, limit (a number, or ALL).
WITH batch AS MATERIALIZED (
    SELECT t.tableoid, t.ctid FROM :only :"schema".:"table" AS t :own LIMIT :limit
)
DELETE FROM :only :"schema".:"table" AS d USING batch AS b WHERE d.tableoid = b.tableoid AND d.ctid = b.ctid;
