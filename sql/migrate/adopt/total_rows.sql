-- About how many rows a table has: as many for each page as when it was last looked at. One that never was is counted.
-- Variables: relation (its name, quoted and with its schema, as a text), table (the same as a name).
SELECT CASE
        WHEN reltuples >= 0 AND relpages > 0 THEN
            (reltuples / relpages * (pg_relation_size(oid) / current_setting('block_size')::bigint))::bigint
        ELSE (SELECT count(*) FROM :table)
    END AS total
FROM pg_catalog.pg_class
WHERE oid = cast(:'relation' AS regclass);
